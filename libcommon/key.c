/* SPDX-License-Identifier: MIT */
#include "libcommon/key.h"

#include <math.h>

#include "libcommon/xalloc.h"

/*
 * A byte for the type, then: a number as its nearest double with the sign
 * turned, so that bytes order as numbers, and a byte for what it is: whole and
 * small, whole and beyond 2^53 (16 more bytes), or not whole; times 8 bytes;
 * addresses 16; prefixes 17; text with 0 as 0 255, ended by 0 0.
 */
enum tag {
	TAG_NONE,
	TAG_BOOL,
	TAG_NUMBER = KEY_TAG_NUMBER,
	TAG_TIME,
	TAG_IP = KEY_TAG_IP,
	TAG_NET,
	TAG_STR = KEY_TAG_STR,
	TAG_JSON
};

static size_t
put_8(char *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof v);
	return sizeof v;
}

static uint64_t
get_8(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return be64toh(v);
}

static size_t
put_16(char *p, u128 v)
{
	return put_8(p, (uint64_t)(v >> 64)) + put_8(p + 8, (uint64_t)v);
}

static u128
get_16(const char *p)
{
	return (u128)get_8(p) << 64 | get_8(p + 8);
}

static uint64_t
real_bits(double d)
{
	uint64_t u;

	d += 0.0; /* -0 is 0 */
	memcpy(&u, &d, sizeof u);
	return u >> 63 ? ~u : u | 1ull << 63;
}

static double
bits_real(uint64_t u)
{
	double d;

	u = u >> 63 ? u & ~(1ull << 63) : ~u;
	memcpy(&d, &u, sizeof d);
	return d;
}

size_t
key_room(const struct value *v)
{
	if (v->type == VALUE_STR || v->type == VALUE_JSON)
		return 2 * v->s.n + 3;
	return KEY_ROOM;
}

static size_t
put_text(char *p, struct slice s)
{
	char *out = p;

	if (s.n && !memchr(s.p, 0, s.n)) {
		memcpy(p, s.p, s.n);
		out = p + s.n;
		s.n = 0;
	}
	for (size_t i = 0; i < s.n; i++) {
		*out++ = s.p[i];
		if (!s.p[i])
			*out++ = (char)255;
	}
	*out++ = 0;
	*out++ = 0;
	return (size_t)(out - p);
}

enum number { SMALL, GREAT, REAL }; /* SMALL: see key_put_count() */

static const u128 int_sign = (u128)1 << 127;

static size_t
put_number(char *p, double d, enum number kind)
{
	*p = TAG_NUMBER;
	put_8(p + 1, real_bits(d));
	p[9] = (char)kind;
	return 10;
}

static size_t
put_int(char *p, i128 i)
{
	bool great = i > (i128)1 << 53 || i < -((i128)1 << 53);
	size_t n = put_number(p, (double)i, great ? GREAT : SMALL);

	return great ? n + put_16(p + n, (u128)i ^ int_sign) : n;
}

static size_t
get_number(const char *p, struct value *v)
{
	double d = bits_real(get_8(p + 1));

	*v = (struct value){ .type = p[9] == REAL ? VALUE_REAL : VALUE_INT };
	if (p[9] == REAL)
		v->d = d;
	else if (p[9] == SMALL)
		v->i = (i128)d;
	else
		v->i = (i128)(get_16(p + 10) ^ int_sign);
	return p[9] == GREAT ? KEY_ROOM : KEY_COUNT;
}

/* 2 and 2.0 are the same number. */
static size_t
put_real(char *p, double d)
{
	if (fabs(d) < 1e38 && d == floor(d))
		return put_int(p, (i128)d);
	return put_number(p, d, REAL);
}

size_t
key_put(char *p, const struct value *v)
{
	switch (v->type) {
	case VALUE_BOOL:
		*p++ = TAG_BOOL;
		*p = v->b;
		return 2;
	case VALUE_INT:
		return put_int(p, v->i);
	case VALUE_NANO:
	case VALUE_REAL:
		return put_real(p, value_double(v));
	case VALUE_TIME:
		*p = TAG_TIME;
		return 1 + put_8(p + 1, (uint64_t)v->i ^ 1ull << 63);
	case VALUE_IP:
		return key_put_ip(p, &v->ip);
	case VALUE_NET:
		*p = TAG_NET;
		memcpy(p + 1, v->ip.b, 16);
		p[17] = (char)v->net_len;
		return 18;
	case VALUE_STR:
	case VALUE_JSON:
		*p = v->type == VALUE_STR ? TAG_STR : TAG_JSON;
		return 1 + put_text(p + 1, v->s);
	default:
		*p = TAG_NONE;
		return 1;
	}
}

