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

/* Of a lane in a block of n bytes.  A record has no less than 7. */
static size_t
places_room(size_t n)
{
	return n + SHAPE_MAX_STEPS + 1;
}

static size_t
runs_room(size_t n)
{
	return n / 4 + 3;
}

void
shape_room_open(struct shape_room *room, size_t n)
{
	room->places =
	    xcalloc(SHAPE_LANES * places_room(n), sizeof *room->places);
	room->runs = xcalloc(SHAPE_LANES * runs_room(n), sizeof *room->runs);
}

void
shape_room_close(struct shape_room *room)
{
	free(room->places);
	free(room->runs);
}

/* A part of a block, and the record at hand there. */
struct lane {
	const char *p, *end;
	struct shape *shape;
	struct shape_step *s;         /* the next one, at p */
	uint32_t *places;             /* the last one, where p is */
	struct shape_run *runs, *run; /* the first one, the last one */
	uint32_t turns;               /* of the record, from shape to shape */
};

/* The lanes of a block, cut at newlines; one if it is small. */
static uint32_t
cut(struct shape_set *set, const char *buf, uint32_t from, uint32_t to,
    const struct shape_room *room, struct lane lanes[SHAPE_LANES])
{
	uint32_t n = to - from, count = n < LEAST_TO_CUT ? 1 : SHAPE_LANES;
	const char *at = buf + from, *end = buf + to;

	for (uint32_t k = 0; k < count; k++) {
		const char *least = buf + from + n / count * (k + 1) - 1;
		struct lane *l = &lanes[k];

		*l = (struct lane){ .p = at,
			.shape = set->usual,
			.s = set->usual->steps,
			.places = room->places + k * places_room(n),
			.runs = room->runs + k * runs_room(n) };
		l->run = l->runs;
		*l->places = (uint32_t)(at - buf);
		*l->run = (struct shape_run){ set->usual, l->places, 0 };
		if (k == count - 1)
			at = end;
		else if (at <= least)
			at =
			    (char *)memchr(least, '\n', (size_t)(end - least)) +
			    1;
		l->end = at;
	}
	return count;
}

BODY bool
are_within(const struct lane *lanes)
{
	bool all = true;

	LANES all &= lanes[k].p < lanes[k].end;
	return all;
}

/* i steps behind where the record began that all lanes are in. */
BODY void
go_to(struct lane *l, const char *buf, size_t i)
{
	l->places += i;
	l->p = buf + *l->places;
	l->s = l->shape->steps + i;
}

/* A run of another shape, or of none, begins at these places. */
static void
begin_run(struct lane *l, const struct shape *shape, const uint32_t *places)
{
	if (l->run->n)
		l->run++;
	*l->run = (struct shape_run){ shape, places, 0 };
}

/* The next record is thought to be of the same shape. */
BODY void
end_record(struct lane *l)
{
	if (l->run->shape != l->shape)
		begin_run(l, l->shape, l->places - l->shape->n_steps);
	l->run->n++;
	l->s = l->shape->steps;
	l->turns = 0;
}

/* The record at hand is of no shape. */
static void
skip_line(const char *buf, struct lane *l)
{
	const char *line;

	l->places -= l->s - l->shape->steps;
	line = buf + *l->places;
	l->p = (char *)memchr(line, '\n', (size_t)(l->end - line)) + 1;
	if (l->run->shape)
		begin_run(l, NULL, l->places);
	l->run->n++;
	l->s = l->shape->steps;
	l->turns = 0;
	*++l->places = (uint32_t)(l->p - buf);
}

/* The runs of all lanes as one list. */
static uint32_t
gather(struct shape_set *set, const struct lane *lanes, uint32_t n,
    struct shape_run *runs)
{
	uint32_t n_runs = 0;

