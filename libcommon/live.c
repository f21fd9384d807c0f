/* SPDX-License-Identifier: MIT */
#include "libcommon/live.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

enum { AHEAD = 8 };

static char *
of_part(struct live_part *p)
{
	return (char *)(p + 1);
}

static char *
of_group(struct live_group *g)
{
	return (char *)(g + 1);
}

/* ---- states of all calls ---- */

typedef void state_op(void *to, const struct agg_call *c, const void *from);

/* Nothing for those that the two stacks take care of. */
static void
subtract(void *to, const struct agg_call *c, const void *from)
{
	if (c->spec.fn->subtract)
		c->spec.fn->subtract(to, &c->spec, from);
}

static void
fold(void *to, const struct agg_call *c, const void *from)
{
	if (!c->spec.fn->subtract)
		c->spec.fn->merge(to, &c->spec, from);
}

static inline void
each_state(const struct agg *a, char *to, const char *from, state_op *op)
{
	for (size_t i = 0; i < a->n_calls; i++) {
		const struct agg_call *c = &a->calls[i];

		op(to + c->offset, c, from + c->offset);
	}
}

/* Empties the states that cannot be subtracted from. */
static void
clear_folds(const struct agg *a, char *states)
{
	for (size_t i = 0; i < a->n_calls; i++) {
		const struct accum_fn *fn = a->calls[i].spec.fn;
		char *state = states + a->calls[i].offset;

		if (fn->subtract)
			continue;
		if (fn->free)
			fn->free(state);
		memset(state, 0, fn->size);
	}
}

/* ---- panes ---- */

static void
note_change(struct live *l, struct live_group *g)
{
	if (g->changed)
		return;
	g->changed = true;
	l->changed = xgrow(l->changed, &l->cap_changed, l->n_changed,
	    sizeof(struct live_group *));
	l->changed[l->n_changed++] = g;
}

static void
hint_ahead(const struct live *l, const struct groups *pane,
    const struct groups_entry *all, uint32_t i)
{
	if (i + AHEAD < pane->n) {
		groups_hint(pane, all[i + AHEAD].block);
		groups_hint_table(&l->groups, all[i + AHEAD].hash);
	}
	if (i + AHEAD / 2 < pane->n)
		groups_hint_block(&l->groups, all[i + AHEAD / 2].hash);
}

static void
enter_groups(struct live *l, struct groups *pane)
{
	struct groups_entry *all = groups_entries(pane);
	bool fresh;

	for (uint32_t i = 0; i < pane->n; i++) {
		struct live_part *p = all[i].block;
		struct slice key = groups_key(pane, p);
		struct live_group *g;

		hint_ahead(l, pane, all, i);
		g = groups_get_hashed(
		    &l->groups, key.p, key.n, all[i].hash, &fresh);
		g->panes++;
		agg_merge(l->agg, of_group(g), of_part(p));
		if (g->alert)
			l->tell(g->alert, of_part(p));
		note_change(l, g);
		p->group = g;
	}
	free(all);
}

void
live_enter(struct live *l, struct groups *pane, struct panelog *log)
{
	if (l->sums)
		livesums_enter(l->sums, pane, log);
	else
		enter_groups(l, pane);
	groups_freeze(pane);
	l->entered = xgrow(
	    l->entered, &l->cap_entered, l->n_entered, sizeof(struct groups *));
	l->entered[l->n_entered++] = pane;
}

/* All panes to the front. */
static void
turn(struct live *l)
{
	for (size_t i = l->n_entered; i-- > 0;) {
		void **all = groups_all(l->entered[i]);

		for (uint32_t k = 0; k < l->entered[i]->n; k++) {
			struct live_part *p = all[k];
			struct live_group *g = p->group;

			p->next = g->front;
			if (p->next)
				each_state(
				    l->agg, of_part(p), of_part(p->next), fold);
			else
				clear_folds(l->agg, of_group(g));
			g->front = p;
		}
		free(all);
	}
	l->n_front = l->n_entered;
}

