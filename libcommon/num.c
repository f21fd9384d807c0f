/* SPDX-License-Identifier: MIT */
#include "libcommon/num.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/ascii.h"
#include "libcommon/load.h"

static const char expected[] = "number expected";
static const char beyond_64[] = "number beyond 64 bits";
static const char beyond_128[] = "number beyond 128 bits";
static const char beyond_double[] = "number beyond the largest double";

static const uint64_t zeros = 0x3030303030303030;
static const uint64_t high_bits = 0x8080808080808080;

/* The last n bytes of eight move out, n times '0' moves in before the rest. */
static inline uint64_t
pad(uint64_t x, size_t n)
{
	return x << 8 * n | (zeros & (((uint64_t)1 << 8 * n) - 1));
}

/* 1 to 8 bytes, as eight with '0' before them; no byte beyond them is read. */
static inline uint64_t
load_padded(const char *p, size_t n)
{
	uint64_t x;

	if (n == 8)
		return load8(p);
	if (n >= 4)
		x = load4(p) | (uint64_t)load4(p + n - 4) << 8 * (n - 4);
	else
		x = (uint64_t)(unsigned char)p[0] |
		    (uint64_t)(unsigned char)p[n / 2] << 8 * (n / 2) |
		    (uint64_t)(unsigned char)p[n - 1] << 8 * (n - 1);
	return pad(x, 8 - n);
}

/* Eight digits; *bad gets bits set where one is none. */
static inline uint64_t
eight(uint64_t x, uint64_t *bad)
{
	const uint64_t pair = 0x000000ff000000ff;

	x ^= zeros;
	*bad |= (x | (x + 0x7676767676767676)) & high_bits;
	x = x * 10 + (x >> 8);
	return ((x & pair) * (100 + (1000000ull << 32)) +
		   (x >> 16 & pair) * (1 + (10000ull << 32))) >>
	       32;
}

/* No digits, or more than any 64 bits have: zeros may still lead. */
static const char *
u64_long(struct slice s, uint64_t *out)
{
	size_t zero = 0, i;

	if (!s.n)
		return expected;
	while (zero < s.n && s.p[zero] == '0')
		zero++;
	if (s.n - zero <= 20)
		return num_u64(slice_of(s.p + s.n - 20, 20), out);
	for (i = zero; i < s.n && ascii_is_digit(s.p[i]);)
		i++;
	return i < s.n ? expected : beyond_64;
}

const char *
num_u64(struct slice s, uint64_t *out)
{
	const char *p = s.p;
	uint64_t bad = 0, v, tail;
	bool big = false;

	if (s.n - 1 < 8) {
		v = eight(load_padded(p, s.n), &bad);
	} else if (s.n - 1 < 16) {
		v = eight(pad(load8(p), 16 - s.n), &bad) * 100000000;
		v += eight(load8(p + s.n - 8), &bad);
	} else if (s.n - 1 < 20) {
		v = eight(pad(load8(p), 24 - s.n), &bad);
		tail = eight(load8(p + s.n - 16), &bad) * 100000000;
		tail += eight(load8(p + s.n - 8), &bad);
		big = __builtin_mul_overflow(v, 10000000000000000, &v);
		big |= __builtin_add_overflow(v, tail, &v);
	} else {
		return u64_long(s, out);
	}
	if (bad)
		return expected;
	if (big)
		return beyond_64;
	*out = v;
	return NULL;
}

const char *
num_i64(struct slice s, int64_t *out)
{
	bool neg = s.n && *s.p == '-';
	uint64_t v = 0;
	const char *err = num_u64(slice_of(s.p + neg, s.n - neg), &v);

	if (err)
		return err;
	if (v > (uint64_t)INT64_MAX + neg)
		return beyond_64;
	*out = (int64_t)(neg ? -v : v);
	return NULL;
}

/* 0.DDD * 10^exp, D the digits from p on. */
struct decimal {
	const char *p;   /* the first digit that is not zero */
	const char *end; /* a point may stand before it */
	int64_t exp;
	bool neg;
};

/* What remains behind the digits: nothing, or an exponent. */
static const char *
read_exponent(const char *p, const char *end, int64_t *out)
{
	const int64_t huge = 1000000000000; /* decides, whatever the digits */
	int64_t e = 0;
	bool neg;

	*out = 0;
	if (p == end)
		return NULL;
	if ((*p++ | 0x20) != 'e' || p == end)
		return expected;
	neg = *p == '-';
	p += neg || *p == '+';
	if (p == end || ascii_skip_digits(p, end) != end)
		return expected;
	for (; p < end && e < huge; p++)
		e = e * 10 + (*p - '0');
	*out = neg ? -e : e;
	return NULL;
}

