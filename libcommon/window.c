/* SPDX-License-Identifier: MIT */
#include "libcommon/window.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "libcommon/die.h"
#include "libcommon/num_units.h"
#include "libcommon/xalloc.h"

static const int64_t second = 1000000000;

enum { MAX_FILL = 1000000 };

/* ---- set-up ---- */

static int64_t
duration(const char *option, const char *text, int64_t otherwise)
{
	const char *err;
	int64_t ns;

	if (!text)
		return otherwise;
	err = num_duration(slice_str(text), &ns);
	if (err)
		opts_usage("%s %s: %s", option, text, err);
	return ns;
}

void
window_setup(struct window *w, struct run *run, const struct window_opts *opts)
{
	const char *err;

	*w = (struct window){ .run = run, .opts = *opts };
	err = winspec_parse(&w->spec, opts->spec, opts->align);
	if (err)
		opts_usage("-w %s%s%s: %s", opts->spec,
		    opts->align ? " --align " : "",
		    opts->align ? opts->align : "", err);
	if (!opts->spec && !opts->alone &&
	    (opts->lateness || opts->idle || opts->max_future || opts->late ||
		opts->spread || opts->align))
		opts_usage("-l, --idle, --max-future, --align, --spread and "
			   "--late go with -w");
	eventtime_open(&w->time, opts->time_field, &run->schema, run->zone);
	w->lateness = duration("-l", opts->lateness, -1);
	w->idle = duration("--idle", opts->idle, 10 * second);
	/* Rows of windows are as far apart as their windows are long. */
	w->leap = w->spec.size > 3600 * second ? w->spec.size : 3600 * second;
	w->leap = duration("--max-future", opts->max_future, w->leap);
}

/* ---- panes ---- */

