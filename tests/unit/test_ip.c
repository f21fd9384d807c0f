/* SPDX-License-Identifier: MIT */
#include "libcommon/ip.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "libcommon/quad.h"
#include "tests/unit/t.h"

static uint64_t seed = 1;

static uint64_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* From a copy that ends with its block: a sanitizer sees reads beyond. */
static const char *
parse(struct slice s, struct ip *ip)
{
	char *p = malloc(s.n ? s.n : 1);
	const char *err;

	memcpy(p, s.p, s.n);
	err = ip_parse(slice_of(p, s.n), ip);
	free(p);
	return err;
}

/* As the C library has it, IPv4 as IPv4-mapped. */
static bool
library(const char *text, struct ip *ip)
{
	memset(ip, 0, sizeof *ip);
	ip->b[10] = ip->b[11] = 0xff;
	return inet_pton(AF_INET, text, ip->b + 12) == 1 ||
	       inet_pton(AF_INET6, text, ip->b) == 1;
}

/* Both read it alike, or neither reads it. */
static bool
agrees(const char *text)
{
	struct ip ours, theirs;
	bool good = library(text, &theirs);

	if (!parse(slice_str(text), &ours) == good &&
	    (!good || memcmp(&ours, &theirs, sizeof ours) == 0))
		return true;
	printf(
	    "# \"%s\": the library %s it\n", text, good ? "reads" : "refuses");
	return false;
}

static const char *const edges[] = { "0.0.0.0", "255.255.255.255", "1.2.3.4",
	"10.20.30.40", "192.168.100.200", "256.1.1.1", "1.256.1.1", "1.1.256.1",
	"1.1.1.256", "1.1.1.999", "01.2.3.4", "1.02.3.4", "1.2.3.04",
	"1.2.3.00", "00.0.0.0", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3",
	"1.2.3.4.", "1.2.3.4.5", "1.2.3.4 ", " 1.2.3.4", "1.2.3.+4", "1.2.3.-4",
	"1.2.3.a", "1.2.3.4a", "1234.1.1.1", "1.1.1.1234", "1.2.3:4", "....",
	"......", ".......", "...............", "1.1.1.1.1.1.1.1",
	"111.111.111.1111", "1111111", "0x1.2.3.4", "1.2.3.\xb4", "", ".", "1",
	":", "::", ":::", "::1", "1::", "::1::", "1::2::3", ":1", "1:", ":1:2",
	"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9",
	"1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8",
	"1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "::g",
	"FE80::ABCD", "fe80::aBcD", "0001:0002::", "00001::", "fe80::1%eth0",
	"fe80::1%1", "[::1]", "::1.2.3.4", "::ffff:1.2.3.4", "::ffff:1.2.3.256",
	"::ffff:1.2.3", "::ffff:01.2.3.4", "64:ff9b::192.0.2.33",
	"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:1.2.3.4",
	"1.2.3.4::", "::1.2.3.4:", "::1.2.3.4:5", "1::1.2.3.4",
	"::ffff:102:304", "1:2:3:4:5:6:7:8 ", " ::1", "::1 ", "1: :2", "::\xff",
	"-1::", "+1::", "1:-2::", "::0x1" };

static bool
all_edges(void)
{
	bool good = true;

	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
		good &= agrees(edges[i]);
	return good;
}

/* Octets below a limit, of all lengths. */
static void
random_quad(char *out, unsigned limit)
{
	for (int i = 0; i < 4; i++)
		out += sprintf(out, "%s%u", i ? "." : "",
		    (unsigned)(rnd() % limit) >> rnd() % 8);
}

static bool
random_quads(void)
{
	static const char bytes[] = "0123456789.:ax \x80";

	for (int i = 0; i < 200000; i++) {
		char text[INET6_ADDRSTRLEN];

		random_quad(text, 256);
		if (!agrees(text))
			return false;
		text[rnd() % strlen(text)] = bytes[rnd() % (sizeof bytes - 1)];
		if (!agrees(text))
			return false;
	}
	return true;
}

/* All kernels say the same of a text in a room of its own. */
static bool
kernels_agree(const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n + !n);
	uint8_t want[16] = { 0 }, got[16] = { 0 };
	bool is = false, same = true;

	memcpy(copy, text, n);
	for (const struct quad_kernel *k = quad_kernels; k->name; k++) {
		bool was = is;

		if (!k->usable())
			continue;
		is = k->parse(copy, n, got);
		if (k != quad_kernels)
			same &=
			    is == was && (!is || memcmp(got, want, 16) == 0);
		memcpy(want, got, 16);
	}
	free(copy);
	if (!same)
		printf("# %s\n", text);
	return same;
}

static bool
quad_kernels_agree(void)
{
	static const char bytes[] = "0123456789012345......x";

	for (int i = 0; i < 300000; i++) {
		char text[64] = { 0 };
		size_t n = rnd() % (QUAD_MAX + 3);

		for (size_t k = 0; k < n; k++)
			text[k] = bytes[rnd() % (sizeof bytes - 1)];
		if (!kernels_agree(text))
			return false;
		random_quad(text, 300);
		if (!kernels_agree(text))
			return false;
		text[rnd() % strlen(text)] = bytes[rnd() % (sizeof bytes - 1)];
		if (!kernels_agree(text))
			return false;
	}
	return true;
}

