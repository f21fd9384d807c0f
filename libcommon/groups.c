/* SPDX-License-Identifier: MIT */
#include "libcommon/groups.h"

#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

enum {
	UNIT = GROUPS_UNIT,
	CHUNK_BITS = GROUPS_CHUNK_BITS,
	CHUNK_UNITS = 1 << CHUNK_BITS,
	FIRST_UNITS = 64,
	FREED = 64 /* units: each size below has a list of its own */
};

void
groups_init(struct groups *g, size_t block)
{
	groups_init_for(g, block, 0);
}

void
groups_init_for(struct groups *g, size_t block, uint32_t n)
{
	*g = (struct groups){ .seed = hash_seed(), .mask = 15 };
	while (g->mask / 4 * 3 < n)
		g->mask = g->mask * 2 + 1;
	g->block = block;
	g->table = xzeros(((size_t)g->mask + 1) * sizeof *g->table);
}

void
groups_init_like(struct groups *g, size_t block, const struct groups *other)
{
	groups_init_for(g, block, other->n);
	for (size_t i = 0; i < other->n_chunks; i++)
		g->expected += other->chunks[i].used;
}

void
groups_free(struct groups *g)
{
	for (size_t i = 0; i < g->n_chunks; i++)
		free(g->chunks[i].p);
	free(g->chunks);
	free(g->table);
	free(g->freed);
}

void
groups_freeze(struct groups *g)
{
	free(g->table);
	g->table = NULL;
}

/*
 * Behind the block: the key's length and the key.  Large ones are rounded up
 * to a power of two, so that there are few sizes.
 */
static size_t
units(const struct groups *g, size_t key)
{
	size_t bytes = g->block + GROUPS_LENGTH + (key ? key : 1);
	size_t n = (bytes + UNIT - 1) / UNIT, power = FREED;

	if (n < FREED)
		return n;
	while (power < n)
		power *= 2;
	return power;
}

/* The list where a block of so many units waits to be used again. */
static size_t
freed_list(size_t n)
{
	return n < FREED ? n : FREED + (size_t)__builtin_ctzl(n);
}

struct slice
groups_key(const struct groups *g, const void *block)
{
	const char *p = (const char *)block + g->block;

	return slice_of(p + GROUPS_LENGTH, groups_length(p));
}

static void
grow(struct groups *g)
{
	uint32_t mask = g->mask * 2 + 1;
	uint64_t *table = xzeros(((size_t)mask + 1) * sizeof *table);

	for (size_t i = 0; i <= g->mask; i++) {
		uint32_t j = (uint32_t)(g->table[i] >> 32) & mask;

		if (!g->table[i])
			continue;
		while (table[j])
			j = (j + 1) & mask;
		table[j] = g->table[i];
	}
	free(g->table);
	g->table = table;
	g->mask = mask;
}

static void
add_chunk(struct groups *g, size_t least)
{
	uint32_t units = FIRST_UNITS;
	uint64_t there = 0;

	/* A quarter of what there is: so much may stay unused. */
	for (size_t i = 0; i < g->n_chunks; i++)
		there += g->chunks[i].units;
	if (there < g->expected)
		units = there + CHUNK_UNITS < g->expected
			    ? CHUNK_UNITS
			    : (uint32_t)(g->expected - there);
	else
		units +=
		    there / 4 < CHUNK_UNITS ? (uint32_t)there / 4 : CHUNK_UNITS;
	if (g->n_chunks >> (32 - CHUNK_BITS))
		die("more than 32 GiB of groups");
	units = units < least ? (uint32_t)least : units;
	units = units < CHUNK_UNITS ? units : CHUNK_UNITS;
	g->chunks =
	    xgrow(g->chunks, &g->cap_chunks, g->n_chunks, sizeof *g->chunks);
	g->chunks[g->n_chunks++] =
	    (struct groups_chunk){ xzeros((size_t)units * UNIT), 0, units };
}

