/* SPDX-License-Identifier: MIT */
#include "libcommon/regroup.h"

#include <stdlib.h>

#include "libcommon/key.h"
#include "libcommon/xalloc.h"

enum { BATCH = 32 };

/* What becomes of a group without computing anything. */
struct plan {
	int keys[AGG_MAX_KEYS]; /* the key of 'of' that each one is */
	int parts;              /* so many of its keys are asked for */
	int calls[AGG_MAX];     /* the call of 'of' that is merged, or .. */
	int adds[AGG_MAX];      /* .. the key that is added; else -1 */
};

/* A sum of sums: the states of both are alike. */
static bool
sums_up(const struct agg_call *c, const struct agg_call *of)
{
	const struct accum_fn *fn = c->spec.fn;

	return !c->cond && fn == of->spec.fn &&
	       (accum_is_sum(fn) || fn == &accum_total);
}

static void
ask_part(struct plan *plan, int key)
{
	plan->parts = key < plan->parts ? plan->parts : key + 1;
}

static bool
make_plan(const struct agg *a, const struct agg *of, struct plan *plan)
{
	plan->parts = 0;
	for (size_t i = 0; i < a->n_keys; i++) {
		plan->keys[i] = a->keys[i].cell;
		if (plan->keys[i] < 0 || plan->keys[i] >= (int)of->n_keys)
			return false;
		ask_part(plan, plan->keys[i]);
	}
	for (size_t i = 0; i < a->n_calls; i++) {
		const struct agg_call *c = &a->calls[i];

		plan->calls[i] = plan->adds[i] = -1;
		if (c->cell >= 0 && c->cell < (int)of->n_keys && !c->cond)
			ask_part(plan, plan->adds[i] = c->cell);
		else if (c->cell >= 0)
			plan->calls[i] = of->cell_from[c->cell].call;
		if (plan->adds[i] < 0 &&
		    (plan->calls[i] < 0 ||
			!sums_up(c, &of->calls[plan->calls[i]])))
			return false;
	}
	return true;
}

static void
split(const char *key, struct slice *parts, int n)
{
	for (int i = 0; i < n; i++) {
		parts[i] = slice_of(key, key_length(key));
		key += parts[i].n;
	}
}

static void
merge(struct agg *a, char *to, const struct agg *of, const char *from,
    const struct plan *plan, const struct slice *parts, struct arena *arena)
{
	for (size_t i = 0; i < a->n_calls; i++) {
		const struct agg_call *c = &a->calls[i];
		struct accum_arg arg = { .time = INT64_MIN };
		struct value v;

		if (plan->calls[i] >= 0) {
			c->spec.fn->merge(to + c->offset, &c->spec,
			    from + of->calls[plan->calls[i]].offset);
			continue;
		}
		key_get(parts[plan->adds[i]].p, &v, arena);
		arg.v = &v;
		if (v.type != VALUE_NONE)
			c->spec.fn->add(to + c->offset, &c->spec, &arg);
	}
}

/* A group on its way: its look-up waits for memory together with others. */
struct coming {
	struct slice parts[AGG_MAX_KEYS];
	const char *states;
	struct slice key; /* one of the parts, or made of several */
	char *made;
	size_t room;
	uint32_t hash;
};

static void
make_key(const struct agg *a, struct coming *c, const struct plan *plan)
{
	size_t n = 0;

	c->key = c->parts[plan->keys[0]];
	if (a->n_keys == 1)
		return;
	for (size_t k = 0; k < a->n_keys; k++)
		n += c->parts[plan->keys[k]].n;
	if (n > c->room)
		c->made = xreallocarray(c->made, c->room = 2 * n, 1);
	c->key = slice_of(c->made, 0);
	for (size_t k = 0; k < a->n_keys; k++) {
		struct slice part = c->parts[plan->keys[k]];

		memcpy(c->made + c->key.n, part.p, part.n);
		c->key.n += part.n;
	}
}

