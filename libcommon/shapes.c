/* SPDX-License-Identifier: MIT */
#include "libcommon/shapes.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

void
shapes_open(struct shapes *s, size_t block)
{
	*s = (struct shapes){ .verify = shape_best() };
	s->places = xcalloc(shape_room(block), sizeof *s->places);
	s->spare = xaligned(sizeof *s->spare);
}

void
shapes_close(struct shapes *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->list[i]);
	free(s->spare);
	free(s->places);
}

void
shapes_reset(struct shapes *s)
{
	s->n_runs = s->next_run = s->known = 0;
}

/* The records of a shape that begin there. */
static bool
verify(struct shapes *s, struct shape *shape, const char *buf, uint32_t from,
    uint32_t to, uint32_t *known)
{
	const struct shape_run *last;

	s->n_runs = s->verify(shape, buf, from, to, s->places, s->runs, known);
	s->next_run = 0;
	if (!s->n_runs)
		return false;
	last = &s->runs[s->n_runs - 1];
	s->known = *known;
	s->known_places = last->places + last->n * shape->n_steps;
	return true;
}

struct shape *
shapes_find(struct shapes *s, const char *buf, uint32_t from, uint32_t to)
{
	const struct shape *tried = s->known ? s->list[0] : NULL;
	uint32_t known = s->known;

	if (known)
		memmove(s->places, s->known_places,
		    (known + 1) * sizeof *s->places);
	s->known = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		struct shape *shape = s->list[i];

		if (shape == tried ||
		    (tried && s->common[tried->id][shape->id] < known))
			continue;
		if (!verify(s, shape, buf, from, to, &known)) {
			tried = shape;
			continue;
		}
		memmove(s->list + 1, s->list, i * sizeof shape);
		s->list[0] = shape;
		return shape;
	}
	return NULL;
}

bool
shapes_take(struct shapes *s, struct shape_run *run)
{
	if (s->next_run == s->n_runs)
		return false;
	*run = s->runs[s->next_run++];
	return true;
}

void
shapes_put_back(struct shapes *s, struct shape_run rest)
{
	s->runs[--s->next_run] = rest;
}

const struct shape *
shapes_learn(struct shapes *s, const struct schema *schema, const char *line,
    size_t n, const struct shape_member *members, uint32_t count)
{
	struct shape *learned = s->spare, *forgotten = NULL;

	if (!shape_learn(learned, schema, line, n, members, count))
		return NULL;
	if (s->n < SHAPES_MAX) {
		s->spare = xaligned(sizeof *learned);
		learned->id = s->n++;
	} else {
		s->spare = forgotten = s->list[s->n - 1];
		learned->id = forgotten->id;
	}
	s->list[s->n - 1] = learned;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct shape *other = s->list[i];
		uint8_t common = (uint8_t)shape_common(learned, other);

		s->common[learned->id][other->id] = common;
		s->common[other->id][learned->id] = common;
	}
	return forgotten;
}
