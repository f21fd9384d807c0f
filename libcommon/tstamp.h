/* SPDX-License-Identifier: MIT */
/*
 * tstamp: points in time, int64 nanoseconds since 1970-01-01T00:00:00Z (1677
 * to 2262).  Proleptic Gregorian calendar, no leap seconds (23:59:60 reads as
 * the second after), no locale.
 */
#ifndef TSTAMP_H
#define TSTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/slice.h"
#include "libcommon/tstamp_zone.h"

enum { TSTAMP_ROOM = 40 };

/*
 * RFC 3339; the offset with or without colon and minutes, and also behind hours
 * or minutes; 'T', 't' or a blank between date and time; any number of decimals
 * ('.' or ','), those beyond the ninth cut; without offset in the given zone
 * (NULL: UTC; where clocks are set back the earlier, where they are set forward
 * as the old offset says).  A prefix is completed to its first instant: "2015",
 * "2015-07", "2015-07-18", "2015-07-18T18", "2015-07-18T18:07".
 */
const char *tstamp_parse(
    struct slice s, const struct tstamp_zone *zone, int64_t *ns);

enum tstamp_unit {
	TSTAMP_S,
	TSTAMP_MS,
	TSTAMP_US,
	TSTAMP_NS,
	TSTAMP_GUESS, /* by magnitude: < 10^11 s, < 10^14 ms, < 10^17 us */
};

/* A decimal number (sign and fraction allowed) since the epoch. */
const char *tstamp_number(struct slice s, enum tstamp_unit unit, int64_t *ns);

/* 2015-07-18T17:07:33.475Z: UTC, cut to milliseconds, 'Z'. */
size_t tstamp_put(char *out, int64_t ns);

/* The same instant as people read it: "2015-07-18 19:07:33.475" in a zone. */
size_t tstamp_put_local(char *out, int64_t ns, const struct tstamp_zone *zone);

#endif
