/* SPDX-License-Identifier: MIT */
#include "libcommon/agg.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/xalloc.h"

/* A plain member does without the expression's machinery; 0 if it is none. */
static inline size_t
quick_part(const struct agg_key *k, const struct expr_input *in, char *key)
{
	const struct json_val *text = &in->v[k->slot];
	enum json_kind kind = k->number ? JSON_NUMBER : JSON_STRING;

	return text->kind == kind && !text->escaped
		   ? agg_quick_part(k, json_slice(text), key)
		   : 0;
}

/* The key where it is of such members alone, or 0. */
static inline size_t
quick_key(const struct agg *a, const struct expr_input *in, char *key)
{
	size_t n = 0;

	for (size_t i = 0; a->quick_key && i < a->n_keys; i++) {
		size_t part = quick_part(&a->keys[i], in, key + n);

		if (!part)
			return 0;
		n += part;
	}
	return n;
}

static inline void
need_key_room(struct agg *a, size_t n)
{
	if (n <= a->key_room)
		return;
	a->key_room = 2 * n;
	a->key = xreallocarray(a->key, a->key_room, 1);
}

/* The key of a record in a->key; its length in *n. */
static const char *
make_key(struct agg *a, const struct expr_input *in, size_t *n)
{
	struct value v;
	const char *err;

	/* The bytes of no key at all are not empty either: see groups. */
	*n = 0;
	if (a->n_keys == 0)
		a->key[(*n)++] = 0;
	for (size_t i = 0; i < a->n_keys; i++) {
		const struct agg_key *k = &a->keys[i];
		size_t part = 0;

		need_key_room(a, *n + KEY_ROOM);
		if (k->address || k->number)
			part = quick_part(k, in, a->key + *n);
		*n += part;
		if (part)
			continue;
		if (k->cell >= 0) {
			v = in->cells[k->cell];
		} else {
			err = expr_value(k->expr, in, &v);
			if (err)
				return err;
		}
		need_key_room(a, *n + key_room(&v));
		*n += key_put(a->key + *n, &v);
	}
	return *n > AGG_MAX_KEY ? "the key is too long" : NULL;
}

/* first() and last() ask for it; the others do not pay. */
static const char *
event_time(struct agg *a, const struct expr_input *in, int64_t *time)
{
	const struct json_val *v = &in->v[a->time_slot];
	const struct json_val *end = &in->v[a->end_slot];
	struct value t;
	bool row = json_is_absent(v) && !json_is_absent(end);
	const char *err = value_read(row ? end : v, FIELD_TIME, 0, &a->how, &t);

	/* A row of a window: as eventtime.h has it. */
	*time = t.type == VALUE_TIME ? (int64_t)t.i - row : INT64_MIN;
	arena_reset(&a->scratch);
	if (!err)
		return NULL;
	snprintf(a->message, sizeof a->message, "%s: %s", a->time_name, err);
	return a->message;
}

/* The commonest case without the expression's machinery: digits. */
static inline bool
quick_number(const struct agg_call *c, const struct expr_input *in, uint64_t *n)
{
	const struct json_val *v;

	*n = !in->part;
	if (c->counts)
		return true;
	*n = 1;
	v = &in->v[c->slot];
	if (v->kind == JSON_NUMBER)
		return num_short(v->p, v->n, n);
	return v->kind == JSON_NONE && c->flows;
}

/* Decimals too, exactly as they are written. */
static inline bool
quick_nano(const struct agg_call *c, const struct expr_input *in, i128 *nano)
{
	const struct json_val *v = &in->v[c->slot];
	uint64_t n;

	if (quick_number(c, in, &n)) {
		*nano = (i128)n * NUM_NANO;
		return true;
	}
	return !c->whole && json_kind_of(v) == JSON_NUMBER &&
	       !num_nano(json_slice(v), nano);
}

static const char *
argument(const struct agg_call *c, const struct expr_input *in, struct value *v)
{
	const char *err = NULL;
	uint64_t n;
	bool yes = true;

	if (c->cond)
		err = expr_test(c->cond, in, &yes);
	v->type = c->arg || !yes || in->part ? VALUE_NONE : VALUE_BOOL;
	if (!err && yes && c->whole && quick_number(c, in, &n)) {
		*v = (struct value){ .type = VALUE_INT, .i = n };
		return NULL;
	}
	if (!err && yes && c->exact && quick_nano(c, in, &v->i)) {
		v->type = VALUE_NANO;
		return NULL;
	}
	if (!err && yes && c->cell >= 0)
		*v = in->cells[c->cell];
	else if (!err && yes && c->arg)
		err = expr_value(c->arg, in, v);
	if (!err && v->type != VALUE_NONE && c->spec.fn->accepts &&
	    !c->spec.fn->accepts(v))
		err = "a number expected to aggregate";
	return err;
}

