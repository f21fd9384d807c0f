/* SPDX-License-Identifier: MIT */
#include "cmd/flowtopn/saving.h"

#include <stdlib.h>

#include "libcommon/hash.h"
#include "libcommon/key.h"
#include "libcommon/xalloc.h"

struct counter {
	i128 count, error;
	char *key;
	uint32_t n, room;
	uint32_t hash;
	uint32_t heap; /* its place there */
	uint32_t next; /* of its chain + 1 */
};

struct saving {
	struct counter *counters;
	uint32_t *heap; /* least first */
	uint32_t *chains;
	uint32_t n, max, mask;
	uint64_t seed;
	i128 total;
};

struct saving *
saving_new(uint64_t counters)
{
	struct saving *s = xcalloc(1, sizeof *s);

	s->max = counters < 1u << 28 ? (uint32_t)counters : 1u << 28;
	for (s->mask = 15; s->mask < s->max; s->mask = s->mask * 2 + 1)
		continue;
	s->counters = xcalloc(s->max, sizeof *s->counters);
	s->heap = xcalloc(s->max, sizeof *s->heap);
	s->chains = xcalloc((size_t)s->mask + 1, sizeof *s->chains);
	s->seed = hash_seed();
	return s;
}

void
saving_free(struct saving *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->counters[i].key);
	free(s->counters);
	free(s->heap);
	free(s->chains);
	free(s);
}

/* Least count first; of equals the key that orders last. */
static bool
less(const struct counter *a, const struct counter *b)
{
	if (a->count != b->count)
		return a->count < b->count;
	return slice_cmp(slice_of(a->key, a->n), slice_of(b->key, b->n)) > 0;
}

static void
put_heap(struct saving *s, uint32_t place, uint32_t counter)
{
	s->heap[place] = counter;
	s->counters[counter].heap = place;
}

static void
sink(struct saving *s, uint32_t place)
{
	uint32_t counter = s->heap[place], child;

	while ((child = 2 * place + 1) < s->n) {
		if (child + 1 < s->n && less(&s->counters[s->heap[child + 1]],
					    &s->counters[s->heap[child]]))
			child++;
		if (!less(&s->counters[s->heap[child]], &s->counters[counter]))
			break;
		put_heap(s, place, s->heap[child]);
		place = child;
	}
	put_heap(s, place, counter);
}

static void
rise(struct saving *s, uint32_t place)
{
	uint32_t counter = s->heap[place];

	while (place) {
		uint32_t up = (place - 1) / 2;

		if (!less(&s->counters[counter], &s->counters[s->heap[up]]))
			break;
		put_heap(s, place, s->heap[up]);
		place = up;
	}
	put_heap(s, place, counter);
}

static struct counter *
find(struct saving *s, struct slice key, uint32_t hash)
{
	for (uint32_t i = s->chains[hash & s->mask]; i;
	     i = s->counters[i - 1].next) {
		struct counter *c = &s->counters[i - 1];

		if (c->hash == hash && slice_eq(slice_of(c->key, c->n), key))
			return c;
	}
	return NULL;
}

static void
unchain(struct saving *s, uint32_t counter)
{
	uint32_t *link = &s->chains[s->counters[counter].hash & s->mask];

	while (*link != counter + 1)
		link = &s->counters[*link - 1].next;
	*link = s->counters[counter].next;
}

/* A free counter, or the least one's. */
static struct counter *
take(struct saving *s, struct slice key, uint32_t hash)
{
	uint32_t i = s->n;
	struct counter *c;

	if (s->n < s->max) {
		put_heap(s, s->n++, i);
	} else {
		i = s->heap[0];
		unchain(s, i);
		s->counters[i].error = s->counters[i].count;
	}
	c = &s->counters[i];
	if (key.n > c->room) {
		c->key = xreallocarray(c->key, key.n, 1);
		c->room = (uint32_t)key.n;
	}
	memcpy(c->key, key.p, key.n);
	c->n = (uint32_t)key.n;
	c->hash = hash;
	c->next = s->chains[hash & s->mask];
	s->chains[hash & s->mask] = i + 1;
	return c;
}

const char *
saving_add(
    struct saving *s, struct agg *a, size_t call, const struct expr_input *in)
{
	struct slice key;
	struct value v;
	const char *err = agg_eval(a, in, call, &key, &v);
	struct counter *c;
	uint32_t hash;
	i128 nano = NUM_NANO;

	if (err || v.type == VALUE_NONE)
		return err;
	if (v.type != VALUE_BOOL && !value_nano(&v, &nano))
		return "a number expected to rank by";
	if (nano < 0)
		return "--approx ranks by numbers that are not negative";
	hash = (uint32_t)hash_bytes(key.p, key.n, s->seed);
	c = find(s, key, hash);
	if (!c)
		c = take(s, key, hash);
	c->count += nano;
	s->total += nano;
	rise(s, c->heap);
	sink(s, c->heap);
	return NULL;
}

static int
descending(const void *a, const void *b)
{
	return less(a, b) - less(b, a);
}

size_t
saving_sort(struct saving *s)
{
	qsort(s->counters, s->n, sizeof *s->counters, descending);
	return s->n;
}

struct value
saving_value(i128 nano)
{
	struct value v = { .type = VALUE_INT };

	if (nano % NUM_NANO == 0) {
		v.i = nano / NUM_NANO;
	} else {
		v.type = VALUE_NANO;
		v.i = nano;
	}
	return v;
}

i128
saving_get(const struct saving *s, size_t i, const struct agg *a,
    struct value *cells, struct value *error, struct arena *arena)
{
	const struct counter *c = &s->counters[i];
	const char *p = c->key;

	for (size_t k = 0; k < a->n_keys; k++)
		p += key_get(p, &cells[k], arena);
	*error = saving_value(c->error);
	return c->count;
}

i128
saving_total(const struct saving *s)
{
	return s->total;
}
