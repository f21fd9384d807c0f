/* SPDX-License-Identifier: MIT */
/*
 * rows: what is written of a window: the statistics in order of their columns,
 * within each row the first hosts of it, then the alerts that begin, go on and
 * end.
 */
#ifndef ROWS_H
#define ROWS_H

#include "cmd/flowdns/tables.h"

struct rows;

/* inner: how many hosts within each row of a statistic. */
struct rows *rows_new(struct tallies *t, struct run *run, struct window *w,
    uint64_t limit, uint64_t inner);

/* The rows of the window at hand; how many. */
uint64_t rows_write(struct rows *r, const struct window_bounds *bounds);
void rows_close(struct rows *r);

#endif