const char *
agg_eval(struct agg *a, const struct expr_input *in, size_t call,
    struct slice *key, struct value *v)
{
	size_t n;
	const char *err = make_key(a, in, &n);

	if (!err)
		err = argument(&a->calls[call], in, v);
	*key = slice_of(a->key, n);
	return err;
}

/* The arguments of all calls; *borrows: one is text of the record. */
static const char *
evaluate(const struct agg *a, const struct expr_input *in, struct value *v,
    bool *borrows)
{
	for (size_t i = 0; i < a->n_calls; i++, v++) {
		const struct agg_call *c = &a->calls[i];
		const char *err;

		if (c->plain && quick_nano(c, in, &v->i)) {
			v->type = VALUE_NANO;
			continue;
		}
		err = argument(c, in, v);
		if (err)
			return err;
		*borrows |= v->type == VALUE_STR || v->type == VALUE_JSON;
	}
	return NULL;
}

/* The numbers of a record where all calls are plain sums of short ones. */
static inline bool
quick_numbers(
    const struct agg *a, const struct expr_input *in, uint32_t *numbers)
{
	if (!a->quick)
		return false;
	for (size_t i = 0; i < a->n_calls; i++) {
		uint64_t n;

		if (!quick_number(&a->calls[i], in, &n))
			return false;
		numbers[i] = (uint32_t)n; /* of eight digits */
	}
	return true;
}

static void
apply(const struct agg *a, char *block, const struct agg_pending *p)
{
	const struct value *v = p->v;

	for (size_t i = 0; p->made == AGG_NUMBERS && i < a->n_calls; i++)
		agg_plus(&a->calls[i], block, p->numbers[i], 1);
	for (size_t i = 0; p->made == AGG_TOTALS && i < a->n_calls; i++)
		if (p->totals[i])
			accum_total_plus(
			    block + a->calls[i].offset, p->totals[i]);
	for (size_t i = 0; p->made == AGG_VALUES && i < a->n_calls; i++, v++) {
		const struct agg_call *c = &a->calls[i];
		struct accum_arg arg = { v, p->time };

		if (v->type == VALUE_NANO && c->spec.fn->add == accum_sum_add)
			accum_sum_nano(block + c->offset, v->i, 1);
		else if (v->type != VALUE_NONE)
			c->spec.fn->add(block + c->offset, &c->spec, &arg);
	}
}

static struct agg_pending *
pending(struct agg *a, uint32_t i)
{
	return &a->pending[i % AGG_PENDING];
}

static inline void
hint(struct agg *a)
{
	struct agg_pending *p = pending(a, a->hinted++);

	groups_hint_block(p->groups, p->hash);
}

static void
apply_to(
    struct agg *a, struct groups *g, char *block, const struct agg_pending *p)
{
	apply(a, block + g->head, p);
}

static inline void
settle(struct agg *a)
{
	struct agg_pending *p = pending(a, a->settled++);
	bool fresh;
	void *block =
	    groups_get_hashed(p->groups, p->key, p->n, p->hash, &fresh);

	if (p->log)
		panelog_put(p->log, block, fresh, p->numbers);
	else
		apply_to(a, p->groups, block, p);
}

/* Its key is there; it waits for its group. */
static inline void
enqueue(struct agg *a, struct groups *g, struct panelog *log,
    struct agg_pending *p, size_t n)
{
	p->n = (uint32_t)n;
	p->groups = g;
	p->log = log;
	p->hash = groups_hash(g, p->key, n);
	groups_hint_table(g, p->hash);
	a->added++;
	if (a->added - a->hinted > AGG_PENDING / 2)
		hint(a);
	if (a->added - a->settled == AGG_PENDING)
		settle(a);
}

void
agg_settle(struct agg *a)
{
	while (a->hinted < a->added)
		hint(a);
	while (a->settled < a->added)
		settle(a);
}

const char *
agg_check(struct agg *a, const struct expr_input *in)
{
	bool borrows = false;
	size_t n;
	const char *err = make_key(a, in, &n);

	return err ? err : evaluate(a, in, pending(a, a->added)->v, &borrows);
}

/* The arguments of a record, and its time. */
static inline const char *
take(struct agg *a, const struct expr_input *in, struct agg_pending *p,
    bool *borrows)
{
	const char *err;

	p->made = quick_numbers(a, in, p->numbers) ? AGG_NUMBERS : AGG_VALUES;
	if (p->made == AGG_NUMBERS)
		return NULL;
	err = evaluate(a, in, p->v, borrows);
	p->time = INT64_MIN;
	if (!err && a->timed && in->v)
		err = event_time(a, in, &p->time);
	return err;
}

