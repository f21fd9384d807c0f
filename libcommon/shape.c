/* SPDX-License-Identifier: MIT */
#include "libcommon/shape.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "libcommon/cpu.h"
#include "libcommon/xalloc.h"

/*
 * Written with the compiler's vectors of 16 bytes for SSE2, NEON and others,
 * with wider ones for AVX2 and AVX-512.
 */
#define BODY static inline __attribute__((always_inline))

typedef unsigned char v16 __attribute__((vector_size(16)));
typedef unsigned char v16u __attribute__((vector_size(16), aligned(1)));
typedef long long v2 __attribute__((vector_size(16)));

/* Where the pieces of a record stand in buf (-1: the newline before it). */
typedef int32_t places[SHAPE_MAX_PIECES + 16];

/* A bit for each of the 16 bytes at p that is not a digit. */
BODY unsigned
not_digits(const char *p)
{
	v16 x = (v16) * (const v16u *)p - '0';

#if defined(__x86_64__)
	return (unsigned)_mm_movemask_epi8((__m128i)(x > 9));
#else
	unsigned m = 0;

	for (int i = 0; i < 16; i++)
		m |= (unsigned)(x[i] > 9) << i;
	return m;
#endif
}

/*
 * Digits, perhaps with a decimal point: nearly all values.  The others (sign,
 * exponent, true, null, more than 16 bytes) go to the general function.  No
 * branch depends on what the digits are.
 */
BODY bool
is_scalar(const char *p, size_t n)
{
	unsigned odd = not_digits(p) & ((1u << (n & 31)) - 1);
	bool zero = *p == '0';

	if (n - 1 > 15)
		return json_scalar(p, n) != JSON_NONE;
	if (!odd)
		return !((n > 1) & zero);
	if ((odd & (odd - 1)) | (odd == 1) | (odd >> (n - 1)) |
	    (p[__builtin_ctz(odd)] != '.') | (zero & (odd != 2)))
		return json_scalar(p, n) != JSON_NONE;
	return true;
}

/* The scalars of a group whose bit is set in 'which'. */
BODY bool
good_scalars(const struct shape_group *g, const char *buf, const int32_t *at,
    unsigned which)
{
	for (; which; which &= which - 1) {
		unsigned i = (unsigned)__builtin_ctz(which);
		int32_t from = at[i] + (int32_t)g->len[i], to = at[i + 1];

		if (to <= from || !is_scalar(buf + from, (size_t)(to - from)))
			return false;
	}
	return true;
}

/* All scalars of a record, one by one. */
BODY bool
all_scalars(const struct shape *shape, const char *buf, const int32_t *at)
{
	for (uint32_t i = 0; i < shape->n_pieces; i += 16) {
		const struct shape_group *g = &shape->groups[i / 16];

		if (!good_scalars(g, buf, at + i, g->scalars))
			return false;
	}
	return true;
}

BODY int32_t
place(const struct shape *shape, const uint32_t *pos, uint32_t piece)
{
	const struct shape_group *g = &shape->groups[piece / 16];

	return (int32_t)pos[g->first_mark + g->mark[piece % 16]] +
	       g->delta[piece % 16];
}

BODY v2
differ16(const char *p, const char *bytes, const char *mask)
{
	return (v2)(((v16) * (const v16u *)p ^ *(const v16 *)bytes) &
		    *(const v16 *)mask);
}

/* One record; special bytes are not looked at. */
static bool
verify(const struct shape *shape, const char *buf, const uint32_t *pos)
{
	v2 differ = { 0 };
	places at;

	for (uint32_t i = 0; i < shape->n_pieces; i++) {
		const struct shape_piece *s = &shape->pieces[i];
		const char *p;

		at[i] = place(shape, pos, i);
		p = buf + at[i];
		differ |= differ16(p, s->bytes, s->mask) |
			  differ16(p + 16, s->bytes + 16, s->mask + 16);
	}
	return !(differ[0] | differ[1]) && all_scalars(shape, buf, at);
}

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define AVX512                                                               \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2," \
			      "popcnt")))

