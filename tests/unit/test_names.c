/* SPDX-License-Identifier: MIT */
#include "libcommon/names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/t.h"

static const struct {
	enum names_set set;
	int number;
	const char *name;
} known[] = {
	{ NAMES_PROTOCOL, 0, "HOPOPT" },
	{ NAMES_PROTOCOL, 1, "ICMP" },
	{ NAMES_PROTOCOL, 6, "TCP" },
	{ NAMES_PROTOCOL, 17, "UDP" },
	{ NAMES_PROTOCOL, 33, "DCCP" },
	{ NAMES_PROTOCOL, 41, "IPv6" },
	{ NAMES_PROTOCOL, 47, "GRE" },
	{ NAMES_PROTOCOL, 50, "ESP" },
	{ NAMES_PROTOCOL, 51, "AH" },
	{ NAMES_PROTOCOL, 58, "IPv6-ICMP" },
	{ NAMES_PROTOCOL, 60, "IPv6-Opts" },
	{ NAMES_PROTOCOL, 62, "CFTP" },
	{ NAMES_PROTOCOL, 70, "VISA" },
	{ NAMES_PROTOCOL, 80, "ISO-IP" },
	{ NAMES_PROTOCOL, 88, "EIGRP" },
	{ NAMES_PROTOCOL, 89, "OSPFIGP" },
	{ NAMES_PROTOCOL, 103, "PIM" },
	{ NAMES_PROTOCOL, 112, "VRRP" },
	{ NAMES_PROTOCOL, 115, "L2TP" },
	{ NAMES_PROTOCOL, 124, "ISIS over IPv4" },
	{ NAMES_PROTOCOL, 132, "SCTP" },
	{ NAMES_PROTOCOL, 135, "Mobility Header" },
	{ NAMES_PROTOCOL, 136, "UDPLite" },
	{ NAMES_PROTOCOL, 145, "NSH" },
	{ NAMES_PROTOCOL, 255, "Reserved" },
	{ NAMES_DNS_TYPE, 1, "A" },
	{ NAMES_DNS_TYPE, 2, "NS" },
	{ NAMES_DNS_TYPE, 5, "CNAME" },
	{ NAMES_DNS_TYPE, 6, "SOA" },
	{ NAMES_DNS_TYPE, 12, "PTR" },
	{ NAMES_DNS_TYPE, 15, "MX" },
	{ NAMES_DNS_TYPE, 16, "TXT" },
	{ NAMES_DNS_TYPE, 28, "AAAA" },
	{ NAMES_DNS_TYPE, 33, "SRV" },
	{ NAMES_DNS_TYPE, 41, "OPT" },
	{ NAMES_DNS_TYPE, 43, "DS" },
	{ NAMES_DNS_TYPE, 46, "RRSIG" },
	{ NAMES_DNS_TYPE, 48, "DNSKEY" },
	{ NAMES_DNS_TYPE, 52, "TLSA" },
	{ NAMES_DNS_TYPE, 55, "HIP" },
	{ NAMES_DNS_TYPE, 61, "OPENPGPKEY" },
	{ NAMES_DNS_TYPE, 64, "SVCB" },
	{ NAMES_DNS_TYPE, 65, "HTTPS" },
	{ NAMES_DNS_TYPE, 99, "SPF" },
	{ NAMES_DNS_TYPE, 109, "EUI64" },
	{ NAMES_DNS_TYPE, 249, "TKEY" },
	{ NAMES_DNS_TYPE, 252, "AXFR" },
	{ NAMES_DNS_TYPE, 255, "ANY" },
	{ NAMES_DNS_TYPE, 257, "CAA" },
	{ NAMES_DNS_TYPE, 260, "AMTRELAY" },
	{ NAMES_DNS_TYPE, 32769, "DLV" },
	{ NAMES_DNS_CLASS, 1, "IN" },
	{ NAMES_DNS_CLASS, 3, "CH" },
	{ NAMES_DNS_CLASS, 4, "HS" },
	{ NAMES_DNS_CLASS, 254, "NONE" },
	{ NAMES_DNS_CLASS, 255, "ANY" },
	{ NAMES_DNS_RCODE, 0, "NOERROR" },
	{ NAMES_DNS_RCODE, 2, "SERVFAIL" },
	{ NAMES_DNS_RCODE, 3, "NXDOMAIN" },
	{ NAMES_DNS_RCODE, 5, "REFUSED" },
	{ NAMES_DNS_RCODE, 11, "DSOTYPENI" },
	{ NAMES_DNS_RCODE, 16, "BADVERS" },
	{ NAMES_DNS_RCODE, 23, "BADCOOKIE" },
	{ NAMES_TLS_VERSION, 2, "SSLv2" },
	{ NAMES_TLS_VERSION, 768, "SSLv3" },
	{ NAMES_TLS_VERSION, 769, "1.0" },
	{ NAMES_TLS_VERSION, 771, "1.2" },
	{ NAMES_TLS_VERSION, 772, "1.3" },
	{ NAMES_TLS_VERSION, 0xfefd, "DTLSv1.2" },
	{ NAMES_END_REASON, 1, "idle" },
	{ NAMES_END_REASON, 3, "end" },
	{ NAMES_END_REASON, 5, "lack" },
};

