/* SPDX-License-Identifier: MIT */
#include "libcommon/ip.h"

#include <endian.h>

#include "libcommon/ascii.h"
#include "libcommon/quad.h"

static const char expected[] = "IP address expected";
static const char prefix_expected[] = "IP prefix expected";

enum { V4_BITS = 96 }; /* before the 32 of IPv4 */

/* Of '0' to 'f' one more than the digit's value; 0 of what is none. */
static const uint8_t hex_digits[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 0, 0,
	0, 0, 0, 11, 12, 13, 14, 15, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 12, 13, 14, 15, 16 };

static inline unsigned
hex_digit(char c)
{
	unsigned i = (unsigned char)(c - '0');

	return i < sizeof hex_digits ? hex_digits[i] : 0;
}

/* Up to four digits; returns where they end. */
static inline const char *
group(const char *p, const char *end, uint8_t *out)
{
	const char *stop = end - p > 4 ? p + 4 : end;
	unsigned v = 0, digit;

	for (; p < stop && (digit = hex_digit(*p)); p++)
		v = v << 4 | (digit - 1);
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return p;
}

/* The groups up to the end; *gap is where "::" stood, or -1. */
static bool
groups(const char *p, const char *end, uint8_t *b, int *n, int *gap)
{
	uint8_t mapped[16];

	*n = 0;
	*gap = -1;
	if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
		*gap = 0;
		p += 2;
	}
	while (p < end) {
		const char *start = p;

		if (*n == 16)
			return false;
		p = group(p, end, b + *n);
		if (p < end && *p == '.') {
			if (*n > 12 ||
			    !quad(start, (size_t)(end - start), mapped))
				return false;
			memcpy(b + *n, mapped + 12, 4);
			*n += 4;
			return true;
		}
		if (p == start)
			return false;
		*n += 2;
		if (p == end)
			return true;
		if (*p++ != ':' || p == end)
			return false;
		if (*p != ':')
			continue;
		if (*gap >= 0)
			return false;
		*gap = *n;
		p++;
	}
	return *gap >= 0;
}

static const char *
v6_parse(struct slice s, struct ip *out)
{
	uint8_t b[16];
	int n, gap;
	size_t tail;

	if (!groups(s.p, s.p + s.n, b, &n, &gap) || (gap < 0) != (n == 16))
		return expected;
	if (gap < 0) {
		memcpy(out->b, b, 16);
		return NULL;
	}
	tail = (size_t)(n - gap);
	memset(out->b, 0, 16);
	memcpy(out->b, b, (size_t)gap);
	memcpy(out->b + 16 - tail, b + gap, tail);
	return NULL;
}

const char *
ip_parse(struct slice s, struct ip *out)
{
	if (quad(s.p, s.n, out->b))
		return NULL;
	return s.n < 2 ? expected : v6_parse(s, out);
}

/* 0 to 255. */
static inline char *
put_octet(char *o, unsigned v)
{
	if (v >= 100)
		*o++ = (char)('0' + v / 100);
	if (v >= 10)
		*o++ = (char)('0' + v / 10 % 10);
	*o++ = (char)('0' + v % 10);
	return o;
}

/* The texts of all octets with a dot behind, made when first asked for. */
static struct octet_text {
	char text[4];
	uint32_t n;
} octet_texts[256];

static void
make_octet_texts(void)
{
	for (unsigned v = 0; v < 256; v++) {
		char text[4];
		char *end = put_octet(text, v);

		*end++ = '.';
		memcpy(octet_texts[v].text, text, 4);
		octet_texts[v].n = (uint32_t)(end - text);
	}
}

static size_t
put_quad(char *out, const uint8_t *b)
{
	char *o = out;

	if (!octet_texts[0].n)
		make_octet_texts();
	for (int i = 0; i < 4; i++) {
		memcpy(o, octet_texts[b[i]].text, 4);
		o += octet_texts[b[i]].n;
	}
	return (size_t)(o - out - 1);
}

/* The longest run of zero groups, the first of several; of two at least. */
static void
longest_zeros(const uint8_t *b, int *from, int *len)
{
	int run = 0;

	*from = 8;
	*len = 1;
	for (int i = 0; i < 8; i++) {
		run = b[2 * i] | b[2 * i + 1] ? 0 : run + 1;
		if (run > *len) {
			*len = run;
			*from = i + 1 - run;
		}
	}
}

static char *
put_group(char *o, unsigned v)
{
	static const char text[] = "0123456789abcdef";
	int shift = v > 0xfff ? 12 : v > 0xff ? 8 : v > 0xf ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*o++ = text[v >> shift & 15];
	return o;
}

