/* SPDX-License-Identifier: MIT */
#include "libcommon/window_input.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libcommon/die.h"
#include "libcommon/num.h"
#include "libcommon/xalloc.h"

static const int64_t second = 1000000000;

static int64_t
clock_now(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return t.tv_sec * second + t.tv_nsec;
}

/* ---- where records come from ---- */

/* What holds the watermark until the operand is begun. */
static struct unit_source
look_at(struct window *w, const char *name, bool peeking)
{
	struct unit_source s = { .level = INT64_MIN,
		.lateness = 3600 * second };

	if (!source_is_file(name))
		s.lateness = w->time.arrival ? 0 : 60 * second;
	if (w->lateness >= 0)
		s.lateness = w->lateness;
	s.lateness = num_minus(s.lateness, -w->linger);
	if (peeking && source_is_file(name) && strcmp(name, "-") != 0)
		s.level =
		    num_minus(eventtime_first(&w->time, name), s.lateness);
	return s;
}

/* Partitions that have been silent for long hold nothing. */
static void
let_go(struct window *w)
{
	int64_t now = kafka_now(), held = w->u->hold;

	for (size_t i = 0; i < w->u->n_sources && !w->ends; i++)
		if (now - w->u->sources[i].seen >= w->idle / 1000000)
			w->u->sources[i].level = INT64_MAX;
	unit_hold_anew(w->u);
	if (w->u->hold > held && w->u->source != SIZE_MAX)
		window_moved(w);
}

/* A unit goes on. */
static void
turn_unit(struct window *w, int64_t offset)
{
	struct unit *u = w->u;

	u->to = u->from;
	if (u->rebuilding && offset >= u->position)
		window_rebuilt(w);
	unit_begin_run(u, offset);
	if (!u->pane &&
	    (w->spec.kind == WINDOW_WHOLE || w->spec.kind == WINDOW_SESSION))
		u->pane = window_pane(w, 0);
}

/* The records that come now are of a partition. */
static void
turn_to_part(struct window *w, const struct kafka_run *run)
{
	if (w->grouped) {
		window_select(w, w->units[run->part]);
		turn_unit(w, run->offset);
		return;
	}
	if (w->spec.kind == WINDOW_WHOLE)
		return;
	unit_turn(w->u, run->part, w->leap);
	w->u->sources[run->part].seen = kafka_now();
	let_go(w);
}

/* The input is at another place. */
static void
turn(struct window *w)
{
	const struct input *in = &w->run->reader.in;

	w->turn = in->turn;
	if (w->parts) {
		turn_to_part(w, in->run);
		return;
	}
	/* Operands that cannot be opened are passed over. */
	for (size_t i = 0; i + 1 < in->next && w->u->n_sources; i++) {
		w->u->sources[i].ended = true;
		w->u->sources[i].level = INT64_MAX;
	}
	if (w->u->n_sources)
		unit_turn(w->u, in->next - 1, w->leap);
}

/* ---- no record comes ---- */

/* The watermark if the clock went on in place of the records. */
static int64_t
by_the_clock(const struct window *w, int64_t silent)
{
	if (w->time.arrival)
		return clock_now(CLOCK_REALTIME);
	if (w->u->mark.max == INT64_MIN || silent < w->idle)
		return INT64_MIN;
	return num_minus(num_minus(w->u->mark.max, -silent),
	    w->u->sources[w->u->source].lateness);
}

/* The windows that are open, but not those of a clock that is far ahead. */
static void
emit_believed(struct window *w)
{
	int64_t last = w->u->mark.max, after;

	if (last == INT64_MIN)
		last = w->u->mark.least;
	if (w->client.advance) {
		w->u->watermark = num_minus(last, -w->spec.gap);
		w->client.advance(w->client.arg, w->u->watermark);
	}
	after = w->spec.panes ? winspec_pane(&w->spec, last) + 1 : 0;
	while (w->u->next_end != INT64_MAX &&
	       w->u->next_end - w->spec.panes < after)
		window_emit(w);
}

