/* SPDX-License-Identifier: MIT */
/*
 * saving: heavy hitters in bounded memory: Space-Saving (Metwally, Agrawal,
 * El Abbadi, ICDT 2005) with weights.  K counters; a key without one takes
 * over the least, whose count becomes its error.  True counts lie in
 * [count - error, count]; keys above total / K are all there.
 */
#ifndef SAVING_H
#define SAVING_H

#include "libcommon/agg.h"

struct saving;

struct saving *saving_new(uint64_t counters);
void saving_free(struct saving *s);

/* Adds the argument of a call to the record's key.  NULL or a message. */
const char *saving_add(
    struct saving *s, struct agg *a, size_t call, const struct expr_input *in);

/* Counters, greatest first (ties by key); how many there are. */
size_t saving_sort(struct saving *s);

/* The i-th: its keys as cells, its error; returns its count in 10^-9. */
i128 saving_get(const struct saving *s, size_t i, const struct agg *a,
    struct value *cells, struct value *error, struct arena *arena);

i128 saving_total(const struct saving *s);
struct value saving_value(i128 nano);

#endif