static const struct {
	enum names_set set;
	int number; /* -1: no such name */
	const char *name;
} others[] = {
	{ NAMES_PROTOCOL, 58, "icmp6" },
	{ NAMES_PROTOCOL, 58, "ICMPv6" },
	{ NAMES_PROTOCOL, 58, "ipv6-icmp" },
	{ NAMES_PROTOCOL, 89, "ospf" },
	{ NAMES_PROTOCOL, 124, "isis" },
	{ NAMES_PROTOCOL, 124, "IS-IS" },
	{ NAMES_PROTOCOL, 4, "IP-in-IP" },
	{ NAMES_PROTOCOL, 50, "IPSEC-ESP" },
	{ NAMES_PROTOCOL, 55, "mobile" },
	{ NAMES_DNS_TYPE, 23, "nsapptr" },
	{ NAMES_PROTOCOL, -1, "" },
	{ NAMES_PROTOCOL, -1, "6" },
	{ NAMES_PROTOCOL, -1, "tc" },
	{ NAMES_PROTOCOL, -1, "tcpp" },
	{ NAMES_PROTOCOL, -1, "TCP " },
	{ NAMES_PROTOCOL, -1,
	    "\x14"
	    "CP" },
	{ NAMES_PROTOCOL, -1, "TYPE6" },
	{ NAMES_DNS_TYPE, 65, "TYPE65" },
	{ NAMES_DNS_TYPE, 65535, "type65535" },
	{ NAMES_DNS_TYPE, 0, "TYPE0" },
	{ NAMES_DNS_TYPE, 255, "*" },
	{ NAMES_DNS_TYPE, -1, "TYPE" },
	{ NAMES_DNS_TYPE, -1, "TYPE65536" },
	{ NAMES_DNS_TYPE, -1, "TYPE100000" },
	{ NAMES_DNS_TYPE, -1, "TYPE-1" },
	{ NAMES_DNS_TYPE, -1, "TYPE6x" },
	{ NAMES_DNS_TYPE, -1, "65" },
	{ NAMES_DNS_TYPE, -1, "CLASS1" },
	{ NAMES_DNS_CLASS, 1, "CLASS1" },
	{ NAMES_DNS_CLASS, 3, "chaos" },
	{ NAMES_DNS_CLASS, -1, "TYPE1" },
	{ NAMES_DNS_RCODE, 16, "badsig" },
	{ NAMES_DNS_RCODE, 3, "NXDomain" },
	{ NAMES_TLS_VERSION, 771, "TLSv1.2" },
	{ NAMES_TLS_VERSION, 771, "TLSv12" },
	{ NAMES_TLS_VERSION, 771, "TLS 1.2" },
	{ NAMES_TLS_VERSION, 771, "tls1.2" },
	{ NAMES_TLS_VERSION, 769, "TLSv1" },
	{ NAMES_TLS_VERSION, 772, "TLSv1.3" },
	{ NAMES_TLS_VERSION, 768, "SSL 3.0" },
	{ NAMES_TLS_VERSION, 0xfeff, "DTLSv10" },
	{ NAMES_TLS_VERSION, 0xfefd, "DTLS 1.2" },
	{ NAMES_TLS_VERSION, -1, "DTLS 1.1" },
	{ NAMES_TLS_VERSION, -1, "TLSv1.4" },
	{ NAMES_TLS_VERSION, -1, "TLSv1.2x" },
	{ NAMES_TLS_VERSION, -1, "TLSv1..2" },
	{ NAMES_TLS_VERSION, -1, "TLSv123" },
	{ NAMES_TLS_VERSION, -1, "TLSx1.2" },
	{ NAMES_TLS_VERSION, -1, "TLS" },
	{ NAMES_TLS_VERSION, -1, "12" },
	{ NAMES_TLS_VERSION, -1, "771" },
	{ NAMES_END_REASON, 2, "ACTIVE" },
	{ NAMES_END_REASON, 4, "forced end" },
	{ NAMES_END_REASON, -1, "2" },
};