AVX2 static bool
verify_avx2(const struct shape *shape, const char *buf, const uint32_t *pos)
{
	__m256i differ = _mm256_setzero_si256();
	places at;

	for (uint32_t i = 0; i < shape->n_pieces; i++) {
		const struct shape_piece *piece = &shape->pieces[i];
		__m256i x;

		at[i] = place(shape, pos, i);
		x = _mm256_xor_si256(
		    _mm256_loadu_si256((const __m256i *)(buf + at[i])),
		    *(const __m256i *)piece->bytes);
		differ = _mm256_or_si256(
		    differ, _mm256_and_si256(x, *(const __m256i *)piece->mask));
	}
	return _mm256_testz_si256(differ, differ) &&
	       all_scalars(shape, buf, at);
}

/* The places of 16 pieces: their marks lie within 64 of each other. */
AVX512 static inline __m512i
places_avx512(const struct shape_group *g, const uint32_t *pos)
{
	const uint32_t *p = pos + g->first_mark;
	__m512i mark = _mm512_load_si512(g->mark);
	__m512i low = _mm512_permutex2var_epi32(
	    _mm512_loadu_si512(p), mark, _mm512_loadu_si512(p + 16));
	__m512i high = _mm512_permutex2var_epi32(
	    _mm512_loadu_si512(p + 32), mark, _mm512_loadu_si512(p + 48));
	__mmask16 beyond = _mm512_test_epi32_mask(mark, _mm512_set1_epi32(32));

	return _mm512_add_epi32(_mm512_mask_blend_epi32(beyond, low, high),
	    _mm512_load_si512(g->delta));
}

/*
 * Up to eight numbers at once, each in a lane: its last eight bytes, shifted
 * so that only its own remain, the point taken out.
 */
AVX512 static inline bool
eight_numbers(const char *buf, __m256i from, __m256i n, __m256i min,
    const uint64_t *point, unsigned count)
{
	__mmask8 lanes = (__mmask8)_bzhi_u32(0xff, count);
	__m512i zeros = _mm512_set1_epi8('0');
	__m512i digits = _mm512_xor_si512(
	    zeros, _mm512_mask_i32gather_epi64(zeros, lanes, from, buf, 1));
	__m512i shift = _mm512_cvtepi32_epi64(
	    _mm256_slli_epi32(_mm256_sub_epi32(_mm256_set1_epi32(8), n), 3));
	__m512i points = _mm512_loadu_si512(point);
	__m512i own =
	    _mm512_xor_si512(_mm512_sllv_epi64(digits, shift), points);
	__mmask64 odd = _mm512_cmpgt_epu8_mask(own, _mm512_set1_epi8(9)) |
			_mm512_mask_test_epi8_mask(
			    _mm512_test_epi8_mask(points, points), own, own);
	__mmask8 zero =
	    _mm512_testn_epi64_mask(digits, _mm512_set1_epi64(0xff));
	__mmask8 longer = _mm256_cmpgt_epu32_mask(n, min);

	return !(odd | (zero & longer & lanes));
}

/* The plain scalars of a group; false if one is not as it was learned. */
AVX512 static inline bool
plain_scalars(const struct shape_group *g, const char *buf, const int32_t *at)
{
	__m512i min = _mm512_load_si512(g->min_len);
	__m512i from =
	    _mm512_add_epi32(_mm512_loadu_si512(at), _mm512_load_si512(g->len));
	__m512i n = _mm512_sub_epi32(_mm512_loadu_si512(at + 1), from);
	unsigned count = (unsigned)__builtin_popcount(g->plain);
	__mmask16 lanes = g->plain;

	if (_mm512_mask_cmplt_epi32_mask(lanes, n, min) |
	    _mm512_mask_cmpgt_epi32_mask(lanes, n, _mm512_set1_epi32(8)))
		return false;
	from = _mm512_maskz_compress_epi32(lanes, from);
	n = _mm512_maskz_compress_epi32(lanes, n);
	min = _mm512_maskz_compress_epi32(lanes, min);
	if (!eight_numbers(buf, _mm512_castsi512_si256(from),
		_mm512_castsi512_si256(n), _mm512_castsi512_si256(min),
		g->point, count))
		return false;
	return count <= 8 ||
	       eight_numbers(buf, _mm512_extracti64x4_epi64(from, 1),
		   _mm512_extracti64x4_epi64(n, 1),
		   _mm512_extracti64x4_epi64(min, 1), g->point + 8, count - 8);
}

