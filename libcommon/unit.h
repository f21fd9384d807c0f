/* SPDX-License-Identifier: MIT */
/*
 * unit: what is cut into windows on its own: the whole input, or a partition
 * of a consumer group.
 *
 * A partition's unit can be built again from its records, by another process:
 * see commit.h.  Whatever is open (a pane, a session, an alert) holds the point
 * at which it began; the oldest point that is held is where to read again.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/kafka.h"
#include "libcommon/watermark.h"

/* A place in the input, and how things were before its records. */
struct unit_point {
	int64_t offset;
	struct watermark mark;
	uint64_t index; /* records so far */
	uint32_t users;
	struct unit_point *older, *newer;
};

/* An operand, or a partition of several that make one unit. */
struct unit_source {
	/*
	 * What it holds the watermark to while others are read; INT64_MAX if
	 * it does not.
	 */
	int64_t level;
	int64_t lateness;
	struct watermark mark;
	int64_t seen; /* its last record, ms of the clock */
	bool begun, ended;
};

struct unit {
	int64_t watermark;
	struct unit_source *sources;
	size_t n_sources, source;   /* the one at hand; SIZE_MAX: none yet */
	struct watermark mark;      /* of the source at hand */
	int64_t hold;               /* of the other sources */
	struct window_pane **panes; /* in order of id */
	size_t n_panes, cap_panes, n_entered;
	struct window_pane *pane; /* of the last record, in [from, to) */
	int64_t from, to;
	int64_t next_end, deadline; /* of the next window; INT64_MAX: none */
	int64_t horizon;            /* windows up to here have been emitted */
	bool tail;                  /* an empty window is wanted */
	int64_t idle_since; /* of the monotonic clock, ns; 0: not known */
	uint64_t index;     /* of the record at hand, of count windows */

	/* Of a partition: what was done with it before it came to us. */
	int64_t position; /* all before was worked off */
	int64_t muted_to; /* windows up to here were written */
	int64_t skip_to;  /* windows up to here cannot be built again */
	int64_t was;      /* the watermark at 'position' */
	bool rebuilding;  /* the records at hand are before 'position' */
	struct unit_point *oldest, *newest;

	_Alignas(16) char state[]; /* the client's, zero at first */
};

/* state: bytes for the client; leap: see watermark.h. */
struct unit *unit_new(size_t state, int64_t leap);

/* Panes must have left. */
void unit_free(struct unit *u);

/* The source at hand is another: the others hold the watermark. */
void unit_turn(struct unit *u, size_t source, int64_t leap);
void unit_hold_anew(struct unit *u);

/* The largest time of the source at hand that is believed, less lateness. */
int64_t unit_level(const struct unit *u);

/* The same, and what the other sources hold: where the watermark is to be. */
int64_t unit_mark(const struct unit *u);

/* ---- points ---- */

/* The records that come now begin at this offset. */
void unit_begin_run(struct unit *u, int64_t offset);

/* The point at hand is needed; NULL where there is none. */
struct unit_point *unit_hold(struct unit *u);
struct unit_point *unit_hold_also(struct unit_point *p);
void unit_release(struct unit *u, struct unit_point *p);

/* From where to read again if all before 'position' was worked off. */
int64_t unit_rewind(struct unit *u, int64_t position);

/*
 * What is to be known there: written, and read again.  The tag tells what
 * windows it is about, without blanks; resume is for skip_to.
 */
enum { UNIT_TAG = 100 };
void unit_note(const struct unit *u, const char *tag, int64_t resume,
    char note[KAFKA_NOTE]);

/* False: the note is of other windows. */
bool unit_restore(
    struct unit *u, const char *tag, int64_t position, const char *note);

#endif
