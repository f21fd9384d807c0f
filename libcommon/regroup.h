/* SPDX-License-Identifier: MIT */
/*
 * regroup: groups of groups: keys and arguments of an aggregate are cells of
 * another one's rows, or expressions over them.
 */
#ifndef REGROUP_H
#define REGROUP_H

#include "libcommon/livesums.h"

/*
 * Adds the groups 'from', of the aggregate 'of', to those of 'a'; where is NULL
 * or a test of their cells.  Where keys are keys, and sums are sums of sums,
 * nothing is computed: key bytes are copied and states merged.
 */
void regroup(struct agg *a, struct groups *to, struct expr *where,
    struct agg *of, const struct groups *from);

/* Groups by the first keys of a's, with the same calls. */
struct regroup_coarse {
	const struct agg *a;
	size_t keys;
	const bool *calls; /* those that are wanted */
	struct groups *to;
};

/* Adds the groups of a pane, or the entries of its log. */
void regroup_coarse(const struct regroup_coarse *c, const struct groups *from);
void regroup_coarse_log(const struct regroup_coarse *c,
    const struct panelog *log, const struct livesums *live);

#endif
