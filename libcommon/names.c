/* SPDX-License-Identifier: MIT */
#include "libcommon/names.h"

#include <endian.h>

#include "libcommon/ascii.h"

/* "protocol-numbers": those without a keyword have no name. */
static const char *const protocols[] = { "HOPOPT", "ICMP", "IGMP", "GGP",
	"IPv4", "ST", "TCP", "CBT", "EGP", "IGP", "BBN-RCC-MON", "NVP-II",
	"PUP", "ARGUS", "EMCON", "XNET", "CHAOS", "UDP", "MUX", "DCN-MEAS",
	"HMP", "PRM", "XNS-IDP", "TRUNK-1", "TRUNK-2", "LEAF-1", "LEAF-2",
	"RDP", "IRTP", "ISO-TP4", "NETBLT", "MFE-NSP", "MERIT-INP", "DCCP",
	"3PC", "IDPR", "XTP", "DDP", "IDPR-CMTP", "TP++", "IL", "IPv6", "SDRP",
	"IPv6-Route", "IPv6-Frag", "IDRP", "RSVP", "GRE", "DSR", "BNA", "ESP",
	"AH", "I-NLSP", "SWIPE", "NARP", "Min-IPv4", "TLSP", "SKIP",
	"IPv6-ICMP", "IPv6-NoNxt", "IPv6-Opts", NULL, "CFTP", NULL, "SAT-EXPAK",
	"KRYPTOLAN", "RVD", "IPPC", NULL, "SAT-MON", "VISA", "IPCV", "CPNX",
	"CPHB", "WSN", "PVP", "BR-SAT-MON", "SUN-ND", "WB-MON", "WB-EXPAK",
	"ISO-IP", "VMTP", "SECURE-VMTP", "VINES", "IPTM", "NSFNET-IGP", "DGP",
	"TCF", "EIGRP", "OSPFIGP", "Sprite-RPC", "LARP", "MTP", "AX.25", "IPIP",
	"MICP", "SCC-SP", "ETHERIP", "ENCAP", NULL, "GMTP", "IFMP", "PNNI",
	"PIM", "ARIS", "SCPS", "QNX", "A/N", "IPComp", "SNP", "Compaq-Peer",
	"IPX-in-IP", "VRRP", "PGM", NULL, "L2TP", "DDX", "IATP", "STP", "SRP",
	"UTI", "SMP", "SM", "PTP", "ISIS over IPv4", "FIRE", "CRTP", "CRUDP",
	"SSCOPMCE", "IPLT", "SPS", "PIPE", "SCTP", "FC", "RSVP-E2E-IGNORE",
	"Mobility Header", "UDPLite", "MPLS-in-IP", "manet", "HIP", "Shim6",
	"WESP", "ROHC", "Ethernet", "AGGFRAG", "NSH", "Homa" };

static const char *const protocols_255[] = { "Reserved" };

/* "dns-parameters" */
static const char *const types_1[] = { "A", "NS", "MD", "MF", "CNAME", "SOA",
	"MB", "MG", "MR", "NULL", "WKS", "PTR", "HINFO", "MINFO", "MX", "TXT",
	"RP", "AFSDB", "X25", "ISDN", "RT", "NSAP", "NSAP-PTR", "SIG", "KEY",
	"PX", "GPOS", "AAAA", "LOC", "NXT", "EID", "NIMLOC", "SRV", "ATMA",
	"NAPTR", "KX", "CERT", "A6", "DNAME", "SINK", "OPT", "APL", "DS",
	"SSHFP", "IPSECKEY", "RRSIG", "NSEC", "DNSKEY", "DHCID", "NSEC3",
	"NSEC3PARAM", "TLSA", "SMIMEA", NULL, "HIP", "NINFO", "RKEY", "TALINK",
	"CDS", "CDNSKEY", "OPENPGPKEY", "CSYNC", "ZONEMD", "SVCB", "HTTPS",
	"DSYNC", "HHIT", "BRID" };

static const char *const types_99[] = { "SPF", "UINFO", "UID", "GID", "UNSPEC",
	"NID", "L32", "L64", "LP", "EUI48", "EUI64" };

static const char *const types_128[] = { "NXNAME" };

static const char *const types_249[] = { "TKEY", "TSIG", "IXFR", "AXFR",
	"MAILB", "MAILA", "ANY", "URI", "CAA", "AVC", "DOA", "AMTRELAY",
	"RESINFO", "WALLET", "CLA", "IPN" };

