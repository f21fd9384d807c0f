/* SPDX-License-Identifier: MIT */
/*
 * order: the order in which groups are written: by columns the user named,
 * then by key bytes, so that it is always the same.
 */
#ifndef ORDER_H
#define ORDER_H

#include "libcommon/agg.h"

/*
 * spec: "bytes,flows:a", greatest first unless ":a" (or "+" in front); NULL:
 * by key alone.  order_check() ends the program if a column is unknown.
 */
void order_check(const struct agg *a, const char *spec);

/*
 * The blocks of all groups in that order; the caller frees the array.  The
 * groups are frozen: see groups.h.
 */
void **order_groups(struct agg *a, struct groups *g, const char *spec);

#endif
