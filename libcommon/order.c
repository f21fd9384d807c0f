/* SPDX-License-Identifier: MIT */
#include "libcommon/order.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

/* For compare(), since qsort() does not hand it on. */
static struct order *sorting;

static size_t
parse(const struct agg *a, const char *spec, struct order_criterion *by)
{
	struct slice part;
	size_t n = 0;

	while (spec && agg_split(&spec, &part)) {
		if (n == ORDER_MAX)
			die("--sort: more than %d columns", ORDER_MAX);
		by[n].sign = -1;
		if (*part.p == '+' || *part.p == '-') {
			by[n].sign = *part.p == '+' ? 1 : -1;
			part = slice_of(part.p + 1, part.n - 1);
		}
		if (part.n > 2 && part.p[part.n - 2] == ':') {
			char way = part.p[part.n - 1];

			if (way != 'a' && way != 'd')
				die("--sort: '%c' is no direction: a, d", way);
			by[n].sign = way == 'a' ? 1 : -1;
			part.n -= 2;
		}
		by[n++].cell = agg_cell(a, part.p, part.n, "--sort");
	}
	return n;
}

/* Of numbers that are the same as a double: integers may differ yet. */
static int
compare_exactly(const struct value *a, const struct value *b)
{
	const double limit = 0x1p126;
	i128 x = a->i, y = b->i;

	if (a->type == b->type && a->type != VALUE_REAL)
		return (x > y) - (x < y);
	if (a->type == VALUE_NANO || b->type == VALUE_NANO ||
	    fabs(value_double(a)) >= limit)
		return 0;
	x = a->type == VALUE_REAL ? (i128)a->d : x;
	y = b->type == VALUE_REAL ? (i128)b->d : y;
	return (x > y) - (x < y);
}

/*
 * Unknown values last.  Unlike value_compare() it is an order of all values:
 * those of different types by type.
 */
static int
compare_values(const struct value *a, const struct value *b, int sign)
{
	bool no_a = a->type == VALUE_NONE, no_b = b->type == VALUE_NONE;
	double x, y;

	if (no_a || no_b)
		return no_a - no_b;
	if (value_is_number(a) && value_is_number(b)) {
		x = value_double(a);
		y = value_double(b);
		return x < y   ? -sign
		       : x > y ? sign
			       : compare_exactly(a, b) * sign;
	}
	if (a->type != b->type)
		return a->type < b->type ? -sign : sign;
	return value_compare(a, b) * sign;
}

static int
compare_criteria(struct order *o, const void *a, const void *b)
{
	int c = 0;

	o->cells(o->arg, a, o->room[0], &o->arena);
	o->cells(o->arg, b, o->room[1], &o->arena);
	for (size_t i = 0; i < o->n && !c; i++)
		c = compare_values(&o->room[0][o->by[i].cell],
		    &o->room[1][o->by[i].cell], o->by[i].sign);
	arena_reset(&o->arena);
	return c;
}

static int
compare(const void *x, const void *y)
{
	const struct order_entry *a = x, *b = y;
	struct order *o = sorting;
	int c = 0;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (o->n && !o->exact)
		c = compare_criteria(o, a->block, b->block);
	return c ? c
		 : slice_cmp(
		       o->key(o->arg, a->block), o->key(o->arg, b->block));
}

/* How many bytes two keys have in common at their beginning. */
static size_t
common(struct slice a, struct slice b)
{
	size_t n = 0;

	while (n < a.n && n < b.n && a.p[n] == b.p[n])
		n++;
	return n;
}

