/* SPDX-License-Identifier: MIT */
#include "libcommon/agg_batch.h"

#include "libcommon/xalloc.h"

bool
agg_batch_open(struct agg *a)
{
	if (a->quick && a->quick_key)
		a->batch = xcalloc(COLUMN_RUN, sizeof *a->batch);
	return a->batch;
}

/* A part of the keys of n records; of how many it could be read. */
static uint32_t
read_key(const struct agg_key *k, struct agg_batched *v, const struct reader *r,
    uint32_t n)
{
	enum json_kind kind = k->number ? JSON_NUMBER : JSON_STRING;
	struct column c;

	if (column_of(r, k->slot, &c) != kind)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		char *end = v[i].key + v[i].n;
		size_t part = agg_quick_part(k, column_text(&c, i), end);

		if (!part)
			return i;
		v[i].n += (uint32_t)part;
	}
	return n;
}

/* The numbers of a call. */
static uint32_t
read_numbers(const struct agg_call *call, size_t k, struct agg_batched *v,
    const struct reader *r, uint32_t n)
{
	struct column c;
	enum json_kind kind =
	    call->counts ? JSON_NONE : column_of(r, call->slot, &c);

	if (kind == JSON_NONE && (call->counts || call->flows)) {
		for (uint32_t i = 0; i < n; i++)
			v[i].numbers[k] = 1;
		return n;
	}
	if (kind != JSON_NUMBER)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		struct slice text = column_text(&c, i);
		uint64_t number;

		if (!num_short(text.p, text.n, &number))
			return i;
		v[i].numbers[k] = (uint32_t)number; /* of eight digits */
	}
	return n;
}

uint32_t
agg_batch_read(struct agg *a, const struct reader *r, uint32_t n)
{
	struct agg_batched *v = a->batch;

	for (uint32_t i = 0; i < n; i++)
		v[i].n = 0;
	for (size_t k = 0; k < a->n_keys; k++)
		n = read_key(&a->keys[k], v, r, n);
	for (size_t k = 0; k < a->n_calls; k++)
		n = read_numbers(&a->calls[k], k, v, r, n);
	return n;
}

static inline void
plus(const struct agg *a, char *states, const uint32_t *numbers)
{
	for (size_t k = 0; k < a->n_calls; k++)
		agg_plus(&a->calls[k], states, numbers[k], 1);
}

void
agg_batch_add(const struct agg *a, const struct agg_target *to, uint32_t n)
{
	struct agg_batched *v = a->batch;

	for (uint32_t i = 0; i < n && !a->n_keys; i++)
		plus(a, agg_single(to[i].groups), v[i].numbers);
	if (!a->n_keys)
		return;
	for (uint32_t i = 0; i < n; i++) {
		v[i].hash = groups_hash(to[i].groups, v[i].key, v[i].n);
		groups_hint_table(to[i].groups, v[i].hash);
	}
	for (uint32_t i = 0; i < n; i++)
		v[i].block = groups_hint_block(to[i].groups, v[i].hash);
	for (uint32_t i = 0; i < n; i++) {
		struct groups *g = to[i].groups;
		char *block = v[i].block;
		bool fresh = false;

		if (!block || !groups_has_key(g, block, v[i].key, v[i].n))
			block = groups_get_hashed(
			    g, v[i].key, v[i].n, v[i].hash, &fresh);

		if (to[i].log)
			panelog_put(
			    to[i].log, (void *)block, fresh, v[i].numbers);
		else
			plus(a, block + g->head, v[i].numbers);
	}
}