AVX512 static inline bool
verify_avx512(const struct shape *shape, const char *buf, const uint32_t *pos)
{
	uint32_t n = shape->n_pieces;
	__m256i differ = _mm256_setzero_si256();
	places at;

	for (uint32_t i = 0; i < n; i += 16)
		_mm512_storeu_si512(
		    at + i, places_avx512(&shape->groups[i / 16], pos));
#pragma GCC unroll 4
	for (uint32_t i = 0; i < n; i++) {
		const struct shape_piece *piece = &shape->pieces[i];
		__m256i x = _mm256_xor_si256(
		    _mm256_loadu_si256((const __m256i *)(buf + at[i])),
		    *(const __m256i *)piece->bytes);

		differ = _mm256_ternarylogic_epi64(differ, x,
		    *(const __m256i *)piece->mask, 0xf8); /* a | b & c */
	}
	if (!_mm256_testz_si256(differ, differ))
		return false;
	for (uint32_t i = 0; i < n; i += 16) {
		const struct shape_group *g = &shape->groups[i / 16];
		bool plain = plain_scalars(g, buf, at + i);

		if (!good_scalars(g, buf, at + i,
			plain ? g->scalars & ~g->plain : g->scalars))
			return false;
	}
	return true;
}
#endif

/*
 * Each record that verifies has the special bytes of its segments.  If all of
 * them together have no more than that, no value has one; so one count for a
 * whole run replaces a test for each.  Where the count is too high, the run
 * ends before the first record that has too many.
 */
static uint32_t
settle(const struct shape *shape, const uint32_t *pos, uint32_t n,
    const struct scan_special *special)
{
	uint64_t from = scan_specials_before(special, pos[-1] + 1), to;
	uint32_t i;

	if (!n)
		return 0;
	to = scan_specials_before(special, pos[n * shape->marks - 1] + 1);
	if (to - from == n * shape->specials)
		return n;
	for (i = 0; i < n; i++, pos += shape->marks) {
		to = scan_specials_before(special, pos[shape->marks - 1] + 1);
		if (to - from != shape->specials)
			break;
		from = to;
	}
	return i;
}

#define RUN(name, verify, target)                                          \
	target static uint32_t name(const struct shape *shape,             \
	    const char *buf, const uint32_t *pos, uint32_t n_pos,          \
	    const struct scan_special *special)                            \
	{                                                                  \
		uint32_t n = 0, marks = shape->marks, max = n_pos / marks; \
                                                                           \
		while (n < max && verify(shape, buf, pos + n * marks))     \
			n++;                                               \
		return settle(shape, pos, n, special);                     \
	}

RUN(run_portable, verify, )
#if defined(__x86_64__)
RUN(run_avx2, verify_avx2, AVX2)
RUN(run_avx512, verify_avx512, AVX512)
#endif

