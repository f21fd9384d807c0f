/* SPDX-License-Identifier: MIT */
#include "libcommon/shapes.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

void
shapes_open(struct shapes *s, size_t block)
{
	*s = (struct shapes){ .verify = shape_best() };
	shape_room_open(&s->room, block);
	s->spare = xaligned(sizeof *s->spare);
}

void
shapes_close(struct shapes *s)
{
	for (uint32_t i = 0; i < s->set.n; i++)
		free(s->set.v[i]);
	free(s->spare);
	shape_room_close(&s->room);
}

void
shapes_reset(struct shapes *s)
{
	s->n_runs = s->next_run = 0;
}

bool
shapes_find(struct shapes *s, const char *buf, uint32_t from, uint32_t to)
{
	shapes_reset(s);
	if (s->set.n)
		s->n_runs = s->verify(&s->set, buf, from, to, &s->room);
	return s->n_runs > 0;
}

bool
shapes_take(struct shapes *s, struct shape_run *run)
{
	if (s->next_run == s->n_runs)
		return false;
	*run = s->room.runs[s->next_run++];
	if (run->shape)
		s->used[run->shape->id] = ++s->time;
	return true;
}

void
shapes_put_back(struct shapes *s, const struct shape_run *rest)
{
	s->room.runs[--s->next_run] = *rest;
}

const struct shape *
shapes_learn(struct shapes *s, const struct schema *schema, const char *line,
    size_t n, const struct shape_member *members, uint32_t count)
{
	struct shape *learned = s->spare;
	uint32_t id = s->set.n;

	if (!shape_learn(learned, schema, line, n, members, count))
		return NULL;
	s->spare = NULL;
	if (id == SHAPE_SET) {
		id = 0;
		for (uint32_t i = 1; i < SHAPE_SET; i++)
			if (s->used[i] < s->used[id])
				id = i;
		s->spare = s->set.v[id];
	}
	if (!s->spare)
		s->spare = xaligned(sizeof *s->spare);
	s->used[id] = ++s->time;
	shape_set_put(&s->set, learned, id);
	return learned;
}
