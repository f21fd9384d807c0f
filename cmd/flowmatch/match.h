/* SPDX-License-Identifier: MIT */
/*
 * match: pattern sets at work: connections of windows, tallied by key; keys
 * whose score reaches the limit are alerts.
 *
 * Sets with the same windows share an engine.  A set's keys are bounded by
 * --max-keys: when they are too many, those with the least score are given up,
 * half of them at once.
 *
 * Measured on 5 M records, 10 % of SSH in 250 000 connections of 2000 pairs,
 * half of them near to patterns, all pairs alerts; seconds of one core, user
 * and system, beside wc -l 0.23 and flowfilter 'proto tcp and port 22' 0.5 to
 * 0.6: ssh-guessing with --update 5m 1.06 (4.7 M records/s), with a row of each
 * alert each 10 s (137 000 rows) 1.57; 37 MB.  20 such sets for other ports
 * 1.2 to 1.5 (3.3 to 4 M/s; 3.3 before filters were asked at once, see
 * expr_many.h); 39 MB.  The sets of share/patterns, most of them twice, 20 in
 * all, on these records, of which most are near to a filter of some: 10.4 (0.48
 * M/s), 660 MB: 800 000 small flows wait an hour for an answer; 20 and 1.8 GB
 * when they did in each set.  Tried: one table for sets of all windows, 6.5 and
 * 390 MB; but flows that come after the watermark then have other partners than
 * where a set is alone.  10^6 sources that are not there: ssh-guessing 9 MB;
 * scan-horizontal with --max-keys 10k 17 MB, 100k 119 MB, 1M 786 MB.
 *
 * A flow whose numbers are too far from both directions of all patterns is left
 * out before it waits (see tally_may_count): of these records from 2.3 to 1.5
 * s.
 */
#ifndef MATCH_H
#define MATCH_H

#include "cmd/flowmatch/pairing.h"
#include "cmd/flowmatch/tally.h"
#include "libcommon/alert.h"
#include "libcommon/expr_many.h"
#include "libcommon/window_input.h"

struct engine;

/* A set at work. */
struct match {
	struct pattern_set *set;
	struct vectors vectors;
	struct tally_fn tally;
	struct winagg *agg; /* one of the engine's list */
	struct alerts *alerts;
	struct engine *engine;
	size_t index;            /* in the list */
	struct pairing *pairing; /* of the engine; NULL: nothing to pair */
	uint64_t given_up, early;
};

/* What a mode other than detection wants to know. */
struct match_watch {
	void *arg;
	/* Each connection, before it is tallied. */
	void (*connection)(void *arg, struct match *m,
	    const struct connection *c, const struct tally_verdict *v);
	/* In place of rows; score: the highest of a window so far. */
	void (*alert)(void *arg, struct match *m, const struct alert_row *row,
	    double score);
};

/* A watch's alert() where alerts do not matter. */
void match_no_alert(
    void *arg, struct match *m, const struct alert_row *row, double score);

struct match_opts {
	struct window_opts window; /* spec: NULL: as the sets say */
	int64_t update;            /* ns, see alert.h */
	size_t max_keys;
	const char *label; /* member with the truth, or NULL */
	struct match_watch watch;
};

/* What an engine has of a set in a unit. */
struct match_unit {
	size_t keys, entered; /* of open panes; of those in the window */
	struct groups peaks;  /* see match_peaks.c */
};

struct engine {
	struct window window;
	struct winaggs list;
	struct window_client inner; /* winagg's */
	struct match **sets;
	uint64_t bits; /* its sets, of all */
	struct pairing **pairings;
	size_t n_pairings;
	struct match_unit *units; /* of the unit at hand, one a set */
	struct matches *all;
};

struct matches {
	struct run *run;
	struct match_opts opts;
	struct match *sets;
	size_t n;
	struct engine **engines;
	size_t n_engines;
	struct biflow_fields fields;
	bool paired;           /* there are sets that need them */
	struct expr **filters; /* of the sets; NULL: all records */
	struct expr_many *may; /* all of them at once */
	struct match_rows *rows;
	uint64_t written;

	/* Private: of the engines. */
	int (**waiting)(void *arg);
};

/* Before the schema is complete, of sets in the order of the user. */
void matches_open(struct matches *a, struct run *run,
    const struct match_opts *opts, struct pattern_set **sets, size_t n);

/* When it is complete, after run_open(). */
void matches_begin(struct matches *a, char **operands);

/* The record at hand. */
void matches_take(struct matches *a);
void matches_finish(struct matches *a);

/* The score of states: 1 is the limit. */
double match_score(const struct match *m, const char *states);
const struct tally *match_tally(const struct match *m, const char *states);

/* ---- rows of alerts: match_rows.c ---- */

struct match_rows *match_rows_open(struct matches *a);
void match_rows_put(struct match_rows *r, struct match *m,
    const struct alert_row *row, double score);
void match_rows_flush(struct match_rows *r);
void match_rows_close(struct match_rows *r);

/* ---- scores of alerts: match_peaks.c ---- */

/* After a window, whose rows are at hand. */
void match_see_peaks(struct match *m, struct match_unit *u);

/* Of an alert so far; it is forgotten with the last row. */
double match_peak(struct match_unit *u, const struct alert_row *row);

/* ---- bounds: match_keys.c ---- */

/* The set has more keys than it may: gives up the weakest. */
void match_trim(struct match *m, struct match_unit *u, size_t max);

#endif
