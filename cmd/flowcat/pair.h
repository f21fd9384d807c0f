/* SPDX-License-Identifier: MIT */
/*
 * pair: --biflow, the two directions of a conversation as one record: the
 * initiator's, with packets_rev, bytes_rev, flags_rev, tos_rev,
 * date_first_seen_rev and date_last_seen_rev of the answer behind its own
 * members.  See libcommon/biflow.h for what is a pair.
 */
#ifndef PAIR_H
#define PAIR_H

#include "libcommon/slice.h"
#include "libcommon/tstamp.h"

struct pair;

typedef void pair_fn(void *arg, struct slice text);

/* spec: "500ms" or "500ms/1m"; put() is called with records as they are
 * complete.  A wrong spec ends the program. */
struct pair *pair_new(
    const char *spec, const struct tstamp_zone *zone, pair_fn *put, void *arg);

/*
 * A canonical record, which is copied.  False: it has no other direction to
 * wait for (it has both, or no addresses, or no time).
 */
bool pair_take(struct pair *p, struct slice text);

/* The end of the input: puts what waits. */
void pair_finish(struct pair *p);

#endif
