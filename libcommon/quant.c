/* SPDX-License-Identifier: MIT */
/*
 * The bounds g^i, g = 101/99, are multiplied out in integers of 112 bits and
 * cut to the 53 of a double: a double is at or below g^i if and only if it is
 * at or below the bound, so that a value belongs to the same bucket on any
 * machine and no function of libm has a say.
 *
 * Each power of two is cut into 64 slices, narrower than any bucket: so at most
 * two buckets share a slice, whose table entry says which is the lower one.
 *
 * 3 to 4 ns an addition, whatever the values.
 */
#include "libcommon/quant.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/num.h"
#include "libcommon/num_put.h"
#include "libcommon/xalloc.h"

enum {
	G_ABOVE = 101, /* g = (1 + QUANT_ERROR) / (1 - QUANT_ERROR) */
	G_BELOW = 99,

	FIRST = -1036, /* of QUANT_MIN: ceil(ln 1e-9 / ln g) */
	LAST = 2303,   /* of QUANT_MAX: ceil(ln 1e20 / ln g) */
	BUCKETS = LAST - FIRST + 1,

	MIN_EXPONENT = -30, /* 2^-30 < QUANT_MIN */
	END_EXPONENT = 67,  /* g^LAST < 2^67 */
	SLICE_BITS = 6,
	SLICES = (END_EXPONENT - MIN_EXPONENT) << SLICE_BITS,

	DOUBLE_BITS = 52, /* of the fraction */
	DOUBLE_BIAS = 1023,

	ITEM_ROOM = 28, /* ",-1036:18446744073709551615" */
};

/* Both from 0: [i] is of the bucket FIRST + i. */
static double bounds[BUCKETS];
static uint16_t begins[SLICES];

/* v > 0, as a slice number from MIN_EXPONENT on. */
static inline uint32_t
slice_no(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	return (uint32_t)(bits >> (DOUBLE_BITS - SLICE_BITS)) -
	       ((DOUBLE_BIAS + MIN_EXPONENT) << SLICE_BITS);
}

/* fraction 2^exponent, of which the 53 highest of 112 bits remain. */
static double
cut(u128 fraction, int exponent)
{
	int beyond = 111 - DOUBLE_BITS;

	return ldexp((double)(uint64_t)(fraction >> beyond), exponent + beyond);
}

static void
make_bounds(void)
{
	const u128 one = (u128)1 << 111;
	u128 f = one;
	int e = -111;

	for (int i = 0; i <= LAST; i++) {
		bounds[i - FIRST] = cut(f, e);
		f = f * G_ABOVE / G_BELOW;
		if (f >= one * 2) {
			f /= 2;
			e++;
		}
	}
	f = one;
	e = -111;
	for (int i = 0; i >= FIRST; i--) {
		bounds[i - FIRST] = cut(f, e);
		f = f * G_BELOW / G_ABOVE;
		if (f < one) {
			f *= 2;
			e--;
		}
	}
}

/* Once in a process; no bucket is allocated before. */
static void
make_tables(void)
{
	uint16_t i = 0;

	if (bounds[0] > 0)
		return;
	make_bounds();
	for (uint32_t k = 0; k < SLICES; k++) {
		double low = ldexp(1 + (k % (1 << SLICE_BITS)) * 0x1p-6,
		    MIN_EXPONENT + (int)(k >> SLICE_BITS));

		while (i < BUCKETS - 1 && bounds[i] < low)
			i++;
		begins[k] = i;
	}
}

/* v at least QUANT_MIN. */
static inline int32_t
bucket_of(double v)
{
	uint32_t i;

	if (v > bounds[BUCKETS - 1])
		return LAST;
	i = begins[slice_no(v)];
	i += v > bounds[i];
	return FIRST + (int32_t)i;
}

static inline bool
covers(const struct quant *q, int32_t i)
{
	return (uint32_t)(i - q->first) < q->n;
}

/* Buckets from lo to hi, and some more where they were missing. */
static void
cover(struct quant *q, int32_t lo, int32_t hi)
{
	int32_t slack = 4 + (int32_t)q->n / 2;
	int32_t first = q->n ? q->first : hi;
	int32_t last = q->n ? q->first + (int32_t)q->n - 1 : lo;
	uint64_t *heap;

	make_tables();
	if (covers(q, lo) && covers(q, hi))
		return;
	if (lo < first)
		first = lo - slack > FIRST ? lo - slack : FIRST;
	if (hi > last)
		last = hi + slack < LAST ? hi + slack : LAST;
	heap = xcalloc((size_t)(last - first + 1), sizeof *heap);
	if (q->n)
		memcpy(heap + (q->first - first), q->heap, q->n * sizeof *heap);
	free(q->heap);
	q->heap = heap;
	q->first = first;
	q->n = (uint32_t)(last - first + 1);
}

void
quant_add(struct quant *q, double v)
{
	int32_t i;

	q->count++;
	if (!(v >= QUANT_MIN)) {
		q->zeros++;
		return;
	}
	if (!q->heap)
		make_tables();
	i = bucket_of(v);
	if (!covers(q, i))
		cover(q, i, i);
	q->heap[i - q->first]++;
}

