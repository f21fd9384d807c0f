/* SPDX-License-Identifier: MIT */
/*
 * alert: a group for which --having holds is an alert as long as it holds.  A
 * row when it begins, one every --update while it lasts, one when it ends.
 *
 * Its values are those of all records from the start of its first window to
 * the end of its last one, each counted once, however much windows overlap.
 */
#ifndef ALERT_H
#define ALERT_H

#include "libcommon/winagg.h"

enum { ALERT_COLUMNS = 3 }; /* alert, alert_id, alert_state */

struct alerts;

/*
 * Of one of the list.  update: ns between rows of an alert, 0: each window.
 * Before the window is opened with the list's client.
 */
struct alerts *alerts_new(
    struct winaggs *list, struct winagg *agg, const char *name, int64_t update);

/* first: what the column with the name is called. */
void alerts_columns(struct row_column *columns, const char *first);

/* A row: its key and states, and where it begins and ends. */
struct alert_row {
	struct slice key;
	const char *states;
	struct window_bounds bounds;
	struct value cells[ALERT_COLUMNS];
};
typedef void alert_fn(void *arg, const struct alert_row *row);

/* After a window: its rows begin, go on with or end alerts, ordered by key. */
void alerts_window(struct alerts *s, const struct window_bounds *bounds,
    alert_fn *put, void *arg);

/* The end of the last window before those of open alerts: see window.h. */
int64_t alerts_resume(const struct alerts *s);

/* The unit at hand is gone. */
void alerts_drop(struct alerts *s);

#endif
