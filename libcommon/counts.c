/* SPDX-License-Identifier: MIT */
#include "libcommon/counts.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/xalloc.h"

void
counts_add(struct counts *c, const char *key, size_t n, uint64_t times)
{
	uint64_t *count;
	bool fresh;

	if (!c->map) {
		c->map = xcalloc(1, sizeof *c->map);
		groups_init(c->map, sizeof *count);
	}
	c->total += times;
	count = c->map->n < COUNTS_MAX ? groups_get(c->map, key, n, &fresh)
				       : groups_find(c->map, key, n);
	if (count)
		*count += times;
	else
		c->beyond += times;
}

struct slice
counts_top(const struct counts *c)
{
	void **all = c->map ? groups_all(c->map) : NULL;
	struct slice best = { 0 }, key;
	uint64_t most = 0;

	for (uint32_t i = 0; all && i < c->map->n; i++) {
		uint64_t count = *(uint64_t *)all[i];

		key = groups_key(c->map, all[i]);
		if (count < most || (count == most && slice_cmp(key, best) > 0))
			continue;
		most = count;
		best = key;
	}
	free(all);
	return best;
}

static int
by_count(const void *a, const void *b)
{
	const uint64_t *x = *(uint64_t *const *)a, *y = *(uint64_t *const *)b;

	return (*x > *y) - (*x < *y);
}

/* Summed in order of the counts: the same whatever the order of values. */
double
counts_entropy(const struct counts *c)
{
	void **all = c->map ? groups_all(c->map) : NULL;
	double sum = 0, total = (double)c->total;

	if (!all)
		return 0;
	qsort(all, c->map->n, sizeof *all, by_count);
	for (uint32_t i = 0; i < c->map->n; i++) {
		double p = (double)*(uint64_t *)all[i] / total;

		sum -= p * log2(p);
	}
	if (c->beyond)
		sum -=
		    (double)c->beyond / total * log2((double)c->beyond / total);
	free(all);
	return sum + 0.0;
}

void
counts_free(struct counts *c)
{
	if (c->map)
		groups_free(c->map);
	free(c->map);
}