/* The first and the last bucket in use, as places in heap. */
static bool
used(const struct quant *q, uint32_t *lo, uint32_t *hi)
{
	uint32_t a = 0, b = q->n;

	while (a < b && q->heap[a] == 0)
		a++;
	while (b > a && q->heap[b - 1] == 0)
		b--;
	*lo = a;
	*hi = b - 1;
	return a < b;
}

void
quant_merge(struct quant *to, const struct quant *from)
{
	uint32_t lo, hi;
	uint64_t *heap;

	to->count += from->count;
	to->zeros += from->zeros;
	if (!used(from, &lo, &hi))
		return;
	cover(to, from->first + (int32_t)lo, from->first + (int32_t)hi);
	heap = to->heap + (from->first + (int32_t)lo - to->first);
	for (uint32_t i = lo; i <= hi; i++)
		*heap++ += from->heap[i];
}

/* At most what is there, so that count stays the sum. */
static void
take(struct quant *from, uint64_t *counter, uint64_t n)
{
	if (n > *counter)
		n = *counter;
	*counter -= n;
	from->count -= n;
}

void
quant_subtract(struct quant *from, const struct quant *what)
{
	take(from, &from->zeros, what->zeros);
	for (uint32_t i = 0; i < what->n; i++) {
		int32_t k = what->first + (int32_t)i;

		if (covers(from, k))
			take(from, &from->heap[k - from->first], what->heap[i]);
	}
}

double
quant_value(const struct quant *q, double p)
{
	double top, at;
	uint64_t rank;

	if (q->count == 0)
		return NAN;
	top = (double)(q->count - 1);
	at = p * top;
	rank = at >= top ? q->count - 1 : at > 0 ? (uint64_t)at : 0;
	if (rank < q->zeros)
		return 0;
	rank -= q->zeros;
	for (uint32_t i = 0; i < q->n; i++) {
		if (rank < q->heap[i]) {
			double bound = bounds[q->first - FIRST + (int32_t)i];

			return bound * (1 - QUANT_ERROR); /* 2 / (g + 1) */
		}
		rank -= q->heap[i];
	}
	return NAN; /* counters went beyond 64 bits */
}

void
quant_free(struct quant *q)
{
	free(q->heap);
	*q = (struct quant){ 0 };
}

size_t
quant_text_room(const struct quant *q)
{
	size_t items = 1;

	for (uint32_t i = 0; i < q->n; i++)
		items += q->heap[i] != 0;
	return items * ITEM_ROOM + NUM_ROOM;
}

size_t
quant_put(char *out, const struct quant *q)
{
	char *p = out;

	if (q->zeros) {
		*p++ = 'z';
		*p++ = ':';
		p += num_put_u64(p, q->zeros);
	}
	for (uint32_t i = 0; i < q->n; i++) {
		if (q->heap[i] == 0)
			continue;
		if (p > out)
			*p++ = ',';
		p += num_put_i128(p, q->first + (int32_t)i);
		*p++ = ':';
		p += num_put_u64(p, q->heap[i]);
	}
	return (size_t)(p - out);
}

/* Up to the separator, which is skipped; all that is left without one. */
static struct slice
part(struct slice *s, char separator)
{
	const char *at = s->n ? memchr(s->p, separator, s->n) : NULL;
	struct slice head = *s;

	if (at) {
		head.n = (size_t)(at - s->p);
		*s = slice_of(at + 1, s->n - head.n - 1);
	} else {
		*s = slice_of(s->p + s->n, 0);
	}
	return head;
}

/* No number has two texts. */
static bool
is_canonical(struct slice s)
{
	bool minus = s.n && s.p[0] == '-';

	return s.n == 1 || (s.n > minus && s.p[minus] != '0');
}

/* One item; *above is the lowest bucket that may follow. */
static const char *
parse_item(struct slice item, struct quant *q, int64_t *above)
{
	struct slice name = part(&item, ':');
	uint64_t n;
	int64_t i;

	if (num_u64(item, &n) || !is_canonical(item) || n == 0)
		return "quantile state: not a count";
	if (__builtin_add_overflow(q->count, n, &q->count))
		return "quantile state: counts beyond 64 bits";
	if (slice_is(name, "z") && q->count == n) {
		q->zeros = n;
		return NULL;
	}
	if (!is_canonical(name) || num_i64(name, &i))
		return "quantile state: not a bucket";
	if (i < *above || i > LAST)
		return "quantile state: bucket out of range or order";
	cover(q, (int32_t)i, (int32_t)i);
	q->heap[i - q->first] = n;
	*above = i + 1;
	return NULL;
}

const char *
quant_parse(struct slice s, struct quant *q)
{
	const char *error = NULL;
	int64_t above = FIRST;
	bool more = s.n > 0;

	*q = (struct quant){ 0 };
	while (more && !error) {
		struct slice item = part(&s, ',');

		more = item.p + item.n < s.p; /* there was a comma */
		error = parse_item(item, q, &above);
	}
	if (error)
		quant_free(q);
	return error;
}