/* From a copy that ends with its block: a sanitizer sees reads beyond. */
static int
number(enum names_set set, const char *name)
{
	size_t n = strlen(name);
	char *p = malloc(n ? n : 1);
	int v;

	memcpy(p, name, n);
	v = names_number(set, slice_of(p, n));
	free(p);
	return v;
}

static bool
known_names(void)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const char *name =
		    names_name(known[i].set, (unsigned)known[i].number);

		if (!name || strcmp(name, known[i].name) != 0 ||
		    number(known[i].set, name) != known[i].number) {
			printf("# %s\n", known[i].name);
			return false;
		}
	}
	return true;
}

static bool
other_names(void)
{
	bool good = true;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (number(others[i].set, others[i].name) != others[i].number) {
			printf("# \"%s\"\n", others[i].name);
			good = false;
		}
	return good;
}

/* Each name, in any case, is that of one number; names_nth has them all. */
static bool
names_are_unique(void)
{
	for (enum names_set set = 0; set < NAMES_SETS; set++) {
		unsigned nth = 0;

		for (unsigned i = 0; i < 70000; i++) {
			const char *name = names_name(set, i), *p;
			char other[32] = { 0 };

			if (!name)
				continue;
			for (p = name; *p; p++)
				other[p - name] =
				    (char)(isupper(*p) ? tolower(*p)
						       : toupper(*p));
			if (number(set, name) != (int)i ||
			    number(set, other) != (int)i ||
			    names_nth(set, nth++) != name)
				return false;
		}
		if (names_nth(set, nth) || names_name(set, UINT32_MAX))
			return false;
	}
	return true;
}

/* The system's own list, as far as it names what IANA does. */
static bool
system_agrees(void)
{
	char line[256], name[64];
	FILE *in = fopen("/etc/protocols", "r");
	int v, count = 0;

	if (!in)
		return true;
	while (fgets(line, sizeof line, in))
		if (sscanf(line, "%63[^# \t\n] %d", name, &v) == 2 && v < 256) {
			int ours = number(NAMES_PROTOCOL, name);

			if (ours >= 0 && ours != v) {
				printf("# %s: %d\n", name, ours);
				break;
			}
			count += ours == v;
		}
	v = feof(in);
	fclose(in);
	return v && count > 0;
}

static unsigned
count_names(enum names_set set)
{
	unsigned n = 0;

	while (names_nth(set, n))
		n++;
	return n;
}

static const char *
flags_of(const char *text, unsigned *v)
{
	size_t n = strlen(text);
	char *p = malloc(n ? n : 1);
	const char *err;

	memcpy(p, text, n);
	err = flags_parse(slice_of(p, n), v);
	free(p);
	return err;
}

static bool
flags_are(const char *text, unsigned want)
{
	unsigned v = 999;
	const char *err = flags_of(text, &v);

	if (err || v != want)
		printf("# \"%s\": %s %u\n", text, err ? err : "", v);
	return !err && v == want;
}

/* Every value in every form. */
static bool
all_flags(void)
{
	static const char from_high[] = "CEUAPRSF";

	for (unsigned v = 0; v < 256; v++) {
		char eight[9] = "........", out[FLAGS_ROOM], text[64];
		char alone[9] = "";
		int letters = 0;
		size_t n = flags_put(out, v);
		unsigned hex;

		for (int i = 0; i < 8; i++)
			if (v >> (7 - i) & 1) {
				eight[i] = from_high[i];
				alone[letters++] = from_high[i];
			}
		if (n != (v > 63 ? 8 : 6) ||
		    memcmp(out, eight + 8 - n, n) != 0 || !flags_are(eight, v))
			return false;
		if ((v < 64 && !flags_are(eight + 2, v)) ||
		    (v && !flags_are(alone, v)))
			return false;
		snprintf(text, sizeof text, "%u", v + 256);
		if (!flags_are(text, v))
			return false;
		snprintf(text, sizeof text, " 0x%x", v);
		if (!flags_are(text, v))
			return false;
		snprintf(text, sizeof text, "%02X", v);
		if (flags_parse_hex(slice_str(text), &hex) || hex != v)
			return false;
	}
	return true;
}

