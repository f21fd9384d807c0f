/* SPDX-License-Identifier: MIT */
/*
 * alerting: a ranking's keys as alerts: one begins when its key enters the
 * ranking, and ends when it leaves it.
 */
#ifndef ALERTING_H
#define ALERTING_H

#include "cmd/flowtopn/ranking.h"

struct alerting;

/* As alerts_new(); the ranking and the run are open. */
struct alerting *alerting_new(struct ranking *r, struct winaggs *list,
    const struct window *w, const char *name, int64_t update);

/* The rows of the window at hand, in place of the ranking's; how many. */
uint64_t alerting_write(struct alerting *t, const struct window_bounds *bounds);

/* See alert.h. */
int64_t alerting_resume(const struct alerting *t);
void alerting_drop(struct alerting *t);
void alerting_close(struct alerting *t);

#endif