static const char *const types_32768[] = { "TA", "DLV" };

static const char *const classes_1[] = { "IN", NULL, "CH", "HS" };
static const char *const classes_254[] = { "NONE", "ANY" };

static const char *const rcodes_0[] = { "NOERROR", "FORMERR", "SERVFAIL",
	"NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
	"NOTAUTH", "NOTZONE", "DSOTYPENI" };
static const char *const rcodes_16[] = { "BADVERS", "BADKEY", "BADTIME",
	"BADMODE", "BADNAME", "BADALG", "BADTRUNC", "BADCOOKIE" };

static const char *const versions_ssl2[] = { "SSLv2" };
static const char *const versions_tls[] = { "SSLv3", "1.0", "1.1", "1.2",
	"1.3" };
static const char *const versions_dtls[] = { "DTLSv1.3", "DTLSv1.2", NULL,
	"DTLSv1.0" };

/* "ipfix", flowEndReason */
static const char *const reasons[] = { "idle", "active", "end", "forced",
	"lack" };

/* A run of numbers of a set. */
struct run {
	const char *const *names;
	unsigned first, n;
};

#define RUN(first, names)                                  \
	{                                                  \
		names, first, sizeof names / sizeof *names \
	}

enum { MAX_RUNS = 5 };

static const struct run sets[NAMES_SETS][MAX_RUNS] = {
	[NAMES_PROTOCOL] = { RUN(0, protocols), RUN(255, protocols_255) },
	[NAMES_DNS_TYPE] = { RUN(1, types_1), RUN(99, types_99),
	    RUN(128, types_128), RUN(249, types_249), RUN(32768, types_32768) },
	[NAMES_DNS_CLASS] = { RUN(1, classes_1), RUN(254, classes_254) },
	[NAMES_DNS_RCODE] = { RUN(0, rcodes_0), RUN(16, rcodes_16) },
	[NAMES_TLS_VERSION] = { RUN(0x0002, versions_ssl2),
	    RUN(0x0300, versions_tls), RUN(0xfefc, versions_dtls) },
	[NAMES_END_REASON] = { RUN(1, reasons) },
};

static const struct alias {
	const char *name;
	enum names_set set;
	int number;
} aliases[] = {
	{ "icmp6", NAMES_PROTOCOL, 58 },
	{ "icmpv6", NAMES_PROTOCOL, 58 },
	{ "ipv6icmp", NAMES_PROTOCOL, 58 },
	{ "ip", NAMES_PROTOCOL, 0 },
	{ "ipencap", NAMES_PROTOCOL, 4 },
	{ "ip-encap", NAMES_PROTOCOL, 4 },
	{ "ip-in-ip", NAMES_PROTOCOL, 4 },
	{ "ipsec-esp", NAMES_PROTOCOL, 50 },
	{ "ipsec-ah", NAMES_PROTOCOL, 51 },
	{ "mobile", NAMES_PROTOCOL, 55 },
	{ "ospf", NAMES_PROTOCOL, 89 },
	{ "rspf", NAMES_PROTOCOL, 73 },
	{ "isis", NAMES_PROTOCOL, 124 },
	{ "is-is", NAMES_PROTOCOL, 124 },
	{ "mobility-header", NAMES_PROTOCOL, 135 },
	{ "udp-lite", NAMES_PROTOCOL, 136 },
	{ "*", NAMES_DNS_TYPE, 255 },
	{ "NSAPPTR", NAMES_DNS_TYPE, 23 },
	{ "INTERNET", NAMES_DNS_CLASS, 1 },
	{ "CHAOS", NAMES_DNS_CLASS, 3 },
	{ "HESIOD", NAMES_DNS_CLASS, 4 },
	{ "*", NAMES_DNS_CLASS, 255 },
	{ "BADSIG", NAMES_DNS_RCODE, 16 },
	{ "idle timeout", NAMES_END_REASON, 1 },
	{ "active timeout", NAMES_END_REASON, 2 },
	{ "end of flow detected", NAMES_END_REASON, 3 },
	{ "forced end", NAMES_END_REASON, 4 },
	{ "lack of resources", NAMES_END_REASON, 5 },
};

