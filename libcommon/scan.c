/* SPDX-License-Identifier: MIT */
#include "libcommon/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "libcommon/cpu.h"

/* The two masks of 64 bytes. */
struct masks {
	uint64_t mark; /* quotes and newlines */
	uint64_t special;
};

/*
 * The braces, brackets, backslash and bar are 0x7b..0x7d once bit 5 is set.
 */
enum { BRACKET_FIRST = '{', BRACKET_SPAN = '}' - '{', CASE_BIT = 0x20 };

static inline uint64_t
below_bit(size_t n)
{
	return n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
}

/* The last step may reach beyond the block: only its first n bytes count. */
static inline struct masks
trim(struct masks m, size_t n)
{
	m.mark &= below_bit(n);
	m.special &= below_bit(n);
	return m;
}

/*
 * Writes the positions of the bits in groups of eight, so that the branches
 * are few and foreseeable; a group may write beyond the last bit.
 */
static inline uint32_t *
flatten(uint64_t bits, uint32_t base, uint32_t *pos)
{
	int n = __builtin_popcountll(bits);

	for (int done = 0; done < n; done += 8)
		for (int i = 0; i < 8; i++) {
			pos[done + i] =
			    base + (uint32_t)__builtin_ctzll(bits | 1ull << 63);
			bits &= bits - 1;
		}
	return pos + n;
}

/*
 * A kernel: classify() for each step, marks flattened, specials counted.  The
 * steps but the last are whole.
 */
#define SCAN(name, classify, flatten, target)                                  \
	target static uint32_t name(const char *buf, size_t len,               \
	    uint32_t *pos, struct scan_special *special)                       \
	{                                                                      \
		uint32_t *p = pos;                                             \
		uint64_t seen = 0;                                             \
		size_t i = 0;                                                  \
		struct masks m;                                                \
                                                                               \
		for (; i + SCAN_STEP <= len; i += SCAN_STEP) {                 \
			m = classify(buf + i);                                 \
			*special++ = (struct scan_special){ m.special, seen }; \
			seen += (uint64_t)__builtin_popcountll(m.special);     \
			p = flatten(m.mark, (uint32_t)i, p);                   \
		}                                                              \
		m = i < len ? trim(classify(buf + i), len - i)                 \
			    : (struct masks){ 0 };                             \
		*special = (struct scan_special){ m.special, seen };           \
		return (uint32_t)(flatten(m.mark, (uint32_t)i, p) - pos);      \
	}

static struct masks
classify_portable(const char *p)
{
	struct masks m = { 0 };

	for (int i = 0; i < SCAN_STEP; i++) {
		unsigned char c = (unsigned char)p[i];
		uint64_t bit = 1ull << i;

		if (c == '"' || c == '\n')
			m.mark |= bit;
		if (c < 0x20 || c >= 0x80 ||
		    (unsigned char)((c | CASE_BIT) - BRACKET_FIRST) <=
			BRACKET_SPAN)
			m.special |= bit;
	}
	return m;
}

SCAN(scan_portable, classify_portable, flatten, )

#if defined(__x86_64__)

/*
 * AVX-512 with VBMI2 compresses the indices of the set bits in one
 * instruction instead of one round of four for each; the words that hold more
 * than 16 marks (64 bytes with nine empty strings) take the slow loop.
 */
#define AVX512 __attribute__((target("avx512bw,avx512vbmi2,bmi,popcnt")))

AVX512 static inline uint32_t *
flatten_avx512(uint64_t bits, uint32_t base, uint32_t *pos)
{
	static const unsigned char iota[64] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
		10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
		26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
		42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57,
		58, 59, 60, 61, 62, 63 };
	__m512i index =
	    _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(iota));
	__m512i at = _mm512_set1_epi32((int)base);
	int n = __builtin_popcountll(bits);

	_mm512_storeu_si512(
	    pos, _mm512_add_epi32(
		     at, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(index))));
	if (__builtin_expect(n > 16, 0))
		return flatten(bits, base, pos);
	return pos + n;
}

AVX512 static inline struct masks
classify_avx512(const char *p)
{
	__m512i x = _mm512_loadu_si512(p);
	__m512i folded =
	    _mm512_sub_epi8(_mm512_or_si512(x, _mm512_set1_epi8(CASE_BIT)),
		_mm512_set1_epi8(BRACKET_FIRST));
	__mmask64 quote = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('"'));
	__mmask64 newline = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\n'));
	__mmask64 low = _mm512_cmplt_epi8_mask(x, _mm512_set1_epi8(0x20));
	__mmask64 bracket =
	    _mm512_cmple_epu8_mask(folded, _mm512_set1_epi8(BRACKET_SPAN));

	return (struct masks){ _kor_mask64(quote, newline),
		_kor_mask64(low, bracket) };
}

SCAN(scan_avx512, classify_avx512, flatten_avx512, AVX512)

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

