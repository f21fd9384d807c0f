/* SPDX-License-Identifier: MIT */
/*
 * num_put: numbers to text.  No locale.
 */
#ifndef NUM_PUT_H
#define NUM_PUT_H

#include "libcommon/num.h"

enum { NUM_ROOM = 48 }; /* bytes that any of these may write */

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

#endif