static const struct {
	const char *prefix;
	enum names_set set;
} generics[] = {
	{ "TYPE", NAMES_DNS_TYPE },
	{ "CLASS", NAMES_DNS_CLASS },
};

/* The marks between a TLS version's name and its number vary. */
static const struct {
	const char *prefix;
	const char *rest;
	int number;
} versions[] = {
	{ "SSL", "2", 0x0002 },
	{ "SSL", "20", 0x0002 },
	{ "SSL", "3", 0x0300 },
	{ "SSL", "30", 0x0300 },
	{ "TLS", "1", 0x0301 },
	{ "TLS", "10", 0x0301 },
	{ "TLS", "11", 0x0302 },
	{ "TLS", "12", 0x0303 },
	{ "TLS", "13", 0x0304 },
	{ "DTLS", "1", 0xfeff },
	{ "DTLS", "10", 0xfeff },
	{ "DTLS", "12", 0xfefd },
	{ "DTLS", "13", 0xfefc },
};

/* True of an empty slice. */
static bool
all_digits(struct slice s)
{
	size_t i = 0;

	while (i < s.n && ascii_is_digit(s.p[i]))
		i++;
	return i == s.n;
}

static bool
starts_nocase(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && strncasecmp(s.p, prefix, n) == 0;
}

static struct slice
behind(struct slice s, size_t n)
{
	return slice_of(s.p + n, s.n - n);
}

/* "TLSv1.2", "TLS 1.2", "TLSv12": 1.2 */
static int
version_number(struct slice s)
{
	char digits[3] = { 0 };
	size_t n = 0;
	struct slice rest;

	for (rest = s; rest.n && !ascii_is_digit(*rest.p);)
		rest = behind(rest, 1);
	for (size_t i = 0; i < rest.n; i++) {
		if (i == 1 && rest.p[i] == '.')
			continue;
		if (!ascii_is_digit(rest.p[i]) || n == 2)
			return -1;
		digits[n++] = rest.p[i];
	}
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		struct slice mark;

		if (!starts_nocase(s, versions[i].prefix) ||
		    strcmp(digits, versions[i].rest) != 0)
			continue;
		mark = slice_of(s.p, s.n - rest.n);
		mark = behind(mark, strlen(versions[i].prefix));
		if (!mark.n || slice_is_nocase(mark, "v") ||
		    slice_is(mark, " ") || slice_is_nocase(mark, " v"))
			return versions[i].number;
	}
	return -1;
}

/* RFC 3597: TYPE65280 */
static int
generic_number(enum names_set set, struct slice s)
{
	for (size_t i = 0; i < sizeof generics / sizeof *generics; i++) {
		size_t n = strlen(generics[i].prefix);
		int v = 0;

		if (generics[i].set != set ||
		    !starts_nocase(s, generics[i].prefix) || s.n - n - 1 > 4)
			continue;
		for (; n < s.n && ascii_is_digit(s.p[n]); n++)
			v = v * 10 + (s.p[n] - '0');
		return n == s.n && v <= UINT16_MAX ? v : -1;
	}
	return -1;
}

int
names_number(enum names_set set, struct slice name)
{
	if (all_digits(name))
		return -1;
	for (const struct run *r = sets[set]; r < sets[set] + MAX_RUNS; r++)
		for (unsigned i = 0; i < r->n; i++) {
			const char *s = r->names[i];

			if (s && ((*s ^ *name.p) & ~0x20) == 0 &&
			    slice_is_nocase(name, s))
				return (int)(r->first + i);
		}
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (aliases[i].set == set &&
		    slice_is_nocase(name, aliases[i].name))
			return aliases[i].number;
	if (set == NAMES_TLS_VERSION)
		return version_number(name);
	return generic_number(set, name);
}

const char *
names_name(enum names_set set, unsigned number)
{
	for (const struct run *r = sets[set]; r < sets[set] + MAX_RUNS; r++)
		if (number - r->first < r->n)
			return r->names[number - r->first];
	return NULL;
}

const char *
names_nth(enum names_set set, unsigned i)
{
	for (const struct run *r = sets[set]; r < sets[set] + MAX_RUNS; r++)
		for (unsigned k = 0; k < r->n; k++)
			if (r->names[k] && i-- == 0)
				return r->names[k];
	return NULL;
}

/* ---- TCP flags ---- */

static const char letters[] = "CEUAPRSF"; /* of the bits from the highest */
static const char flags_expected[] = "TCP flags expected";

