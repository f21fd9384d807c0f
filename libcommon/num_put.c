/* SPDX-License-Identifier: MIT */
#include "libcommon/num_put.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

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
