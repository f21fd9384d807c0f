/* SPDX-License-Identifier: MIT */
/*
 * panelog: what the records of a pane add to groups, written down in a row.
 *
 * Where windows slide, a group of its own for each key and pane costs more than
 * all else: it is made for two records, is looked up twice, and waits in fresh
 * memory until its windows are over.  Where all that a record adds are a few
 * small numbers, an entry here is a fifth of it and is written in order; the
 * key is looked up once, among all keys that live, and has a number.
 *
 * A record of a key of which the newest entry is this pane's is added to that.
 * Where panes take turns there may be several entries of a key: they are added
 * up when the pane enters the window, if they may be an eighth of all, and
 * those of all panes that are still to enter when the room is full, which grows
 * only where that gains less than half.  So it takes PANELOG_LEAST or, if that
 * is more, some 2.3 times what one entry for each key of each pane takes.
 *
 * With an entry for each record, all added up later, flowtopn -w 60s/5s took
 * 1.03 to 1.05 of the time.
 */
#ifndef PANELOG_H
#define PANELOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/arena.h"
#include "libcommon/groups.h"

enum {
	PANELOG_LEAST = 16 << 20, /* bytes */
	PANELOG_CHUNK = 2048      /* entries */
};

/* The block of a key, in the table of all that live. */
struct panelog_key {
	uint32_t last; /* the newest pane that has an entry of it */
	uint32_t id;   /* of no other key that lives */
	uint32_t at;   /* that entry, unless it was moved since */
};

struct panelog_entry {
	uint32_t id; /* of the key */
	uint32_t records;
	uint32_t sums[]; /* one a call */
};

/* What the logs of all panes share. */
struct panelog_room {
	struct groups *keys;
	/* A new key, all zero, gets its number. */
	void (*name)(void *arg, struct panelog_key *key);
	void *arg;
	size_t calls, stride; /* stride: bytes of an entry */
	/* Private. */
	uint32_t *marks; /* by id: its entry in the log packed last */
	size_t n_marks;
	struct panelog *open; /* those that have not entered */
	struct arena arena;   /* has chunks */
	void **freed;         /* of them */
	size_t n_freed, cap_freed, taken, most;
};

/* All zero but for its room and pane at first; it stays where it is. */
struct panelog {
	struct panelog_room *room;
	uint32_t pane; /* its number: newer ones have greater ones */
	uint32_t n;    /* entries */
	/* Private. */
	uint32_t loose; /* of them that may be of a key that has another */
	struct panelog *next, **link;
	char **chunks;
	size_t n_chunks, cap_chunks;
};

/* Of these: keys, name, arg, calls. */
void panelog_open(struct panelog_room *room, const struct panelog_room *of);
void panelog_close(struct panelog_room *room);

/* From now on ids are below n. */
void panelog_ids(struct panelog_room *room, size_t n);

/* The slow way: a chunk is full. */
void panelog_more(struct panelog *log);

static inline struct panelog_entry *
panelog_at(const struct panelog *log, uint32_t i)
{
	return (void *)(log->chunks[i / PANELOG_CHUNK] +
			i % PANELOG_CHUNK * log->room->stride);
}

/* Adds to an entry; false, and nothing is done: that would be too great. */
static inline bool
panelog_plus(struct panelog_entry *e, size_t calls, uint32_t records,
    const uint32_t *sums)
{
	uint64_t over = (uint64_t)e->records + records;

	for (size_t i = 0; i < calls; i++)
		over |= (uint64_t)e->sums[i] + sums[i];
	if (over >> 32)
		return false;
	e->records += records;
	for (size_t i = 0; i < calls; i++)
		e->sums[i] += sums[i];
	return true;
}

/* A record of a key, which may be new: a number for each call. */
static inline void
panelog_put(struct panelog *log, struct panelog_key *key, bool fresh,
    const uint32_t *numbers)
{
	size_t calls = log->room->calls;
	struct panelog_entry *e;

	if (fresh)
		log->room->name(log->room->arg, key);
	if (key->last == log->pane && key->at < log->n) {
		e = panelog_at(log, key->at);
		if (e->id == key->id && panelog_plus(e, calls, 1, numbers))
			return;
	}
	if (log->n == log->n_chunks * PANELOG_CHUNK)
		panelog_more(log);
	log->loose += key->last >= log->pane;
	if (key->last <= log->pane) {
		key->last = log->pane;
		key->at = log->n;
	}
	e = panelog_at(log, log->n++);
	e->id = key->id;
	e->records = 1;
	memcpy(e->sums, numbers, calls * sizeof *numbers);
}

/* One entry a key, but for sums that get too great. */
void panelog_pack(struct panelog *log);

/* The pane enters: no record will come. */
void panelog_enter(struct panelog *log);
void panelog_free(struct panelog *log);

#endif