static const struct {
	const char *name;
	unsigned bit;
} flag_names[] = {
	{ "FIN", FLAG_FIN },
	{ "SYN", FLAG_SYN },
	{ "RST", FLAG_RST },
	{ "PSH", FLAG_PSH },
	{ "ACK", FLAG_ACK },
	{ "URG", FLAG_URG },
	{ "ECE", FLAG_ECE },
	{ "CWR", FLAG_CWR },
	{ "NS", 0 },
};

unsigned
flags_letter(char c)
{
	const char *at = memchr(letters, c & ~0x20, 8);

	return at ? 0x80u >> (at - letters) : 0;
}

/* All eight positions, each its letter or a dot; the first is the lowest. */
static inline bool
positions(uint64_t x, unsigned *out)
{
	const uint64_t dot = 0x2e2e2e2e2e2e2e2e, low = 0x7f7f7f7f7f7f7f7f;
	const uint64_t all = 0x4653525041554543; /* letters */
	uint64_t y = x ^ dot, set, keep;

	set = (((y & low) + low) | y) & ~low;
	keep = (set >> 7) * 0xff;
	if (((all & keep) | (dot & ~keep)) != x)
		return false;
	/* Byte i, of weight 2^8i, goes to bit 56 + 7 - i. */
	*out = (unsigned)((set >> 7) * 0x8040201008040201 >> 56);
	return true;
}

static const char *
number_of_flags(struct slice s, unsigned base, unsigned *out)
{
	unsigned v = 0;

	if (s.n - 1 > 15)
		return flags_expected;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = ascii_hex(s.p[i]);

		if (d >= base)
			return flags_expected;
		v = v * base + d; /* the lowest 8 bits are right */
	}
	*out = v & 0xff;
	return NULL;
}

const char *
flags_parse_hex(struct slice s, unsigned *out)
{
	return number_of_flags(s, 16, out);
}

/* A name, or letters each of which stands there once. */
static bool
flags_word(struct slice s, unsigned *flags)
{
	unsigned seen = 0;

	for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++)
		if (slice_is_nocase(s, flag_names[i].name)) {
			*flags |= flag_names[i].bit;
			return true;
		}
	for (size_t i = 0; i < s.n; i++) {
		unsigned bit = flags_letter(s.p[i]);

		if (!bit || seen & bit)
			return false;
		seen |= bit;
	}
	*flags |= seen;
	return true;
}

static const char *
flags_words(struct slice s, unsigned *out)
{
	static const char gaps[] = ",| ";
	unsigned flags = 0;
	bool any = false;

	while (s.n) {
		size_t n = 0;

		while (n < s.n && !memchr(gaps, s.p[n], 3))
			n++;
		if (n && !flags_word(slice_of(s.p, n), &flags))
			return flags_expected;
		any |= n > 0;
		s = behind(s, n < s.n ? n + 1 : n);
	}
	if (!any)
		return flags_expected;
	*out = flags;
	return NULL;
}

/* Six characters stand behind two dots. */
static inline bool
fixed_form(struct slice s, unsigned *out)
{
	uint64_t x;
	uint32_t head, tail;

	if (s.n == 8) {
		memcpy(&x, s.p, 8);
		return positions(le64toh(x), out);
	}
	if (s.n != 6)
		return false;
	memcpy(&head, s.p, 4);
	memcpy(&tail, s.p + 2, 4);
	x = 0x2e2e | (uint64_t)le32toh(head) << 16 |
	    (uint64_t)le32toh(tail) << 32;
	return positions(x, out);
}

const char *
flags_parse(struct slice s, unsigned *out)
{
	if (fixed_form(s, out))
		return NULL;
	/* Tables of old nfdump have "  0x5b". */
	while (s.n && *s.p == ' ')
		s = behind(s, 1);
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	if (s.n && ascii_is_digit(*s.p)) {
		if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x')
			return number_of_flags(behind(s, 2), 16, out);
		return number_of_flags(s, 10, out);
	}
	return flags_words(s, out);
}

size_t
flags_put(char *out, unsigned flags)
{
	unsigned first = flags & (FLAG_CWR | FLAG_ECE) ? 0 : 2;

	for (unsigned i = first; i < 8; i++)
		out[i - first] = flags & 0x80u >> i ? letters[i] : '.';
	return 8 - first;
}