	set->steady = true;
	for (const struct lane *l = lanes; l < lanes + n; l++)
		for (const struct shape_run *r = l->runs; r <= l->run; r++) {
			if (!r->n)
				continue;
			runs[n_runs++] = *r;
			set->steady &= r->shape && r->shape == runs->shape;
		}
	set->usual = lanes[n - 1].shape;
	return n_runs;
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

struct bounds_v32 {
	char unused;
};

BODY struct bounds_v32
get_bounds_v32(void)
{
	return (struct bounds_v32){ 0 };
}

BODY uint32_t
text_ends_v32(const struct bounds_v32 *b, const char *p)
{
	struct v32 x = load_v32(p);

	(void)b;
	return movemask16(text_ends_v16(x.low)) |
	       movemask16(text_ends_v16(x.high)) << 16;
}

BODY uint32_t
no_digits_v32(const struct bounds_v32 *b, const char *p, uint32_t *wrong)
{
	struct v32 x = load_v32(p);
	uint32_t odd = movemask16((v16)(x.low - '0' > 9)) |
		       movemask16((v16)(x.high - '0' > 9)) << 16;

	(void)b;
	*wrong |= (odd | ((*p == '0') & ~(odd >> 1))) & 1;
	return odd;
}

BODY uint32_t
is_wrong_v32(uint32_t wrong)
{
	return wrong;
}

BODY uint32_t
points_v32(const struct bounds_v32 *b, const char *p)
{
	struct v32 x = load_v32(p);

	(void)b;
	return movemask16((v16)(x.low == '.')) |
	       movemask16((v16)(x.high == '.')) << 16;
}

BODY size_t
below_v32(uint32_t bits)
{
	return bits ? (size_t)__builtin_ctz(bits) : 32;
}

#define WALK(name) name##_portable
#define TARGET
#define PIECE struct v32
#define UNLIKE v16
#define load load_v32
#define differ differ_v32
#define is_zero is_zero_v16
#define BOUNDS struct bounds_v32
#define bounds get_bounds_v32
#define text_ends text_ends_v32
#define no_digits no_digits_v32
#define WRONG uint32_t
#define is_wrong is_wrong_v32
#define points points_v32
#define below below_v32
#define leave() (void)0
#include "libcommon/shape_walk.h"
#undef WALK
#undef TARGET
#undef PIECE
#undef UNLIKE
#undef load
#undef differ
#undef is_zero
#undef BOUNDS
#undef bounds
#undef text_ends
#undef no_digits
#undef WRONG
#undef is_wrong
#undef points
#undef below
#undef leave

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

/* Bytes as signed numbers. */
struct bounds_avx2 {
	__m256i flip; /* makes a quote a space, and no control character one */
	__m256i behind;     /* a flipped byte below ends a text */
	__m256i escape;     /* flipped */
	__m256i lower;      /* makes 0 the least number */
	__m256i zero, nine; /* lowered */
	__m256i point;      /* lowered */
};

/* The compiler would make it anew for each step if it knew what it is. */
AVX2 BODY __m256i
bound_avx2(int byte)
{
	__m256i v = _mm256_set1_epi8((char)byte);

	__asm__("" : "+x"(v));
	return v;
}

AVX2 BODY struct bounds_avx2
get_bounds_avx2(void)
{
	enum { FLIP = '"' ^ ' ', LOWER = 128 - '0' };

	return (struct bounds_avx2){
		bound_avx2(FLIP),
		bound_avx2(' ' + 1),
		bound_avx2('\\' ^ FLIP),
		bound_avx2(LOWER),
		bound_avx2('0' + LOWER),
		bound_avx2('9' + LOWER),
		bound_avx2('.' + LOWER),
	};
}

AVX2 BODY uint32_t
text_ends_avx2(const struct bounds_avx2 *b, const char *p)
{
	__m256i x = _mm256_xor_si256(b->flip, load_avx2(p));

	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(
	    _mm256_cmpgt_epi8(b->behind, x), _mm256_cmpeq_epi8(x, b->escape)));
}

AVX2 BODY uint32_t
no_digits_avx2(const struct bounds_avx2 *b, const char *p, __m256i *wrong)
{
	__m256i x = _mm256_add_epi8(b->lower, load_avx2(p));
	__m256i odd = _mm256_cmpgt_epi8(x, b->nine);
	__m256i zero = _mm256_cmpeq_epi8(x, b->zero);
	__m256i more = _mm256_andnot_si256(_mm256_srli_si256(odd, 1), zero);

	*wrong = _mm256_or_si256(*wrong, _mm256_or_si256(odd, more));
	return (uint32_t)_mm256_movemask_epi8(odd);
}

AVX2 BODY uint32_t
is_wrong_avx2(__m256i wrong)
{
	return (uint32_t)_mm256_extract_epi32(wrong, 0) & 0xff;
}

AVX2 BODY uint32_t
points_avx2(const struct bounds_avx2 *b, const char *p)
{
	__m256i x = _mm256_add_epi8(b->lower, load_avx2(p));

	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, b->point));
}

AVX2 BODY size_t
below_avx2(uint32_t bits)
{
	return _tzcnt_u32(bits); /* 32 of 0 */
}

#define WALK(name) name##_avx2
#define TARGET AVX2
#define PIECE __m256i
#define UNLIKE __m256i
#define load load_avx2
#define differ differ_avx2
#define is_zero is_zero_avx2
#define BOUNDS struct bounds_avx2
#define bounds get_bounds_avx2
#define text_ends text_ends_avx2
#define no_digits no_digits_avx2
#define WRONG __m256i
#define is_wrong is_wrong_avx2
#define points points_avx2
#define below below_avx2
#define leave _mm256_zeroupper
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
