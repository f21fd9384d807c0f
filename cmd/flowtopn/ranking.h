/* SPDX-License-Identifier: MIT */
/*
 * ranking: the rows of one ranking of a window: ranks, shares, others.
 */
#ifndef RANKING_H
#define RANKING_H

#include "cmd/flowtopn/saving.h"
#include "libcommon/winagg.h"

struct ranking {
	struct winagg *agg, *totals; /* totals: by --group alone */
	const char *name;            /* of several, else NULL */
	size_t measure;              /* cell */
	size_t n_group;              /* keys that are --group's */
	bool additive;  /* the measure's sum over groups means something */
	uint64_t limit; /* rows, 0 for all */
	bool others;    /* a row for those not ranked */
	const struct value *min; /* of the measure, or NULL */

	/* Private. */
	const struct window *window;
	struct saving *saving; /* of the window at hand */
	struct sheet *sheet;
};

/* count() or sum(): groups add up to their total. */
bool ranking_is_sum(const struct agg_call *call);
bool ranking_is_additive(const struct agg *a, size_t cell);

/* With --min: the measure of a row. */
bool ranking_is_enough(const struct ranking *r, const struct value *measure);

void ranking_open(struct ranking *r, const struct window *w, bool approximate);

/* Writes the rows of the window at hand; how many. */
uint64_t ranking_write(
    struct ranking *r, struct run *run, const struct window_bounds *bounds);

/* No more windows.  A header that waits for rows is written without them. */
void ranking_close(struct ranking *r);

/* With --approx in place of winagg_add() and its client; i: of the list. */
const char *ranking_save(struct ranking *r, struct window_pane *pane, size_t i,
    uint64_t counters, const struct expr_input *in);
void ranking_enter(struct ranking *r, struct window_pane *pane, size_t i);
void ranking_leave(struct ranking *r, struct window_pane *pane, size_t i);

#endif
