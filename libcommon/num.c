/* SPDX-License-Identifier: MIT */
/* long file: reading and writing are one module and share little else. */
#include "libcommon/num.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/load.h"

static const char expected[] = "number expected";
static const char beyond_64[] = "number beyond 64 bits";
static const char beyond_128[] = "number beyond 128 bits";
static const char beyond_double[] = "number beyond the largest double";

static const uint64_t zeros = 0x3030303030303030;
static const uint64_t high_bits = 0x8080808080808080;

static inline bool
is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

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
	for (i = zero; i < s.n && is_digit(s.p[i]);)
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

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

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
	if (p == end || skip_digits(p, end) != end)
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
	p = point = skip_digits(whole, end);
	if (p == whole)
		return expected;
	if (p < end && *p == '.') {
		p = skip_digits(point + 1, end);
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

/* whole + frac / scale, as users write it. */
struct fixed {
	uint64_t whole;
	uint64_t frac;
	uint64_t scale;
	bool cut; /* digits that are not zero followed */
};

static const char *
read_fixed(struct slice *s, struct fixed *f)
{
	const char *p = s->p, *end = p + s->n, *start = p, *err;

	*f = (struct fixed){ .scale = 1 };
	p = skip_digits(p, end);
	err = num_u64(slice_of(start, (size_t)(p - start)), &f->whole);
	if (!err && p < end && *p == '.') {
		start = ++p;
		for (; p < end && is_digit(*p); p++) {
			if (p - start >= 18) {
				f->cut |= *p != '0';
				continue;
			}
			f->frac = f->frac * 10 + (uint64_t)(*p - '0');
			f->scale *= 10;
		}
		if (p == start)
			err = expected;
	}
	*s = slice_of(p, (size_t)(end - p));
	return err;
}

static u128
times(const struct fixed *f, uint64_t unit, bool *exact)
{
	u128 frac = (u128)f->frac * unit;

	*exact = !f->cut && frac % f->scale == 0;
	return (u128)f->whole * unit + frac / f->scale;
}

static const char *
read_hex(struct slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (!s.n)
		return expected;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char low = (unsigned char)((s.p[i] | 0x20) - 'a');

		if (!is_digit(s.p[i]) && low > 5)
			return expected;
		if (v >> 60)
			return beyond_64;
		v = v << 4;
		v |= is_digit(s.p[i]) ? (uint64_t)(s.p[i] - '0') : low + 10u;
	}
	*out = v;
	return NULL;
}

const char *
num_quantity(struct slice s, uint64_t *out)
{
	static const char units[] = "kMGTP";
	struct fixed f;
	uint64_t unit = 1, step = 1000;
	const char *err, *letter;
	bool exact;
	u128 v;

	if (s.n > 1 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x')
		return read_hex(slice_of(s.p + 2, s.n - 2), out);
	err = read_fixed(&s, &f);
	if (err)
		return err;
	if (s.n == 2 && s.p[1] == 'i') {
		step = 1024;
		s.n--;
	}
	letter = s.n ? memchr(units, *s.p == 'K' ? 'k' : *s.p, 5) : units;
	if (s.n > 1 || !letter || (!s.n && step == 1024))
		return "unknown unit";
	for (size_t n = s.n ? (size_t)(letter - units) + 1 : 0; n; n--)
		unit *= step;
	v = times(&f, unit, &exact);
	if (!exact)
		return "not a whole number";
	if (v > UINT64_MAX)
		return beyond_64;
	*out = (uint64_t)v;
	return NULL;
}

static const struct {
	const char *name;
	int64_t ns;
} time_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60000000000 },
	{ "h", 3600000000000 },
	{ "d", 86400000000000 },
	{ "w", 604800000000000 },
};

static int64_t
time_unit(struct slice s)
{
	for (size_t i = 0; i < sizeof time_units / sizeof *time_units; i++)
		if (slice_is(s, time_units[i].name))
			return time_units[i].ns;
	return 0;
}

const char *
num_duration(struct slice s, int64_t *ns)
{
	bool first = true, exact;
	u128 sum = 0;

	do {
		struct fixed f;
		struct slice name;
		int64_t unit = NUM_NANO;
		const char *err = read_fixed(&s, &f);

		if (err)
			return err == beyond_64 ? err : "duration expected";
		name = slice_of(s.p, 0);
		while (name.n < s.n && !is_digit(name.p[name.n]))
			name.n++;
		if (name.n || !first)
			unit = time_unit(name);
		if (!unit)
			return "unknown unit of time";
		sum += times(&f, (uint64_t)unit, &exact);
		if (sum > INT64_MAX)
			return "duration beyond 292 years";
		s = slice_of(s.p + name.n, s.n - name.n);
		first = false;
	} while (s.n);
	*ns = (int64_t)sum;
	return NULL;
}

