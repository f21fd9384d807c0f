/* SPDX-License-Identifier: MIT */
#include "libcommon/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/xalloc.h"

struct unit *
unit_new(size_t state, int64_t leap)
{
	struct unit *u = xcalloc(1, sizeof *u + state);

	u->next_end = u->deadline = INT64_MAX;
	u->horizon = u->watermark = INT64_MIN;
	u->muted_to = u->skip_to = u->was = INT64_MIN;
	u->hold = INT64_MAX;
	u->source = SIZE_MAX;
	watermark_init(&u->mark, leap);
	return u;
}

void
unit_free(struct unit *u)
{
	while (u->oldest) {
		struct unit_point *p = u->oldest;

		u->oldest = p->newer;
		free(p);
	}
	free(u->sources);
	free(u->panes);
	free(u);
}

int64_t
unit_level(const struct unit *u)
{
	const struct unit_source *s = &u->sources[u->source];
	int64_t v;

	if (s->ended)
		return INT64_MAX;
	if (__builtin_sub_overflow(u->mark.max, s->lateness, &v))
		return INT64_MIN;
	return v;
}

int64_t
unit_mark(const struct unit *u)
{
	int64_t level = unit_level(u);

	return level < u->hold ? level : u->hold;
}

void
unit_hold_anew(struct unit *u)
{
	u->hold = INT64_MAX;
	for (size_t i = 0; i < u->n_sources; i++)
		if (i != u->source && u->sources[i].level < u->hold)
			u->hold = u->sources[i].level;
}

void
unit_turn(struct unit *u, size_t source, int64_t leap)
{
	if (u->source != SIZE_MAX) {
		struct unit_source *left = &u->sources[u->source];

		left->level = unit_level(u);
		left->mark = u->mark;
	}
	u->source = source;
	u->to = u->from; /* whether its records are late is asked anew */
	if (u->sources[source].begun)
		u->mark = u->sources[source].mark;
	else
		watermark_init(&u->mark, leap);
	u->sources[source].begun = true;
	unit_hold_anew(u);
}

/* ---- points ---- */

void
unit_begin_run(struct unit *u, int64_t offset)
{
	struct unit_point *p = u->newest;

	if (!p || p->users) {
		p = xcalloc(1, sizeof *p);
		p->older = u->newest;
		*(p->older ? &p->older->newer : &u->oldest) = p;
		u->newest = p;
	}
	p->offset = offset;
	p->mark = u->mark;
	p->index = u->index;
}

struct unit_point *
unit_hold(struct unit *u)
{
	return unit_hold_also(u->newest);
}

struct unit_point *
unit_hold_also(struct unit_point *p)
{
	if (p)
		p->users++;
	return p;
}

void
unit_release(struct unit *u, struct unit_point *p)
{
	if (!p || --p->users || p == u->newest)
		return;
	*(p->older ? &p->older->newer : &u->oldest) = p->newer;
	p->newer->older = p->older;
	free(p);
}

/* The oldest point that is held; the newest may not be. */
static const struct unit_point *
held(const struct unit *u)
{
	return u->oldest && u->oldest->users ? u->oldest : NULL;
}

int64_t
unit_rewind(struct unit *u, int64_t position)
{
	return held(u) ? held(u)->offset : position;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void
unit_note(const struct unit *u, const char *tag, int64_t resume,
    char note[KAFKA_NOTE])
{
	const struct unit_point *p = held(u);
	const struct watermark *mark = p ? &p->mark : &u->mark;

	snprintf(note, KAFKA_NOTE,
	    "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
	    " %" PRId64 " %" PRIu32 " %" PRIu64,
	    tag, later(u->watermark, u->was), later(u->horizon, u->muted_to),
	    resume, mark->max, mark->least, mark->last, mark->run,
	    p ? p->index : u->index);
}

bool
unit_restore(
    struct unit *u, const char *tag, int64_t position, const char *note)
{
	struct watermark mark = u->mark;
	int64_t was, muted_to, skip_to;
	uint64_t index;
	size_t n = strlen(tag);

	u->position = position;
	if (!*note)
		return true;
	if (strncmp(note, tag, n) != 0 || note[n] != ' ' ||
	    sscanf(note + n,
		" %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
		" %" SCNd64 " %" SCNu32 " %" SCNu64,
		&was, &muted_to, &skip_to, &mark.max, &mark.least, &mark.last,
		&mark.run, &index) != 8)
		return false;
	u->was = was;
	u->muted_to = muted_to;
	u->skip_to = skip_to;
	u->mark = mark;
	u->index = index;
	u->rebuilding = true;
	return true;
}