/* The place of a pane, or where it would stand. */
static size_t
find_pane(const struct window *w, int64_t id)
{
	size_t low = 0, high = w->u->n_panes;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (w->u->panes[mid]->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
set_next(struct window *w, int64_t end)
{
	w->u->next_end = end;
	w->u->deadline = INT64_MAX;
	if (end != INT64_MAX && w->spec.kind == WINDOW_TIME)
		w->u->deadline = winspec_start(&w->spec, end);
}

struct window_pane *
window_pane(struct window *w, int64_t id)
{
	size_t i = find_pane(w, id), behind;
	struct window_pane *pane;
	int64_t end = INT64_MAX;

	if (i < w->u->n_panes && w->u->panes[i]->id == id)
		return w->u->panes[i];
	w->u->panes = xgrow(
	    w->u->panes, &w->u->cap_panes, w->u->n_panes, sizeof *w->u->panes);
	behind = w->u->n_panes - i;
	memmove(
	    w->u->panes + i + 1, w->u->panes + i, behind * sizeof *w->u->panes);
	pane = xcalloc(1, sizeof *pane + w->client.state);
	pane->id = id;
	if (w->spec.kind != WINDOW_SESSION)
		pane->point = unit_hold(w->u);
	w->u->panes[i] = pane;
	w->u->n_panes++;
	if (w->spec.panes)
		end = winspec_first_end(&w->spec, id);
	/* All was emitted, and so will be what is empty in between. */
	if (w->client.fill && w->u->next_end == INT64_MAX &&
	    end > w->u->horizon && w->u->horizon != INT64_MIN &&
	    (end - w->u->horizon) / w->spec.step <= MAX_FILL)
		end = w->u->horizon + w->spec.step;
	if (end < w->u->next_end)
		set_next(w, end);
	return pane;
}

void
window_select(struct window *w, struct unit *u)
{
	if (w->u == u)
		return;
	w->u = u;
	if (w->client.select)
		w->client.select(w->client.arg, u->state);
}

/* ---- windows ---- */

/* A window's number from its end, a pane. */
static int64_t
number_of(const struct window *w, int64_t end)
{
	return w->spec.step ? (end - w->spec.panes) / w->spec.step : 0;
}

struct window_bounds
window_bounds_of(const struct window *w, int64_t number)
{
	int64_t start = number * w->spec.step;

	return (struct window_bounds){ winspec_start(&w->spec, start),
		winspec_start(&w->spec, start + w->spec.panes), number };
}

void
window_numbers(const struct window *w, const struct window_pane *pane,
    int64_t *first, int64_t *last)
{
	*first = number_of(w, winspec_first_end(&w->spec, pane->id));
	*last = pane->id / w->spec.step - (pane->id % w->spec.step < 0);
}

/* Of those that count records, what the panes know. */
static struct window_bounds
bounds_of(const struct window *w, int64_t end)
{
	struct window_bounds b = { INT64_MAX, INT64_MIN, number_of(w, end) };

	if (w->spec.kind == WINDOW_TIME)
		return window_bounds_of(w, b.number);
	for (size_t i = 0; i < w->u->n_entered; i++) {
		const struct window_pane *p = w->u->panes[i];

		b.start = p->first < b.start ? p->first : b.start;
		b.end = p->last > b.end ? p->last : b.end;
	}
	return b;
}

/* Panes that the window ending at 'next' does not have any more. */
static void
drop_panes(struct window *w, int64_t next)
{
	size_t n = 0;

	for (; n < w->u->n_entered; n++) {
		if (w->u->panes[n]->id >= next - w->spec.panes)
			break;
		w->client.leave(w->client.arg, w->u->panes[n]);
		unit_release(w->u, w->u->panes[n]->point);
		if (w->u->pane == w->u->panes[n]) {
			w->u->pane = NULL;
			w->u->to = w->u->from;
		}
		free(w->u->panes[n]);
	}
	w->u->n_panes -= n;
	w->u->n_entered -= n;
	memmove(
	    w->u->panes, w->u->panes + n, w->u->n_panes * sizeof *w->u->panes);
}

/* The end of the window behind the one that ended at 'end'. */
static int64_t
window_behind(struct window *w, int64_t end)
{
	int64_t next = end + w->spec.step, first;

	/* Behind the last record there is no slide to come. */
	if (w->spec.kind == WINDOW_COUNT && w->u->watermark == INT64_MAX &&
	    w->u->n_entered == w->u->n_panes)
		return INT64_MAX;
	if (w->u->n_entered || w->u->tail)
		return next;
	if (!w->u->n_panes)
		return INT64_MAX;
	first = winspec_first_end(&w->spec, w->u->panes[0]->id);
	if (w->client.fill && (first - next) / w->spec.step < MAX_FILL)
		return next;
	return first;
}

void
window_emit(struct window *w)
{
	int64_t end = w->u->next_end;
	struct window_bounds b;
	bool empty;

	for (; w->u->n_entered < w->u->n_panes; w->u->n_entered++) {
		struct window_pane *pane = w->u->panes[w->u->n_entered];

		if (pane->id >= end)
			break;
		w->client.enter(w->client.arg, pane);
	}
	empty = w->u->n_entered == 0;
	b = bounds_of(w, end);
	w->u->horizon = end;
	w->u->to = w->u->from; /* the pane at hand may be closed now */
	w->muted = end <= w->u->muted_to;
	w->emitted += !empty && !w->muted;
	if (end > w->u->skip_to && (!w->muted || w->client.resume))
		w->client.emit(w->client.arg, &b);
	w->muted = false;
	drop_panes(w, end + w->spec.step);
	w->u->tail = w->client.tail && !empty;
	set_next(w, window_behind(w, end));
}

/* Emits all windows that end at or before the watermark. */
void
window_advance(struct window *w, int64_t watermark)
{
	w->u->watermark = watermark;
	if (w->client.advance)
		w->client.advance(w->client.arg, watermark);
	while (w->u->next_end != INT64_MAX && w->u->deadline <= watermark)
		window_emit(w);
}

void
window_moved(struct window *w)
{
	int64_t mark = unit_mark(w->u);

	if (mark > w->u->watermark)
		window_advance(w, mark);
}

int64_t
window_closed(const struct window *w)
{
	const struct unit *u = w->u;
	int64_t closed = u->horizon, level, end;

	if (!w->parts)
		return closed;
	if (!u->rebuilding && u->muted_to > closed)
		closed = u->muted_to;
	level = unit_level(u);
	if (level == INT64_MIN)
		return closed;
	/* The last end of a window that the watermark has passed. */
	end = winspec_pane(&w->spec, level) - w->spec.panes;
	end -= end % w->spec.step + (end % w->spec.step < 0 ? w->spec.step : 0);
	end += w->spec.panes;
	return end > closed ? end : closed;
}

void
window_late(struct window *w, int64_t closed)
{
	int64_t needed = num_minus(w->u->mark.max, closed);

	if (w->u->rebuilding)
		return; /* that was told before */
	w->late++;
	w->missed = needed > w->missed ? needed : w->missed;
	if (!w->opts.late)
		return;
	out_put(&w->late_out, w->run->reader.rec.p, w->run->reader.rec.n);
	out_char(&w->late_out, '\n');
}

/*
 * Closes what was closed before, by the clock, too, and no more: of what is
 * behind that, rows would be new, and nobody is there to write them.
 */
void
window_rebuilt(struct window *w)
{
	struct unit *u = w->u;
	int64_t to = u->was;

	if (w->spec.kind == WINDOW_SESSION && u->muted_to < to)
		to = u->muted_to;
	if (u->was > u->watermark) {
		u->watermark = u->was;
		if (w->client.advance)
			w->client.advance(w->client.arg, to);
		while (u->deadline <= to && u->next_end <= u->muted_to)
			window_emit(w);
	}
	u->rebuilding = false;
}

/* Of windows of a count: all records were in one; a bad one has no place. */
static bool
all_counted(const struct unit *u)
{
	return u->n_entered == u->n_panes ||
	       (u->n_entered + 1 == u->n_panes &&
		   !u->panes[u->n_entered]->records);
}

/* All that is open of it, as at the end of the input. */
void
window_flush(struct window *w)
{
	int64_t mark;

	if (w->u->rebuilding)
		window_rebuilt(w);
	mark = w->u->watermark;
	if (w->spec.kind == WINDOW_WHOLE && w->u->pane)
		set_next(w, 1);
	if (w->spec.kind == WINDOW_COUNT && all_counted(w->u))
		w->u->next_end = INT64_MAX;
	window_advance(w, INT64_MAX);
	w->u->watermark = mark;
}

/* Someone else goes on with it: what we have of it is forgotten. */
void
window_forget(struct window *w)
{
	struct unit *u = w->u;

	while (u->n_entered < u->n_panes)
		w->client.enter(w->client.arg, u->panes[u->n_entered++]);
	drop_panes(w, INT64_MAX);
	if (w->client.drop)
		w->client.drop(w->client.arg, u->state);
	unit_free(u);
	w->u = NULL;
	w->turn = 0;
}

/* ---- the end ---- */

static void
say_what_was_late(const struct window *w)
{
	bool many = w->late > 1;

	w->run->reader.partial = true;
	warn("%" PRIu64 " record%s came too late for %s: -l %" PRId64
	     "s%s would have caught %s",
	    w->late, many ? "s" : "", many ? "their windows" : "its window",
	    w->missed / second + 1, w->hurried ? ", without --idle," : "",
	    many ? "them all" : "it");
}

void
window_finish(struct window *w)
{
	if (!w->grouped && w->u)
		window_flush(w);
	w->run->windowed = w->spec.kind != WINDOW_WHOLE;
	w->run->late = w->late;
	w->run->windows = w->emitted;
	if (w->late)
		say_what_was_late(w);
	if (w->opts.late)
		out_close(&w->late_out);
	eventtime_close(&w->time);
}

size_t
window_columns(const struct window *w, struct row_column *columns)
{
	static const char *const names[] = { "window_start", "window_end" };
	size_t n = w->spec.kind == WINDOW_WHOLE ? 0 : 2;

	for (size_t i = 0; i < n; i++)
		columns[i] = (struct row_column){ names[i],
			field_find(slice_str(names[i])) };
	return n;
}

size_t
window_identity(const struct window *w, size_t n)
{
	return w->spec.kind == WINDOW_COUNT ? 0 : n;
}

void
window_values(
    const struct window *w, const struct window_bounds *b, struct value *values)
{
	const int64_t times[] = { b->start, b->end };

	for (int i = 0; w->spec.kind != WINDOW_WHOLE && i < 2; i++)
		values[i] = (struct value){ .type = VALUE_TIME, .i = times[i] };
}
