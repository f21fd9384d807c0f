/* SPDX-License-Identifier: MIT */
/*
 * expr_many: which of many tests a record may pass, at the price of a few
 * look-ups instead of one test after the other.
 *
 * Of each test the clauses it begins with are used: "a and b and ..", each a
 * comparison of a member with numbers or several of them joined by "or", as in
 * "proto tcp and port 22".  For each member a table says by its value which of
 * the tests it satisfies, as bits: the bits of members of a clause are joined
 * by or, those of clauses by and (bit vectors: Lakshman and Stiliadis, SIGCOMM
 * 1998).
 */
#ifndef EXPR_MANY_H
#define EXPR_MANY_H

#include "libcommon/expr.h"

enum { EXPR_MANY = 64 };

struct expr_many;

/* Of at most EXPR_MANY tests; NULL among them is passed by all records. */
struct expr_many *expr_many_new(struct expr *const *tests, size_t n);

/*
 * Bit i: test i may hold, and is among *ask unless it surely does.  Of the
 * others expr_test() would say no and give no message.
 */
uint64_t expr_many_may(
    const struct expr_many *m, const struct json_val *v, uint64_t *ask);

#endif
