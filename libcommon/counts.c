/* SPDX-License-Identifier: MIT */
/*
 * A value that was taken out stays in the table with 0 until more than half of
 * the table is such values; then it is built anew, which costs less than the
 * subtractions that led there.
 */
#include "libcommon/counts.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/xalloc.h"

enum { SLACK = 16 }; /* values gone that are not worth it */

struct counts_map {
	struct groups groups; /* key bytes -> uint64_t */
	uint32_t dead;        /* how many are 0 */
};

static uint32_t
alive(const struct counts_map *m)
{
	return m->groups.n - m->dead;
}

/* The count of a value, made if there is room for it, or NULL. */
static uint64_t *
count_of(struct counts_map *m, const char *key, size_t n)
{
	uint64_t *count;
	bool fresh;

	if (n > COUNTS_MAX_KEY)
		return NULL;
	if (alive(m) >= COUNTS_MAX) {
		count = groups_find(&m->groups, key, n);
		return count && *count ? count : NULL;
	}
	count = groups_get(&m->groups, key, n, &fresh);
	m->dead -= !fresh && !*count;
	return count;
}

void
counts_add(struct counts *c, const char *key, size_t n, uint64_t times)
{
	uint64_t *count;

	if (times > UINT64_MAX - c->total)
		times = UINT64_MAX - c->total;
	if (!times)
		return;
	if (!c->map) {
		c->map = xcalloc(1, sizeof *c->map);
		groups_init(&c->map->groups, sizeof *count);
	}
	count = count_of(c->map, key, n);
	*(count ? count : &c->beyond) += times;
	c->total += times;
}

/* The items that are not 0, in order of their making: to be freed. */
static struct counts_item *
items_of(const struct counts *c, size_t *n)
{
	struct counts_item *items;
	void **all;

	*n = 0;
	if (!c->map)
		return NULL;
	all = groups_all(&c->map->groups);
	items = xcalloc(alive(c->map), sizeof *items);
	for (uint32_t i = 0; i < c->map->groups.n; i++) {
		uint64_t times = *(uint64_t *)all[i];

		if (times)
			items[(*n)++] = (struct counts_item){
				groups_key(&c->map->groups, all[i]), times
			};
	}
	free(all);
	return items;
}

void
counts_merge(struct counts *to, const struct counts *from)
{
	size_t n;
	struct counts_item *items = items_of(from, &n);
	uint64_t beyond = from->beyond;

	for (size_t i = 0; i < n; i++)
		counts_add(to, items[i].key.p, items[i].key.n, items[i].times);
	free(items);
	if (beyond > UINT64_MAX - to->total)
		beyond = UINT64_MAX - to->total;
	to->beyond += beyond;
	to->total += beyond;
}

/* At most what is there; returns how much. */
static uint64_t
take(struct counts *c, uint64_t *count, uint64_t times)
{
	if (times > *count)
		times = *count;
	*count -= times;
	c->total -= times;
	return times;
}

/* What is not in the table was counted with others. */
static void
take_item(struct counts *c, const struct counts_item *item)
{
	struct slice key = item->key;
	uint64_t times = item->times, *count = NULL;

	if (c->map)
		count = groups_find(&c->map->groups, key.p, key.n);
	if (count && *count) {
		times -= take(c, count, times);
		c->map->dead += !*count;
	}
	take(c, &c->beyond, times);
}

static void
free_map(struct counts_map *m)
{
	groups_free(&m->groups);
	free(m);
}

/* The table with nothing but what is in it. */
static void
rebuild(struct counts *c)
{
	struct counts_map *old = c->map;
	struct counts anew = { 0 };

	counts_merge(&anew, &(struct counts){ .map = old });
	c->map = anew.map;
	free_map(old);
}

void
counts_subtract(struct counts *from, const struct counts *what)
{
	size_t n;
	struct counts_item *items = items_of(what, &n);

	for (size_t i = 0; i < n; i++)
		take_item(from, &items[i]);
	free(items);
	take(from, &from->beyond, what->beyond);
	if (!from->total)
		counts_free(from);
	else if (from->map && from->map->dead > alive(from->map) + SLACK)
		rebuild(from);
}

struct slice
counts_top(const struct counts *c)
{
	struct counts_item best = { 0 };
	size_t n;
	struct counts_item *items = items_of(c, &n);

	for (size_t i = 0; i < n; i++)
		if (items[i].times > best.times ||
		    (items[i].times == best.times &&
			slice_cmp(items[i].key, best.key) < 0))
			best = items[i];
	free(items);
	return best.key;
}

static int
by_count(const void *a, const void *b)
{
	const struct counts_item *x = a, *y = b;

	return (x->times > y->times) - (x->times < y->times);
}

static double
share(uint64_t times, double total)
{
	double p = (double)times / total;

	return p * log2(p);
}

/* Summed in order of the counts: the same whatever the order of values. */
double
counts_entropy(const struct counts *c)
{
	double sum = 0, total = (double)c->total;
	size_t n;
	struct counts_item *items = items_of(c, &n);

	if (n)
		qsort(items, n, sizeof *items, by_count);
	for (size_t i = 0; i < n; i++)
		sum -= share(items[i].times, total);
	if (c->beyond)
		sum -= share(c->beyond, total);
	free(items);
	return sum + 0.0;
}

static int
by_key(const void *a, const void *b)
{
	const struct counts_item *x = a, *y = b;

	return slice_cmp(x->key, y->key);
}

struct counts_item *
counts_items(const struct counts *c, size_t *n)
{
	struct counts_item *items = items_of(c, n);

	if (*n)
		qsort(items, *n, sizeof *items, by_key);
	return items;
}

void
counts_free(struct counts *c)
{
	if (c->map)
		free_map(c->map);
	*c = (struct counts){ 0 };
}
