/* SPDX-License-Identifier: MIT */
/*
 * shapes: the shapes that a reader has learned, and the runs of records that
 * they find.  The one that was of use last is tried first; a new one takes the
 * place of the one that was of no use for the longest time.
 */
#ifndef SHAPES_H
#define SHAPES_H

#include "libcommon/shape.h"

enum { SHAPES_MAX = 16 };

struct shapes {
	shape_fn *verify;

	/* Private. */
	struct shape *list[SHAPES_MAX], *spare;
	uint32_t n;
	uint8_t common[SHAPES_MAX][SHAPES_MAX]; /* steps, by id */
	uint32_t *places;
	struct shape_run runs[SHAPE_LANES];
	uint32_t n_runs, next_run;
	/* Of the record behind the runs: steps of list[0] that it has. */
	uint32_t known;
	const uint32_t *known_places;
};

/* For blocks of so many bytes. */
void shapes_open(struct shapes *s, size_t block);
void shapes_close(struct shapes *s);

/* Another block follows; all runs were taken. */
void shapes_reset(struct shapes *s);

/*
 * The shape of the records that begin at buf + from; see shape_fn.  NULL if
 * none is known.
 */
struct shape *shapes_find(
    struct shapes *s, const char *buf, uint32_t from, uint32_t to);

/* The next of its runs; none is empty.  False if there is none. */
bool shapes_take(struct shapes *s, struct shape_run *run);

/* The rest of a run that was taken: it will be the next one again. */
void shapes_put_back(struct shapes *s, struct shape_run rest);

/* See shape_learn().  Returns what is forgotten for it, or NULL. */
const struct shape *shapes_learn(struct shapes *s, const struct schema *schema,
    const char *line, size_t n, const struct shape_member *members,
    uint32_t count);

#endif
