/* SPDX-License-Identifier: MIT */
#include "libcommon/alert.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/hash.h"
#include "libcommon/xalloc.h"

struct alert {
	const struct agg *agg;
	char *total; /* of the windows in which it held */
	char *fresh; /* of panes that entered since; windows that slide */
	struct window_bounds bounds;
	int64_t told;             /* end of the window of its last row, local */
	struct unit_point *point; /* of its first window's first pane */
	bool seen, begun;
	char id[17];
};

/* Those of a unit. */
struct open {
	struct groups table;   /* key -> struct alert */
	struct alert **active; /* in order of keys, when sorted */
	size_t n, cap;
};

struct alerts {
	struct winagg *agg;
	const char *name;
	int64_t update;
};

static struct open *
open_of(const struct alerts *s)
{
	struct winagg_unit *u = s->agg->u;

	if (!u->owned) {
		u->owned = xcalloc(1, sizeof(struct open));
		groups_init(
		    &((struct open *)u->owned)->table, sizeof(struct alert));
	}
	return u->owned;
}

void
alerts_columns(struct row_column *columns, const char *first)
{
	const char *const names[ALERT_COLUMNS] = { first, "alert_id",
		"alert_state" };

	for (int i = 0; i < ALERT_COLUMNS; i++)
		columns[i] = (struct row_column){ names[i], NULL };
}

/* A pane has entered the window: its part of a group that is an alert. */
static void
tell(void *arg, const char *states)
{
	struct alert *alert = arg;

	agg_merge(alert->agg, alert->fresh, states);
}

struct alerts *
alerts_new(
    struct winaggs *list, struct winagg *agg, const char *name, int64_t update)
{
	struct alerts *s = xcalloc(1, sizeof *s);

	s->agg = agg;
	s->name = name;
	s->update = update;
	list->tell = tell;
	return s;
}

static void
clear(const struct agg *a, char *states)
{
	agg_free_block(a, states);
	memset(states, 0, a->block);
}

static struct alert *
begin(struct alerts *s, struct slice key, const struct window_bounds *bounds)
{
	struct open *o = open_of(s);
	const struct unit *u = s->agg->window->u;
	uint64_t start = htole64((uint64_t)bounds->start);
	struct output id;
	bool fresh;
	struct alert *alert = groups_get(&o->table, key.p, key.n, &fresh);

	alert->bounds = *bounds;
	alert->point = unit_hold_also(u->panes[0]->point);
	alert->total = xcalloc(2, s->agg->agg.block);
	alert->fresh = alert->total + s->agg->agg.block;
	alert->agg = &s->agg->agg;
	out_memory(&id);
	out_str(&id, s->name);
	out_char(&id, '\0');
	out_slice(&id, key);
	out_put(&id, (const char *)&start, sizeof start);
	snprintf(alert->id, sizeof alert->id, "%016" PRIx64,
	    hash_fixed(id.buf, id.n));
	out_close(&id);
	o->active = xgrow(o->active, &o->cap, o->n, sizeof(struct alert *));
	o->active[o->n++] = alert;
	return alert;
}

/* The group of a row is, or becomes, an alert. */
static void
hold(struct alerts *s, const void *block, const struct window_bounds *bounds)
{
	struct winagg *a = s->agg;
	struct slice key = winagg_key(a, block);
	struct alert *alert = groups_find(&open_of(s)->table, key.p, key.n);

	if (!alert) {
		alert = begin(s, key, bounds);
		agg_merge(&a->agg, alert->total, winagg_states(a, block));
	} else if (a->sliding) {
		agg_merge(&a->agg, alert->total, alert->fresh);
	} else {
		agg_merge(&a->agg, alert->total, winagg_states(a, block));
	}
	clear(&a->agg, alert->fresh);
	if (a->sliding)
		((struct live_group *)(uintptr_t)block)->alert = alert;
	alert->bounds.end = bounds->end;
	alert->seen = true;
}

/* The groups of alerts that have ended are told no more. */
static void
forget(struct alerts *s, struct alert *alert)
{
	struct open *o = open_of(s);
	struct slice key = groups_key(&o->table, alert);
	struct live_group *g = NULL;

	if (s->agg->sliding)
		g = groups_find(&s->agg->u->live.groups, key.p, key.n);
	if (g)
		g->alert = NULL;
	agg_free_block(&s->agg->agg, alert->total);
	agg_free_block(&s->agg->agg, alert->fresh);
	free(alert->total);
	unit_release(s->agg->window->u, alert->point);
	groups_remove(&o->table, alert);
}

static const struct groups *sorting;

static int
by_key(const void *a, const void *b)
{
	return slice_cmp(groups_key(sorting, *(struct alert *const *)a),
	    groups_key(sorting, *(struct alert *const *)b));
}

static void
put_row(const struct alerts *s, const struct alert *alert, const char *state,
    alert_fn *put, void *arg)
{
	struct alert_row row = { .key = groups_key(&open_of(s)->table, alert),
		.states = alert->total,
		.bounds = alert->bounds };
	const char *texts[] = { s->name, alert->id, state };

	for (int i = 0; i < ALERT_COLUMNS; i++)
		row.cells[i] = (struct value){ .type = VALUE_STR,
			.s = slice_str(texts[i]) };
	put(arg, &row);
}

/* The row of an alert in this window, if there is one.  Days are days. */
static void
tell_state(struct alerts *s, struct alert *alert, alert_fn *put, void *arg)
{
	int64_t now =
	    tstamp_to_local(alert->bounds.end, s->agg->window->spec.local);
	int64_t since;

	if (!alert->seen) {
		put_row(s, alert, "end", put, arg);
		return;
	}
	if (alert->begun && !__builtin_sub_overflow(now, alert->told, &since) &&
	    since < s->update)
		return;
	put_row(s, alert, alert->begun ? "update" : "begin", put, arg);
	alert->told = now;
	alert->begun = true;
}

void
alerts_window(struct alerts *s, const struct window_bounds *bounds,
    alert_fn *put, void *arg)
{
	struct open *o = open_of(s);
	size_t kept = 0;

	for (size_t i = 0; i < s->agg->rows.n; i++)
		hold(s, s->agg->rows.v[i].block, bounds);
	sorting = &o->table;
	if (o->n)
		qsort(o->active, o->n, sizeof(struct alert *), by_key);
	for (size_t i = 0; i < o->n; i++) {
		struct alert *alert = o->active[i];

		tell_state(s, alert, put, arg);
		if (!alert->seen) {
			forget(s, alert);
			continue;
		}
		alert->seen = false;
		o->active[kept++] = alert;
	}
	o->n = kept;
}

int64_t
alerts_resume(const struct alerts *s)
{
	const struct open *o = open_of(s);
	const struct winspec *w = &s->agg->window->spec;
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < o->n; i++)
		if (o->active[i]->bounds.number < least)
			least = o->active[i]->bounds.number;
	return least == INT64_MAX ? least : (least - 1) * w->step + w->panes;
}

void
alerts_drop(struct alerts *s)
{
	struct open *o = open_of(s);

	while (o->n)
		forget(s, o->active[--o->n]);
	groups_free(&o->table);
	free(o->active);
	free(o);
}