static void
leave_groups(struct live *l, struct groups *pane)
{
	void **all;

	if (l->folds && !l->n_front)
		turn(l);
	all = groups_all(pane);
	for (uint32_t i = 0; i < pane->n; i++) {
		struct live_part *p = all[i];
		struct live_group *g = p->group;

		if (i + AHEAD < pane->n)
			groups_hint(&l->groups,
			    ((struct live_part *)all[i + AHEAD])->group);
		each_state(l->agg, of_group(g), of_part(p), subtract);
		if (l->folds)
			g->front = p->next;
		g->panes--;
		note_change(l, g);
	}
	free(all);
	l->n_front -= l->folds;
}

void
live_leave(struct live *l, struct groups *pane, struct panelog *log)
{
	if (l->sums)
		livesums_leave(l->sums, pane, log);
	else
		leave_groups(l, pane);
	l->n_entered--;
	memmove(
	    l->entered, l->entered + 1, l->n_entered * sizeof(struct groups *));
}

void *
live_change(struct live *l)
{
	struct live_group *g;

	if (l->sums)
		return livesums_change(l->sums);
	if (l->seen == l->n_changed)
		return NULL;
	if (l->seen + AHEAD < l->n_changed)
		groups_hint(&l->groups, l->changed[l->seen + AHEAD]);
	g = l->changed[l->seen++];
	g->changed = false;
	if (!g->panes)
		l->changed[l->dead++] = g;
	return g;
}

void
live_settle(struct live *l)
{
	if (l->sums) {
		livesums_settle(l->sums);
		return;
	}
	for (size_t i = 0; i < l->dead; i++) {
		agg_free_block(l->agg, of_group(l->changed[i]));
		groups_remove(&l->groups, l->changed[i]);
	}
	l->n_changed = l->seen = l->dead = 0;
}

void
live_hint_key(const struct live *l, const void *group)
{
	const struct livesums_group *g = group;

	if (g && l->sums && livesums_has(g) != (g->entry > 0))
		groups_hint(&l->groups, g->key);
}

struct slice
live_key(const struct live *l, const void *group)
{
	const struct livesums_group *sums = group;

	return groups_key(&l->groups, l->sums ? sums->key : group);
}

/* Its own, but of those of which a part is in front the merge of both. */
const char *
live_states(struct live *l, const void *group)
{
	const struct live_group *g = group;
	const char *back = (const char *)(g + 1);
	unsigned i;
	char *states;

	if (l->sums)
		return livesums_states(l->sums, group);
	if (!l->folds || !g->front)
		return back;
	i = l->next++ % 4;
	states = l->composed[i].states;
	if (l->composed[i].used)
		clear_folds(l->agg, states);
	l->composed[i].used = true;
	memcpy(states, back, l->agg->block);
	for (size_t k = 0; k < l->agg->n_calls; k++) {
		const struct agg_call *c = &l->agg->calls[k];

		if (!c->spec.fn->subtract)
			memset(states + c->offset, 0, c->spec.fn->size);
	}
	each_state(l->agg, states, of_part(g->front), fold);
	each_state(l->agg, states, back, fold);
	return states;
}

void
live_open(struct live *l, const struct agg *a, bool sums)
{
	*l = (struct live){ .agg = a };
	if (sums) {
		groups_init(&l->groups, sizeof(struct panelog_key));
		l->sums = livesums_new(a, &l->groups);
		return;
	}
	for (size_t i = 0; i < a->n_calls; i++)
		l->folds |= !a->calls[i].spec.fn->subtract;
	groups_init(&l->groups, sizeof(struct live_group) + a->block);
	for (size_t i = 0; i < 4; i++)
		l->composed[i].states = xcalloc(1, a->block);
}

void
live_close(struct live *l)
{
	while (live_change(l))
		continue;
	live_settle(l);
	if (l->sums)
		livesums_free(l->sums);
	for (size_t i = 0; i < 4 && !l->sums; i++) {
		if (l->composed[i].used)
			clear_folds(l->agg, l->composed[i].states);
		free(l->composed[i].states);
	}
	groups_free(&l->groups);
	free(l->changed);
	free(l->entered);
}

void **
live_all(const struct live *l, size_t *n)
{
	struct groups_entry *entries = groups_entries(&l->groups);
	void **all = xreallocarray(NULL, l->groups.n + 1, sizeof *all);

	*n = l->groups.n;
	for (size_t i = 0; i < *n; i++)
		all[i] = entries[i].block;
	free(entries);
	return all;
}