static void
copy(struct agg *a, struct groups *to, struct agg *of,
    const struct groups *from, const struct plan *plan)
{
	struct coming *coming = xcalloc(BATCH, sizeof *coming), *c;
	void **all = groups_all(from);
	struct arena arena = { 0 };
	bool fresh;

	for (uint32_t i = 0, n; i < from->n; i += n) {
		n = from->n - i < BATCH ? from->n - i : BATCH;
		for (c = coming; c < coming + n; c++) {
			void *block = all[i + (uint32_t)(c - coming)];

			split(groups_key(from, block).p, c->parts, plan->parts);
			c->states = (char *)block + from->head;
			make_key(a, c, plan);
			c->hash = groups_hash(to, c->key.p, c->key.n);
			groups_hint_table(to, c->hash);
		}
		for (c = coming; c < coming + n; c++)
			groups_hint_block(to, c->hash);
		for (c = coming; c < coming + n; c++)
			merge(a,
			    (char *)groups_get_hashed(
				to, c->key.p, c->key.n, c->hash, &fresh) +
				to->head,
			    of, c->states, plan, c->parts, &arena);
		if (arena.bytes)
			arena_reset(&arena);
	}
	for (c = coming; c < coming + BATCH; c++)
		free(c->made);
	free(coming);
	arena_free(&arena);
	free(all);
}

static void
compute(struct agg *a, struct groups *to, struct expr *where, struct agg *of,
    const struct groups *from)
{
	void **all = groups_all(from);
	struct value *cells = xcalloc(of->cells.n, sizeof *cells);
	bool *asked = xcalloc(of->cells.n, sizeof *asked); /* by where */
	struct expr_input in = { .cells = cells };
	struct arena arena = { 0 };

	if (where)
		expr_cells(where, asked);
	agg_want(of, asked);
	for (uint32_t i = 0; i < from->n; i++) {
		struct slice key = groups_key(from, all[i]);
		const char *states = (char *)all[i] + from->head;
		bool yes = true;

		if (where)
			agg_cells(of, key, states, cells, &arena, asked);
		if (where && expr_test(where, &in, &yes))
			yes = false;
		if (yes)
			agg_cells(of, key, states, cells, &arena, NULL);
		/* Cells are no hostile text: nothing can be wrong with them. */
		if (yes && agg_add(a, to, &in))
			abort();
		if (arena.bytes)
			arena_reset(&arena);
	}
	agg_settle(a);
	arena_free(&arena);
	free(asked);
	free(cells);
	free(all);
}

void
regroup(struct agg *a, struct groups *to, struct expr *where, struct agg *of,
    const struct groups *from)
{
	struct plan plan;

	if (from->n && !where && a->n_keys && make_plan(a, of, &plan))
		copy(a, to, of, from, &plan);
	else if (from->n)
		compute(a, to, where, of, from);
}

/* ---- of fewer keys ---- */

/* The first keys of a group; of none at all what agg_add() makes of none. */
static struct slice
coarse_key(
    const struct regroup_coarse *c, struct slice key, struct arena *arena)
{
	struct value v;
	size_t n = 0;

	if (!c->keys)
		return slice_of("", 1);
	for (size_t k = 0; k < c->keys; k++)
		n += key_get(key.p + n, &v, arena);
	arena_reset(arena);
	return slice_of(key.p, n);
}

static void
add_coarse(const struct regroup_coarse *c, struct slice key, const char *from,
    struct arena *arena)
{
	struct slice group = coarse_key(c, key, arena);
	bool fresh;
	char *to = groups_get(c->to, group.p, group.n, &fresh);

	for (size_t i = 0; i < c->a->n_calls; i++) {
		const struct agg_call *call = &c->a->calls[i];

		if (c->calls[i])
			call->spec.fn->merge(to + c->to->head + call->offset,
			    &call->spec, from + call->offset);
	}
}

void
regroup_coarse(const struct regroup_coarse *c, const struct groups *from)
{
	void **all = groups_all(from);
	struct arena arena = { 0 };

	for (uint32_t i = 0; i < from->n; i++)
		add_coarse(c, groups_key(from, all[i]),
		    (char *)all[i] + from->head, &arena);
	arena_free(&arena);
	free(all);
}

void
regroup_coarse_log(const struct regroup_coarse *c, const struct panelog *log,
    const struct livesums *live)
{
	struct arena arena = { 0 };
	char *states = xcalloc(1, c->a->block);

	for (uint32_t i = 0; i < log->n; i++) {
		const struct panelog_entry *e = panelog_at(log, i);

		for (size_t k = 0; k < c->a->n_calls; k++)
			agg_plus(
			    &c->a->calls[k], states, e->sums[k], e->records);
		/* To one group all are added at once. */
		if (!c->keys && i + 1 < log->n)
			continue;
		add_coarse(c,
		    groups_key(
			live->room.keys, livesums_group(live, e->id)->key),
		    states, &arena);
		memset(states, 0, c->a->block);
	}
	free(states);
	arena_free(&arena);
}