const struct shape_kernel shape_kernels[] = {
#if defined(__x86_64__)
	{ "avx512", cpu_avx512, run_avx512 },
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

/* The learner's view of a line. */
struct lesson {
	struct shape *shape;
	uint32_t mark; /* next one */
	bool fit;
};

static bool
is_special(char c)
{
	return (unsigned char)c < 0x20 || (unsigned char)c > 0x7f ||
	       strchr("{}[]|\\", c);
}

/* The next 32 bytes or less of a segment, beginning at p. */
static void
add_piece(struct lesson *l, const char *p, size_t n, const char *anchor)
{
	struct shape *s = l->shape;
	uint32_t i = s->n_pieces;
	struct shape_group *g = &s->groups[i / 16];
	struct shape_piece *piece = &s->pieces[i];

	if (i == SHAPE_MAX_PIECES - 1 || p - anchor > SHAPE_REACH ||
	    anchor - p > SHAPE_REACH) {
		l->fit = false;
		return;
	}
	if (i % 16 == 0)
		*g = (struct shape_group){ .first_mark = l->mark };
	l->fit &= l->mark - g->first_mark < 64;
	g->mark[i % 16] = l->mark - g->first_mark;
	g->delta[i % 16] = (int32_t)(p - anchor);
	g->len[i % 16] = (uint32_t)n;
	memset(piece->mask, 0, SHAPE_PIECE);
	memset(piece->mask, 0xff, n);
	memcpy(piece->bytes, p, n);
	s->n_pieces++;
}

/* The segment [from, to), anchored to the mark that stands at 'anchor'. */
static void
add_segment(
    struct lesson *l, const char *from, const char *to, const char *anchor)
{
	for (const char *p = from; p < to; p++)
		l->shape->specials += is_special(*p);
	for (; from < to && l->fit; from += SHAPE_PIECE) {
		size_t n = (size_t)(to - from);

		add_piece(l, from, n < SHAPE_PIECE ? n : SHAPE_PIECE, anchor);
	}
}

/* What plain_scalars() expects of a value; the others it leaves out. */
static void
learn_number(struct shape_group *g, unsigned piece, struct slice text)
{
	const char *dot = memchr(text.p, '.', text.n);
	size_t behind = dot ? (size_t)(text.p + text.n - dot) : 0;
	char point[8] = { 0 };

	g->min_len[piece] = dot ? (uint32_t)behind + 1 : 1;
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] < '0' || text.p[i] > '9') && text.p + i != dot)
			return;
	if (text.n > 8)
		return;
	if (dot)
		point[8 - behind] = '.' ^ '0';
	memcpy(&g->point[__builtin_popcount(g->plain)], point, 8);
	g->plain |= (uint16_t)(1u << piece);
}

/* Beyond the key's two quotes: where the value lies, by marks. */
static struct shape_value
place_value(struct lesson *l, const struct shape_member *m, const char *next)
{
	const char *key_quote = m->key.p - 1;
	struct shape_value v = { .kind = m->v.kind };
	long start = m->v.p - key_quote, gap = m->v.p + m->v.n - next;
	struct shape_group *g;
	uint16_t bit;

	if (v.kind == JSON_STRING) {
		v.start = (struct shape_at){ (uint16_t)(l->mark + 2), 1 };
		v.end = (struct shape_at){ (uint16_t)(l->mark + 3), 0 };
		l->mark += 4;
		return v;
	}
	l->fit &=
	    start < SHAPE_REACH && gap > -SHAPE_REACH && l->shape->n_pieces > 0;
	if (!l->fit)
		return v;
	v.kind = JSON_NUMBER;
	v.start = (struct shape_at){ (uint16_t)l->mark, (int16_t)start };
	v.end = (struct shape_at){ (uint16_t)(l->mark + 2), (int16_t)gap };
	g = &l->shape->groups[(l->shape->n_pieces - 1) / 16];
	bit = (uint16_t)(1u << (l->shape->n_pieces - 1) % 16);
	g->scalars |= bit;
	learn_number(g, (l->shape->n_pieces - 1) % 16, json_slice(&m->v));
	l->mark += 2;
	return v;
}

bool
shape_learn(struct shape *shape, const struct schema *schema, const char *line,
    size_t n, const struct shape_member *members, uint32_t count)
{
	struct lesson l = { shape, 0, count > 0 };
	const char *from = line - 1, *newline = line + n;
	uint32_t specials = 0;

	if (count > SHAPE_MAX_MEMBERS)
		return false;
	*shape = (struct shape){ 0 };
	for (uint32_t i = 0; i < count && l.fit; i++) {
		const struct shape_member *m = &members[i];
		const char *next = i + 1 < count ? m[1].key.p - 1 : newline;
		int node = schema_child(schema, SCHEMA_ROOT, m->key);
		struct shape_value v;

		add_segment(&l, from, m->v.p, m->key.p - 1);
		v = place_value(&l, m, next);
		from = m->v.p + m->v.n;
		if (node == SCHEMA_NONE || schema->nodes[node].slot < 0)
			continue;
		v.slot = (uint32_t)schema->nodes[node].slot;
		for (uint32_t k = 0; k < shape->n_values; k++)
			l.fit &= shape->values[k].slot != v.slot;
		shape->values[shape->n_values++] = v;
	}
	add_segment(&l, from, newline + 1, newline);
	shape->marks = l.mark + 1;
	shape->specials--; /* the newline before is not the record's */
	for (from = line; from <= newline; from++)
		specials += is_special(*from);
	return l.fit && specials == shape->specials;
}
