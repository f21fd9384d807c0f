/* SPDX-License-Identifier: MIT */
/*
 * shapes: the shapes that a reader has learned, and the runs of lines of a
 * block that are of one of them, or of none.  A new one takes the place of the
 * one that was of no use for the longest time.
 */
#ifndef SHAPES_H
#define SHAPES_H

#include "libcommon/shape.h"

struct shapes {
	shape_fn *verify;

	/* Private. */
	struct shape_set set;
	struct shape *spare;
	uint64_t used[SHAPE_SET], time; /* when, by id */
	struct shape_room room;
	uint32_t n_runs, next_run;
};

/* For blocks of so many bytes. */
void shapes_open(struct shapes *s, size_t block);
void shapes_close(struct shapes *s);

/* Runs that were not taken are forgotten. */
void shapes_reset(struct shapes *s);

/* Finds the runs of the lines of [from, to), see shape_fn.  False if no shape
 * is known. */
bool shapes_find(struct shapes *s, const char *buf, uint32_t from, uint32_t to);

/* The next run; none is empty.  False if there is none. */
bool shapes_take(struct shapes *s, struct shape_run *run);

/* The rest of a run that was taken: it will be the next one again. */
void shapes_put_back(struct shapes *s, const struct shape_run *rest);

/*
 * See shape_learn(); NULL if it is not fit.  Another one may have made room for
 * it, of which runs may be that were found before.
 */
const struct shape *shapes_learn(struct shapes *s, const struct schema *schema,
    const char *line, size_t n, const struct shape_member *members,
    uint32_t count);

#endif