const char *
agg_read(struct agg *a, const struct expr_input *in, struct slice *key)
{
	bool borrows = false;
	size_t n;
	const char *err = make_key(a, in, &n);

	*key = slice_of(a->key, n);
	return err ? err : take(a, in, pending(a, a->added), &borrows);
}

void
agg_apply(struct agg *a, char *states)
{
	apply(a, states, pending(a, a->added));
}

char *
agg_single(struct groups *g)
{
	bool fresh;

	if (!g->single)
		g->single = groups_get(g, "", 1, &fresh);
	return (char *)g->single + g->head;
}

const char *
agg_add(struct agg *a, struct groups *g, const struct expr_input *in)
{
	struct agg_pending *p = pending(a, a->added);
	size_t n = quick_key(a, in, p->key);
	const char *key = p->key, *err = NULL;
	bool borrows = false, fresh;

	if (!n) {
		err = make_key(a, in, &n);
		key = a->key;
	}
	if (!err)
		err = take(a, in, p, &borrows);
	if (err)
		return err;
	if (!a->n_keys) {
		apply(a, agg_single(g), p);
		return NULL;
	}
	if (borrows || n > AGG_KEY) {
		apply_to(a, g, groups_get(g, key, n, &fresh), p);
		return NULL;
	}
	if (key != p->key)
		memcpy(p->key, key, AGG_KEY); /* of fixed size: quick */
	enqueue(a, g, NULL, p, n);
	return NULL;
}

bool
agg_log(struct agg *a, struct panelog *log, const struct expr_input *in)
{
	struct agg_pending *p = pending(a, a->added);
	size_t n = quick_key(a, in, p->key);

	if (!quick_numbers(a, in, p->numbers))
		return false;
	if (!n) {
		if (make_key(a, in, &n) || n > AGG_KEY)
			return false;
		memcpy(p->key, a->key, AGG_KEY);
	}
	enqueue(a, log->room->keys, log, p, n);
	return true;
}

void
agg_add_made(
    struct agg *a, struct groups *g, struct slice key, const uint64_t *totals)
{
	struct agg_pending *p = pending(a, a->added);
	bool fresh;

	p->made = AGG_TOTALS;
	memcpy(p->totals, totals, a->n_calls * sizeof *totals);
	if (key.n > AGG_KEY) {
		apply_to(a, g, groups_get(g, key.p, key.n, &fresh), p);
		return;
	}
	memcpy(p->key, key.p, key.n);
	enqueue(a, g, NULL, p, key.n);
}

int
agg_sum_of(const struct agg *a, size_t cell)
{
	const struct agg_cell *c = &a->cell_from[cell];

	if (cell < a->n_keys || c->expr)
		return -1;
	if (accum_is_sum(a->calls[c->call].spec.fn) || a->calls[c->call].counts)
		return c->call;
	return -1;
}

int
agg_total_of(const struct agg *a, size_t cell)
{
	const struct agg_cell *c = &a->cell_from[cell];

	if (cell < a->n_keys || c->expr ||
	    a->calls[c->call].spec.fn != &accum_total)
		return -1;
	return (int)a->calls[c->call].offset;
}

/* An expression is over cells in front of it. */
void
agg_want(const struct agg *a, bool *wanted)
{
	for (size_t i = a->cells.n; i-- > a->n_keys;)
		if (wanted[i] && a->cell_from[i].expr)
			expr_cells(a->cell_from[i].expr, wanted);
}

void
agg_cells(struct agg *a, struct slice key, const void *block,
    struct value *cells, struct arena *arena, const bool *wanted)
{
	struct expr_input in = { .cells = cells };
	const char *p = key.p, *states = block;
	bool keys = !wanted || memchr(wanted, 1, a->n_keys);

	for (size_t i = 0; i < a->n_keys && keys; i++)
		p += key_get(p, &cells[i], arena);
	for (size_t i = a->n_keys; i < a->cells.n; i++) {
		const struct agg_cell *from = &a->cell_from[i];
		const struct agg_call *c;

		if (wanted && !wanted[i])
			continue;
		if (from->expr) {
			if (expr_value(from->expr, &in, &cells[i]))
				cells[i].type = VALUE_NONE;
			continue;
		}
		c = &a->calls[from->call];
		c->spec.fn->result(
		    states + c->offset, &c->spec, &cells[i], arena);
	}
}

void
agg_merge(const struct agg *a, char *to, const char *from)
{
	for (size_t i = 0; i < a->n_calls; i++) {
		const struct agg_call *c = &a->calls[i];

		c->spec.fn->merge(to + c->offset, &c->spec, from + c->offset);
	}
}

void
agg_free_block(const struct agg *a, void *block)
{
	for (size_t i = 0; i < a->n_calls; i++)
		if (a->calls[i].spec.fn->free)
			a->calls[i].spec.fn->free(
			    (char *)block + a->calls[i].offset);
}