static inline void
put_2(char *out, unsigned v)
{
	out[0] = (char)('0' + v / 10);
	out[1] = (char)('0' + v % 10);
}

/* How many digits: by the bits, of which each is log10(2) of one. */
static size_t
digits_of(uint64_t v)
{
	static const uint64_t least[] = { 0, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000, 10000000000,
		100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000, 10000000000000000000u };
	size_t n = (size_t)(64 - __builtin_clzll(v | 1)) * 1233 >> 12;

	return n + (v >= least[n]);
}

size_t
num_put_long(char *out, uint64_t v)
{
	size_t n = digits_of(v), i = n;

	for (; i > 2; v /= 100) {
		i -= 2;
		put_2(out + i, (unsigned)(v % 100));
	}
	if (i == 2)
		put_2(out, (unsigned)v);
	else
		*out = (char)('0' + v);
	return n;
}

/* With zeros before it, n digits. */
static void
put_padded(char *out, uint64_t v, size_t n)
{
	while (n--) {
		out[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

static size_t
put_u128(char *out, u128 v)
{
	const uint64_t part = 10000000000000000000u;
	size_t n;

	if (v <= UINT64_MAX)
		return num_put_u64(out, (uint64_t)v);
	n = put_u128(out, v / part);
	put_padded(out + n, (uint64_t)(v % part), 19);
	return n + 19;
}

size_t
num_put_i128(char *out, i128 v)
{
	if (v >= 0)
		return put_u128(out, (u128)v);
	*out = '-';
	return 1 + put_u128(out + 1, -(u128)v);
}

static size_t
put_unsigned_nano(char *out, u128 v)
{
	uint64_t frac;
	size_t n;

	if (v <= UINT64_MAX) {
		n = num_put_u64(out, (uint64_t)v / NUM_NANO);
		frac = (uint64_t)v % NUM_NANO;
	} else {
		n = put_u128(out, v / NUM_NANO);
		frac = (uint64_t)(v % NUM_NANO);
	}
	if (!frac)
		return n;
	out[n] = '.';
	put_padded(out + n + 1, frac, 9);
	n += 10;
	while (out[n - 1] == '0')
		n--;
	return n;
}

size_t
num_put_nano(char *out, i128 v)
{
	if (v >= 0)
		return put_unsigned_nano(out, (u128)v);
	*out = '-';
	return 1 + put_unsigned_nano(out + 1, -(u128)v);
}

/* digits[0].digits[1..n-1] * 10^exp, in plain digits where 17 places do. */
static size_t
put_digits(char *out, const char *digits, int n, int exp)
{
	int whole = exp < 0 ? 0 : exp < 17 ? exp + 1 : 1, zero = 0, len = 0;
	bool plain = exp < 17 && n - 1 - exp <= 17;

	if (plain && exp < 0)
		zero = -exp - 1;
	else if (!plain)
		whole = 1;
	if (!whole)
		out[len++] = '0';
	for (int i = 0; i < n; i++) {
		if (i == whole) {
			out[len++] = '.';
			memset(out + len, '0', (size_t)zero);
			len += zero;
		}
		out[len++] = digits[i];
	}
	if (!plain)
		len += sprintf(out + len, "e%+03d", exp);
	return (size_t)len;
}

static size_t
put_shortest(char *out, double v)
{
	char text[NUM_ROOM], digits[17];
	int n = 15;

	for (;; n++) {
		snprintf(text, sizeof text, "%.*e", n - 1, v);
		if (n == 17 || strtod(text, NULL) == v)
			break;
	}
	digits[0] = text[0];
	memcpy(digits + 1, text + 2, (size_t)n - 1);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return put_digits(out, digits, n, atoi(strchr(text, 'e') + 1));
}

size_t
num_put_double(char *out, double v)
{
	size_t sign = __builtin_signbit(v) != 0;
	uint64_t micro;

	if (v != v || v > DBL_MAX || v < -DBL_MAX) {
		memcpy(out, "null", 4);
		return 4;
	}
	if (sign) {
		*out++ = '-';
		v = -v;
	}
	if (v < 1e17 && v == (double)(uint64_t)v)
		return sign + num_put_u64(out, (uint64_t)v);
	/* Fifteen digits that read back are the shortest that do. */
	micro = v < 1e9 ? (uint64_t)(v * 1e6 + 0.5) : 0;
	if (micro && (double)micro / 1e6 == v)
		return sign + put_unsigned_nano(out, (u128)micro * 1000);
	return sign + put_shortest(out, v);
}
