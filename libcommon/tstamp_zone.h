/* SPDX-License-Identifier: MIT */
/*
 * tstamp_zone: what the clocks of a time zone show.
 *
 * The C library knows a zone, but only one at a time, the one that TZ names.
 * So it is asked once, for all changes of the clocks between 1677 and 2262,
 * with TZ changed for that time: 10 ms.
 */
#ifndef TSTAMP_ZONE_H
#define TSTAMP_ZONE_H

#include <stdbool.h>
#include <stdint.h>

struct tstamp_zone; /* what --tz named */

/* Behind a name that is none. */
#define TSTAMP_NO_ZONE                                                       \
	"there is no such time zone; expected UTC, local, +02:00 or a name " \
	"such as Europe/Prague"

/*
 * "UTC", "local" (what TZ says, else /etc/localtime), "Europe/Prague",
 * "+02:00"; NULL if there is no such zone.  Never freed.  To be called before
 * there are threads.
 */
struct tstamp_zone *tstamp_zone(const char *name);

/* All of "Z", "+02:00", "+0200", "+02", in seconds east. */
bool tstamp_zone_offset(const char *p, const char *end, int *offset);

/*
 * What a zone's clocks show (NULL: UTC), in seconds as if it were UTC; and
 * back: where they are set back the earlier, where they are set forward as the
 * old offset says.
 */
int64_t tstamp_zone_shows(const struct tstamp_zone *zone, int64_t secs);
int64_t tstamp_zone_reads(const struct tstamp_zone *zone, int64_t local);

/* The same in nanoseconds; beyond 64 bits UTC. */
int64_t tstamp_to_local(int64_t ns, const struct tstamp_zone *zone);
int64_t tstamp_from_local(int64_t ns, const struct tstamp_zone *zone);

/*
 * A zone's clock that is never set back: it stands still instead until clocks
 * show more; and the first instant at which it shows that or more.
 */
int64_t tstamp_clock(int64_t ns, const struct tstamp_zone *zone);
int64_t tstamp_clock_reaches(int64_t ns, const struct tstamp_zone *zone);

#endif
