/* SPDX-License-Identifier: MIT */
#include "libcommon/panelog.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

enum { CHUNK = PANELOG_CHUNK, AHEAD = 16 };

void
panelog_open(struct panelog_room *room, const struct panelog_room *of)
{
	*room = *of;
	room->stride =
	    sizeof(struct panelog_entry) + room->calls * sizeof(uint32_t);
	room->most = PANELOG_LEAST / (CHUNK * room->stride);
}

void
panelog_close(struct panelog_room *room)
{
	arena_free(&room->arena);
	free(room->freed);
	free(room->marks);
}

void
panelog_ids(struct panelog_room *room, size_t n)
{
	room->marks = xreallocarray(room->marks, n, sizeof *room->marks);
	for (; room->n_marks < n; room->n_marks++)
		room->marks[room->n_marks] = 0;
}

/* ---- chunks ---- */

/* Those behind the last entry. */
static void
give_back(struct panelog *log)
{
	struct panelog_room *room = log->room;
	size_t used = (log->n + CHUNK - 1) / CHUNK;

	for (; log->n_chunks > used; room->taken--) {
		room->freed = xgrow(room->freed, &room->cap_freed,
		    room->n_freed, sizeof *room->freed);
		room->freed[room->n_freed++] = log->chunks[--log->n_chunks];
	}
}

static void
make_room(struct panelog_room *room)
{
	for (struct panelog *log = room->open; log; log = log->next)
		panelog_pack(log);
	if (room->most < 2 * room->taken)
		room->most = 2 * room->taken;
}

void
panelog_more(struct panelog *log)
{
	struct panelog_room *room = log->room;

	if (!log->link) {
		log->next = room->open;
		log->link = &room->open;
		if (log->next)
			log->next->link = &log->next;
		room->open = log;
	}
	if (room->taken >= room->most)
		make_room(room);
	if (log->n < log->n_chunks * CHUNK)
		return;
	if (log->n > UINT32_MAX - CHUNK)
		die("more than four billion entries of a pane");
	log->chunks =
	    xgrow(log->chunks, &log->cap_chunks, log->n_chunks, sizeof(char *));
	log->chunks[log->n_chunks++] =
	    room->n_freed ? room->freed[--room->n_freed]
			  : arena_alloc(&room->arena, CHUNK * room->stride);
	room->taken++;
}

void
panelog_enter(struct panelog *log)
{
	if (log->loose > log->n / 8)
		panelog_pack(log);
	if (log->link)
		*log->link = log->next;
	if (log->next)
		log->next->link = log->link;
	log->link = NULL;
	log->next = NULL;
}

void
panelog_free(struct panelog *log)
{
	log->n = 0;
	give_back(log);
	free(log->chunks);
}

/* ---- entries ---- */

/* Marks of other logs and keys are no harm: an entry tells whose it is. */
void
panelog_pack(struct panelog *log)
{
	const struct panelog_room *room = log->room;
	uint32_t n = 0;

	if (!log->loose)
		return;
	for (uint32_t i = 0; i < log->n; i++) {
		struct panelog_entry *e = panelog_at(log, i), *to = NULL;

		if (i + AHEAD < log->n)
			__builtin_prefetch(
			    &room->marks[panelog_at(log, i + AHEAD)->id], 1);
		if (room->marks[e->id] < n)
			to = panelog_at(log, room->marks[e->id]);
		if (to && to->id == e->id &&
		    panelog_plus(to, room->calls, e->records, e->sums))
			continue;
		room->marks[e->id] = n;
		if (n < i)
			memcpy(panelog_at(log, n), e, room->stride);
		n++;
	}
	log->n = n;
	log->loose = 0;
	give_back(log);
}