/* Addresses with many zeros, so that "::" stands anywhere. */
static void
random_v6(struct ip *ip)
{
	uint64_t shape = rnd();

	for (int i = 0; i < 8; i++) {
		uint64_t group = rnd() >> rnd() % 64 & 0xffff;

		if (shape >> i & 1)
			group = 0;
		ip->b[2 * i] = (uint8_t)(group >> 8);
		ip->b[2 * i + 1] = (uint8_t)group;
	}
}

/* The library has a dotted tail behind 96 zero bits, RFC 5952 has none. */
static bool
is_compatible(const struct ip *ip)
{
	static const uint8_t zero[12];

	return memcmp(ip->b, zero, 12) == 0;
}

static bool
random_v6_texts(void)
{
	static const char bytes[] = "0123456789abcdefABCDEF::::...g%\x80";

	for (int i = 0; i < 200000; i++) {
		char text[INET6_ADDRSTRLEN], ours[IP_ROOM + 1];
		struct ip ip;

		random_v6(&ip);
		ours[ip_put(ours, &ip)] = '\0';
		if (!inet_ntop(AF_INET6, ip.b, text, sizeof text) ||
		    !agrees(text) || !agrees(ours))
			return false;
		if (!ip_is_v4(&ip) && !is_compatible(&ip) &&
		    strcmp(text, ours) != 0) {
			printf("# %s %s\n", text, ours);
			return false;
		}
		text[rnd() % strlen(text)] = bytes[rnd() % (sizeof bytes - 1)];
		if (!agrees(text))
			return false;
	}
	return true;
}

static bool
put_is(const char *from, const char *want)
{
	char out[IP_ROOM];
	struct ip ip;
	struct slice s;

	if (parse(slice_str(from), &ip))
		return false;
	s = slice_of(out, ip_put(out, &ip));
	if (!slice_is(s, want))
		printf("# %s: %.*s\n", from, (int)s.n, s.p);
	return slice_is(s, want);
}

static bool
quads_round_trip(void)
{
	for (int i = 0; i < 256; i++) {
		char text[16];

		snprintf(text, sizeof text, "%d.%d.%d.%d", i, 255 - i, i / 3,
		    i % 10);
		if (!put_is(text, text))
			return false;
	}
	return true;
}

