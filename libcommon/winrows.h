/* SPDX-License-Identifier: MIT */
/*
 * winrows: which groups of a window become its rows, and in which order.
 *
 * Of a window that slides only groups that changed are tested and ranked anew.
 * In order of keys they stay sorted: those that are new are sorted and merged
 * into them.  In another order a few are found by a heap, many are sorted.
 */
#ifndef WINROWS_H
#define WINROWS_H

#include "libcommon/live.h"
#include "libcommon/order.h"

/* Of the groups that live: those that pass. */
struct winrows_live {
	struct order_entry *v; /* in order where that is by key */
	size_t n, cap;
	size_t prefix; /* of the order, when they were ranked */
};

struct winrows {
	struct order order;
	struct expr *having; /* over cells, or NULL */
	size_t limit;        /* rows that are wanted; 0: all */
	bool none;           /* nobody asks for them */

	/* Of the window at hand: */
	struct order_entry *v;
	size_t n;
	size_t groups; /* that pass, be they among the rows or not */

	/* Private. */
	int ranked; /* the call whose sum decides about the order, or -1 */
	int total;  /* where the total of counts stands that ranks, or -1 */
	struct order_entry *spare;
	size_t cap;
	struct winrows_live fresh, gone;
};

/* Errors in sort, which may be NULL, end the program. */
void winrows_open(struct winrows *r, const struct agg *a, const char *sort,
    struct expr *having);

/* The rows of all groups of a pane. */
void winrows_of_pane(struct winrows *r, struct groups *pane);

/* The rows of a window that slides: l settles what has changed. */
void winrows_of_live(
    struct winrows *r, struct winrows_live *live, struct live *l);

/* Of one group alone. */
void winrows_of_one(struct winrows *r, struct order_entry *e);

#endif
