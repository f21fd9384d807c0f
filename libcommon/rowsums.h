/* SPDX-License-Identifier: MIT */
/*
 * rowsums: rows of addresses and sums in JSON, written straight from the
 * numbers of a group, without values on the way: a window that slides has
 * nearly all of its groups as rows again and again.  They are the same bytes
 * as those of row.h.
 */
#ifndef ROWSUMS_H
#define ROWSUMS_H

#include "libcommon/agg.h"

struct rowsums;

/*
 * For rows of r, which writes JSON to out: columns from 'first' on are the
 * cells 'from' of a.  NULL if they are not all keys, in their order, and then
 * plain sums.
 */
struct rowsums *rowsums_new(const struct agg *a, struct row_out *r,
    struct output *out, const size_t *from, size_t first, size_t n);

/* row_fix() was called: rows of another window follow. */
void rowsums_begin(struct rowsums *s);

/*
 * A row of a group: a whole number for each call of a.  False, and nothing is
 * written: a key is no address.
 */
bool rowsums_put(
    const struct rowsums *s, struct slice key, const uint64_t *numbers);
void rowsums_free(struct rowsums *s);

#endif
