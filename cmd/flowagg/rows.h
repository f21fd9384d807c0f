/* SPDX-License-Identifier: MIT */
/*
 * rows: what is written of a window: its groups, the states of these, or the
 * alerts that begin, go on and end.
 */
#ifndef ROWS_H
#define ROWS_H

#include "cmd/flowagg/partial.h"
#include "libcommon/alert.h"

struct rows;

struct rows_opts {
	bool explain;            /* errors of estimates, too */
	uint64_t limit;          /* of a window */
	struct partial *partial; /* states in place of results, or NULL */
	struct alerts *alerts;   /* in place of groups, or NULL */
};

/* After agg_init() and before the input is opened; all of it is borrowed. */
struct rows *rows_new(struct run *run, struct window *w, struct winagg *a,
    const struct rows_opts *o);

/* The rows of the window at hand. */
void rows_write(struct rows *r, const struct window_bounds *bounds);

/* Frees r; how many rows there were. */
uint64_t rows_close(struct rows *r);

#endif
