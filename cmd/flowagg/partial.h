/* SPDX-License-Identifier: MIT */
/*
 * partial: the states of a group as a member of its row, and back, so that
 * any number of processes can do the first half of the work.
 *
 *	"partial":["1",SPEC,START,END,KEY..,STATE..]
 *
 * SPEC: hexadecimal digits of a hash of -k, -a and the kind of -w, which must
 * be the same on both sides.  START and END: the window's (of a session: its
 * first and last record), ns since the epoch; empty without -w.  KEY: one a
 * key, the bytes of key.c in hexadecimal digits, empty if unknown.  STATE: one
 * an aggregate function, see accum.h.
 */
#ifndef PARTIAL_H
#define PARTIAL_H

#include "libcommon/winagg.h"

struct partial;

/* keys, aggregates: as the user gave them, or NULL. */
struct partial *partial_new(const struct winagg *a, const char *keys,
    const char *aggregates, struct schema *schema);

/* What windows are while partials are made: the panes of the later ones. */
const char *partial_window(struct winspec *spec);

/* The value of the member; text in the arena. */
struct value partial_put(struct partial *p, struct winagg *a, const void *block,
    const struct window_bounds *bounds, struct arena *arena);

/* Adds the record at hand, which is a partial row.  NULL or a message. */
const char *partial_take(
    struct partial *p, struct winagg *a, const struct json_val *v);

#endif
