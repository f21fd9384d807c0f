/* SPDX-License-Identifier: MIT */
#include "libcommon/winagg.h"

#include <stdlib.h>

#include "libcommon/regroup.h"
#include "libcommon/xalloc.h"

enum {
	LEAST = 4, /* records in a batch */
	MAX_WAIT = 63
};

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

/* ---- what rows are chosen by ---- */

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

/* What it has of a pane. */
struct pane {
	struct groups groups;
	struct panelog log;
};

static struct groups *
groups_of(const struct window_pane *pane, size_t i)
{
	return &((struct pane *)pane->state)[i].groups;
}

static struct panelog *
log_of(struct window_pane *pane, size_t i)
{
	return &((struct pane *)pane->state)[i].log;
}

/* like: others that they are likely to be like, or NULL. */
static void
begin_groups(struct winagg *a, struct groups *g, const struct groups *like)
{
	size_t head = a->sliding ? sizeof(struct live_part) : 0;

	if (like)
		groups_init_like(g, head + a->agg.block, like);
	else
		groups_init_for(g, head + a->agg.block, a->u->usual);
	g->head = head;
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
		begin_groups(a, a->u->only, NULL);
	groups_get(a->u->only, "", 1, &fresh);
}

static bool
ranks_tell(const struct winagg *a)
{
	const struct order *o = &a->rows.order;

	return a->agg.n_keys == 1 && order_tells(o, KEY_IP) &&
	       *o->prefix.p == KEY_TAG_IP;
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
		if (a->u->only)
			make_only_group(a);
		if (a->u->only)
			winrows_of_pane(&a->rows, a->u->only);
		a->tells = ranks_tell(a);
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

/* Room for batches, if records can be added in such. */
static void
open_batches(struct winaggs *all)
{
	const struct window *w = all->v->window;
	const int kind = w->spec.kind;
	bool fit = all->step && !w->run->where && !w->opts.spread &&
		   (kind == WINDOW_TIME || kind == WINDOW_WHOLE);

	for (size_t i = 0; fit && i < all->n; i += all->step)
		fit = agg_batch_open(&all->v[i].agg);
	all->batches = fit;
	all->size = COLUMN_RUN;
}

void
winagg_client(struct winaggs *all, struct window_client *client)
{
	open_batches(all);
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
	const struct unit *u = a->window->u;
	struct groups *g = groups_of(pane, i), *like = NULL;

	if (g->table)
		return g;
	if (u->n_panes > 1 && u->panes[u->n_panes - 1] == pane)
		like = groups_of(u->panes[u->n_panes - 2], i);
	if (like && like->n < a->u->usual)
		like = NULL;
	begin_groups(a, g, like);
	return g;
}

/* The log of a pane, or NULL: records go to its groups. */
static inline struct panelog *
begun_log(struct winagg *a, struct window_pane *pane, size_t i)
{
	struct panelog *log = log_of(pane, i);

	return a->logs && (log->room ||
			      livesums_begin(a->u->live.sums, log, pane->id))
		   ? log
		   : NULL;
}

const char *
winagg_add(struct winagg *a, struct window_pane *pane, size_t i,
    const struct expr_input *in)
{
	struct panelog *log;

	if (a->u->sessions)
		return sessions_add(a->u->sessions, in);
	log = begun_log(a, pane, i);
	if (log && agg_log(&a->agg, log, in))
		return NULL;
	return agg_add(&a->agg, winagg_groups(a, pane, i), in);
}

static void
add_batch(
    struct winagg *a, struct window_pane *const *panes, size_t i, uint32_t n)
{
	struct agg_target to[COLUMN_RUN];

	for (uint32_t k = 0; k < n; k++) {
		struct panelog *log;

		if (k && panes[k] == panes[k - 1]) {
			to[k] = to[k - 1];
			continue;
		}
		log = begun_log(a, panes[k], i);
		to[k] =
		    (struct agg_target){ log ? log->room->keys
					     : winagg_groups(a, panes[k], i),
			    log };
	}
	agg_batch_add(&a->agg, to, n);
}

/*
 * What was read and not taken is read again: where few of a batch could be
 * taken the next is smaller, and where none could it is not tried at once.
 */
static void
learn_from(struct winaggs *all, uint32_t asked, uint32_t n)
{
	if (n == asked)
		all->size =
		    2 * all->size < COLUMN_RUN ? 2 * all->size : COLUMN_RUN;
	else
		all->size = n > LEAST ? n : LEAST;
	all->waits = n ? 0 : (2 * all->waits + 1) & MAX_WAIT;
	all->wait = all->waits;
}

void
winagg_add_run(struct winaggs *all)
{
	struct window *w = all->v->window;
	const struct reader *r = &w->run->reader;
	struct window_pane *panes[COLUMN_RUN];
	uint32_t asked, n;

	if (!all->batches || (all->wait && all->wait--))
		return;
	do {
		n = asked = r->run < all->size ? r->run : all->size;
		if (asked < LEAST)
			return;
		for (size_t i = 0; i < all->n; i += all->step)
			n = agg_batch_read(&all->v[i].agg, r, n);
		n = window_take_run(w, panes, n);
		for (size_t i = 0; i < all->n; i += all->step)
			add_batch(&all->v[i], panes, i, n);
		run_leave_out(w->run, n);
		learn_from(all, asked, n);
	} while (n == asked);
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
	agg_want(&a->agg, a->wanted);
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