size_t
ip_put(char *out, const struct ip *ip)
{
	const uint8_t *b = ip->b;
	char *o = out;
	int from, len;

	if (ip_is_v4(ip))
		return put_quad(out, b + 12);
	longest_zeros(b, &from, &len);
	for (int i = 0; i < 8; i++) {
		if (i == from) {
			*o++ = ':';
			*o++ = ':';
			i += len - 1;
			continue;
		}
		if (i && i != from + len)
			*o++ = ':';
		o = put_group(o, (unsigned)b[2 * i] << 8 | b[2 * i + 1]);
	}
	return (size_t)(o - out);
}

/* The n leading bits of 64. */
static inline uint64_t
leading(unsigned n)
{
	return n == 0 ? 0 : n >= 64 ? UINT64_MAX : UINT64_MAX << (64 - n);
}

/* Of the 128 bits the len leading ones. */
static inline struct ip
masked(const struct ip *ip, unsigned len)
{
	struct ip out;
	uint64_t half[2];

	memcpy(half, ip->b, 16);
	half[0] &= htobe64(leading(len));
	half[1] &= htobe64(leading(len < 64 ? 0 : len - 64));
	memcpy(out.b, half, 16);
	return out;
}

/* Digits alone, no leading zero, at most max; -1 otherwise. */
static int
small_number(struct slice s, int max)
{
	int v = 0;

	if (s.n - 1 > 2 || (*s.p == '0' && s.n > 1))
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_digit(s.p[i]))
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	return v > max ? -1 : v;
}

/* An address before '/': of IPv4 the last octets may be missing. */
static const char *
parse_head(struct slice s, struct ip *out)
{
	static const char zeros[] = ".0.0.0";
	char text[QUAD_MAX + sizeof zeros];
	size_t missing = 3;

	if (s.n > QUAD_MAX || memchr(s.p, ':', s.n))
		return ip_parse(s, out);
	for (size_t i = 0; i < s.n; i++)
		missing -= s.p[i] == '.';
	if (missing > 3)
		return expected;
	memcpy(text, s.p, s.n);
	memcpy(text + s.n, zeros, 2 * missing);
	return ip_parse(slice_of(text, s.n + 2 * missing), out);
}

/* The length that a netmask stands for; -1 if it is none. */
static int
netmask(struct slice s)
{
	uint8_t mapped[16];
	uint32_t holes;

	if (!quad(s.p, s.n, mapped))
		return -1;
	memcpy(&holes, mapped + 12, 4);
	holes = ~be32toh(holes);
	if (holes & (holes + 1))
		return -1;
	return holes ? __builtin_clz(holes) : 32;
}

static const char *
split(struct slice s, const char *at, struct ip_prefix *out)
{
	struct slice head = slice_of(s.p, (size_t)(at - s.p));
	struct slice tail = slice_of(at + 1, s.n - head.n - 1);
	bool quads = !memchr(head.p, ':', head.n);
	int len;

	if (*at == ' ') {
		while (tail.n && *tail.p == ' ')
			tail = slice_of(tail.p + 1, tail.n - 1);
		len = netmask(tail);
		if (!quads || ip_parse(head, &out->ip))
			return prefix_expected;
		if (len < 0)
			return "netmask expected";
	} else {
		if (parse_head(head, &out->ip))
			return prefix_expected;
		len = small_number(tail, quads ? 32 : 128);
		if (len < 0)
			return "prefix length expected";
	}
	out->len = (uint8_t)(quads ? len + V4_BITS : len);
	out->ip = masked(&out->ip, out->len);
	return NULL;
}

const char *
ip_prefix_parse(struct slice s, struct ip_prefix *out)
{
	const char *at = NULL;
	struct ip_prefix p;
	const char *err;

	if (s.n) {
		at = memchr(s.p, '/', s.n);
		at = at ? at : memchr(s.p, ' ', s.n);
	}
	if (at) {
		err = split(s, at, &p);
	} else {
		err = ip_parse(s, &p.ip) ? prefix_expected : NULL;
		p.len = 128;
	}
	if (!err)
		*out = p;
	return err;
}

size_t
ip_prefix_put(char *out, const struct ip_prefix *p)
{
	bool v4 = p->len >= V4_BITS && ip_is_v4(&p->ip);
	size_t n = ip_put(out, &p->ip);

	out[n++] = '/';
	return (
	    size_t)(put_octet(out + n, v4 ? p->len - V4_BITS : p->len) - out);
}

struct ip
ip_mask(const struct ip *ip, unsigned v4, unsigned v6)
{
	return masked(ip, ip_is_v4(ip) ? V4_BITS + v4 : v6);
}

bool
ip_in_prefix(const struct ip *ip, const struct ip_prefix *p)
{
	struct ip net = masked(ip, p->len);

	return memcmp(net.b, p->ip.b, 16) == 0;
}
