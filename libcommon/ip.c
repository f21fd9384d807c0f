/* SPDX-License-Identifier: MIT */
#include "libcommon/ip.h"

#include <endian.h>

static const char expected[] = "IP address expected";
static const char prefix_expected[] = "IP prefix expected";

static const uint8_t v4_head[12] = { [10] = 0xff, [11] = 0xff };

enum {
	V4_BITS = 96, /* before the 32 of IPv4 */
	QUAD_MIN = 7, /* 0.0.0.0 */
	QUAD_MAX = 15,
};

static inline bool
is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

/* The first byte is the lowest. */
static inline uint64_t
load8(const char *p)
{
	uint64_t x;

	memcpy(&x, p, 8);
	return le64toh(x);
}

static inline uint32_t
load4(const char *p)
{
	uint32_t x;

	memcpy(&x, p, 4);
	return le32toh(x);
}

/* Bit i is set where bit 4 of byte i is not: a dot, but never a digit. */
static inline uint32_t
marks8(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101;

	return (uint32_t)((~x >> 4 & ones) * 0x0102040810204080 >> 56);
}

static inline uint32_t
marks(const char *p, size_t n)
{
	if (n == QUAD_MIN)
		return marks8(load4(p) | (uint64_t)load4(p + 3) << 24) & 0x7f;
	return marks8(load8(p)) | marks8(load8(p + n - 8)) << (n - 8);
}

/* The lowest n bytes of w, 1 to 3, as digits that end in the highest byte. */
static inline uint64_t
digits(uint32_t w, uint32_t n)
{
	return (w ^ 0x30303030) << (32 - 8 * n);
}

/* The least decimals of n0 and n1 digits, at n0 + 4 * n1. */
#define LEAST(n1)                                           \
	0, (uint64_t)(n1) << 32, (uint64_t)(n1) << 32 | 10, \
	    (uint64_t)(n1) << 32 | 100
static const uint64_t least[] = { LEAST(0), LEAST(0), LEAST(10), LEAST(100) };

/*
 * Two such words as decimals, in the lowest byte of each half; *bad if they are
 * none.  A number is compared by setting a bit that its difference to the
 * least one of its length would borrow.
 */
static inline uint64_t
two_octets(uint64_t x, uint32_t n0, uint32_t n1, uint64_t *bad)
{
	const uint64_t low = 0x000000ff000000ff, borrow = 0x0000800000008000;
	uint64_t pairs = x * 10 + (x >> 8);
	uint64_t v = (pairs & low) * 100 + (pairs >> 16 & low);

	*bad |= ((x | (x + 0x7676767676767676)) & 0x8080808080808080) |
		(v & ~low) | (~(v + borrow - least[n0 + 4 * n1]) & borrow);
	return v;
}

/*
 * Finds the dots, then reads four bytes for each octet.  No load leaves the
 * text: an octet and what follows it have four bytes but for the last, whose
 * load ends with the text.
 */
static bool
quad(const char *p, size_t n, uint8_t *out)
{
	const uint32_t behind = 7u << QUAD_MAX; /* three bits in any case */
	uint32_t mask, d0, d1, d2, n0, n1, n2, n3, w1, w2, w3, v;
	uint64_t a, b, bad = 0;

	if (n - QUAD_MIN > QUAD_MAX - QUAD_MIN)
		return false;
	mask = marks(p, n) | behind;
	d0 = (uint32_t)__builtin_ctz(mask);
	mask &= mask - 1;
	d1 = (uint32_t)__builtin_ctz(mask);
	mask &= mask - 1;
	d2 = (uint32_t)__builtin_ctz(mask);
	n0 = d0;
	n1 = d1 - d0 - 1;
	n2 = d2 - d1 - 1;
	n3 = (uint32_t)n - d2 - 1;
	if (((mask & (mask - 1)) != behind) | (n0 - 1 > 2) | (n1 - 1 > 2) |
	    (n2 - 1 > 2) | (n3 - 1 > 2))
		return false;
	w1 = load4(p + d0);
	w2 = load4(p + d1);
	w3 = load4(p + n - 4) >> (32 - 8 * n3);
	a = digits(load4(p), n0) | digits(w1 >> 8, n1) << 32;
	b = digits(w2 >> 8, n2) | digits(w3, n3) << 32;
	a = two_octets(a, n0, n1, &bad);
	b = two_octets(b, n2, n3, &bad);
	bad |= (w1 & 0xff) ^ '.';
	bad |= (w2 & 0xff) ^ '.';
	bad |= (uint64_t)(p[d2] ^ '.');
	v = htole32((uint32_t)(a | a >> 24 | b << 16 | b >> 8));
	memcpy(out, &v, 4);
	return !bad;
}

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
			    !quad(start, (size_t)(end - start), b + *n))
				return false;
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
	uint8_t b[4];

	if (!quad(s.p, s.n, b))
		return s.n < 2 ? expected : v6_parse(s, out);
	memcpy(out->b, v4_head, 12);
	memcpy(out->b + 12, b, 4);
	return NULL;
}

bool
ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->b, v4_head, 12) == 0;
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
	char room[16], *o = room;

	if (!octet_texts[0].n)
		make_octet_texts();
	for (int i = 0; i < 4; i++) {
		memcpy(o, octet_texts[b[i]].text, 4);
		o += octet_texts[b[i]].n;
	}
	memcpy(out, room, (size_t)(o - room - 1));
	return (size_t)(o - room - 1);
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
		if (!is_digit(s.p[i]))
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
	uint8_t b[4];
	uint32_t holes;

	if (!quad(s.p, s.n, b))
		return -1;
	memcpy(&holes, b, 4);
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
