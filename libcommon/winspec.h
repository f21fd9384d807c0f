/* SPDX-License-Identifier: MIT */
/*
 * winspec: what -w and --align say, and its arithmetic.
 *
 * Time is cut into panes, the longest pieces of which every window is a whole
 * number: the greatest common divisor of size and slide.  Panes are numbered
 * from the epoch; a window is the panes [end - panes, end), where its first
 * pane is a multiple of 'step'.  Of WINDOW_COUNT the same, with the number of
 * a record in place of its time.
 *
 * With --align ZONE boundaries lie where that zone's clocks show multiples of
 * the pane since their own 1970-01-01T00:00 (panes of whole weeks: since its
 * Monday).  So a day there is as long as it is, 23 or 25 hours at times;
 * panes that divide an hour are always equally long.
 */
#ifndef WINSPEC_H
#define WINSPEC_H

#include <stdint.h>

#include "libcommon/slice.h"
#include "libcommon/tstamp.h"

enum window_kind { WINDOW_WHOLE, WINDOW_TIME, WINDOW_SESSION, WINDOW_COUNT };

struct winspec {
	enum window_kind kind;
	int64_t size, slide; /* ns; records of WINDOW_COUNT */
	int64_t gap, max;    /* ns, of a session; max INT64_MAX: none */
	int64_t pane;        /* ns or records */
	int64_t panes, step; /* of a window; to the next one */
	int64_t shift;       /* of all boundaries against the epoch, ns */
	const struct tstamp_zone *zone; /* where local clocks decide, or NULL */
	const struct tstamp_zone *local; /* --align's, or NULL */
};

/*
 * "5m", "5m/10s", "session:30s", "session:30s/1h" (at most that long),
 * "count:1000", "count:1000/100"; NULL is the whole input.  align: a zone's
 * name or NULL.  A message, or NULL.
 */
const char *winspec_parse(
    struct winspec *s, const char *text, const char *align);

/* The pane of an instant, and the first instant of a pane. */
int64_t winspec_pane(const struct winspec *s, int64_t t);
int64_t winspec_start(const struct winspec *s, int64_t pane);

/* The end (a pane) of the first window that has this pane. */
int64_t winspec_first_end(const struct winspec *s, int64_t pane);

#endif
