/* SPDX-License-Identifier: MIT */
#include "libcommon/livesums.h"

#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

enum {
	LINE = 64,
	CHUNK_BITS = LIVESUMS_CHUNK_BITS,
	CHUNK = 1 << CHUNK_BITS,
	AHEAD = 16
};

#define FIRST ((int64_t)1 << 31)

/* Of a key that panes have groups of. */
struct livesums_more {
	size_t parts; /* panes */
	_Alignas(16) char states[];
};

/* ---- groups ---- */

static void
add_chunk(struct livesums *s)
{
	size_t n = s->n_chunks;

	if (n >> (32 - CHUNK_BITS))
		die("more than four billion keys");
	s->chunks = xgrow(s->chunks, &s->cap_chunks, n, sizeof(char *));
	s->chunks[n] = arena_alloc(&s->arena, CHUNK * s->size);
	memset(s->chunks[n], 0, CHUNK * s->size);
	s->n_chunks++;
	if (s->n_chunks * CHUNK <= s->cap_ids)
		return;
	s->cap_ids = 2 * s->n_chunks * CHUNK;
	s->freed = xreallocarray(s->freed, s->cap_ids, sizeof *s->freed);
	panelog_ids(&s->room, s->cap_ids);
}

static void
name_key(void *arg, struct panelog_key *key)
{
	struct livesums *s = arg;

	if (!s->n_freed && s->n_ids == s->n_chunks * CHUNK)
		add_chunk(s);
	key->id = s->n_freed ? s->freed[--s->n_freed] : s->n_ids++;
	livesums_group(s, key->id)->key = key;
}

struct livesums *
livesums_new(const struct agg *a, struct groups *keys)
{
	struct livesums *s = xcalloc(1, sizeof *s);
	size_t size = sizeof(struct livesums_group) + a->n_calls * 8;

	s->agg = a;
	s->size = (size + LINE - 1) / LINE * LINE;
	panelog_open(&s->room, &(struct panelog_room){ .keys = keys,
				   .name = name_key,
				   .arg = s,
				   .calls = a->n_calls });
	for (size_t i = 0; i < 4; i++)
		s->composed[i] = xcalloc(1, a->block);
	return s;
}

void
livesums_free(struct livesums *s)
{
	panelog_close(&s->room);
	for (size_t i = 0; i < 4; i++)
		free(s->composed[i]);
	arena_free(&s->arena);
	free(s->chunks);
	free(s->freed);
	free(s->changes);
	free(s);
}

static inline void
note_change(struct livesums *s, struct livesums_group *g)
{
	if (g->changed)
		return;
	g->changed = true;
	s->changes = xgrow(s->changes, &s->cap_changes, s->n_changes,
	    sizeof(struct livesums_group *));
	s->changes[s->n_changes++] = g;
}

/* ---- logs ---- */

bool
livesums_begin(struct livesums *s, struct panelog *log, int64_t pane)
{
	int64_t number;

	if (!s->begun)
		s->first = pane;
	s->begun = true;
	if (__builtin_sub_overflow(pane, s->first, &number) ||
	    number < -FIRST || number >= FIRST)
		return false;
	log->room = &s->room;
	log->pane = (uint32_t)(number + FIRST);
	return true;
}

static inline struct livesums_group *
group_at(const struct livesums *s, const struct panelog *log, uint32_t i)
{
	if (i + AHEAD < log->n)
		__builtin_prefetch(
		    livesums_group(s, panelog_at(log, i + AHEAD)->id), 1);
	return livesums_group(s, panelog_at(log, i)->id);
}

static void
enter_log(struct livesums *s, const struct panelog *log)
{
	for (uint32_t i = 0; i < log->n; i++) {
		const struct panelog_entry *e = panelog_at(log, i);
		struct livesums_group *g = group_at(s, log, i);

		note_change(s, g);
		g->records += e->records;
		for (size_t k = 0; k < s->room.calls; k++)
			if (__builtin_add_overflow(
				g->sums[k], e->sums[k], &g->sums[k]))
				accum_overflow();
	}
}

