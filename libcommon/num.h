/* SPDX-License-Identifier: MIT */
/*
 * num: numbers from and to text.  No locale, no rounding of integers.
 * Functions that can fail return NULL or a static message.
 */
#ifndef NUM_H
#define NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/slice.h"

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

#define INT128_LEAST ((i128)((u128)1 << 127))

enum {
	NUM_NANO = 1000000000, /* units of a scaled decimal */
	NUM_ROOM = 48,         /* bytes that any num_put function may write */
};

/*
 * Digits alone ("number expected", "number beyond 64 bits").  num_i64 accepts
 * a minus sign.  A leading zero is no error here: the scanner has judged.
 */
const char *num_u64(struct slice s, uint64_t *out);
const char *num_i64(struct slice s, int64_t *out);

/*
 * Any JSON number that is whole and has at most 38 digits: 1500.0 and 15e2 are
 * ("whole number expected").
 */
const char *num_whole(struct slice s, i128 *out);

/* Any JSON number, correctly rounded; an error beyond the largest double. */
const char *num_double(struct slice s, double *out);

/*
 * Any JSON number as a multiple of 10^-9, exact for up to nine decimals and
 * rounded to nearest beyond; an error where it does not fit in 128 bits.
 */
const char *num_nano(struct slice s, i128 *out);
i128 num_nano_of(double d); /* nearest; saturates; 0 of NaN */

/*
 * A number with a unit, as users write it: "10k", "1.5M", "2G", "64Ki" (k M G
 * T P powers of 1000, with i of 1024), "0x1f".  Exact; a fraction must vanish
 * ("1.5k" is 1500, "1.5" is an error).
 */
const char *num_quantity(struct slice s, uint64_t *out);

/*
 * A duration to nanoseconds: "1.5s", "100ms", "5m", "1h30m", "2d", "1w",
 * "20us", "5ns"; a bare number is seconds.
 */
const char *num_duration(struct slice s, int64_t *ns);

/* a - b, or the end of the range. */
static inline int64_t
num_minus(int64_t a, int64_t b)
{
	int64_t v;

	if (!__builtin_sub_overflow(a, b, &v))
		return v;
	return a < 0 ? INT64_MIN : INT64_MAX;
}

/* Each writes at most NUM_ROOM bytes, no NUL, and returns how many. */
static inline size_t num_put_u64(char *out, uint64_t v);
size_t num_put_i128(char *out, i128 v);
/* Shortest that reads back; null if it is not finite. */
size_t num_put_double(char *out, double v);
size_t num_put_nano(char *out, i128 v); /* 1.5, 0.000000001, 7 */

/*
 * Private: up to eight digits at once: pairs, then digits of pairs, each in a
 * byte of its own, the first one lowest.  Division is multiplication by the
 * inverse: exact, for all that can be there was tried.
 */
static inline size_t
num_put_short(char *out, uint32_t v)
{
	const uint64_t zeros = 0x3030303030303030;
	uint64_t fours = v / 10000 | (uint64_t)(v % 10000) << 32, pairs, digits;
	uint64_t high;
	int leading;

	high = fours * 10486 >> 20 & 0x0000007f0000007f;
	pairs = high | (fours - high * 100) << 16;
	high = pairs * 103 >> 10 & 0x000f000f000f000f;
	digits = high | (pairs - high * 10) << 8;
	leading = __builtin_ctzll(digits | 1ull << 56) / 8;
	digits = (digits | zeros) >> 8 * leading;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	digits = __builtin_bswap64(digits);
#endif
	memcpy(out, &digits, sizeof digits);
	return (size_t)(8 - leading);
}

/* Private: of any length. */
size_t num_put_long(char *out, uint64_t v);

static inline size_t
num_put_u64(char *out, uint64_t v)
{
	return v < 100000000 ? num_put_short(out, (uint32_t)v)
			     : num_put_long(out, v);
}

/*
 * Up to eight digits that make up all of a value, without a branch on what
 * they are; false if they are not.  Eight bytes from p on must be readable.
 * The last digit is in the highest byte, zeros are in front of the first.
 */
static inline bool
num_short_digits(const char *p, size_t n, uint64_t *out)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t v;

	if (n - 1 > 7)
		return false;
	memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	/* The first digit ends up lowest of those that count. */
	*out = v = (v ^ ones * '0') << (64 - 8 * n);
	return !((v | (v + ones * 0x76)) & ones * 0x80);
}

/* The number that they are. */
static inline bool
num_short(const char *p, size_t n, uint64_t *out)
{
	uint64_t digits;

	if (!num_short_digits(p, n, &digits))
		return false;
	digits = digits * 10 + (digits >> 8);
	*out =
	    (((digits & 0x000000ff000000ff) * 0x000f424000000064) +
		((digits >> 16 & 0x000000ff000000ff) * 0x0000271000000001)) >>
	    32;
	return true;
}

/* Another number, which is in the same order among them. */
static inline bool
num_short_order(const char *p, size_t n, uint64_t *out)
{
	uint64_t digits = 0;
	bool is = num_short_digits(p, n, &digits);

	*out = __builtin_bswap64(digits);
	return is;
}

#endif
