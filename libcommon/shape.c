/* SPDX-License-Identifier: MIT */
#include "libcommon/shape.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "libcommon/cpu.h"
#include "libcommon/xalloc.h"

#define BODY static inline __attribute__((always_inline))
#define LANES _Pragma("GCC unroll 4") for (int k = 0; k < SHAPE_LANES; k++)

/* Fewer bytes are not worth the cuts. */
enum { LEAST_TO_CUT = 1024 };

/* ---- what the kernels share ---- */

BODY bool
in_scalar(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

/* The length of any scalar; sets *bad if it is none. */
static uint32_t
scalar(const char *p, uint32_t *bad)
{
	uint32_t n = 0;

	while (in_scalar(p[n]))
		n++;
	*bad |= json_scalar(p, n) == JSON_NONE;
	return n;
}

/* Lines of a block: those before 'at' are verified, n records. */
struct lane {
	const char *at, *end;
	uint32_t *places, n;
};

/* Where the places of the next record go. */
BODY uint32_t *
lane_places(const struct shape *shape, const struct lane *l)
{
	return l->places + l->n * shape->n_steps;
}

/*
 * The lanes of a block, cut at newlines.  Only one where records of other
 * shapes are to be expected: all beyond the first would be read in vain.
 */
static uint32_t
cut(const struct shape *shape, const char *buf, uint32_t from, uint32_t to,
    uint32_t *places, struct lane lanes[SHAPE_LANES])
{
	uint32_t n = to - from;
	const char *at = buf + from, *end = buf + to;

	lanes[0] = (struct lane){ at, end, places, 0 };
	if (!shape->steady || n < LEAST_TO_CUT)
		return 1;
	for (uint32_t k = 0; k < SHAPE_LANES; k++) {
		const char *least = buf + from + n / SHAPE_LANES * (k + 1) - 1;

		lanes[k] = (struct lane){ at, end, places, 0 };
		places += n + SHAPE_MAX_STEPS + 1;
		if (k == SHAPE_LANES - 1)
			break;
		if (at <= least)
			at =
			    (char *)memchr(least, '\n', (size_t)(end - least)) +
			    1;
		lanes[k].end = at;
	}
	return SHAPE_LANES;
}

BODY bool
are_within(const struct lane *lanes)
{
	bool all = true;

	LANES all &= lanes[k].at < lanes[k].end;
	return all;
}

/* ---- with the compiler's vectors of 16 bytes ---- */

typedef unsigned char v16 __attribute__((vector_size(16)));
typedef unsigned char v16u __attribute__((vector_size(16), aligned(1)));
typedef signed char s16 __attribute__((vector_size(16)));
typedef unsigned long long v2 __attribute__((vector_size(16)));

struct v32 {
	v16 low, high;
};

/* A bit for each byte; each is 0 or 0xff. */
BODY uint32_t
movemask16(v16 x)
{
#if defined(__x86_64__)
	return (uint32_t)_mm_movemask_epi8((__m128i)x);
#elif defined(__aarch64__)
	/* Each byte keeps its bit; pairs are added thrice. */
	uint8x16_t bits =
	    vandq_u8((uint8x16_t)x, (uint8x16_t){ 1, 2, 4, 8, 16, 32, 64, 128,
					1, 2, 4, 8, 16, 32, 64, 128 });

	bits = vpaddq_u8(bits, bits);
	bits = vpaddq_u8(bits, bits);
	bits = vpaddq_u8(bits, bits);
	return vgetq_lane_u16(vreinterpretq_u16_u8(bits), 0);
#else
	uint32_t m = 0;

	for (int i = 0; i < 16; i++)
		m |= (uint32_t)(x[i] & 1) << i;
	return m;
#endif
}

BODY struct v32
load_v32(const char *p)
{
	return (struct v32){ *(const v16u *)p, *(const v16u *)(p + 16) };
}

BODY v16
differ_v32(const char *p, struct v32 bytes, struct v32 mask)
{
	struct v32 x = load_v32(p);

	return ((x.low ^ bytes.low) & mask.low) |
	       ((x.high ^ bytes.high) & mask.high);
}

BODY bool
is_zero_v16(v16 x)
{
	v2 halves = (v2)x;

	return !(halves[0] | halves[1]);
}

/* Quotes, backslashes, control characters, bytes beyond ASCII. */
BODY v16
text_ends_v16(v16 x)
{
	return (v16)(x == '"') | (v16)(x == '\\') | (v16)((s16)x < 0x20);
}

BODY uint32_t
text_ends_v32(const char *p)
{
	struct v32 x = load_v32(p);

	return movemask16(text_ends_v16(x.low)) |
	       movemask16(text_ends_v16(x.high)) << 16;
}

BODY uint32_t
no_digits_v32(const char *p, uint32_t *zeros, uint32_t *points)
{
	struct v32 x = load_v32(p);

	*zeros = movemask16((v16)(x.low == '0')) |
		 movemask16((v16)(x.high == '0')) << 16;
	*points = movemask16((v16)(x.low == '.')) |
		  movemask16((v16)(x.high == '.')) << 16;
	return movemask16((v16)(x.low - '0' > 9)) |
	       movemask16((v16)(x.high - '0' > 9)) << 16;
}

BODY uint32_t
below_v32(uint32_t bits)
{
	return bits ? (uint32_t)__builtin_ctz(bits) : 32;
}

#define WALK(name) name##_portable
#define TARGET
#define PIECE struct v32
#define UNLIKE v16
#define load load_v32
#define differ differ_v32
#define is_zero is_zero_v16
#define text_ends text_ends_v32
#define no_digits no_digits_v32
#define below below_v32
#include "libcommon/shape_walk.h"
#undef WALK
#undef TARGET
#undef PIECE
#undef UNLIKE
#undef load
#undef differ
#undef is_zero
#undef text_ends
#undef no_digits
#undef below

/* ---- with AVX2 ---- */

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

AVX2 BODY __m256i
load_avx2(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

AVX2 BODY __m256i
differ_avx2(const char *p, __m256i bytes, __m256i mask)
{
	return _mm256_and_si256(mask, _mm256_xor_si256(bytes, load_avx2(p)));
}

AVX2 BODY bool
is_zero_avx2(__m256i x)
{
	return _mm256_testz_si256(x, x);
}

AVX2 BODY uint32_t
text_ends_avx2(const char *p)
{
	__m256i x = load_avx2(p);
	__m256i quote = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('"'));
	__m256i escape = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\\'));
	__m256i other = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), x);

	return (uint32_t)_mm256_movemask_epi8(
	    _mm256_or_si256(_mm256_or_si256(quote, escape), other));
}

