/* SPDX-License-Identifier: MIT */
/*
 * winagg: aggregates of groups, per window.
 *
 * Each pane has a table of its groups.  Where a window is one pane, its rows
 * are the pane's groups; where it is several, those of one more table (live).
 * Only groups of the pane that entered and the one that left are then tested
 * anew for --having and ranked anew.
 *
 * Where plain sums and count() are asked for, panes of windows that slide have
 * logs in place of groups (livesums.h), and rows are written from numbers
 * (rowsums.h).
 *
 * Measured on 5 M records of 500 s, Zen 3, as multiples of the time of wc -l in
 * turn with it, from quiet runs to others: flowwin -w 10s 2.7 to 3.2; the SYN
 * flood (flowfilter 'flags S/SA' | flowagg -k dst_ip_addr --having 'flows >
 * 1000') -w 10s/1s 3.0 to 3.3, -w 300s 2.8, -w 300s/1s 3.2; flowagg -k
 * src_ip_addr 3.5 to 3.7, -w 60s 4.1 to 4.5; flowtopn -k src_ip_addr -b packets
 * -w 60s/5s 5.1 to 6.4 (8.0 with groups with states in panes, in turn with it);
 * flowagg -k src_ip_addr -w 60s/5s, 112 windows of up to 95000 rows, 1.5 GB of
 * text, 7.8 to 11 (15.6).  What a record costs is its lines beyond the second
 * cache.  Steps of flowtopn: logs 6.2, with groups of one line and ranks
 * without cells 5.6, keys of 32 bytes and a table of 3/4 load 5.1; of flowagg:
 * rows sorted once and merged, from numbers 10.2, keys from their ranks and
 * digits at once 8.3.  Tried without gain: groups with sums in each pane in
 * place of logs (6.9: fresh pages), malloc that never gives
 * back, 16 or 32 records on their way, entries joined when they are put in
 * place of later (5.7: their marks cannot be hinted at), keys and IPv4 text
 * without copies of variable size, -O3, -flto.  10^8 records through a pipe, -w
 * 60s/5s: 42 MiB, as for 10^7 (bench/memory).
 *
 * On a Xeon with 2 MiB of second cache these two took 4.8 to 5.7 and 6.3 to
 * 8.5, which are 3.7 to 4.0 and 6.0 to 6.5 since records are read in columns
 * and added in batches (agg_batch.h); flowwin 2.1, the SYN flood 2.7 and 2.8,
 * flowagg 2.9, -w 60s 3.7.  An entry is found by its key now, which can be
 * hinted at: entries are joined when they are put (0.96).
 *
 * On an AMD EPYC (Zen 4, 1 MiB of second cache) 3.5 and 5.7, which are 3.25 to
 * 3.5 and 5.3 to 5.6 since groups and logs lie in huge pages, 2 MiB a fault
 * (arena.h: 17 900 faults became 7 200); flowwin 1.8, the SYN flood 2.3.
 */
#ifndef WINAGG_H
#define WINAGG_H

#include "libcommon/agg_batch.h"
#include "libcommon/key.h"
#include "libcommon/session.h"
#include "libcommon/window.h"
#include "libcommon/winrows.h"

/* What it has of a unit. */
struct winagg_unit {
	struct live live;
	struct groups *only;       /* the pane's where there is one a window */
	struct sessions *sessions; /* where windows are sessions */
	struct winrows_live rows;
	uint32_t usual; /* groups of the pane that entered last */
	bool begun;
	void *owned; /* the owner's business */
};

struct winagg {
	struct agg agg;
	struct winrows rows; /* of the window being emitted */
	/*
	 * The next one in the list has the same calls over the first so many
	 * of the keys: it is filled from the groups of this one.
	 */
	bool has_coarse;
	size_t coarse_keys;
	bool *coarse_calls; /* which calls it needs */
	/*
	 * It is filled from the groups of another one in front of it in the
	 * list: its expressions are over that one's cells, as is 'where'.
	 */
	struct winagg *from;
	struct expr *where; /* or NULL */
	/*
	 * Panes may have logs besides groups, see livesums.h: the owner does
	 * not ask for winagg_groups(), and no other one is filled from this.
	 */
	bool may_log;

	/* Private. */
	struct window *window;
	bool sliding, owns; /* several panes; states own heap memory */
	bool logs;          /* panes have logs, too */
	bool tells;         /* keys of rows are addresses that ranks tell */
	int ranked;     /* the call whose sum decides about the order, or -1 */
	bool *wanted;   /* cells that having and the order ask for */
	bool wants_key; /* a key is among them */
	uint64_t numbers[AGG_QUICK];
	struct winagg_unit *u;
	struct slice session_key; /* of the one that has ended */
	struct order_entry session;
};

/* After agg_init() of a->agg.  Errors in sort end the program. */
void winagg_open(
    struct winagg *a, struct window *w, const char *sort, struct expr *having);

/* A list of them as a window's client: emit is called with rows at hand. */
struct winaggs {
	struct winagg *v;
	size_t n;
	void (*emit)(void *arg, const struct window_bounds *bounds);
	void *arg;
	/* What enters is told of groups that have an alert, see live.h. */
	void (*tell)(void *alert, const char *states);
	void (*drop)(void *arg); /* the unit at hand is gone */
	/* Each record goes to the first and each step-th one of them; or 0. */
	size_t step;

	/* Private. */
	bool batches;  /* in batches */
	uint32_t size; /* of the next one, which may succeed */
	uint32_t waits,
	    wait; /* after one of no record: so many records; left */
};
void winagg_client(struct winaggs *all, struct window_client *client);

/*
 * Adds records that come next, as many as can be added in batches.  The one at
 * hand was taken, or rejected.
 */
void winagg_add_run(struct winaggs *all);

/* Adds the record at hand; i: of the list. */
const char *winagg_add(struct winagg *a, struct window_pane *pane, size_t i,
    const struct expr_input *in);

/* See agg_add_made(). */
void winagg_add_made(struct winagg *a, struct window_pane *pane, size_t i,
    struct slice key, const uint64_t *totals);

/* The groups of a pane; not of sessions.  A group's states stand at g->head. */
struct groups *winagg_groups(
    struct winagg *a, struct window_pane *pane, size_t i);

/*
 * Adds states that another process made of the records in [start, end), which
 * must lie in one pane; of a session, from the first to the last.
 */
const char *winagg_merge(struct winagg *a, int64_t start, int64_t end,
    struct slice key, const char *states);

/* The cells of a row; valid until the third next call and arena's reset. */
void winagg_cells(struct winagg *a, const void *block, struct value *cells,
    struct arena *arena);
struct slice winagg_key(const struct winagg *a, const void *block);

/* All groups of the window at hand, in any order; freed by the caller. */
void **winagg_all(const struct winagg *a, size_t *n);

/* The states of a row, for --partial. */
const char *winagg_states(struct winagg *a, const void *block);

/* A whole number for each call, where all are sums of such, else NULL. */
const uint64_t *winagg_sums(struct winagg *a, const void *block);

/* The key of row i, in room or borrowed. */
static inline struct slice
winagg_row_key(const struct winagg *a, size_t i, char room[KEY_IP + 8])
{
	if (!a->tells)
		return winagg_key(a, a->rows.v[i].block);
	order_key(&a->rows.order, &a->rows.v[i], room, KEY_IP);
	return slice_of(room, KEY_IP);
}

/* Row i is at hand: a hint for those to come. */
void winagg_hint(const struct winagg *a, size_t i);

#endif
