/* SPDX-License-Identifier: MIT */
#include "libcommon/order.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

enum { MAX_SORT = 8 };

struct criterion {
	size_t cell;
	int sign; /* -1: greatest first */
};

/* What is sorted: a group with the values that decide. */
struct entry {
	void *block;
	struct slice key;
	uint64_t prefix; /* the first bytes in which keys differ, as a number */
	struct value *v;
};

static struct {
	struct criterion by[MAX_SORT];
	size_t n;
} sort;

static size_t
parse(const struct agg *a, const char *spec, struct criterion *by)
{
	struct slice part;
	size_t n = 0;

	while (spec && n < MAX_SORT && agg_split(&spec, &part)) {
		by[n].sign = -1;
		if (*part.p == '+' || *part.p == '-') {
			by[n].sign = *part.p == '+' ? 1 : -1;
			part = slice_of(part.p + 1, part.n - 1);
		}
		if (part.n > 2 && part.p[part.n - 2] == ':') {
			by[n].sign = part.p[part.n - 1] == 'a' ? 1 : -1;
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
compare(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	for (size_t i = 0; i < sort.n; i++) {
		bool no_a = a->v[i].type == VALUE_NONE;
		bool no_b = b->v[i].type == VALUE_NONE;
		int c;

		if (no_a != no_b)
			return no_a - no_b;
		c = value_compare(&a->v[i], &b->v[i]);
		if (c && c != VALUE_UNORDERED)
			return c * sort.by[i].sign;
	}
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return slice_cmp(a->key, b->key);
}

/* How many bytes all keys have in common at their beginning. */
static size_t
common_prefix(const struct entry *e, size_t count)
{
	size_t n = count ? e->key.n : 0, i;

	for (size_t k = 1; k < count && n; k++) {
		for (i = 0; i < n && i < e[k].key.n; i++)
			if (e[k].key.p[i] != e->key.p[i])
				break;
		n = i;
	}
	return n;
}

static void
set_prefixes(struct entry *e, size_t count)
{
	size_t skip = common_prefix(e, count);

	for (size_t k = 0; k < count; k++) {
		e[k].prefix = 0;
		for (size_t i = skip; i < skip + 8; i++)
			e[k].prefix =
			    e[k].prefix << 8 |
			    (i < e[k].key.n ? (unsigned char)e[k].key.p[i] : 0);
	}
}

void **
order_groups(struct agg *a, const struct groups *g, const char *spec)
{
	void **all = groups_all(g);
	struct entry *entries = xcalloc(g->n, sizeof *entries);
	struct value *cells = xcalloc(a->cells.n, sizeof *cells);
	struct value *values;
	struct arena arena = { 0 };

	sort.n = parse(a, spec, sort.by);
	values = xcalloc((size_t)g->n * sort.n, sizeof *values);
	for (uint32_t i = 0; i < g->n; i++) {
		struct entry *e = &entries[i];

		e->block = all[i];
		e->key = groups_key(g, all[i]);
		e->v = values + i * sort.n;
		if (!sort.n)
			continue;
		agg_cells(a, e->key, all[i], cells, &arena);
		for (size_t k = 0; k < sort.n; k++)
			e->v[k] = cells[sort.by[k].cell];
	}
	set_prefixes(entries, g->n);
	qsort(entries, g->n, sizeof *entries, compare);
	for (uint32_t i = 0; i < g->n; i++)
		all[i] = entries[i].block;
	arena_free(&arena);
	free(values);
	free(entries);
	free(cells);
	return all;
}