/* A block that was removed: its first bytes lead to the next. */
static uint32_t
take_freed(struct groups *g, size_t n)
{
	uint32_t *list = &g->freed[freed_list(n)], place = *list - 1;
	char *p = groups_at(g, place);

	memcpy(list, p, sizeof *list);
	memset(p, 0, n * UNIT);
	return place;
}

/* Room for n units in one piece; returns its place. */
static uint32_t
take(struct groups *g, size_t n)
{
	struct groups_chunk *last = NULL;
	uint32_t place;

	if (g->freed && g->freed[freed_list(n)])
		return take_freed(g, n);
	if (n > CHUNK_UNITS)
		die("a key of more than a megabyte");
	if (g->n_chunks)
		last = g->chunks + g->n_chunks - 1;
	if (!last || last->units - last->used < n) {
		add_chunk(g, n);
		last = g->chunks + g->n_chunks - 1;
	}
	place = (uint32_t)(g->n_chunks - 1) << CHUNK_BITS | last->used;
	last->used += (uint32_t)n;
	return place;
}

void *
groups_find(const struct groups *g, const char *key, size_t n)
{
	uint32_t i = groups_probe(g, key, n, groups_hash(g, key, n));

	return g->table[i] ? groups_at(g, (uint32_t)g->table[i] - 1) : NULL;
}

void *
groups_get(struct groups *g, const char *key, size_t n, bool *fresh)
{
	return groups_get_hashed(g, key, n, groups_hash(g, key, n), fresh);
}

void *
groups_make(
    struct groups *g, const char *key, size_t n, uint32_t hash, uint32_t i)
{
	uint32_t place;
	char *block, *p;

	if (g->n >= g->mask / 4 * 3) {
		grow(g);
		i = groups_probe(g, key, n, hash);
	}
	place = take(g, units(g, n));
	g->table[i] = (uint64_t)hash << 32 | (place + 1);
	g->n++;
	block = groups_at(g, place);
	p = block + g->block;
	for (int k = 0; k < GROUPS_LENGTH; k++)
		p[k] = (char)(n >> 8 * k);
	memcpy(p + GROUPS_LENGTH, key, n);
	return block;
}

void **
groups_all(const struct groups *g)
{
	void **all = xcalloc(g->n, sizeof *all);
	size_t n = 0;

	for (size_t c = 0; c < g->n_chunks; c++) {
		char *p = g->chunks[c].p;
		char *end = p + (size_t)g->chunks[c].used * UNIT;

		while (p < end) {
			all[n++] = p;
			p += units(g, groups_key(g, p).n) * UNIT;
		}
	}
	return all;
}

struct groups_entry *
groups_entries(const struct groups *g)
{
	struct groups_entry *all = xcalloc(g->n, sizeof *all), *to = all;

	for (size_t i = 0; g->n && i <= g->mask; i++)
		if (g->table[i])
			*to++ = (struct groups_entry){
				groups_at(g, (uint32_t)g->table[i] - 1),
				(uint32_t)(g->table[i] >> 32)
			};
	return all;
}

/* Closes the gap at i: those behind it move up as far as they may. */
static void
close_gap(struct groups *g, uint32_t i)
{
	uint32_t k = i;

	for (;;) {
		uint32_t home;

		k = (k + 1) & g->mask;
		if (!g->table[k])
			break;
		home = (uint32_t)(g->table[k] >> 32) & g->mask;
		if (((k - home) & g->mask) < ((k - i) & g->mask))
			continue;
		g->table[i] = g->table[k];
		i = k;
	}
	g->table[i] = 0;
}

void
groups_remove(struct groups *g, void *block)
{
	struct slice key = groups_key(g, block);
	size_t n = units(g, key.n);
	uint32_t i =
	    groups_probe(g, key.p, key.n, groups_hash(g, key.p, key.n));
	uint32_t place = (uint32_t)g->table[i];

	close_gap(g, i);
	g->n--;
	if (!g->freed)
		g->freed = xcalloc(FREED + 64, sizeof *g->freed);
	memcpy(block, &g->freed[freed_list(n)], sizeof *g->freed);
	g->freed[freed_list(n)] = place;
}
