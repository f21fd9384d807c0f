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

#include "libcommon/livesums.h"

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
	struct livesums *sums;       /* or NULL */
	struct live_group **changed; /* since they were settled */
	size_t n_changed, seen, dead;
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

/*
 * sums: panes may have logs besides groups, see livesums.h.  All calls are
 * quick then; a group is a livesums_group, and 'groups' are keys.
 */
void live_open(struct live *l, const struct agg *a, bool sums);

/* All panes have left. */
void live_close(struct live *l);

/*
 * The groups of a pane, with sizeof(struct live_part) in front of their
 * states, and its log.  They stay the caller's, who keeps them until they have
 * left; the panes leave in the order in which they entered.
 */
void live_enter(struct live *l, struct groups *pane, struct panelog *log);
void live_leave(struct live *l, struct groups *pane, struct panelog *log);

/* The next group that has changed; NULL at the end. */
void *live_change(struct live *l);

/* The one that will come so many calls later, or NULL. */
static inline const void *
live_coming(const struct live *l, size_t ahead)
{
	const struct livesums *s = l->sums;
	size_t i = (s ? s->seen : l->seen) + ahead - 1;

	if (i >= (s ? s->n_changes : l->n_changed))
		return NULL;
	return s ? (void *)s->changes[i] : (void *)l->changed[i];
}

/* All that have changed were seen: those of no pane any more are freed. */
void live_settle(struct live *l);

/* A pane of the window has it. */
static inline bool
live_has(const struct live *l, const void *group)
{
	const struct live_group *g = group;

	return l->sums ? livesums_has(group) : g->panes > 0;
}

/* What the owner keeps of it: 0 at first. */
static inline uint32_t *
live_entry(const struct live *l, const void *group)
{
	void *g = (void *)(uintptr_t)group;

	return l->sums ? &((struct livesums_group *)g)->entry
		       : &((struct live_group *)g)->entry;
}

/* A hint for the key of one, or of none (NULL), that comes or goes. */
void live_hint_key(const struct live *l, const void *group);
struct slice live_key(const struct live *l, const void *group);

/* All groups, in any order; freed by the caller.  Not with sums. */
void **live_all(const struct live *l, size_t *n);

/* The states of a group; valid until the fourth next call. */
const char *live_states(struct live *l, const void *group);

#endif