static inline uint64_t
big_endian(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/* Eight bytes behind the first 'skip' of a key, as a number; then zeros. */
static uint64_t
bytes_of(struct slice key, size_t skip)
{
	char room[sizeof(uint64_t)] = { 0 };
	uint64_t v;

	if (key.n >= sizeof v && key.n - skip < sizeof v) {
		/* Its last eight, without those that are skipped. */
		memcpy(&v, key.p + key.n - sizeof v, sizeof v);
		skip = sizeof v - (key.n - skip);
		return skip < sizeof v ? big_endian(v) << 8 * skip : 0;
	}
	if (key.n < sizeof v)
		memcpy(room, key.p + skip, key.n - skip);
	memcpy(&v, key.n < sizeof v ? room : key.p + skip, sizeof v);
	return big_endian(v);
}

/* Without criteria: the first bytes in which keys differ, as a number. */
static bool
rank_by_key(struct order *o, struct order_entry *e)
{
	struct slice key = o->key(o->arg, e->block);
	size_t skip = o->prefix.n;
	bool same;

	if (!o->started) {
		skip = key.n < sizeof o->begun ? key.n : sizeof o->begun;
		memcpy(o->begun, key.p, skip);
		o->prefix = slice_of(o->begun, skip);
		o->started = true;
	}
	same = key.n >= skip && memcmp(key.p, o->prefix.p, skip) == 0;
	if (!same)
		o->prefix.n = common(o->prefix, key);
	e->rank = bytes_of(key, o->prefix.n);
	return same;
}

/* A double's bits, so that they order as it does. */
static uint64_t
ordered_bits(double d)
{
	uint64_t u;

	d += 0.0;
	memcpy(&u, &d, sizeof u);
	return u >> 63 ? ~u : u | 1ull << 63;
}

static void
rank_by_number(struct order *o, struct order_entry *e, double d, bool whole)
{
	o->exact &= whole && fabs(d) < 0x1p53;
	e->rank = ordered_bits(o->by[0].sign < 0 ? -d : d);
}

void
order_rank_whole(struct order *o, struct order_entry *e, uint64_t n)
{
	rank_by_number(o, e, (double)n, true);
}

void
order_rank_unknown(struct order_entry *e)
{
	e->rank = UINT64_MAX;
}

static void
rank_by_value(struct order *o, struct order_entry *e)
{
	struct value *v = &o->room[0][o->by[0].cell];
	double d;

	o->cells(o->arg, e->block, o->room[0], &o->arena);
	d = value_double(v);
	/* Of other types: below all numbers or above, see compare_values(). */
	if (v->type == VALUE_BOOL)
		d = -INFINITY;
	else if (isnan(d))
		d = INFINITY;
	rank_by_number(o, e, d, v->type == VALUE_INT);
	if (v->type == VALUE_NONE)
		order_rank_unknown(e);
	arena_reset(&o->arena);
}

bool
order_rank(struct order *o, struct order_entry *e)
{
	if (!o->n)
		return rank_by_key(o, e);
	rank_by_value(o, e);
	return true;
}

void
order_rank_all(struct order *o, struct order_entry *e, size_t n)
{
	bool same = true;

	for (size_t i = 0; i < n; i++)
		same &= order_rank(o, &e[i]);
	for (size_t i = 0; i < n && !same; i++)
		order_rank(o, &e[i]);
}

/*
 * By rank alone, byte by byte from the lowest; bytes that are the same in all
 * are passed over.  A third of the time of qsort() for 200 000 addresses.
 */
static struct order_entry *
radix_sort(struct order_entry *e, struct order_entry *spare, size_t n)
{
	for (int shift = 0; shift < 64; shift += 8) {
		size_t at[256] = { 0 }, sum = 0;
		struct order_entry *from = e;

		for (size_t i = 0; i < n; i++)
			at[e[i].rank >> shift & 255]++;
		if (!n || at[e[0].rank >> shift & 255] == n)
			continue;
		for (int b = 0; b < 256; b++) {
			size_t count = at[b];

			at[b] = sum;
			sum += count;
		}
		for (size_t i = 0; i < n; i++)
			spare[at[e[i].rank >> shift & 255]++] = e[i];
		e = spare;
		spare = from;
	}
	return e;
}

/* Entries of the same rank by what it does not tell. */
static void
sort_ties(struct order_entry *e, size_t n)
{
	for (size_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && e[k].rank == e[i].rank; k++)
			continue;
		if (k - i > 1)
			qsort(e + i, k - i, sizeof *e, compare);
	}
}

struct order_entry *
order_sort(struct order *o, struct order_entry *entries,
    struct order_entry *spare, size_t n)
{
	sorting = o;
	entries = radix_sort(entries, spare, n);
	sort_ties(entries, n);
	return entries;
}

/* The last in order of entries[0..n) to the root of their heap. */
static void
sift(struct order_entry *heap, size_t n, size_t i)
{
	struct order_entry e = heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < n &&
		    compare(&heap[child], &heap[child + 1]) < 0)
			child++;
		if (child >= n || compare(&heap[child], &e) <= 0)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = e;
}

void
order_first(struct order *o, const struct order_entry *entries, size_t n,
    struct order_entry *first, size_t limit)
{
	sorting = o;
	if (limit)
		memcpy(first, entries, limit * sizeof *first);
	for (size_t i = limit / 2; i-- > 0;)
		sift(first, limit, i);
	for (size_t i = limit; i < n && limit; i++) {
		if (entries[i].rank > first->rank ||
		    compare(&entries[i], first) >= 0)
			continue;
		*first = entries[i];
		sift(first, limit, 0);
	}
	qsort(first, limit, sizeof *first, compare);
}

bool
order_tie(
    struct order *o, const struct order_entry *a, const struct order_entry *b)
{
	sorting = o;
	return compare(a, b) < 0;
}

void
order_init(struct order *o, const struct agg *a, const char *spec)
{
	*o = (struct order){ 0 };
	o->n = parse(a, spec, o->by);
	o->exact = o->n == 1;
	for (int i = 0; i < 2; i++)
		o->room[i] = xcalloc(a->cells.n, sizeof(struct value));
}

void
order_free(struct order *o)
{
	arena_free(&o->arena);
	free(o->room[0]);
	free(o->room[1]);
}
