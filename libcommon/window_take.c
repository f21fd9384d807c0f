/* SPDX-License-Identifier: MIT */
/* The panes of records. */
#include <stdio.h>

#include "libcommon/column.h"
#include "libcommon/window.h"

/* A pane other than the last one. */
static struct window_pane *
other_pane(struct window *w, int64_t t)
{
	int64_t id = winspec_pane(&w->spec, t);

	if (id < window_closed(w)) {
		window_late(w, winspec_start(&w->spec, id + 1));
		return NULL;
	}
	w->u->pane = window_pane(w, id);
	w->u->from = winspec_start(&w->spec, id);
	w->u->to = winspec_start(&w->spec, id + 1);
	return w->u->pane;
}

struct window_pane *
window_take_at(struct window *w, int64_t t)
{
	if (w->run->reader.in.turn != w->turn)
		w->turned(w);
	if (w->spec.kind == WINDOW_WHOLE)
		return w->u->pane;
	w->u->idle_since = 0;
	w->now = t;
	if (w->spec.kind == WINDOW_COUNT)
		return window_pane(w, (int64_t)w->u->index / w->spec.pane);
	if (watermark_see(&w->u->mark, t))
		window_moved(w);
	if (w->spec.kind == WINDOW_SESSION || (t >= w->u->from && t < w->u->to))
		return w->u->pane;
	return other_pane(w, t);
}

/*
 * Whether a time has its pane without more ado.  The largest time and the
 * watermark have moved then, and if it is late.
 */
static inline bool
takes_quietly(struct window *w, int64_t t)
{
	struct unit *u = w->u;
	struct watermark before = u->mark;
	int64_t mark;

	if (watermark_doubts(&u->mark, t))
		return false;
	if (watermark_see(&u->mark, t)) {
		mark = unit_mark(u);
		if (u->deadline <= mark) {
			u->mark = before;
			return false;
		}
		u->watermark = mark > u->watermark ? mark : u->watermark;
	}
	if (t >= u->from && t < u->to)
		return true;
	return winspec_pane(&w->spec, t) >= window_closed(w) &&
	       other_pane(w, t);
}

uint32_t
window_take_run(struct window *w, struct window_pane **panes, uint32_t n)
{
	int64_t times[COLUMN_RUN];
	uint32_t i = 0;

	if (w->spec.kind == WINDOW_TIME) {
		/* The record before may have had no time, and told nothing. */
		if (w->run->reader.in.turn != w->turn)
			return 0;
		w->u->idle_since = 0;
		n = eventtime_of_run(&w->time, &w->run->reader, n, times);
	}
	for (; i < n; i++) {
		if (w->spec.kind == WINDOW_TIME && !takes_quietly(w, times[i]))
			break;
		panes[i] = w->u->pane;
	}
	return i;
}

struct window_pane *
window_take(struct window *w)
{
	const char *err = NULL;
	int64_t t = 0;

	if (w->spec.kind != WINDOW_WHOLE)
		err = eventtime_of(&w->time, w->run->reader.rec.v, &t);
	w->timed = !err;
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
	    window_pane(w, (int64_t)w->u->index / w->spec.pane);

	if (!pane->records++)
		pane->first = pane->last = w->now;
	pane->first = w->now < pane->first ? w->now : pane->first;
	pane->last = w->now > pane->last ? w->now : pane->last;
	w->u->index++;
	if (w->u->next_end == (int64_t)w->u->index / w->spec.pane &&
	    (int64_t)w->u->index % w->spec.pane == 0)
		window_emit(w);
}