static const char *
read_decimal(struct slice s, struct decimal *d)
{
	const char *p = s.p, *end = s.p + s.n, *whole, *point, *err;

	d->neg = p < end && *p == '-';
	whole = p + d->neg;
	p = point = ascii_skip_digits(whole, end);
	if (p == whole)
		return expected;
	if (p < end && *p == '.') {
		p = ascii_skip_digits(point + 1, end);
		if (p == point + 1)
			return expected;
	}
	err = read_exponent(p, end, &d->exp);
	d->end = p;
	p = whole;
	while (p < d->end && (*p == '0' || *p == '.'))
		p++;
	d->p = p;
	d->exp += point - p + (p > point);
	return err;
}

/* -1 behind the last. */
static inline int
next_digit(struct decimal *d)
{
	if (d->p < d->end && *d->p == '.')
		d->p++;
	return d->p < d->end ? *d->p++ - '0' : -1;
}

/*
 * The C library rounds right.  It gets the digits that can decide (no double
 * and no middle between two has more than 768), and one for all the others.
 */
static double
round_decimal(struct decimal d)
{
	char text[800];
	int n = 0, digit;

	while (n < 770 && (digit = next_digit(&d)) >= 0)
		text[n++] = (char)('0' + digit);
	while ((digit = next_digit(&d)) == 0)
		;
	if (digit > 0)
		text[n++] = '1';
	snprintf(
	    text + n, sizeof text - (size_t)n, "e%lld", (long long)d.exp - n);
	return strtod(text, NULL);
}

const char *
num_double(struct slice s, double *out)
{
	static const double ten[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8,
		1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
		1e20, 1e21, 1e22 };
	struct decimal d, all;
	uint64_t m = 0;
	int n, digit;
	double v;
	const char *err = read_decimal(s, &d);

	if (err)
		return err;
	all = d;
	for (n = 0; n < 19 && (digit = next_digit(&d)) >= 0; n++)
		m = m * 10 + (uint64_t)digit;
	/* Exact operands: the operation rounds once. */
	if (!m)
		v = 0;
	else if (d.p == d.end && m <= 1ull << 53 && d.exp - n >= -22 &&
		 d.exp - n <= 22)
		v = d.exp < n ? (double)m / ten[n - d.exp]
			      : (double)m * ten[d.exp - n];
	else
		v = round_decimal(all);
	if (v > DBL_MAX)
		return beyond_double;
	*out = d.neg ? -v : v;
	return NULL;
}

const char *
num_nano(struct slice s, i128 *out)
{
	const u128 top = (u128)1 << 127;
	struct decimal d;
	uint64_t head = 0;
	u128 v;
	int64_t i = 0;
	int digit;
	const char *err = read_decimal(s, &d);

	if (err)
		return err;
	*out = 0;
	d.exp += 9;
	if (d.p == d.end || d.exp < 0)
		return NULL;
	if (d.exp > 39)
		return beyond_128;
	for (; i < d.exp && i < 19; i++) {
		digit = next_digit(&d);
		head = head * 10 + (digit < 0 ? 0 : (uint64_t)digit);
	}
	for (v = head; i < d.exp; i++) {
		digit = next_digit(&d);
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digit < 0 ? 0 : digit, &v))
			return beyond_128;
	}
	v += next_digit(&d) >= 5;
	if (v >= top + d.neg)
		return beyond_128;
	*out = (i128)(d.neg ? -v : v);
	return NULL;
}

const char *
num_whole(struct slice s, i128 *out)
{
	struct decimal d;
	i128 v = 0;
	int digit;
	const char *err = read_decimal(s, &d);

	if (err)
		return err;
	*out = 0;
	if (d.p == d.end)
		return NULL;
	if (d.exp > 38)
		return beyond_128;
	for (int64_t i = 0; i < d.exp; i++) {
		digit = next_digit(&d);
		v = v * 10 + (digit < 0 ? 0 : digit);
	}
	while ((digit = next_digit(&d)) == 0)
		continue;
	if (digit > 0)
		return "whole number expected";
	*out = d.neg ? -v : v;
	return NULL;
}

i128
num_nano_of(double d)
{
	const double limit = 1.7e29; /* 2^127 nano are a bit more */
	int64_t whole;
	double rest;

	if (d != d)
		return 0;
	if (d >= limit || d <= -limit)
		return d > 0 ? (i128)(~(u128)0 >> 1) : (i128)((u128)1 << 127);
	if (d >= 0x1p53 || d <= -0x1p53)
		return (i128)d * NUM_NANO;
	whole = (int64_t)d;
	rest = (d - (double)whole) * NUM_NANO;
	return (i128)whole * NUM_NANO +
	       (int64_t)(rest + (rest < 0 ? -0.5 : 0.5));
}
