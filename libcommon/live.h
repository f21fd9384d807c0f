/* SPDX-License-Identifier: MIT */
/*
 * live: the groups that live in a window of several panes.
 *
 * A pane that enters is merged into the table, one that leaves is taken out
 * again, so that a slide costs what these two panes hold, however long the
 * window is.  Taken out how:
 *
 *	count sum avg stddev		subtraction, exact: sums are integers
 *	p50.. top entropy		subtraction: they are counts of values
 *	min max first last bits		two stacks: what was merged cannot be
 *	distinct set			taken out of them
 *
 * Two stacks: a live group has the merge of the panes that entered since the
 * last turn (back).  When a pane is to leave and none is in front, the panes
 * turn: from the newest to the oldest, each group of a pane is merged with
 * the next pane's that has it.  So the oldest pane's group then is the merge of
 * all, and to take that pane out is to go on to the next.  Each group of a
 * pane is merged twice in its life.
 */
#ifndef LIVE_H
#define LIVE_H

#include "libcommon/agg.h"

/* In front of the states of a group of a pane. */
struct live_part {
	struct live_group *group;
	struct live_part *next; /* in front: of the same key, in a newer pane */
};

/* In front of the states of a group of the table. */
struct live_group {
	struct live_part *front; /* in the oldest pane that has it, or NULL */
	uint32_t panes;          /* that have it */
	uint32_t entry;          /* the owner's business */
	bool changed;
	void *alert; /* the owner's business */
};

struct live {
	struct groups groups;
	struct live_group **changed; /* since they were settled */
	size_t n_changed, settled;
	/* What enters is told of groups that have an alert. */
	void (*tell)(void *alert, const char *states);

	/* Private. */
	const struct agg *agg;
	bool folds; /* a call cannot be subtracted */
	size_t cap_changed;
	struct groups **entered; /* oldest first */
	size_t n_entered, cap_entered, n_front;
	struct {
		char *states;
		bool used;
	} composed[4];
	unsigned next;
};

void live_open(struct live *l, const struct agg *a);

/* All panes have left. */
void live_close(struct live *l);

/*
 * The groups of a pane, with sizeof(struct live_part) in front of their
 * states.  They stay the caller's, who keeps them until they have left; the
 * panes leave in the order in which they entered.
 */
void live_enter(struct live *l, struct groups *pane);
void live_leave(struct live *l, struct groups *pane);

/*
 * The next group that has changed; NULL at the end, and all is settled.  One
 * that is of no pane any more is freed with the next call.
 */
struct live_group *live_change(struct live *l);

/* All groups, in any order; freed by the caller. */
void **live_all(const struct live *l, size_t *n);

/* The states of a group; valid until the fourth next call. */
const char *live_states(struct live *l, const struct live_group *g);

#endif
