/* SPDX-License-Identifier: MIT */
/* long file: one state machine, from the record to the window */
#include "libcommon/window.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

static const int64_t second = 1000000000;

enum { MAX_FILL = 1000000 };

static int64_t
clock_now(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return t.tv_sec * second + t.tv_nsec;
}

static int64_t
minus(int64_t a, int64_t b)
{
	int64_t v;
	bool over = __builtin_sub_overflow(a, b, &v);

	return !over ? v : a < 0 ? INT64_MIN : INT64_MAX;
}

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
		opts_usage("-w %s: %s", opts->spec, err);
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
	size_t low = 0, high = w->n_panes;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (w->panes[mid]->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
set_next(struct window *w, int64_t end)
{
	w->next_end = end;
	w->deadline = INT64_MAX;
	if (end != INT64_MAX && w->spec.kind == WINDOW_TIME)
		w->deadline = winspec_start(&w->spec, end);
}

struct window_pane *
window_pane(struct window *w, int64_t id)
{
	size_t i = find_pane(w, id), behind;
	struct window_pane *pane;
	int64_t end = INT64_MAX;

	if (i < w->n_panes && w->panes[i]->id == id)
		return w->panes[i];
	w->panes = xgrow(w->panes, &w->cap_panes, w->n_panes, sizeof *w->panes);
	behind = w->n_panes - i;
	memmove(w->panes + i + 1, w->panes + i, behind * sizeof *w->panes);
	pane = xcalloc(1, sizeof *pane + w->client.state);
	pane->id = id;
	w->panes[i] = pane;
	w->n_panes++;
	if (w->spec.panes)
		end = winspec_first_end(&w->spec, id);
	/* All was emitted, and so will be what is empty in between. */
	if (w->client.fill && w->next_end == INT64_MAX && end > w->horizon &&
	    w->horizon != INT64_MIN &&
	    (end - w->horizon) / w->spec.step <= MAX_FILL)
		end = w->horizon + w->spec.step;
	if (end < w->next_end)
		set_next(w, end);
	return pane;
}

/* ---- sources ---- */

/* What holds the watermark until the operand is begun. */
static struct window_source
look_at(struct window *w, const char *name, bool peeking)
{
	struct window_source s = { INT64_MIN, 3600 * second };

	if (!source_is_file(name))
		s.lateness = w->time.arrival ? 0 : 60 * second;
	if (w->lateness >= 0)
		s.lateness = w->lateness;
	if (peeking && source_is_file(name) && strcmp(name, "-") != 0)
		s.floor = minus(eventtime_first(&w->time, name), s.lateness);
	return s;
}

/* The source at hand is another: what do those behind it hold? */
static void
next_source(struct window *w)
{
	size_t next = w->run->reader.in.next;

	w->source = next - 1;
	w->hold = INT64_MAX;
	for (size_t i = w->source + 1; i < w->n_sources; i++)
		if (w->sources[i].floor < w->hold)
			w->hold = w->sources[i].floor;
	watermark_init(&w->mark, w->leap);
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
	for (size_t i = 0; i < w->n_entered; i++) {
		const struct window_pane *p = w->panes[i];

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

	for (; n < w->n_entered; n++) {
		if (w->panes[n]->id >= next - w->spec.panes)
			break;
		w->client.leave(w->client.arg, w->panes[n]);
		if (w->pane == w->panes[n]) {
			w->pane = NULL;
			w->to = w->from;
		}
		free(w->panes[n]);
	}
	w->n_panes -= n;
	w->n_entered -= n;
	memmove(w->panes, w->panes + n, w->n_panes * sizeof *w->panes);
}

/* The end of the window behind the one that ended at 'end'. */
static int64_t
window_behind(struct window *w, int64_t end)
{
	int64_t next = end + w->spec.step, first;

	/* Behind the last record there is no slide to come. */
	if (w->spec.kind == WINDOW_COUNT && w->watermark == INT64_MAX &&
	    w->n_entered == w->n_panes)
		return INT64_MAX;
	if (w->n_entered || w->tail)
		return next;
	if (!w->n_panes)
		return INT64_MAX;
	first = winspec_first_end(&w->spec, w->panes[0]->id);
	if (w->client.fill && (first - next) / w->spec.step < MAX_FILL)
		return next;
	return first;
}

static void
emit_next(struct window *w)
{
	int64_t end = w->next_end;
	struct window_bounds b;
	bool empty;

	for (; w->n_entered < w->n_panes; w->n_entered++) {
		struct window_pane *pane = w->panes[w->n_entered];

		if (pane->id >= end)
			break;
		w->client.enter(w->client.arg, pane);
	}
	empty = w->n_entered == 0;
	b = bounds_of(w, end);
	w->horizon = end;
	w->emitted += !empty;
	w->client.emit(w->client.arg, &b);
	drop_panes(w, end + w->spec.step);
	w->tail = w->client.tail && !empty;
	set_next(w, window_behind(w, end));
}

/* Emits all windows that end at or before the watermark. */
static void
advance(struct window *w, int64_t watermark)
{
	w->watermark = watermark;
	if (w->client.advance)
		w->client.advance(w->client.arg, watermark);
	while (w->next_end != INT64_MAX && w->deadline <= watermark)
		emit_next(w);
}

static void
moved(struct window *w)
{
	int64_t mark = minus(w->mark.max, w->sources[w->source].lateness);

	if (mark > w->hold)
		mark = w->hold;
	if (mark > w->watermark)
		advance(w, mark);
}

void
window_late(struct window *w, int64_t closed)
{
	int64_t needed = minus(w->mark.max, closed);

	w->late++;
	w->missed = needed > w->missed ? needed : w->missed;
	if (!w->opts.late)
		return;
	out_put(&w->late_out, w->run->reader.rec.p, w->run->reader.rec.n);
	out_char(&w->late_out, '\n');
}

/* The watermark if the clock went on in place of the records. */
static int64_t
by_the_clock(const struct window *w, int64_t silent)
{
	if (w->time.arrival)
		return clock_now(CLOCK_REALTIME);
	if (w->mark.max == INT64_MIN || silent < w->idle)
		return INT64_MIN;
	return minus(
	    minus(w->mark.max, -silent), w->sources[w->source].lateness);
}

/* The windows that are open, but not those of a clock that is far ahead. */
static void
emit_believed(struct window *w)
{
	int64_t last = w->mark.max, after;

	if (last == INT64_MIN)
		last = w->mark.least;
	if (w->client.advance) {
		w->watermark = minus(last, -w->spec.gap);
		w->client.advance(w->client.arg, w->watermark);
	}
	after = w->spec.panes ? winspec_pane(&w->spec, last) + 1 : 0;
	while (w->next_end != INT64_MAX && w->next_end - w->spec.panes < after)
		emit_next(w);
}

/*
 * No record comes.  With --idle all windows that are open are emitted after
 * that time.  Without, the clock goes on after 10 s in place of the records: a
 * window is emitted when it is over and the lateness has passed, too; so a
 * source that sends in bursts loses nothing.  Returns when to look again, ms.
 */
static int
wait_for_records(void *arg)
{
	struct window *w = arg;
	int64_t now = clock_now(CLOCK_MONOTONIC), silent, mark, left;

	if (w->opts.late)
		out_flush(&w->late_out);
	if (w->deadline == INT64_MAX || w->hold != INT64_MAX)
		return -1;
	if (!w->idle_since)
		w->idle_since = now;
	silent = now - w->idle_since;
	mark = w->watermark;
	if (w->opts.idle && silent >= w->idle) {
		emit_believed(w);
		w->watermark = mark;
		return -1;
	}
	if (by_the_clock(w, silent) >= w->deadline)
		advance(w, by_the_clock(w, silent));
	left = w->idle - silent;
	if (left <= 0 || w->time.arrival)
		left = minus(w->deadline, by_the_clock(w, silent));
	left = left > 0 ? left / 1000000 + 1 : 1000;
	if (w->deadline == INT64_MAX)
		return -1;
	return left < INT_MAX ? (int)left : INT_MAX;
}

void
window_open(
    struct window *w, const struct window_client *client, char **operands)
{
	static char *standard[] = { "-", NULL };

	operands = *operands ? operands : standard;
	w->client = *client;
	w->next_end = w->deadline = INT64_MAX;
	w->horizon = w->watermark = INT64_MIN;
	if (w->spec.kind == WINDOW_WHOLE || w->spec.kind == WINDOW_SESSION)
		w->pane = window_pane(w, 0);
	if (w->spec.kind == WINDOW_WHOLE)
		return;
	for (char **p = operands; *p; p++)
		w->n_sources++;
	w->sources = xcalloc(w->n_sources, sizeof *w->sources);
	for (size_t i = 0; i < w->n_sources; i++)
		w->sources[i] = look_at(w, operands[i], i > 0);
	w->source = SIZE_MAX; /* none yet */
	w->run->reader.waiting = wait_for_records;
	w->run->reader.waiting_arg = w;
	if (w->opts.late)
		out_open(&w->late_out, w->opts.late);
}

/* ---- records ---- */

/* A pane other than the last one. */
static struct window_pane *
other_pane(struct window *w, int64_t t)
{
	int64_t id = winspec_pane(&w->spec, t);

	if (id < w->horizon) {
		window_late(w, winspec_start(&w->spec, id + 1));
		return NULL;
	}
	w->pane = window_pane(w, id);
	w->from = winspec_start(&w->spec, id);
	w->to = winspec_start(&w->spec, id + 1);
	return w->pane;
}

struct window_pane *
window_take_at(struct window *w, int64_t t)
{
	if (w->spec.kind == WINDOW_WHOLE)
		return w->pane;
	w->idle_since = 0;
	w->now = t;
	if (w->spec.kind == WINDOW_COUNT)
		return window_pane(w, (int64_t)w->index / w->spec.pane);
	if (w->run->reader.in.next != w->source + 1)
		next_source(w);
	if (watermark_see(&w->mark, t))
		moved(w);
	if (w->spec.kind == WINDOW_SESSION || (t >= w->from && t < w->to))
		return w->pane;
	return other_pane(w, t);
}

struct window_pane *
window_take(struct window *w)
{
	const char *err = NULL;
	int64_t t = 0;

	if (w->spec.kind != WINDOW_WHOLE)
		err = eventtime_of(&w->time, w->run->reader.rec.v, &t);
	if (!err)
		return window_take_at(w, t);
	run_reject(w->run, window_no_time(w, err));
	return NULL;
}

const char *
window_no_time(struct window *w, const char *what)
{
	snprintf(w->message, sizeof w->message, "%s: %s (needed for -w)",
	    w->time.name, what);
	return w->message;
}

void
window_count(struct window *w)
{
	struct window_pane *pane =
	    window_pane(w, (int64_t)w->index / w->spec.pane);

	if (!pane->records++)
		pane->first = pane->last = w->now;
	pane->first = w->now < pane->first ? w->now : pane->first;
	pane->last = w->now > pane->last ? w->now : pane->last;
	w->index++;
	if (w->next_end == (int64_t)w->index / w->spec.pane &&
	    (int64_t)w->index % w->spec.pane == 0)
		emit_next(w);
}

static void
say_what_was_late(const struct window *w)
{
	bool many = w->late > 1;

	w->run->reader.partial = true;
	warn("%" PRIu64 " record%s came too late for %s: -l %" PRId64
	     "s would have caught %s",
	    w->late, many ? "s" : "", many ? "their windows" : "its window",
	    w->missed / second + 1, many ? "them all" : "it");
}

void
window_finish(struct window *w)
{
	if (w->spec.kind == WINDOW_WHOLE)
		set_next(w, 1);
	/* Behind the last record there is no slide to come. */
	if (w->spec.kind == WINDOW_COUNT && w->n_entered == w->n_panes)
		w->next_end = INT64_MAX;
	advance(w, INT64_MAX);
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

void
window_values(
    const struct window *w, const struct window_bounds *b, struct value *values)
{
	const int64_t times[] = { b->start, b->end };

	for (int i = 0; w->spec.kind != WINDOW_WHOLE && i < 2; i++)
		values[i] = (struct value){ .type = VALUE_TIME, .i = times[i] };
}
