/* SPDX-License-Identifier: MIT */
#include "libcommon/winagg.h"

#include <stdlib.h>

#include "libcommon/key.h"
#include "libcommon/regroup.h"
#include "libcommon/xalloc.h"

static void
free_groups(struct winagg *a, struct groups *g)
{
	void **all;

	if (a->owns) {
		all = groups_all(g);
		for (uint32_t i = 0; i < g->n; i++)
			agg_free_block(&a->agg, (char *)all[i] + g->head);
		free(all);
	}
	groups_free(g);
}

/* ---- rows ---- */

struct slice
winagg_key(const struct winagg *a, const void *block)
{
	if (a->u->sessions)
		return a->session_key;
	return groups_key(a->sliding ? &a->u->live.groups : a->u->only, block);
}

void **
winagg_all(const struct winagg *a, size_t *n)
{
	if (a->sliding)
		return live_all(&a->u->live, n);
	*n = a->u->only ? a->u->only->n : 0;
	return *n ? groups_all(a->u->only) : NULL;
}

void
winagg_hint(const struct winagg *a, const void *block)
{
	if (!a->u->sessions)
		groups_hint(
		    a->sliding ? &a->u->live.groups : a->u->only, block);
}

const char *
winagg_states(struct winagg *a, const void *block)
{
	return a->sliding ? live_states(&a->u->live, block) : block;
}

void
winagg_cells(struct winagg *a, const void *block, struct value *cells,
    struct arena *arena)
{
	agg_cells(&a->agg, winagg_key(a, block), winagg_states(a, block), cells,
	    arena, NULL);
}

/* Those that decide about rows. */
static void
few_cells(
    void *arg, const void *block, struct value *cells, struct arena *arena)
{
	struct winagg *a = arg;

	agg_cells(&a->agg, winagg_key(a, block), winagg_states(a, block), cells,
	    arena, a->wanted);
}

static struct slice
key_of(void *arg, const void *block)
{
	return winagg_key(arg, block);
}

static bool
passes(struct winagg *a, const void *block)
{
	struct value *cells = a->order.room[0];
	struct expr_input in = { .cells = cells };
	bool yes = true;

	if (!a->having)
		return true;
	few_cells(a, block, cells, &a->order.arena);
	yes = !expr_test(a->having, &in, &yes) && yes;
	arena_reset(&a->order.arena);
	return yes;
}

static void
need_rows(struct winagg *a, size_t n)
{
	if (n <= a->cap_rows)
		return;
	a->cap_rows = n + n / 2;
	a->spare = xreallocarray(a->spare, a->cap_rows, 2 * sizeof *a->spare);
}

/* The rows from the first n entries of a->spare. */
static void
choose_rows(struct winagg *a, size_t n)
{
	a->n_groups = a->n_rows = n;
	a->rows = a->spare;
	if (!a->unsorted && a->limit && a->limit < n / 4) {
		a->n_rows = a->limit;
		order_first(&a->order, a->spare, n, a->limit);
	} else if (!a->unsorted) {
		a->rows = order_sort(&a->order, a->spare, a->spare + n, n);
	}
}

/* ---- windows of one pane ---- */

static void
sort_pane(struct winagg *a)
{
	void **all = groups_all(a->u->only);
	size_t n = 0;

	groups_freeze(a->u->only);
	need_rows(a, a->u->only->n);
	for (uint32_t i = 0; i < a->u->only->n; i++)
		if (passes(a, all[i]))
			a->spare[n++].block = all[i];
	free(all);
	if (!a->unsorted)
		order_rank_all(&a->order, a->spare, n);
	choose_rows(a, n);
}

/* ---- windows of several panes ---- */

static void
remove_entry(struct winagg *a, struct live_group *l)
{
	struct order_entry *last;

	if (!l->entry)
		return;
	last = &a->u->entries[--a->u->n_entries];
	((struct live_group *)last->block)->entry = l->entry;
	a->u->entries[l->entry - 1] = *last;
	l->entry = 0;
}

static bool
place_entry(struct winagg *a, struct live_group *l)
{
	if (!l->entry) {
		a->u->entries = xgrow(a->u->entries, &a->u->cap_entries,
		    a->u->n_entries, sizeof *a->u->entries);
		a->u->entries[a->u->n_entries].block = l;
		l->entry = (uint32_t)++a->u->n_entries;
	} else if (!a->order.n) {
		return true; /* its key is the same */
	}
	return order_rank(&a->order, &a->u->entries[l->entry - 1]);
}

