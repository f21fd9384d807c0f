/* SPDX-License-Identifier: MIT */
/*
 * pace: the event time and the flow key of a canonical record, and --replay.
 */
#ifndef PACE_H
#define PACE_H

#include "libcommon/output.h"
#include "libcommon/tstamp.h"

/* speed: of --replay, or NULL. */
void pace_setup(
    const char *time_field, const char *speed, const struct tstamp_zone *zone);

/* Event time; INT64_MIN if the record has none. */
int64_t pace_time(struct slice record);

/* Equal for both directions of a conversation, and in every process. */
uint64_t pace_flow_hash(struct slice record);

/* Waits until the record is due; what is in out is written first. */
void pace_wait(struct output *out, struct slice record);

#endif