/*
 * No record comes, where all that was worked off before has come again.  With
 * --idle all windows that are open are emitted after that time.  Without, the
 * clock goes on after 10 s in place of the records: a window is emitted when it
 * is over and the lateness has passed, too; so a source that sends in bursts
 * loses nothing.  Returns when to look again, ms.
 */
static int
wait_for_unit(struct window *w)
{
	int64_t now = clock_now(CLOCK_MONOTONIC), silent, mark, left;

	if (w->u->deadline == INT64_MAX)
		return -1;
	if (!w->u->idle_since)
		w->u->idle_since = now;
	if (w->u->hold != INT64_MAX || w->u->rebuilding)
		return -1;
	silent = now - w->u->idle_since;
	mark = w->u->watermark;
	if (w->opts.idle && silent >= w->idle) {
		emit_believed(w);
		w->hurried = true;
		w->u->watermark = mark;
		return -1;
	}
	if (by_the_clock(w, silent) >= w->u->deadline)
		window_advance(w, by_the_clock(w, silent));
	left = w->idle - silent;
	if (left <= 0 || w->time.arrival)
		left = num_minus(w->u->deadline, by_the_clock(w, silent));
	left = left > 0 ? left / 1000000 + 1 : 1000;
	if (w->u->deadline == INT64_MAX)
		return -1;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* What was no silence of the sources: it begins anew. */
static void
start_silence(struct window *w)
{
	int64_t now = kafka_now();

	for (size_t i = 0; i < w->n_units; i++)
		if (w->units[i])
			w->units[i]->idle_since = 0;
	if (w->grouped)
		return;
	w->u->idle_since = 0;
	for (size_t i = 0; i < w->u->n_sources; i++)
		w->u->sources[i].seen = now;
}

static int
wait_for_records(void *arg)
{
	struct window *w = arg;
	unsigned least = UINT_MAX; /* -1 is the largest */

	if (w->opts.late)
		out_flush(&w->late_out);
	if (w->parts && w->run->reader.in.run && w->run->reader.in.run->down) {
		start_silence(w);
		return -1;
	}
	if (!w->grouped) {
		if (w->parts)
			let_go(w);
		return wait_for_unit(w);
	}
	for (size_t i = 0; i < w->n_units; i++) {
		unsigned ms;

		if (!w->units[i])
			continue;
		window_select(w, w->units[i]);
		ms = (unsigned)wait_for_unit(w);
		least = ms < least ? ms : least;
	}
	return (int)least;
}

/* ---- partitions: a keeper's calls ---- */

static void
open_parts(void *arg, const struct kafka_run *run)
{
	struct window *w = arg;

	w->parts = true;
	w->ends = run->ends;
	w->grouped = run->grouped;
	if (w->grouped && w->spec.kind == WINDOW_SESSION &&
	    w->spec.max != INT64_MAX)
		opts_usage("with group= sessions cannot have a maximum");
	if (w->grouped && !w->client.units)
		opts_usage("with group= another process must be able to go on "
			   "with what is open: that cannot be done here");
	if (w->grouped)
		return;
	w->u->n_sources = run->parts;
	w->u->sources =
	    xreallocarray(w->u->sources, run->parts, sizeof *w->u->sources);
	for (size_t i = 0; i < run->parts; i++) {
		w->u->sources[i] = w->of_parts;
		w->u->sources[i].seen = kafka_now();
	}
}

static void
part_arrives(void *arg, size_t part, int64_t position, const char *note)
{
	struct window *w = arg;
	struct unit *u = unit_new(w->client.unit, w->leap);

	while (part >= w->n_units) {
		size_t n = w->n_units ? 2 * w->n_units : 16;

		w->units = xreallocarray(w->units, n, sizeof *w->units);
		while (w->n_units < n)
			w->units[w->n_units++] = NULL;
	}
	w->units[part] = u;
	u->sources = xcalloc(1, sizeof *u->sources);
	u->sources[0] = w->of_parts;
	u->n_sources = 1;
	u->source = 0;
	if (!unit_restore(u, w->tag, position, note))
		die("the group's offsets were committed with other windows "
		    "than -w %s: use another group",
		    w->opts.spec ? w->opts.spec : "none");
	u->watermark = unit_level(u);
}

static void
part_leaves(void *arg, size_t part, enum kafka_leave why)
{
	struct window *w = arg;

	if (w->grouped) {
		window_select(w, w->units[part]);
		if (why == KAFKA_ENDED) {
			window_flush(w);
			return;
		}
		window_forget(w);
		w->units[part] = NULL;
	} else if (w->spec.kind == WINDOW_TIME ||
		   w->spec.kind == WINDOW_SESSION) {
		w->u->sources[part].ended = true;
		w->u->sources[part].level = INT64_MAX;
		unit_hold_anew(w->u);
		if (w->u->source != SIZE_MAX && w->u->hold != INT64_MAX)
			window_moved(w);
	}
}

static int64_t
part_point(void *arg, size_t part, int64_t position, char note[KAFKA_NOTE])
{
	struct window *w = arg;
	int64_t resume = INT64_MAX;
	struct unit *u = w->units[part];

	window_select(w, u);
	if (u->rebuilding && position >= u->position)
		window_rebuilt(w);
	if (u->rebuilding)
		resume = u->skip_to;
	else if (w->client.resume)
		resume = w->client.resume(w->client.arg);
	if (resume == INT64_MAX)
		resume = u->horizon > u->muted_to ? u->horizon : u->muted_to;
	unit_note(u, w->tag, resume, note);
	return unit_rewind(u, position);
}

static void
keep_parts(struct window *w, const char *operand)
{
	struct kafka_keeper *k = &w->run->keeper;
	const struct winspec *s = &w->spec;

	snprintf(w->tag, sizeof w->tag,
	    "%d:%" PRId64 ":%" PRId64 ":%" PRId64 ":%" PRId64, (int)s->kind,
	    s->size, s->slide, s->gap, s->shift);
	w->of_parts = look_at(w, operand, false);
	k->arg = w;
	k->open = open_parts;
	k->arrive = part_arrives;
	k->leave = part_leaves;
	k->point = part_point;
}

/* ---- opening ---- */

/* The operands; partitions are known when theirs is begun. */
static void
open_sources(struct window *w, char **operands)
{
	if (kafka_is_address(operands[0]) && !operands[1]) {
		keep_parts(w, operands[0]);
		return;
	}
	for (char **p = operands; *p; p++) {
		if (kafka_is_address(*p))
			opts_usage(
			    "%s: with -w it must be the only operand", *p);
		w->u->n_sources++;
	}
	w->u->sources = xcalloc(w->u->n_sources, sizeof *w->u->sources);
	for (size_t i = 0; i < w->u->n_sources; i++)
		w->u->sources[i] = look_at(w, operands[i], i > 0);
}

void
window_open(
    struct window *w, const struct window_client *client, char **operands)
{
	static char *standard[] = { "-", NULL };

	operands = *operands ? operands : standard;
	w->client = *client;
	w->turned = turn;
	if (w->run->grouped) {
		keep_parts(w, operands[0]);
	} else {
		window_select(w, unit_new(client->unit, w->leap));
		if (w->spec.kind == WINDOW_WHOLE ||
		    w->spec.kind == WINDOW_SESSION)
			w->u->pane = window_pane(w, 0);
	}
	if (w->spec.kind != WINDOW_WHOLE)
		open_sources(w, operands);
	w->run->reader.waiting = wait_for_records;
	w->run->reader.waiting_arg = w;
	if (!w->opts.late)
		return;
	out_open(&w->late_out, w->opts.late);
	w->run->commit.others[w->run->commit.n_others++] = &w->late_out;
}