AVX2 static inline struct masks
classify_avx2_half(const char *p)
{
	__m256i x = _mm256_loadu_si256((const __m256i *)p);
	__m256i span = _mm256_set1_epi8(BRACKET_SPAN);
	__m256i folded =
	    _mm256_sub_epi8(_mm256_or_si256(x, _mm256_set1_epi8(CASE_BIT)),
		_mm256_set1_epi8(BRACKET_FIRST));
	__m256i bracket =
	    _mm256_cmpeq_epi8(_mm256_min_epu8(folded, span), folded);
	__m256i low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), x);
	__m256i quote = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('"'));
	__m256i newline = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\n'));

	return (struct masks){
		(uint32_t)_mm256_movemask_epi8(_mm256_or_si256(quote, newline)),
		(uint32_t)_mm256_movemask_epi8(_mm256_or_si256(low, bracket)),
	};
}

AVX2 static inline struct masks
classify_avx2(const char *p)
{
	struct masks low = classify_avx2_half(p);
	struct masks high = classify_avx2_half(p + 32);

	return (struct masks){ low.mark | high.mark << 32,
		low.special | high.special << 32 };
}

/* As flatten(); tzcnt of nothing is defined. */
AVX2 static inline uint32_t *
flatten_avx2(uint64_t bits, uint32_t base, uint32_t *pos)
{
	int n = __builtin_popcountll(bits);

	for (int done = 0; done < n; done += 8)
		for (int i = 0; i < 8; i++) {
			pos[done + i] = base + (uint32_t)_tzcnt_u64(bits);
			bits = _blsr_u64(bits);
		}
	return pos + n;
}

SCAN(scan_avx2, classify_avx2, flatten_avx2, AVX2)

static inline struct masks
classify_sse2(const char *p)
{
	struct masks m = { 0 };

	for (int i = 0; i < SCAN_STEP; i += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(p + i));
		__m128i folded =
		    _mm_sub_epi8(_mm_or_si128(x, _mm_set1_epi8(CASE_BIT)),
			_mm_set1_epi8(BRACKET_FIRST));
		__m128i bracket = _mm_cmpeq_epi8(
		    _mm_min_epu8(folded, _mm_set1_epi8(BRACKET_SPAN)), folded);
		__m128i low = _mm_cmplt_epi8(x, _mm_set1_epi8(0x20));
		__m128i mark =
		    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
			_mm_cmpeq_epi8(x, _mm_set1_epi8('\n')));

		m.mark |= (uint64_t)(uint32_t)_mm_movemask_epi8(mark) << i;
		m.special |= (uint64_t)(uint32_t)_mm_movemask_epi8(
				 _mm_or_si128(low, bracket))
			     << i;
	}
	return m;
}

SCAN(scan_sse2, classify_sse2, flatten, )

#elif defined(__aarch64__)

/* NEON has no movemask: each byte keeps its bit, pairs are added thrice. */
static inline uint64_t
movemask_neon(const uint8x16_t v[4])
{
	static const uint8_t bit[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4,
		8, 16, 32, 64, 128 };
	uint8x16_t b = vld1q_u8(bit);
	uint8x16_t lo = vpaddq_u8(vandq_u8(v[0], b), vandq_u8(v[1], b));
	uint8x16_t hi = vpaddq_u8(vandq_u8(v[2], b), vandq_u8(v[3], b));
	uint8x16_t sum = vpaddq_u8(lo, hi);

	sum = vpaddq_u8(sum, sum);
	return vgetq_lane_u64(vreinterpretq_u64_u8(sum), 0);
}

static inline struct masks
classify_neon(const char *p)
{
	uint8x16_t mark[4], special[4];

	for (int i = 0; i < 4; i++) {
		uint8x16_t x = vld1q_u8((const uint8_t *)p + 16 * i);
		uint8x16_t folded = vsubq_u8(vorrq_u8(x, vdupq_n_u8(CASE_BIT)),
		    vdupq_n_u8(BRACKET_FIRST));

		mark[i] = vorrq_u8(vceqq_u8(x, vdupq_n_u8('"')),
		    vceqq_u8(x, vdupq_n_u8('\n')));
		special[i] =
		    vorrq_u8(vcltq_s8(vreinterpretq_s8_u8(x), vdupq_n_s8(0x20)),
			vcleq_u8(folded, vdupq_n_u8(BRACKET_SPAN)));
	}
	return (struct masks){ movemask_neon(mark), movemask_neon(special) };
}

SCAN(scan_neon, classify_neon, flatten, )

#endif

const struct scan_kernel scan_kernels[] = {
#if defined(__x86_64__)
	{ "avx512", cpu_avx512, scan_avx512 },
	{ "avx2", cpu_avx2, scan_avx2 },
	{ "sse2", cpu_sse2, scan_sse2 },
#elif defined(__aarch64__)
	{ "neon", cpu_sse2, scan_neon },
#endif
	{ "portable", cpu_any, scan_portable },
	{ 0 },
};

scan_fn *
scan_best(void)
{
	const struct scan_kernel *k = scan_kernels;

	while (!k->usable())
		k++;
	return k->scan;
}
