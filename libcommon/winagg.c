/* SPDX-License-Identifier: MIT */
#include "libcommon/winagg.h"

#include <stdlib.h>

#include "libcommon/key.h"
#include "libcommon/regroup.h"
#include "libcommon/xalloc.h"

enum { AHEAD = 8 };

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
	return a->sliding ? live_key(&a->u->live, block)
			  : groups_key(a->u->only, block);
}

void **
winagg_all(const struct winagg *a, size_t *n)
{
	if (a->sliding)
		return live_all(&a->u->live, n);
	*n = a->u->only ? a->u->only->n : 0;
	return *n ? groups_all(a->u->only) : NULL;
}

/* Keys are single addresses, of which the ranks tell all. */
static bool
ranks_tell(const struct winagg *a)
{
	const struct order *o = &a->rows.order;

	return a->agg.n_keys == 1 && order_tells(o, KEY_IP) &&
	       *o->prefix.p == KEY_TAG_IP && !a->u->sessions;
}

struct slice
winagg_row_key(const struct winagg *a, size_t i, char room[KEY_IP])
{
	if (!ranks_tell(a))
		return winagg_key(a, a->rows.v[i].block);
	order_key(&a->rows.order, &a->rows.v[i], room, KEY_IP);
	return slice_of(room, KEY_IP);
}

/* Of a live group with sums first its line, then its key. */
void
winagg_hint(const struct winagg *a, size_t i)
{
	const struct winrows *rows = &a->rows;
	const struct live *l = &a->u->live;

	i += AHEAD;
	if (i >= rows->n || a->u->sessions)
		return;
	if (!l->sums) {
		groups_hint(
		    a->sliding ? &l->groups : a->u->only, rows->v[i].block);
		return;
	}
	if (!ranks_tell(a))
		groups_hint(&l->groups,
		    ((const struct livesums_group *)rows->v[i].block)->key);
	if (i + AHEAD < rows->n)
		__builtin_prefetch(rows->v[i + AHEAD].block);
}

const uint64_t *
winagg_sums(struct winagg *a, const void *block)
{
	const struct livesums_group *g = block;

	if (!a->agg.quick)
		return NULL;
	if (a->u->live.sums && !g->more)
		return g->sums;
	block = winagg_states(a, block);
	for (size_t i = 0; i < a->agg.n_calls; i++) {
		const struct agg_call *c = &a->agg.calls[i];
		const struct accum_sum *s =
		    (const void *)((const char *)block + c->offset);

		if (c->counts) {
			a->numbers[i] = s->lo;
			continue;
		}
		if (!s->n || s->hi || s->lo % NUM_NANO)
			return NULL;
		a->numbers[i] = s->lo / NUM_NANO;
	}
	return a->numbers;
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
	struct slice key = { 0 };

	if (a->wants_key)
		key = winagg_key(a, block);
	agg_cells(
	    &a->agg, key, winagg_states(a, block), cells, arena, a->wanted);
}

static struct slice
key_of(void *arg, const void *block)
{
	return winagg_key(arg, block);
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
	winrows_of_one(&a->rows, &a->session);
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

/* What it has of a pane. */
struct pane {
	struct groups groups;
	struct panelog log;
};

static struct groups *
groups_of(struct window_pane *pane, size_t i)
{
	return &((struct pane *)pane->state)[i].groups;
}

static struct panelog *
log_of(struct window_pane *pane, size_t i)
{
	return &((struct pane *)pane->state)[i].log;
}

/* To the next one's groups. */
static void
sum_up(struct winagg *a, struct window_pane *pane, size_t i)
{
	struct regroup_coarse to = { &a->agg, a->coarse_keys, a->coarse_calls,
		winagg_groups(a + 1, pane, i + 1) };

	regroup_coarse(&to, groups_of(pane, i));
	if (a->logs)
		regroup_coarse_log(&to, log_of(pane, i), a->u->live.sums);
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
		a->u->usual = g->n;
		if (a->sliding)
			live_enter(&a->u->live, g, log_of(pane, i));
		else
			a->u->only = g;
		if (a->has_coarse)
			sum_up(a, pane, i);
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
		a->rows.n = a->rows.groups = 0;
		if (a->sliding)
			winrows_of_live(&a->rows, &a->u->rows, &a->u->live);
		if (!a->u->only)
			continue;
		make_only_group(a);
		winrows_of_pane(&a->rows, a->u->only);
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
			live_leave(
			    &a->u->live, groups_of(pane, i), log_of(pane, i));
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
			live_open(&a->u->live, &a->agg, a->logs);
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
		free(a->u->rows.v);
		a->u = NULL;
	}
}

void
winagg_client(struct winaggs *all, struct window_client *client)
{
	*client = (struct window_client){
		.state = all->n * sizeof(struct pane),
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

static bool
add_to_log(struct winagg *a, struct window_pane *pane, struct panelog *log,
    const struct expr_input *in)
{
	if (!log->room && !livesums_begin(a->u->live.sums, log, pane->id))
		return false;
	return agg_log(&a->agg, log, in);
}

const char *
winagg_add(struct winagg *a, struct window_pane *pane, size_t i,
    const struct expr_input *in)
{
	if (a->u->sessions)
		return sessions_add(a->u->sessions, in);
	if (a->logs && add_to_log(a, pane, log_of(pane, i), in))
		return NULL;
	return agg_add(&a->agg, winagg_groups(a, pane, i), in);
}

void
winagg_add_made(struct winagg *a, struct window_pane *pane, size_t i,
    struct slice key, const uint64_t *totals)
{
	agg_add_made(&a->agg, winagg_groups(a, pane, i), key, totals);
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
	const struct order *o = &a->rows.order;

	a->wanted = xcalloc(a->agg.cells.n, sizeof *a->wanted);
	for (size_t i = 0; i < o->n; i++)
		a->wanted[o->by[i].cell] = true;
	if (a->rows.having)
		expr_cells(a->rows.having, a->wanted);
	for (size_t i = a->agg.cells.n; i-- > 0;)
		if (a->wanted[i])
			agg_want(&a->agg, a->wanted, i);
	a->wants_key = memchr(a->wanted, 1, a->agg.n_keys) != NULL;
}

void
winagg_open(
    struct winagg *a, struct window *w, const char *sort, struct expr *having)
{
	a->window = w;
	a->sliding = w->spec.panes > 1;
	for (size_t i = 0; i < a->agg.n_calls; i++) {
		const struct accum_fn *fn = a->agg.calls[i].spec.fn;

		a->owns |= fn->free != NULL;
	}
	a->logs = a->may_log && a->sliding && a->agg.quick && a->agg.n_keys > 0;
	winrows_open(&a->rows, &a->agg, sort, having);
	want(a);
	a->rows.order.key = key_of;
	a->rows.order.cells = few_cells;
	a->rows.order.arg = a;
}
