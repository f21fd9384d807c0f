/* SPDX-License-Identifier: MIT */
/*
 * regroup: groups of groups: keys and arguments of an aggregate are cells of
 * another one's rows, or expressions over them.
 */
#ifndef REGROUP_H
#define REGROUP_H

#include "libcommon/agg.h"

/*
 * Adds the groups 'from', of the aggregate 'of', to those of 'a'; where is NULL
 * or a test of their cells.  Where keys are keys, and sums are sums of sums,
 * nothing is computed: key bytes are copied and states merged.
 */
void regroup(struct agg *a, struct groups *to, struct expr *where,
    struct agg *of, const struct groups *from);

#endif
