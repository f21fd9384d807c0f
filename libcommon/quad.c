/* SPDX-License-Identifier: MIT */
#include "libcommon/quad.h"

#include <endian.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "libcommon/cpu.h"
#include "libcommon/load.h"

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
quad_portable(const char *p, size_t n, uint8_t out[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
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
	if (bad)
		return false;
	v = htole32((uint32_t)(a | a >> 24 | b << 16 | b >> 8));
	memcpy(out, mapped, 12);
	memcpy(out + 12, &v, 4);
	return true;
}

/* ---- AVX2 ---- */

#if defined(__x86_64__)

/* The text in 16 bytes, zeros behind it; no load leaves it. */
static inline __m128i
text16(const char *p, size_t n)
{
	uint64_t low, high;

	if (n == QUAD_MIN) {
		low = load4(p) | (uint64_t)load4(p + 3) << 24;
		high = 0;
	} else {
		low = load8(p);
		high = load8(p + n - 8) >> 1 >> (8 * (16 - n) - 1);
	}
	return _mm_set_epi64x((long long)high, (long long)low);
}

/*
 * What follows from where the dots are, and where the text ends: a bit for each
 * of the four.  There are 81 ways, which the hash tells apart.
 */
static struct layout {
	/* A lane of four bytes an octet: its digits end in the third. */
	_Alignas(16) uint8_t places[16];
	_Alignas(16) uint32_t least[4]; /* octets of so many digits */
	uint32_t ends;
} layouts[256];

static inline struct layout *
layout_of(uint32_t ends)
{
	return &layouts[ends * 0x2acc2672u >> 24];
}

static void
make_layout(const uint32_t *digits)
{
	static const uint32_t least_of[] = { 0, 0, 10, 100 };
	struct layout l = { .ends = 0 };
	uint32_t at = 0;

	memset(l.places, 0x80, sizeof l.places); /* a zero */
	for (uint32_t i = 0; i < 4; i++) {
		for (uint32_t k = 0; k < digits[i]; k++)
			l.places[4 * i + 3 - digits[i] + k] = (uint8_t)at++;
		l.least[i] = least_of[digits[i]];
		l.ends |= 1u << at++;
	}
	*layout_of(l.ends) = l;
}

/* Also makes the layouts: the same ones, if several threads do at once. */
static bool
usable_avx2(void)
{
	if (!cpu_avx2())
		return false;
	for (uint32_t i = 0; i < 81; i++)
		make_layout((uint32_t[4]){
		    1 + i / 27, 1 + i / 9 % 3, 1 + i / 3 % 3, 1 + i % 3 });
	return true;
}

/* What octets are worth is a sum of products. */
__attribute__((target("avx2"))) static bool
quad_avx2(const char *p, size_t n, uint8_t out[16])
{
	const __m128i weights = _mm_set1_epi32(0x00010a64);
	const struct layout *l;
	__m128i x, dots, v, bad;
	uint32_t ends;

	if (n - QUAD_MIN > QUAD_MAX - QUAD_MIN)
		return false;
	x = _mm_sub_epi8(text16(p, n), _mm_set1_epi8('0'));
	dots = _mm_cmpeq_epi8(x, _mm_set1_epi8('.' - '0'));
	ends = (uint32_t)_mm_movemask_epi8(dots) | 1u << n;
	l = layout_of(ends);
	if (l->ends != ends)
		return false;
	v = _mm_shuffle_epi8(x, *(const __m128i *)(const void *)l->places);
	bad = _mm_subs_epu8(v, _mm_set1_epi8(9));
	v = _mm_madd_epi16(_mm_maddubs_epi16(v, weights), _mm_set1_epi16(1));
	bad = _mm_or_si128(bad, _mm_cmpgt_epi32(v, _mm_set1_epi32(255)));
	bad = _mm_or_si128(
	    bad, _mm_cmpgt_epi32(*(const __m128i *)(const void *)l->least, v));
	if (!_mm_testz_si128(bad, bad))
		return false;
	v = _mm_or_si128(
	    _mm_shuffle_epi8(v, _mm_set_epi32(0x0c080400, -1, -1, -1)),
	    _mm_set_epi32(0, (int)0xffff0000, 0, 0));
	_mm_storeu_si128((__m128i *)out, v);
	return true;
}

#endif

const struct quad_kernel quad_kernels[] = {
#if defined(__x86_64__)
	{ "avx2", usable_avx2, quad_avx2 },
#endif
	{ "portable", cpu_any, quad_portable },
	{ 0 },
};

static bool
choose(const char *p, size_t n, uint8_t out[16])
{
	const struct quad_kernel *k = quad_kernels;

	while (!k->usable())
		k++;
	quad = k->parse;
	return quad(p, n, out);
}

quad_fn *quad = choose;