static void
leave_log(struct livesums *s, const struct panelog *log)
{
	for (uint32_t i = 0; i < log->n; i++) {
		const struct panelog_entry *e = panelog_at(log, i);
		struct livesums_group *g = group_at(s, log, i);

		note_change(s, g);
		g->records -= e->records;
		for (size_t k = 0; k < s->room.calls; k++)
			g->sums[k] -= e->sums[k];
	}
}

/* ---- groups of panes ---- */

static void
enter_groups(struct livesums *s, const struct groups *groups)
{
	void **all = groups_all(groups);
	bool fresh;

	for (uint32_t i = 0; i < groups->n; i++) {
		struct live_part *p = all[i];
		struct slice bytes = groups_key(groups, p);
		struct panelog_key *key =
		    groups_get(s->room.keys, bytes.p, bytes.n, &fresh);
		struct livesums_group *g;

		if (fresh)
			name_key(s, key);
		p->group = g = livesums_group(s, key->id);
		if (!g->more)
			g->more = xcalloc(1, sizeof *g->more + s->agg->block);
		g->more->parts++;
		agg_merge(s->agg, g->more->states, (char *)(p + 1));
		note_change(s, g);
	}
	free(all);
}

static void
leave_groups(struct livesums *s, const struct groups *groups)
{
	void **all = groups_all(groups);

	for (uint32_t i = 0; i < groups->n; i++) {
		struct live_part *p = all[i];
		struct livesums_group *g = p->group;

		for (size_t k = 0; k < s->agg->n_calls; k++) {
			const struct agg_call *c = &s->agg->calls[k];

			c->spec.fn->subtract(g->more->states + c->offset,
			    &c->spec, (char *)(p + 1) + c->offset);
		}
		note_change(s, g);
		if (--g->more->parts)
			continue;
		free(g->more);
		g->more = NULL;
	}
	free(all);
}

/* ---- both ---- */

void
livesums_enter(
    struct livesums *s, const struct groups *pane, struct panelog *log)
{
	panelog_enter(log);
	enter_log(s, log);
	enter_groups(s, pane);
	if (log->pane > s->newest)
		s->newest = log->pane;
}

void
livesums_leave(
    struct livesums *s, const struct groups *pane, struct panelog *log)
{
	leave_log(s, log);
	leave_groups(s, pane);
	panelog_free(log);
}

struct livesums_group *
livesums_change(struct livesums *s)
{
	struct livesums_group *g;

	if (s->seen == s->n_changes)
		return NULL;
	if (s->seen + AHEAD < s->n_changes)
		__builtin_prefetch(s->changes[s->seen + AHEAD], 1);
	g = s->changes[s->seen++];
	g->changed = false;
	if (!livesums_has(g))
		s->changes[s->dead++] = g;
	return g;
}

/* The number of a key is free if all panes that had it have left. */
void
livesums_settle(struct livesums *s)
{
	for (size_t i = 0; i < s->dead; i++) {
		struct livesums_group *g = s->changes[i];

		if (i + AHEAD < s->dead)
			groups_hint(s->room.keys, s->changes[i + AHEAD]->key);
		if (g->key->last > s->newest)
			continue;
		s->freed[s->n_freed++] = g->key->id;
		groups_remove(s->room.keys, g->key);
		g->key = NULL;
	}
	s->n_changes = s->seen = s->dead = 0;
}

const char *
livesums_states(struct livesums *s, const struct livesums_group *g)
{
	char *states = s->composed[s->next++ % 4];

	memset(states, 0, s->agg->block);
	for (size_t i = 0; i < s->room.calls; i++)
		agg_plus(&s->agg->calls[i], states, g->sums[i], g->records);
	if (g->more)
		agg_merge(s->agg, states, g->more->states);
	return states;
}
