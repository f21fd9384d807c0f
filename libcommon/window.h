/* SPDX-License-Identifier: MIT */
/*
 * window: event time cut into panes, and windows of panes that close when the
 * watermark passes their end.  Used by every tool that has -w; what a pane
 * holds is the tool's (a client's) business.
 *
 *	watermark = least, over the sources, of (largest event time - lateness)
 *
 * Operands are read one after the other; one that was not begun counts with
 * the time of its first record (a regular file) or holds all windows (a pipe),
 * one that has ended does not count.  So the result is the same whether the
 * records come in one file or in several, in any order of the operands.
 *
 * Partitions of Kafka are read at the same time.  One that has no records yet
 * holds all windows, but one that is silent for the time of --idle holds none.
 * In a consumer group each partition is a unit of its own, see unit.h.
 *
 * A record counts in all of its windows or, if the first of them was emitted
 * already, in none: then it is late.  Of partitions it is late if the watermark
 * of its own has passed the end of its first window, emitted or not: so it does
 * not depend on how fast others are read.  Windows are emitted in order of
 * their end.  Empty ones are left out unless the client wants them.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "libcommon/eventtime.h"
#include "libcommon/run.h"
#include "libcommon/unit.h"
#include "libcommon/winspec.h"

struct window_opts {
	const char *spec, *time_field, *lateness, *idle, *max_future, *align;
	const char *late;
	bool spread;
	bool alone; /* the others mean something without -w */
};

/* The rows of the option table that they fill. */
#define WINDOW_OPTS(o)                                                       \
	{ OPT_ONCE, 'w', "window", &(o).spec, "SPEC",                        \
		"windows: 5m, 5m/10s and others, see the manual", NULL },    \
	    { OPT_STRING, 't', "time-field", &(o).time_field, "FIELD",       \
		    "event time (date_last_seen), or arrival", NULL },       \
	    { OPT_STRING, 'l', "lateness", &(o).lateness, "TIME",            \
		    "how far records may be out of order (files 1h, "        \
		    "streams 60s)",                                          \
		    NULL },                                                  \
	    { OPT_STRING, 0, "idle", &(o).idle, "TIME",                      \
		    "close windows after TIME without a record", NULL },     \
	    { OPT_STRING, 0, "max-future", &(o).max_future, "TIME",          \
		    "a record further ahead than TIME is doubted (1h)",      \
		    NULL },                                                  \
	    { OPT_FLAG, 0, "spread", &(o).spread, NULL,                      \
		    "divide flows over the windows that they cover", NULL }, \
	    { OPT_STRING, 0, "align", &(o).align, "ZONE",                    \
		    "calendar days and hours of a time zone", NULL },        \
	{                                                                    \
		OPT_STRING, 0, "late", &(o).late, "FILE",                    \
		    "write late records to FILE", NULL                       \
	}

struct window_pane {
	int64_t id;
	int64_t first, last; /* event times of its records */
	uint64_t records;
	struct unit_point *point;  /* where it began */
	_Alignas(16) char state[]; /* the client's, zero at first */
};

struct window_bounds {
	int64_t start, end; /* ns */
	int64_t number;     /* windows are numbered; not sessions */
};

/* What a tool does with panes and windows. */
struct window_client {
	size_t state; /* bytes of each pane's */
	void *arg;
	/* The pane is of the next window; no record will be added. */
	void (*enter)(void *arg, struct window_pane *pane);
	void (*emit)(void *arg, const struct window_bounds *bounds);
	/* It is of no further window, and freed after the call. */
	void (*leave)(void *arg, struct window_pane *pane);
	/* Sessions: the watermark has moved. */
	void (*advance)(void *arg, int64_t watermark);
	bool fill; /* wants empty windows between others, too */
	bool tail; /* wants one empty window behind others */

	/* Partitions of a group: */
	bool units;  /* it can have several units */
	size_t unit; /* bytes of each one's state */
	/* From now on it is about this one (state: zero the first time). */
	void (*select)(void *arg, char *state);
	/* It is gone; its panes have left. */
	void (*drop)(void *arg, char *state);
	/*
	 * Of what is open besides panes: the end of the last window without
	 * it; INT64_MAX if nothing is.
	 */
	int64_t (*resume)(void *arg);
};

