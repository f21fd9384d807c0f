/* SPDX-License-Identifier: MIT */
/*
 * rangemap: ranges of numbers, each with a value; of ranges within each other
 * the innermost counts.  Filled, sealed, then asked.
 */
#ifndef RANGEMAP_H
#define RANGEMAP_H

#include "libcommon/num.h"

enum { RANGEMAP_NONE = UINT32_MAX };

struct rangemap;

struct rangemap *rangemap_new(void);

/* From and to belong to it.  The value is not RANGEMAP_NONE. */
void rangemap_add(struct rangemap *m, u128 from, u128 to, uint32_t value);

/* False if two ranges are the same or cross: their values, the lesser first. */
bool rangemap_seal(struct rangemap *m, uint32_t clash[2]);

/* The value, or RANGEMAP_NONE.  Once sealed. */
uint32_t rangemap_find(const struct rangemap *m, u128 key);
void rangemap_free(struct rangemap *m);

#endif
