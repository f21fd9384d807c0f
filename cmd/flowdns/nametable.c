/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/nametable.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/hash.h"
#include "libcommon/xalloc.h"

enum { MAX_LABELS = 128, COMING = 16 };

struct entry {
	uint32_t hash;
	uint32_t place; /* of its text in 'texts' + 1; 0: none */
};

struct nametable {
	struct entry *table;
	uint32_t mask;
	size_t n;
	/* Of each name: 1 for an exception, its length, text, NUL. */
	char *texts;
	size_t used, room;
	/* Those that wait for memory together. */
	struct entry coming[COMING];
	unsigned n_coming;
	uint64_t seed;
	bool tops; /* there are names of one label */
	/*
	 * A bit for each hash: that there is no such name is mostly known
	 * without a look at the table, which no cache can hold.
	 */
	uint64_t *bits;
	uint32_t bits_mask;
};

static void
set_bit(struct nametable *t, uint32_t hash)
{
	t->bits[(hash & t->bits_mask) / 64] |= 1ull << hash % 64;
}

static struct entry *
look_up(const struct nametable *t, struct slice name, uint32_t hash)
{
	uint32_t i = hash & t->mask;

	for (; t->table[i].place; i = (i + 1) & t->mask) {
		const char *text = t->texts + t->table[i].place;

		if (t->table[i].hash == hash &&
		    (unsigned char)text[-1] == name.n &&
		    memcmp(text, name.p, name.n) == 0)
			break;
	}
	return &t->table[i];
}

/* Of all names in the table. */
static void
make_bits(struct nametable *t)
{
	free(t->bits);
	t->bits_mask = t->mask < UINT32_MAX / 8 ? t->mask * 8 + 7 : t->mask;
	t->bits_mask |= 63;
	t->bits = xzeros(((size_t)t->bits_mask + 1) / 8);
	for (uint32_t i = 0; t->n && i <= t->mask; i++)
		if (t->table[i].place)
			set_bit(t, t->table[i].hash);
}

static void
grow(struct nametable *t)
{
	uint32_t old = t->mask + 1;
	struct entry *was = t->table;

	t->mask = t->mask * 2 + 1;
	t->table = xzeros(((size_t)t->mask + 1) * sizeof *t->table);
	for (uint32_t i = 0; i < old; i++) {
		uint32_t k = was[i].hash & t->mask;

		if (!was[i].place)
			continue;
		while (t->table[k].place)
			k = (k + 1) & t->mask;
		t->table[k] = was[i];
	}
	free(was);
	make_bits(t);
}

/* A name whose text is there, and waits for the table. */
static void
enter(struct nametable *t, struct entry new)
{
	char *text = t->texts + new.place;
	struct slice name = slice_of(text, (unsigned char)text[-1]);
	struct entry *e = look_up(t, name, new.hash);

	if (e->place) {
		t->texts[e->place - 2] &= text[-2];
		return;
	}
	*e = new;
	t->tops |= !memchr(name.p, '.', name.n);
	set_bit(t, new.hash);
	if (++t->n > t->mask / 2)
		grow(t);
}

void
nametable_settle(struct nametable *t)
{
	for (unsigned i = 0; i < t->n_coming; i++)
		enter(t, t->coming[i]);
	t->n_coming = 0;
}

bool
nametable_add(struct nametable *t, struct slice name, bool exception)
{
	uint32_t hash = (uint32_t)hash_bytes(name.p, name.n, t->seed);
	char *text;

	if (name.n > NAMETABLE_MAX || t->used + name.n + 3 > UINT32_MAX)
		return false;
	if (t->used + name.n + 3 > t->room) {
		t->room = 2 * t->room + NAMETABLE_MAX + 3;
		t->texts = xreallocarray(t->texts, t->room, 1);
	}
	text = t->texts + t->used;
	*text++ = exception;
	*text++ = (char)name.n;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	__builtin_prefetch(&t->table[hash & t->mask]);
	__builtin_prefetch(&t->bits[(hash & t->bits_mask) / 64]);
	t->coming[t->n_coming++] =
	    (struct entry){ hash, (uint32_t)(text - t->texts) };
	t->used += name.n + 3;
	if (t->n_coming == COMING)
		nametable_settle(t);
	return true;
}

struct nametable *
nametable_new(size_t n)
{
	struct nametable *t = xcalloc(1, sizeof *t);

	t->seed = hash_seed();
	t->mask = 15;
	while (t->mask / 2 < n / 32)
		t->mask = t->mask * 2 + 1;
	t->table = xzeros(((size_t)t->mask + 1) * sizeof *t->table);
	make_bits(t);
	t->room = n + n / 8 + 64;
	t->texts = xmalloc(t->room);
	return t;
}

void
nametable_free(struct nametable *t)
{
	free(t->table);
	free(t->bits);
	free(t->texts);
	free(t);
}

size_t
nametable_count(const struct nametable *t)
{
	return t->n;
}

const char *
nametable_find(const struct nametable *t, struct slice name)
{
	struct {
		struct slice s;
		uint32_t hash;
	} at[MAX_LABELS];
	const char *end = name.p + name.n, *dot = end;
	int n = 0;

	/* All places are fetched at once, for each may be a miss. */
	if (!t->tops)
		dot = memrchr(name.p, '.', name.n);
	while (dot && n < MAX_LABELS) {
		dot = memrchr(name.p, '.', (size_t)(dot - name.p));
		at[n].s =
		    dot ? slice_of(dot + 1, (size_t)(end - dot - 1)) : name;
		at[n].hash =
		    (uint32_t)hash_bytes(at[n].s.p, at[n].s.n, t->seed);
		__builtin_prefetch(&t->bits[(at[n].hash & t->bits_mask) / 64]);
		n++;
	}
	while (n--) {
		uint32_t hash = at[n].hash;
		const struct entry *e;

		if (!(t->bits[(hash & t->bits_mask) / 64] >> hash % 64 & 1))
			continue;
		e = look_up(t, at[n].s, hash);
		if (e->place)
			return t->texts[e->place - 2] ? NULL
						      : t->texts + e->place;
	}
	return NULL;
}
