/* SPDX-License-Identifier: MIT */
#include "libcommon/order.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

enum { MAX_SORT = 8 };

struct criterion {
	size_t cell;
	int sign; /* -1: greatest first */
};

/*
 * What is sorted, as small as can be, since there are as many as groups: a
 * number that orders them, and where it does not decide, all criteria anew.
 */
struct entry {
	void *block;
	uint64_t rank;
};

/* What compare() needs, which qsort() does not hand on. */
static struct {
	struct criterion by[MAX_SORT];
	size_t n;
	bool exact; /* equal ranks are equal values */
	struct agg *agg;
	const struct groups *groups;
	struct value *cells[2];
	struct arena arena;
} sort;

static size_t
parse(const struct agg *a, const char *spec, struct criterion *by)
{
	struct slice part;
	size_t n = 0;

	while (spec && agg_split(&spec, &part)) {
		if (n == MAX_SORT)
			die("--sort: more than %d columns", MAX_SORT);
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

void
order_check(const struct agg *a, const char *spec)
{
	struct criterion by[MAX_SORT];

	parse(a, spec, by);
}

/* Unknown values last. */
static int
compare_values(const struct value *a, const struct value *b, int sign)
{
	bool no_a = a->type == VALUE_NONE, no_b = b->type == VALUE_NONE;
	int c;

	if (no_a != no_b)
		return no_a - no_b;
	c = value_compare(a, b);
	return c == VALUE_UNORDERED ? 0 : c * sign;
}

static int
compare_criteria(void *a, struct slice key_a, void *b, struct slice key_b)
{
	int c = 0;

	agg_cells(sort.agg, key_a, a, sort.cells[0], &sort.arena);
	agg_cells(sort.agg, key_b, b, sort.cells[1], &sort.arena);
	for (size_t i = 0; i < sort.n && !c; i++)
		c = compare_values(&sort.cells[0][sort.by[i].cell],
		    &sort.cells[1][sort.by[i].cell], sort.by[i].sign);
	arena_reset(&sort.arena);
	return c;
}

static int
compare(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	struct slice key_a, key_b;
	int c = 0;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	key_a = groups_key(sort.groups, a->block);
	key_b = groups_key(sort.groups, b->block);
	if (sort.n && !sort.exact)
		c = compare_criteria(a->block, key_a, b->block, key_b);
	return c ? c : slice_cmp(key_a, key_b);
}

/* How many bytes all keys have in common at their beginning. */
static size_t
common_prefix(const struct groups *g, const struct entry *e)
{
	struct slice first = groups_key(g, e->block);
	size_t n = first.n, i;

	for (size_t k = 1; k < g->n && n; k++) {
		struct slice key = groups_key(g, e[k].block);

		for (i = 0; i < n && i < key.n; i++)
			if (key.p[i] != first.p[i])
				break;
		n = i;
	}
	return n;
}

/* Without criteria: the first bytes in which keys differ, as a number. */
static void
rank_by_key(const struct groups *g, struct entry *e)
{
	size_t skip = g->n ? common_prefix(g, e) : 0;

	for (size_t k = 0; k < g->n; k++) {
		struct slice key = groups_key(g, e[k].block);

		e[k].rank = 0;
		for (size_t i = skip; i < skip + 8; i++)
			e[k].rank = e[k].rank << 8 |
				    (i < key.n ? (unsigned char)key.p[i] : 0);
	}
}

/* A double's bits, so that they order as it does; NaN is 0. */
static uint64_t
ordered_bits(double d)
{
	uint64_t u;

	if (isnan(d))
		return 0;
	d += 0.0;
	memcpy(&u, &d, sizeof u);
	return u >> 63 ? ~u : u | 1ull << 63;
}

static void
rank_by_value(const struct groups *g, struct entry *e)
{
	const struct criterion *by = &sort.by[0];

	sort.exact = sort.n == 1;
	for (size_t k = 0; k < g->n; k++) {
		struct value *v = &sort.cells[0][by->cell];
		double d;

		agg_cells(sort.agg, groups_key(g, e[k].block), e[k].block,
		    sort.cells[0], &sort.arena);
		d = value_double(v);
		sort.exact &= v->type == VALUE_INT && fabs(d) < 0x1p53;
		e[k].rank = ordered_bits(by->sign < 0 ? -d : d);
		if (v->type == VALUE_NONE)
			e[k].rank = UINT64_MAX;
		arena_reset(&sort.arena);
	}
}

/*
 * By rank alone, byte by byte from the lowest; bytes that are the same in all
 * are passed over.  A third of the time of qsort() for 200 000 addresses.
 */
static struct entry *
radix_sort(struct entry *e, struct entry *spare, size_t n)
{
	for (int shift = 0; shift < 64; shift += 8) {
		size_t at[256] = { 0 }, sum = 0;
		struct entry *from = e;

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
sort_ties(struct entry *e, size_t n)
{
	for (size_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && e[k].rank == e[i].rank; k++)
			continue;
		if (k - i > 1)
			qsort(e + i, k - i, sizeof *e, compare);
	}
}

void **
order_groups(struct agg *a, struct groups *g, const char *spec)
{
	void **all = groups_all(g);
	struct entry *room = xcalloc(g->n, 2 * sizeof *room), *entries = room;

	groups_freeze(g);

	for (size_t i = 0; i < g->n; i++)
		entries[i].block = all[i];
	free(all);
	sort.n = parse(a, spec, sort.by);
	sort.agg = a;
	sort.groups = g;
	for (int i = 0; i < 2; i++)
		sort.cells[i] = xcalloc(a->cells.n, sizeof(struct value));
	if (sort.n)
		rank_by_value(g, entries);
	else
		rank_by_key(g, entries);
	entries = radix_sort(room, room + g->n, g->n);
	sort_ties(entries, g->n);
	/* The array of blocks takes the place of the entries. */
	all = (void **)room;
	for (size_t i = 0; i < g->n; i++)
		all[i] = entries[i].block;
	arena_free(&sort.arena);
	free(sort.cells[0]);
	free(sort.cells[1]);
	return all;
}