AVX2 BODY uint32_t
no_digits_avx2(const char *p, uint32_t *zeros, uint32_t *points)
{
	__m256i x = _mm256_sub_epi8(load_avx2(p), _mm256_set1_epi8('0'));
	__m256i least = _mm256_min_epu8(x, _mm256_set1_epi8(9));
	__m256i point = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('.' - '0'));
	__m256i zero = _mm256_cmpeq_epi8(x, _mm256_setzero_si256());

	*zeros = (uint32_t)_mm256_movemask_epi8(zero);
	*points = (uint32_t)_mm256_movemask_epi8(point);
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, least));
}

#define WALK(name) name##_avx2
#define TARGET AVX2
#define PIECE __m256i
#define UNLIKE __m256i
#define load load_avx2
#define differ differ_avx2
#define is_zero is_zero_avx2
#define text_ends text_ends_avx2
#define no_digits no_digits_avx2
#define below _tzcnt_u32
#include "libcommon/shape_walk.h"

#endif

const struct shape_kernel shape_kernels[] = {
#if defined(__x86_64__)
	{ "avx2", cpu_avx2, run_avx2 },
#endif
	{ "portable", cpu_any, run_portable },
	{ 0 },
};

shape_fn *
shape_best(void)
{
	const struct shape_kernel *k = shape_kernels;

	while (!k->usable())
		k++;
	return k->run;
}

