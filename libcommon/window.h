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
 * A record counts in all of its windows or, if the first of them was emitted
 * already, in none: then it is late.  Windows are emitted in order of their
 * end.  Empty ones are left out unless the client wants them.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "libcommon/eventtime.h"
#include "libcommon/run.h"
#include "libcommon/watermark.h"
#include "libcommon/winspec.h"

struct window_opts {
	const char *spec, *time_field, *lateness, *idle, *max_future, *align;
	const char *late;
	bool spread;
	bool alone; /* the others mean something without -w */
};

/* The rows of the option table that they fill. */
#define WINDOW_OPTS(o)                                                       \
	{ OPT_STRING, 'w', "window", &(o).spec, "SPEC",                      \
		"windows: 5m, 5m/10s, session:30s, count:1000", NULL },      \
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
};

struct window_source {
	int64_t floor; /* what holds the watermark before it is begun */
	int64_t lateness;
};

struct window {
	struct winspec spec;
	struct window_client client;
	struct run *run;
	uint64_t late, emitted;
	int64_t watermark;

	/* Private. */
	struct window_opts opts;
	struct eventtime time;
	int64_t lateness, idle, leap;
	struct watermark mark;
	struct window_source *sources;
	size_t n_sources, source;
	int64_t hold;               /* of the sources behind the one at hand */
	struct window_pane **panes; /* in order of id */
	size_t n_panes, cap_panes, n_entered;
	struct window_pane *pane; /* of the last record, in [from, to) */
	int64_t from, to;
	int64_t next_end, deadline; /* of the next window; INT64_MAX: none */
	int64_t horizon;            /* windows up to here have been emitted */
	bool tail;
	int64_t missed; /* lateness that would have caught all, ns */
	struct output late_out;
	int64_t idle_since; /* of the monotonic clock, ns; 0: not known */
	int64_t now;        /* event time of the record at hand */
	char message[160];
	uint64_t index; /* of the record at hand, of count windows */
};

/* Before the schema is complete; ends the program on a usage error. */
void window_setup(
    struct window *w, struct run *run, const struct window_opts *opts);

/* After run_open(), with its operands. */
void window_open(
    struct window *w, const struct window_client *client, char **operands);

/*
 * The pane of the record at hand, after the windows that it closes have been
 * emitted.  NULL: it is late or has no time, and was counted so.
 */
struct window_pane *window_take(struct window *w);

/* The same where the tool knows the time. */
struct window_pane *window_take_at(struct window *w, int64_t t);

/* The numbers of the windows that have a pane: first, first + 1, .. last. */
void window_numbers(const struct window *w, const struct window_pane *pane,
    int64_t *first, int64_t *last);

/* The bounds of a window of a length. */
struct window_bounds window_bounds_of(const struct window *w, int64_t number);

/* A pane by its number, which is not that of a window emitted already. */
struct window_pane *window_pane(struct window *w, int64_t id);

/* The begin of the pane that was taken last. */
static inline int64_t
window_start(const struct window *w)
{
	return w->from;
}

/* The message of a record whose time cannot be read. */
const char *window_no_time(struct window *w, const char *what);

/* When the record was added: it counts, and windows of a count may be full. */
void window_count(struct window *w);

static inline void
window_added(struct window *w)
{
	if (w->spec.kind == WINDOW_COUNT)
		window_count(w);
}

/* The whole input was read: emits what is open and says what was late. */
void window_finish(struct window *w);

/* The record at hand counts nowhere, for its session has been closed. */
void window_late(struct window *w, int64_t closed);

/* The columns in front of a row, and their values; how many: 0 without -w. */
size_t window_columns(const struct window *w, struct row_column *columns);
void window_values(const struct window *w, const struct window_bounds *b,
    struct value *values);

#endif
