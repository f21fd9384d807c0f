/* SPDX-License-Identifier: MIT */
/*
 * num: numbers from text.  No locale, no rounding of integers.
 * Functions that can fail return NULL or a static message.
 */
#ifndef NUM_H
#define NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/slice.h"

_Static_assert(sizeof(void *) == 8, "a 64-bit machine is needed");

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

#define INT128_LEAST ((i128)((u128)1 << 127))

enum {
	NUM_NANO = 1000000000, /* units of a scaled decimal */
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

/* a - b, or the end of the range. */
static inline int64_t
num_minus(int64_t a, int64_t b)
{
	int64_t v;

	if (!__builtin_sub_overflow(a, b, &v))
		return v;
	return a < 0 ? INT64_MIN : INT64_MAX;
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