/* Tests and ranks what changed since the last window, then sorts. */
static void
sort_live(struct winagg *a)
{
	struct live_group *l;
	bool same = true;

	while ((l = live_change(&a->u->live))) {
		if (l->panes && passes(a, l))
			same &= place_entry(a, l);
		else
			remove_entry(a, l);
	}
	if (!same)
		order_rank_all(&a->order, a->u->entries, a->u->n_entries);
	need_rows(a, a->u->n_entries);
	if (a->u->n_entries)
		memcpy(a->spare, a->u->entries,
		    a->u->n_entries * sizeof *a->spare);
	choose_rows(a, a->u->n_entries);
}

/* ---- sessions: windows of one group ---- */

static void
session_closed(void *arg, struct slice key, char *states,
    const struct window_bounds *bounds)
{
	struct winaggs *all = arg;
	struct winagg *a = all->v;
	struct unit *unit = a->window->u;

	if (bounds->end > unit->horizon)
		unit->horizon = bounds->end;
	if (unit->rebuilding && bounds->end <= unit->muted_to)
		return; /* it was written before */
	a->session_key = key;
	a->session.block = states;
	a->rows = &a->session;
	a->n_rows = a->n_groups = passes(a, states);
	a->window->emitted++;
	all->emit(all->arg, bounds);
}

static void
client_advance(void *arg, int64_t watermark)
{
	struct winaggs *all = arg;

	sessions_advance(all->v->u->sessions, watermark);
}

/* ---- a window's client ---- */

static void
begin_groups(struct winagg *a, struct groups *g)
{
	size_t head = a->sliding ? sizeof(struct live_part) : 0;

	groups_init_for(g, head + a->agg.block, a->u->usual);
	g->head = head;
}

/* The first keys of a group; of none at all what make_key() gives. */
static struct slice
coarse_key(const struct winagg *a, struct slice key, struct arena *arena)
{
	struct value v;
	size_t n = 0;

	if (!a->coarse_keys)
		return slice_of("", 1);
	for (size_t k = 0; k < a->coarse_keys; k++)
		n += key_get(key.p + n, &v, arena);
	arena_reset(arena);
	return slice_of(key.p, n);
}

/* The groups of a pane summed up to those of fewer keys. */
static void
sum_up(struct winagg *a, struct groups *g, struct winagg *coarse,
    struct groups *sums)
{
	void **all = groups_all(g);
	struct arena arena = { 0 };
	char *to = NULL;
	bool fresh;

	begin_groups(coarse, sums);
	for (uint32_t i = 0; i < g->n; i++) {
		struct slice key = coarse_key(a, groups_key(g, all[i]), &arena);
		const char *from = (char *)all[i] + g->head;

		if (!to || a->coarse_keys)
			to = (char *)groups_get(sums, key.p, key.n, &fresh) +
			     sums->head;
		for (size_t k = 0; k < a->agg.n_calls; k++) {
			const struct agg_call *c = &a->agg.calls[k];

			if (a->coarse_calls[k])
				c->spec.fn->merge(
				    to + c->offset, &c->spec, from + c->offset);
		}
	}
	arena_free(&arena);
	free(all);
}

static struct groups *
groups_of(struct window_pane *pane, size_t i)
{
	return (struct groups *)pane->state + i;
}

static void
client_enter(void *arg, struct window_pane *pane)
{
	struct winaggs *all = arg;

	for (size_t i = 0; i < all->n; i++) {
		struct winagg *a = &all->v[i];
		struct groups *g = groups_of(pane, i);

		agg_settle(&a->agg);
		if (a->from)
			regroup(&a->agg, winagg_groups(a, pane, i), a->where,
			    &a->from->agg,
			    groups_of(pane, (size_t)(a->from - all->v)));
		if (a->has_coarse)
			sum_up(a, g, a + 1, groups_of(pane, i + 1));
		a->u->usual = g->n;
		if (a->sliding)
			live_enter(&a->u->live, g);
		else
			a->u->only = g;
	}
}

/* Without keys there is one group, even of nothing. */
static void
make_only_group(struct winagg *a)
{
	bool fresh;

	if (a->agg.n_keys || a->u->only->n ||
	    a->window->spec.kind != WINDOW_WHOLE)
		return;
	if (!a->u->only->table)
		begin_groups(a, a->u->only);
	groups_get(a->u->only, "", 1, &fresh);
}

static void
client_emit(void *arg, const struct window_bounds *bounds)
{
	struct winaggs *all = arg;

	for (size_t i = 0; i < all->n; i++) {
		struct winagg *a = &all->v[i];

		agg_settle(&a->agg);
		a->n_rows = a->n_groups = 0;
		if (a->sliding)
			sort_live(a);
		if (!a->u->only)
			continue;
		make_only_group(a);
		sort_pane(a);
	}
	all->emit(all->arg, bounds);
}

