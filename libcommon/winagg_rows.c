/* SPDX-License-Identifier: MIT */
/* What rows are made of. */
#include "libcommon/key.h"
#include "libcommon/winagg.h"

enum { AHEAD = 8 };

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
	if (!a->tells)
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