struct slice
key_bytes(const struct value *v, char *room, size_t size, char **heap)
{
	size_t need = key_room(v);

	*heap = need > size ? xmalloc(need) : NULL;
	if (*heap)
		room = *heap;
	return slice_of(room, key_put(room, v));
}

/* Text up to its 0 0; the arena only where it holds a 0. */
static size_t
get_text(const char *p, struct slice *s, struct arena *arena)
{
	size_t n = strlen(p), zeros = 0;
	char *copy, *out;

	for (; p[n] || p[n + 1]; n++)
		if (!p[n]) {
			zeros++;
			n++;
		}
	*s = slice_of(p, n);
	if (!zeros)
		return n + 2;
	copy = out = arena_alloc(arena, n);
	for (size_t i = 0; i < n; i++) {
		*out++ = p[i];
		i += !p[i];
	}
	*s = slice_of(copy, (size_t)(out - copy));
	return n + 2;
}

size_t
key_get(const char *p, struct value *v, struct arena *arena)
{
	switch ((enum tag) * p) {
	case TAG_BOOL:
		*v = (struct value){ .type = VALUE_BOOL, .b = p[1] };
		return 2;
	case TAG_NUMBER:
		return get_number(p, v);
	case TAG_TIME:
		*v = (struct value){ .type = VALUE_TIME };
		v->i = (int64_t)(get_8(p + 1) ^ 1ull << 63);
		return 9;
	case TAG_IP:
	case TAG_NET:
		*v = (struct value){ .type = VALUE_IP };
		memcpy(v->ip.b, p + 1, 16);
		if (*p == TAG_IP)
			return 17;
		v->type = VALUE_NET;
		v->net_len = (uint8_t)p[17];
		return 18;
	case TAG_STR:
	case TAG_JSON:
		*v = (struct value){ .type = *p == TAG_STR ? VALUE_STR
							   : VALUE_JSON };
		return 1 + get_text(p + 1, &v->s, arena);
	default:
		*v = (struct value){ .type = VALUE_NONE };
		return 1;
	}
}

size_t
key_length(const char *p)
{
	static const unsigned char sizes[] = { [TAG_NONE] = 1,
		[TAG_BOOL] = 2,
		[TAG_TIME] = 9,
		[TAG_IP] = KEY_IP,
		[TAG_NET] = 18,
		[TAG_JSON] = 0 };
	size_t n = sizes[(unsigned char)*p];

	if (*p == TAG_NUMBER)
		return p[9] == GREAT ? KEY_ROOM : KEY_COUNT;
	if (n)
		return n;
	for (n = 1 + strlen(p + 1); p[n + 1]; n += 2 + strlen(p + n + 2))
		continue;
	return n + 2;
}

/* Text with 0 as 0 255 and no other 0 before its 0 0. */
static bool
is_text(struct slice s)
{
	for (size_t i = 0; i + 1 < s.n; i++) {
		if (s.p[i])
			continue;
		if (!s.p[++i])
			return i + 1 == s.n;
		if (s.p[i] != (char)255)
			return false;
	}
	return false;
}

/* An array or object that may stand in a line. */
static bool
is_nested(struct slice s)
{
	struct json_in in = { .p = s.p, .end = s.p + s.n };
	struct json_val v;

	return s.n && (*s.p == '[' || *s.p == '{') && !json_value(&in, &v) &&
	       in.p == in.end && !memchr(s.p, '\n', s.n);
}

/* Only a small double is ever converted to an integer. */
static bool
is_number(struct slice s)
{
	double d = bits_real(get_8(s.p + 1));

	if (s.p[9] == SMALL)
		return fabs(d) <= 0x1p53;
	return s.p[9] == REAL || (s.p[9] == GREAT && s.n == KEY_ROOM);
}

bool
key_check(struct slice s)
{
	static const unsigned char sizes[] = { [TAG_BOOL] = 2,
		[TAG_NUMBER] = 10,
		[TAG_TIME] = 9,
		[TAG_IP] = 17,
		[TAG_NET] = 18,
		[TAG_JSON] = 0 };
	unsigned char tag = s.n ? (unsigned char)*s.p : TAG_NONE;
	char again[KEY_ROOM];
	struct value v;

	if (tag == TAG_STR)
		return is_text(slice_of(s.p + 1, s.n - 1));
	if (tag == TAG_JSON) /* in which no byte is 0 */
		return s.n > 2 && is_text(slice_of(s.p + 1, s.n - 1)) &&
		       is_nested(slice_of(s.p + 1, s.n - 3));
	if (tag > TAG_JSON || !sizes[tag] || s.n < sizes[tag] ||
	    (tag == TAG_NUMBER && !is_number(s)) ||
	    key_get(s.p, &v, NULL) != s.n)
		return false;
	return (v.type != VALUE_NET || v.net_len <= 128) &&
	       slice_eq(s, slice_of(again, key_put(again, &v)));
}
