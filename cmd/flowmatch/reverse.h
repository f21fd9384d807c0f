/* SPDX-License-Identifier: MIT */
/*
 * reverse: a record seen from the other end: src_ and dst_ members change
 * places, what has a _rev member has its value, duration is that of the
 * reverse direction where its times are known.
 */
#ifndef REVERSE_H
#define REVERSE_H

#include "libcommon/expr.h"
#include "libcommon/reader.h"

struct reverse;

/* Adds the counterparts of members to the schema. */
struct reverse *reverse_new(
    struct schema *schema, const struct tstamp_zone *zone);

/* When the schema is complete. */
void reverse_seal(struct reverse *r, const struct schema *schema);

/* Borrowed until the next call. */
const struct json_val *reverse_of(struct reverse *r, const struct json_val *v);

#endif