static void
client_leave(void *arg, struct window_pane *pane)
{
	struct winaggs *all = arg;

	for (size_t i = 0; i < all->n; i++) {
		struct winagg *a = &all->v[i];

		if (a->sliding)
			live_leave(&a->u->live, groups_of(pane, i));
		free_groups(a, groups_of(pane, i));
		a->u->only = NULL;
	}
}

/* ---- units ---- */

static void
client_select(void *arg, char *state)
{
	struct winaggs *all = arg;

	for (size_t i = 0; i < all->n; i++) {
		struct winagg *a = &all->v[i];

		a->u = (struct winagg_unit *)state + i;
		if (a->u->begun)
			continue;
		a->u->begun = true;
		if (a->sliding)
			live_open(&a->u->live, &a->agg);
		a->u->live.tell = all->tell;
		if (a->window->spec.kind == WINDOW_SESSION)
			a->u->sessions = sessions_new(
			    &a->agg, a->window, session_closed, all);
	}
}

static void
client_drop(void *arg, char *state)
{
	struct winaggs *all = arg;

	(void)state;
	if (all->drop)
		all->drop(all->arg);
	for (size_t i = 0; i < all->n; i++) {
		struct winagg *a = &all->v[i];

		if (a->sliding)
			live_close(&a->u->live);
		if (a->u->sessions)
			sessions_free(a->u->sessions);
		free(a->u->entries);
		a->u = NULL;
	}
}

void
winagg_client(struct winaggs *all, struct window_client *client)
{
	*client = (struct window_client){
		.state = all->n * sizeof(struct groups),
		.unit = all->n * sizeof(struct winagg_unit),
		.units = true,
		.arg = all,
		.enter = client_enter,
		.emit = client_emit,
		.leave = client_leave,
		.select = client_select,
		.drop = client_drop,
	};
	if (all->v->window->spec.kind == WINDOW_SESSION)
		client->advance = client_advance;
}

struct groups *
winagg_groups(struct winagg *a, struct window_pane *pane, size_t i)
{
	struct groups *g = groups_of(pane, i);

	if (!g->table)
		begin_groups(a, g);
	return g;
}

const char *
winagg_add(struct winagg *a, struct window_pane *pane, size_t i,
    const struct expr_input *in)
{
	if (a->u->sessions)
		return sessions_add(a->u->sessions, in);
	return agg_add(&a->agg, winagg_groups(a, pane, i), in);
}

void
winagg_add_made(struct winagg *a, struct window_pane *pane, size_t i,
    struct slice key, const struct value *v)
{
	agg_add_made(&a->agg, winagg_groups(a, pane, i), key, v);
}

const char *
winagg_merge(struct winagg *a, int64_t start, int64_t end, struct slice key,
    const char *states)
{
	bool one = a->window->spec.kind == WINDOW_WHOLE || a->u->sessions;
	struct window_pane *pane;
	struct groups *g;
	char *to;
	bool fresh;

	pane = window_take_at(a->window, end - (!one && end > start));
	if (!pane)
		return NULL;
	if (a->u->sessions) {
		sessions_merge(a->u->sessions, start, end, key, states);
		return NULL;
	}
	if (!one && start < window_start(a->window))
		return "a partial of other windows";
	g = winagg_groups(a, pane, 0);
	to = groups_get(g, key.p, key.n, &fresh);
	agg_merge(&a->agg, to + g->head, states);
	return NULL;
}

/* What having and the order ask for, and what that is computed from. */
static void
want(struct winagg *a)
{
	a->wanted = xcalloc(a->agg.cells.n, sizeof *a->wanted);
	for (size_t i = 0; i < a->order.n; i++)
		a->wanted[a->order.by[i].cell] = true;
	if (a->having)
		expr_cells(a->having, a->wanted);
	for (size_t i = a->agg.cells.n; i-- > 0;)
		if (a->wanted[i])
			agg_want(&a->agg, a->wanted, i);
}

void
winagg_open(
    struct winagg *a, struct window *w, const char *sort, struct expr *having)
{
	a->window = w;
	a->having = having;
	a->sliding = w->spec.panes > 1;
	for (size_t i = 0; i < a->agg.n_calls; i++) {
		const struct accum_fn *fn = a->agg.calls[i].spec.fn;

		a->owns |= fn->free != NULL;
	}
	order_init(&a->order, &a->agg, sort);
	want(a);
	a->order.key = key_of;
	a->order.cells = few_cells;
	a->order.arg = a;
}
