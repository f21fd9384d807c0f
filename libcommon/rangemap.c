/* SPDX-License-Identifier: MIT */
#include "libcommon/rangemap.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

struct range {
	u128 from, to;
	uint32_t value;
};

/* Once sealed: from starts[i] up to the next start the value is values[i]. */
struct rangemap {
	struct range *ranges;
	size_t n_ranges, cap_ranges;
	u128 *starts;
	uint32_t *values;
	size_t n;
};

struct rangemap *
rangemap_new(void)
{
	return xcalloc(1, sizeof(struct rangemap));
}

void
rangemap_add(struct rangemap *m, u128 from, u128 to, uint32_t value)
{
	m->ranges =
	    xgrow(m->ranges, &m->cap_ranges, m->n_ranges, sizeof *m->ranges);
	m->ranges[m->n_ranges++] = (struct range){ from, to, value };
}

/* A range comes before those within it. */
static int
by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to > y->to ? -1 : 1;
	return (x->value > y->value) - (x->value < y->value);
}

static void
begin(struct rangemap *m, u128 start, uint32_t value)
{
	if (m->n && m->starts[m->n - 1] == start)
		m->n--;
	m->starts[m->n] = start;
	m->values[m->n++] = value;
}

/* Takes what ends before 'from' off the stack of open ranges. */
static size_t
end_before(struct rangemap *m, const struct range **open, size_t depth,
    const u128 *from)
{
	while (depth && (!from || open[depth - 1]->to < *from)) {
		u128 behind = open[--depth]->to + 1;

		if (behind)
			begin(m, behind,
			    depth ? open[depth - 1]->value : RANGEMAP_NONE);
	}
	return depth;
}

bool
rangemap_seal(struct rangemap *m, uint32_t clash[2])
{
	const struct range **open;
	size_t depth = 0, i;

	if (m->n_ranges > 1)
		qsort(m->ranges, m->n_ranges, sizeof *m->ranges, by_start);
	open = xcalloc(m->n_ranges + 1, sizeof *open);
	m->starts = xcalloc(2 * m->n_ranges + 1, sizeof *m->starts);
	m->values = xcalloc(2 * m->n_ranges + 1, sizeof *m->values);
	for (i = 0; i < m->n_ranges; i++) {
		const struct range *r = &m->ranges[i], *outer;

		depth = end_before(m, open, depth, &r->from);
		outer = depth ? open[depth - 1] : NULL;
		if (outer && (r->to > outer->to || (r->from == outer->from &&
						       r->to == outer->to))) {
			bool less = outer->value < r->value;

			clash[0] = less ? outer->value : r->value;
			clash[1] = less ? r->value : outer->value;
			break;
		}
		begin(m, r->from, r->value);
		open[depth++] = r;
	}
	end_before(m, open, depth, NULL);
	free(open);
	depth = m->n_ranges;
	free(m->ranges);
	m->ranges = NULL;
	m->n_ranges = m->cap_ranges = 0;
	return i == depth;
}

uint32_t
rangemap_find(const struct rangemap *m, u128 key)
{
	const u128 *p = m->starts;
	size_t n, half;

	/* A branch would be mispredicted every other time: see prefixset.c. */
	for (n = m->n; n > 1; n -= half) {
		half = n / 2;
		p += p[half - 1] <= key ? half : 0;
	}
	p += n && *p <= key;
	return p == m->starts ? RANGEMAP_NONE : m->values[p - 1 - m->starts];
}

void
rangemap_free(struct rangemap *m)
{
	if (!m)
		return;
	free(m->ranges);
	free(m->starts);
	free(m->values);
	free(m);
}