/* ---- learning ---- */

/* The bytes of [from, to), in steps of which the last has the value's kind. */
static bool
add_steps(
    struct shape *s, const char *from, const char *to, enum shape_kind kind)
{
	while (from < to) {
		size_t n = (size_t)(to - from);
		struct shape_step *step = &s->steps[s->n_steps];

		if (s->n_steps++ == SHAPE_MAX_STEPS)
			return false;
		n = n < SHAPE_PIECE ? n : SHAPE_PIECE;
		*step = (struct shape_step){ .len = (uint32_t)n };
		memcpy(step->bytes, from, n);
		memset(step->mask, 0xff, n);
		from += n;
		step->kind = from < to ? SHAPE_NOTHING : kind;
	}
	return true;
}

static enum shape_kind
kind_of(const struct json_val *v)
{
	size_t digits = strspn(v->p, "0123456789"), behind;

	if (v->kind == JSON_STRING)
		return v->n > 32 ? SHAPE_LONG : SHAPE_TEXT;
	if (digits == v->n)
		return SHAPE_DIGITS;
	if (v->p[digits] != '.')
		return SHAPE_SCALAR;
	behind = strspn(v->p + digits + 1, "0123456789");
	return digits + 1 + behind == v->n ? SHAPE_DECIMAL : SHAPE_SCALAR;
}

/* The slot of a member that is wanted, and only once. */
static bool
add_value(
    struct shape *s, const struct schema *schema, const struct shape_member *m)
{
	int node = schema_child(schema, SCHEMA_ROOT, m->key);
	struct shape_value *v = &s->values[s->n_values];

	if (node == SCHEMA_NONE || schema->nodes[node].slot < 0)
		return true;
	*v = (struct shape_value){ .slot = (uint32_t)schema->nodes[node].slot,
		.step = s->n_steps - 1,
		.skip = s->steps[s->n_steps - 1].len,
		.kind = m->v.kind == JSON_STRING ? JSON_STRING : JSON_NUMBER };
	for (uint32_t i = 0; i < s->n_values; i++)
		if (s->values[i].slot == v->slot)
			return false;
	s->n_values++;
	return true;
}

bool
shape_learn(struct shape *shape, const struct schema *schema, const char *line,
    size_t n, const struct shape_member *members, uint32_t count)
{
	const char *from = line;
	uint32_t places[SHAPE_MAX_STEPS + 1];
	struct lane lane = { .at = line, .places = places };
	uint32_t known = 0;

	shape->n_steps = shape->n_values = 0;
	shape->steady = false;
	if (!count || count > SHAPE_MAX_MEMBERS)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const struct shape_member *m = &members[i];

		if (!add_steps(shape, from, m->v.p, kind_of(&m->v)) ||
		    !add_value(shape, schema, m))
			return false;
		from = m->v.p + m->v.n;
	}
	if (!add_steps(shape, from, line + n + 1, SHAPE_NOTHING))
		return false;
	/* Not if it has a byte beyond ASCII, for one. */
	return record_portable(shape, line, &lane, &known) &&
	       lane.at == line + n + 1;
}

uint32_t
shape_common(const struct shape *a, const struct shape *b)
{
	uint32_t n = 0;

	while (n < a->n_steps && n < b->n_steps &&
	       a->steps[n].len == b->steps[n].len &&
	       (a->steps[n].kind == SHAPE_NOTHING) ==
		   (b->steps[n].kind == SHAPE_NOTHING) &&
	       memcmp(a->steps[n].bytes, b->steps[n].bytes, SHAPE_PIECE) == 0)
		n++;
	return n;
}