struct window {
	struct winspec spec;
	struct window_client client;
	struct run *run;
	uint64_t late, emitted;
	struct unit *u; /* the one at hand */
	bool muted;     /* the window being emitted was written before */
	bool grouped;   /* units are partitions of a group */
	int64_t linger; /* windows stay open so much longer, ns */

	/* Private. */
	struct window_opts opts;
	struct eventtime time;
	int64_t lateness, idle, leap;
	struct unit **units; /* of partitions; NULL: not ours */
	size_t n_units;
	bool parts; /* sources are partitions */
	struct unit_source of_parts;
	char tag[UNIT_TAG]; /* of notes */
	bool ends;          /* all that will be read is there already */
	uint64_t turn;      /* of the input, which was looked at last */
	void (*turned)(struct window *w); /* it is at another place */
	int64_t missed; /* lateness that would have caught all, ns */
	bool hurried;   /* --idle has closed windows, whatever the lateness */
	struct output late_out;
	int64_t now; /* event time of the record at hand */
	bool timed;  /* it has one */
	char message[160];
};

/* Before the schema is complete; ends the program on a usage error. */
void window_setup(
    struct window *w, struct run *run, const struct window_opts *opts);

/*
 * The pane of the record at hand, after the windows that it closes have been
 * emitted.  NULL: it is late or has no time, and was counted so.
 */
struct window_pane *window_take(struct window *w);

/* The same where the tool knows the time. */
struct window_pane *window_take_at(struct window *w, int64_t t);

/*
 * The same of n records that come next, as far as that closes no window and
 * none is late or in doubt; no more than COLUMN_RUN.  Returns of how many.
 * Not of windows that are sessions or of a count.
 */
uint32_t window_take_run(
    struct window *w, struct window_pane **panes, uint32_t n);

/* The numbers of the windows that have a pane: first, first + 1, .. last. */
void window_numbers(const struct window *w, const struct window_pane *pane,
    int64_t *first, int64_t *last);

/* The bounds of a window of a length. */
struct window_bounds window_bounds_of(const struct window *w, int64_t number);

/* A pane by its number, which is not that of a window emitted already. */
struct window_pane *window_pane(struct window *w, int64_t id);

/* The event time of the record at hand, which was taken. */
static inline int64_t
window_time(const struct window *w)
{
	return w->now;
}

/* The begin of the pane that was taken last. */
static inline int64_t
window_start(const struct window *w)
{
	return w->u->from;
}

/* Windows up to here take nothing any more (an end: a pane). */
int64_t window_closed(const struct window *w);

/* The message of a record whose time cannot be read. */
const char *window_no_time(struct window *w, const char *what);

/* When the record was added: it counts, and windows of a count may be full. */
void window_count(struct window *w);

static inline void
window_added(struct window *w)
{
	if (w->spec.kind == WINDOW_COUNT && w->timed)
		window_count(w);
}

/* The whole input was read: emits what is open and says what was late. */
void window_finish(struct window *w);

/* The record at hand counts nowhere, for its session has been closed. */
void window_late(struct window *w, int64_t closed);

/* ---- for window_input ---- */

/* From now on it is about this unit. */
void window_select(struct window *w, struct unit *u);

/* Emits all windows that end at or before the watermark. */
void window_advance(struct window *w, int64_t watermark);

/* The largest time of the source at hand, or what others hold, has moved. */
void window_moved(struct window *w);

/* The next window, whatever the watermark is. */
void window_emit(struct window *w);

/*
 * What was worked off before the unit came to us was worked off again.  No row
 * is written by this.
 */
void window_rebuilt(struct window *w);

/* All that is open, as at the end of the input. */
void window_flush(struct window *w);

/* Someone else goes on with the unit: what we have of it is forgotten. */
void window_forget(struct window *w);

/* ---- rows ---- */

/* The columns in front of a row, and their values; how many: 0 without -w. */
size_t window_columns(const struct window *w, struct row_column *columns);
void window_values(const struct window *w, const struct window_bounds *b,
    struct value *values);

/*
 * The first n columns tell a row from all others of its window: how many do
 * from those of all windows.  0: windows of a count may have the same bounds.
 */
size_t window_identity(const struct window *w, size_t n);

#endif