static const char *const no_flags[] = { "", " ", ",", ".", ".....", ".......",
	".........", "A....S", "..S..A", ".a..s.", ".A..S!", ".A..S.x",
	"S.......", "CEUAPRSA", "........S", "X", "SX", "SS", "ACCESS", "-1",
	"+1", "27.0", "0x", "0xg1", "0x1g", "1b", "12345678901234567", "SYNACK",
	"SYN;ACK", "SYN/ACK", "SYN,XYZ", "tcp", "\xd3", "-A--S-", NULL };

static bool
none_is_read(const char *const *text)
{
	unsigned v = 999;

	for (; *text; text++) {
		const char *err = flags_of(*text, &v);

		if (!err || strcmp(err, "TCP flags expected") || v != 999) {
			printf("# \"%s\" was read\n", *text);
			return false;
		}
	}
	return true;
}

/* Any byte at one place of the fixed forms. */
static bool
byte_is_checked(int len, int at)
{
	for (int c = 1; c < 256; c++) {
		char text[9] = "........";
		unsigned v;

		text[len] = '\0';
		text[at] = (char)c;
		at += 8 - len;
		if (c == '.'              ? !flags_are(text, 0)
		    : "CEUAPRSF"[at] == c ? !flags_are(text, 0x80u >> at)
					  : !flags_of(text, &v))
			return false;
		at -= 8 - len;
	}
	return true;
}

static bool
every_byte_is_checked(void)
{
	for (int i = 0; i < 8; i++)
		if (!byte_is_checked(8, i) || (i < 6 && !byte_is_checked(6, i)))
			return false;
	return true;
}

static void
test_flags(void)
{
	unsigned v = 999;

	OK(all_flags());
	OK(flags_are(".A..S.", 18) && flags_are("...A..S.", 18) &&
	    flags_are(".AP.SF", 27) && flags_are("......", 0));
	OK(flags_are("27", 27) && flags_are("0x1b", 27) &&
	    flags_are("0X1B", 27) && flags_are("0", 0) && flags_are("000", 0));
	OK(flags_are("SA", 18) && flags_are("sa", 18) && flags_are("F", 1) &&
	    flags_are("CEUAPRSF", 255) && flags_are("FSRPAUEC", 255));
	OK(flags_are("ACK,PSH", 24) && flags_are("syn|ack", 18) &&
	    flags_are("SYN ACK", 18) && flags_are("FIN, ACK", 17) &&
	    flags_are("ECE", 64) && flags_are("cwr,ece", 192) &&
	    flags_are("S,A", 18) && flags_are("NS,SYN", 2));
	OK(flags_are("  0x5b", 0x5b) && flags_are(" S ", 2) &&
	    flags_are("0x112", 18) && flags_are("274", 18));
	OK(none_is_read(no_flags));
	OK(every_byte_is_checked());
	OK(flags_of("X", &v) && flags_parse((struct slice){ NULL, 0 }, &v) &&
	    v == 999);
	OK(!flags_parse_hex(SLICE_LIT("1b"), &v) && v == 27);
	OK(!flags_parse_hex(SLICE_LIT("11B"), &v) && v == 27);
	OK(flags_parse_hex(SLICE_LIT(""), &v) &&
	    flags_parse_hex(SLICE_LIT("0x1b"), &v) &&
	    flags_parse_hex(SLICE_LIT("1g"), &v));
	OK(flags_letter('S') == FLAG_SYN && flags_letter('s') == FLAG_SYN &&
	    flags_letter('C') == FLAG_CWR && flags_letter('E') == FLAG_ECE &&
	    flags_letter('U') == FLAG_URG && flags_letter('a') == FLAG_ACK &&
	    flags_letter('P') == FLAG_PSH && flags_letter('R') == FLAG_RST &&
	    flags_letter('F') == FLAG_FIN);
	OK(!flags_letter('.') && !flags_letter('X') && !flags_letter('\0') &&
	    !flags_letter('\x13') && !flags_letter('\xd3') &&
	    !flags_letter('\xff'));
}

int
main(void)
{
	OK(known_names());
	OK(other_names());
	OK(names_are_unique());
	OK(count_names(NAMES_PROTOCOL) == 147 - 5 + 1);
	OK(count_names(NAMES_DNS_RCODE) == 20 &&
	    count_names(NAMES_END_REASON) == 5);
	OK(!names_name(NAMES_PROTOCOL, 61) && !names_name(NAMES_PROTOCOL, 200));
	OK(!names_name(NAMES_DNS_TYPE, 0) && !names_name(NAMES_DNS_RCODE, 12));
	OK(system_agrees());
	test_flags();
	return DONE();
}
