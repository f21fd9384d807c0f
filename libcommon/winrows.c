/* SPDX-License-Identifier: MIT */
#include "libcommon/winrows.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

enum { AHEAD = 8 };

void
winrows_open(struct winrows *r, const struct agg *a, const char *sort,
    struct expr *having)
{
	order_init(&r->order, a, sort);
	r->having = having;
	r->ranked = r->order.n == 1 ? agg_sum_of(a, r->order.by->cell) : -1;
	r->total = r->order.n ? agg_total_of(a, r->order.by->cell) : -1;
}

static bool
passes(struct winrows *r, const void *block)
{
	struct order *o = &r->order;
	struct expr_input in = { .cells = o->room[0] };
	bool yes = true;

	if (!r->having)
		return true;
	o->cells(o->arg, block, o->room[0], &o->arena);
	yes = !expr_test(r->having, &in, &yes) && yes;
	arena_reset(&o->arena);
	return yes;
}

/* Room for n rows, and for as many beside them. */
static void
need_room(struct winrows *r, size_t n)
{
	if (n <= r->cap)
		return;
	r->cap = n + n / 2;
	r->spare = xreallocarray(r->spare, r->cap, 2 * sizeof *r->spare);
}

static bool
are_few(const struct winrows *r, size_t n)
{
	return r->limit && r->limit < n / 4;
}

/* The rows from the first n entries of r->spare. */
static void
choose(struct winrows *r, size_t n)
{
	r->groups = r->n = n;
	r->v = r->spare;
	if (are_few(r, n)) {
		r->n = r->limit;
		r->v = r->spare + n;
		order_first(&r->order, r->spare, n, r->v, r->n);
	} else {
		r->v = order_sort(&r->order, r->spare, r->spare + n, n);
	}
}

void
winrows_of_one(struct winrows *r, struct order_entry *e)
{
	r->v = e;
	r->n = r->groups = passes(r, e->block);
}

/* Totals of counts do without the machinery of cells. */
static void
rank_totals(struct winrows *r, size_t n)
{
	for (struct order_entry *e = r->spare; e < r->spare + n; e++) {
		uint64_t total =
		    *(const uint64_t *)((char *)e->block + r->total);

		if (total)
			order_rank_whole(&r->order, e, total);
		else
			order_rank_unknown(e);
	}
}

void
winrows_of_pane(struct winrows *r, struct groups *pane)
{
	void **all;
	size_t n = 0;

	groups_freeze(pane);
	if (r->none)
		return;
	all = groups_all(pane);
	need_room(r, pane->n);
	for (uint32_t i = 0; i < pane->n; i++)
		if (passes(r, all[i]))
			r->spare[n++].block = all[i];
	free(all);
	if (r->total >= 0)
		rank_totals(r, n);
	else
		order_rank_all(&r->order, r->spare, n);
	choose(r, n);
}

/* ---- windows that slide ---- */

static struct order_entry *
append(struct winrows_live *to, void *group)
{
	to->v = xgrow(to->v, &to->cap, to->n, sizeof *to->v);
	to->v[to->n].block = group;
	return &to->v[to->n++];
}

/* Room for as many again, to sort them. */
static void
need_twice(struct winrows_live *some)
{
	if (2 * some->n <= some->cap)
		return;
	some->cap = 2 * some->n;
	some->v = xreallocarray(some->v, some->cap, sizeof *some->v);
}

/* In any order: a group's entry is its place in the list, from 1. */
static void
remove_entry(struct winrows_live *live, struct live *l, void *group)
{
	uint32_t *entry = live_entry(l, group);
	struct order_entry *last;

	if (!*entry)
		return;
	last = &live->v[--live->n];
	*live_entry(l, last->block) = *entry;
	live->v[*entry - 1] = *last;
	*entry = 0;
}

/* Sums of whole numbers do without the machinery of cells. */
static void
place_entry(
    struct winrows *r, struct winrows_live *live, struct live *l, void *group)
{
	uint32_t *entry = live_entry(l, group);
	const struct livesums_group *sums = group;
	struct order_entry *e;