static void
test_put(void)
{
	OK(quads_round_trip());
	OK(put_is("::ffff:192.0.2.1", "192.0.2.1") &&
	    put_is("::FFFF:c000:201", "192.0.2.1"));
	/* RFC 5952, section 4 */
	OK(put_is("2001:0db8::0001", "2001:db8::1") &&
	    put_is("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"));
	OK(put_is("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1") &&
	    put_is("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"));
	OK(put_is("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1") &&
	    put_is("2001:DB8::AB", "2001:db8::ab"));
	OK(put_is("::", "::") && put_is("::1", "::1") && put_is("1::", "1::") &&
	    put_is("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"));
	OK(put_is("::1.2.3.4", "::102:304") &&
	    put_is("64:ff9b::192.0.2.33", "64:ff9b::c000:221"));
	OK(put_is("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	OK(random_v6_texts());
}

static const struct {
	const char *text;
	const char *want; /* NULL: an error */
} prefixes[] = {
	{ "10.0.0.0/8", "10.0.0.0/8" },
	{ "10.1.2.3/8", "10.0.0.0/8" },
	{ "0.0.0.0/0", "0.0.0.0/0" },
	{ "1.2.3.4/32", "1.2.3.4/32" },
	{ "1.2.3.4", "1.2.3.4/32" },
	{ "172.16/12", "172.16.0.0/12" },
	{ "10/8", "10.0.0.0/8" },
	{ "192.168.100/24", "192.168.100.0/24" },
	{ "10.0.0.0 255.0.0.0", "10.0.0.0/8" },
	{ "10.0.0.0  255.255.255.255", "10.0.0.0/32" },
	{ "10.0.0.0 0.0.0.0", "0.0.0.0/0" },
	{ "2001:db8::/32", "2001:db8::/32" },
	{ "2001:db8:ffff::/33", "2001:db8:8000::/33" },
	{ "2001:db8::1", "2001:db8::1/128" },
	{ "::/0", "::/0" },
	{ "fe80::1/64", "fe80::/64" },
	{ "fe80::ffff/127", "fe80::fffe/127" },
	{ "::ffff:10.1.2.3/104", "10.0.0.0/8" },
	{ "::ffff:10.1.2.3/96", "0.0.0.0/0" },
	{ "::ffff:10.1.2.3/95", "::fffe:0:0/95" },
	{ "10.0.0.0/33", NULL },
	{ "2001:db8::/129", NULL },
	{ "10.0.0.0/", NULL },
	{ "10.0.0.0/08", NULL },
	{ "10.0.0.0/-1", NULL },
	{ "10.0.0.0/+8", NULL },
	{ "10.0.0.0/8 ", NULL },
	{ "10.0.0.0/8/8", NULL },
	{ "10.0.0.0/4294967304", NULL },
	{ "/8", NULL },
	{ "", NULL },
	{ "10", NULL },
	{ "10./8", NULL },
	{ ".10/8", NULL },
	{ "1.2.3.4.5/8", NULL },
	{ "1.2.3.4.5.6.7.8/8", NULL },
	{ "10.0.0.0 255.0.255.0", NULL },
	{ "10.0.0.0 8", NULL },
	{ "10.0.0.0 ", NULL },
	{ "10 255.0.0.0", NULL },
	{ "2001:db8:: 255.0.0.0", NULL },
	{ "10.0.0.0/255.0.0.0", NULL },
	{ "2001:db8/32", NULL },
	{ "fe80::1%eth0/64", NULL },
};

static bool
all_prefixes(void)
{
	bool good = true;

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		const char *want = prefixes[i].want, *err;
		size_t n = strlen(prefixes[i].text);
		char out[IP_ROOM + 4], *copy = malloc(n + 1);
		struct ip_prefix p;
		struct slice s = { out, 0 };

		memcpy(copy, prefixes[i].text, n);
		copy = realloc(copy, n ? n : 1);
		err = ip_prefix_parse(slice_of(copy, n), &p);
		free(copy);
		if (!err)
			s.n = ip_prefix_put(out, &p);
		if (!err != !!want || (want && !slice_is(s, want))) {
			printf("# \"%s\": %s%.*s\n", prefixes[i].text,
			    err ? err : "", (int)s.n, out);
			good = false;
		}
	}
	return good;
}

static bool
bit(const struct ip *ip, unsigned i)
{
	return ip->b[i / 8] >> (7 - i % 8) & 1;
}

/* Masks and membership bit by bit. */
static bool
masks(void)
{
	for (int i = 0; i < 100000; i++) {
		unsigned len = (unsigned)(rnd() % 129), same = 0;
		struct ip ip, other;
		struct ip_prefix p;

		random_v6(&ip);
		other = ip;
		other.b[rnd() % 16] ^= (uint8_t)(rnd() & rnd());
		if (ip_is_v4(&ip))
			continue;
		p = (struct ip_prefix){ ip_mask(&ip, 0, len), (uint8_t)len };
		for (unsigned k = 0; k < 128; k++)
			if (bit(&p.ip, k) != (k < len && bit(&ip, k)))
				return false;
		while (same < 128 && bit(&ip, same) == bit(&other, same))
			same++;
		if (!ip_in_prefix(&ip, &p) ||
		    ip_in_prefix(&other, &p) != (same >= len))
			return false;
	}
	return true;
}

static bool
mask_is(const char *text, unsigned v4, unsigned v6, const char *want)
{
	char out[IP_ROOM];
	struct ip ip;

	ip_parse(slice_str(text), &ip);
	ip = ip_mask(&ip, v4, v6);
	return slice_is(slice_of(out, ip_put(out, &ip)), want);
}

static bool
is_inside(const char *text, const char *prefix)
{
	struct ip_prefix p;
	struct ip ip;

	return !ip_parse(slice_str(text), &ip) &&
	       !ip_prefix_parse(slice_str(prefix), &p) && ip_in_prefix(&ip, &p);
}

int
main(void)
{
	struct ip ip;

	OK(all_edges());
	OK(ip_parse((struct slice){ NULL, 0 }, &ip));
	OK(parse(slice_of("1.2.3.4\0", 8), &ip) &&
	    parse(slice_of("\0::1", 4), &ip));
	OK(random_quads());
	OK(quad_kernels_agree());
	OK(!parse(SLICE_LIT("1.2.3.4"), &ip) && ip_is_v4(&ip) && ip.b[9] == 0 &&
	    ip.b[10] == 0xff && ip.b[12] == 1);
	OK(!parse(SLICE_LIT("::1"), &ip) && !ip_is_v4(&ip));
	test_put();
	OK(all_prefixes());
	OK(masks());
	OK(mask_is("10.20.30.40", 24, 64, "10.20.30.0") &&
	    mask_is("10.20.30.40", 0, 64, "0.0.0.0") &&
	    mask_is("10.20.30.40", 32, 0, "10.20.30.40") &&
	    mask_is("10.20.30.40", 40, 0, "10.20.30.40"));
	OK(mask_is("2001:db8:1:2:3::", 24, 48, "2001:db8:1::") &&
	    mask_is("2001:db8::", 32, 0, "::"));
	OK(is_inside("10.9.8.7", "10.0.0.0/8") &&
	    !is_inside("11.9.8.7", "10.0.0.0/8") &&
	    is_inside("1.2.3.4", "0.0.0.0/0") && !is_inside("::1", "0/0") &&
	    is_inside("1.2.3.4", "::/0"));
	return DONE();
}