	if (!*entry) {
		append(live, group);
		*entry = (uint32_t)live->n;
	}
	e = &live->v[*entry - 1];
	if (l->sums && r->ranked >= 0 && !sums->more)
		order_rank_whole(&r->order, e, sums->sums[r->ranked]);
	else
		order_rank(&r->order, e);
}

static void
by_value(struct winrows *r, struct winrows_live *live, struct live *l)
{
	const void *ahead;
	void *group;

	while ((group = live_change(l))) {
		ahead = live_coming(l, AHEAD);
		if (ahead && *live_entry(l, ahead))
			__builtin_prefetch(
			    &live->v[*live_entry(l, ahead) - 1], 1);
		if (live_has(l, group) && passes(r, group))
			place_entry(r, live, l, group);
		else
			remove_entry(live, l, group);
	}
	need_room(r, live->n);
	if (are_few(r, live->n)) {
		r->groups = live->n;
		r->n = r->limit;
		r->v = r->spare;
		order_first(&r->order, live->v, live->n, r->v, r->n);
		return;
	}
	if (live->n)
		memcpy(r->spare, live->v, live->n * sizeof *r->spare);
	choose(r, live->n);
}

/* Those that stay, and those that are new among them. */
static void
merge(struct winrows *r, struct winrows_live *live,
    const struct order_entry *fresh, const struct order_entry *gone)
{
	const struct order_entry *e = live->v, *end = e + live->n;
	const struct order_entry *end_fresh = fresh + r->fresh.n;
	const struct order_entry *end_gone = gone + r->gone.n;
	struct order_entry *to = r->spare;

	for (; e < end; e++) {
		if (gone < end_gone && gone->block == e->block) {
			gone++;
			continue;
		}
		while (fresh < end_fresh && order_before(&r->order, fresh, e))
			*to++ = *fresh++;
		*to++ = *e;
	}
	while (fresh < end_fresh)
		*to++ = *fresh++;
	live->n = (size_t)(to - r->spare);
}

static struct order_entry *
sorted(struct winrows *r, struct winrows_live *some)
{
	need_twice(some);
	return order_sort(&r->order, some->v, some->v + some->n, some->n);
}

/* In order of keys: a group's entry is 1 if it is in the list. */
static void
by_key(struct winrows *r, struct winrows_live *live, struct live *l)
{
	struct order_entry *old = live->v;
	size_t cap = live->cap;
	bool same = true;
	void *group;

	r->fresh.n = r->gone.n = 0;
	while ((group = live_change(l))) {
		uint32_t *entry = live_entry(l, group);
		uint32_t now = live_has(l, group) && passes(r, group);

		live_hint_key(l, live_coming(l, AHEAD));
		if (now != *entry)
			same &= order_rank(&r->order,
			    append(now ? &r->fresh : &r->gone, group));
		*entry = now;
	}
	if (!same) {
		order_rank_all(&r->order, r->fresh.v, r->fresh.n);
		order_rank_all(&r->order, r->gone.v, r->gone.n);
	}
	/* Another unit may have changed it, too. */
	if (live->prefix != r->order.prefix.n)
		order_rank_all(&r->order, live->v, live->n);
	live->prefix = r->order.prefix.n;
	need_room(r, live->n + r->fresh.n);
	merge(r, live, sorted(r, &r->fresh), sorted(r, &r->gone));
	live->v = r->spare;
	live->cap = 2 * r->cap;
	r->spare = old;
	r->cap = cap / 2;
	r->v = live->v;
	r->groups = r->n = live->n;
	if (r->limit && r->limit < r->n)
		r->n = r->limit;
}

void
winrows_of_live(struct winrows *r, struct winrows_live *live, struct live *l)
{
	while (r->none && live_change(l))
		continue;
	if (r->order.n)
		by_value(r, live, l);
	else
		by_key(r, live, l);
	live_settle(l);
}
