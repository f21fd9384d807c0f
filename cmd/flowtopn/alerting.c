/* SPDX-License-Identifier: MIT */
#include "cmd/flowtopn/alerting.h"

#include <stdlib.h>

#include "libcommon/alert.h"
#include "libcommon/xalloc.h"

enum { MAX_CELLS = AGG_MAX_KEYS + 2 * AGG_MAX };

struct alerting {
	struct ranking *ranking;
	const struct window *window;
	struct alerts *alerts;
	struct row_column columns[2 + ALERT_COLUMNS + MAX_CELLS];
	struct value row[2 + ALERT_COLUMNS + MAX_CELLS];
	struct value cells[MAX_CELLS];
	size_t from[2 + ALERT_COLUMNS + MAX_CELLS]; /* the cell of a column */
	size_t n, head; /* columns; those in front of cells */
	struct arena arena;
	struct row_out *out;
	uint64_t written;
};

struct alerting *
alerting_new(struct ranking *r, struct winaggs *list, const struct window *w,
    const char *name, int64_t update)
{
	struct run *run = w->run;
	struct alerting *t = xcalloc(1, sizeof *t);
	const struct agg *a = &r->agg->agg;

	t->ranking = r;
	t->window = w;
	t->alerts = alerts_new(list, r->agg, name, update);
	t->head = window_columns(w, t->columns);
	alerts_columns(t->columns + t->head, "alert");
	t->n = t->head += ALERT_COLUMNS;
	for (size_t i = 0; i < a->cells.n; i++) {
		if (agg_is_hidden(a, i))
			continue;
		t->from[t->n] = i;
		t->columns[t->n++] =
		    (struct row_column){ a->cell_names[i], a->cell_types[i] };
	}
	row_check(t->columns, t->n);
	t->out = row_open(&run->out, run->format, t->columns, t->n, run->zone);
	row_identify(t->out, t->head + a->n_keys);
	return t;
}

static void
put_row(void *arg, const struct alert_row *row)
{
	struct alerting *t = arg;

	if (t->window->muted)
		return;
	window_values(t->window, &row->bounds, t->row);
	memcpy(t->row + t->head - ALERT_COLUMNS, row->cells, sizeof row->cells);
	agg_cells(&t->ranking->agg->agg, row->key, row->states, t->cells,
	    &t->arena, NULL);
	for (size_t i = t->head; i < t->n; i++)
		t->row[i] = t->cells[t->from[i]];
	row_put(t->out, t->row);
	t->written++;
	arena_reset(&t->arena);
}

/*
 * The rows that the ranking would write: no more than N, with --min.  They are
 * in order of a measure, so that they are a copy.
 */
static void
choose(struct alerting *t)
{
	const struct ranking *r = t->ranking;
	struct winrows *rows = &r->agg->rows;
	size_t n = 0, most = r->limit ? r->limit : rows->n;

	if (!r->min) {
		rows->n = rows->n < most ? rows->n : most;
		return;
	}
	for (size_t i = 0; i < rows->n && n < most; i++) {
		winagg_cells(r->agg, rows->v[i].block, t->cells, &t->arena);
		if (ranking_is_enough(r, &t->cells[r->measure]))
			rows->v[n++] = rows->v[i];
		arena_reset(&t->arena);
	}
	rows->n = n;
}

uint64_t
alerting_write(struct alerting *t, const struct window_bounds *bounds)
{
	t->written = 0;
	choose(t);
	alerts_window(t->alerts, bounds, put_row, t);
	row_flush(t->out);
	return t->written;
}

int64_t
alerting_resume(const struct alerting *t)
{
	return alerts_resume(t->alerts);
}

void
alerting_drop(struct alerting *t)
{
	alerts_drop(t->alerts);
}

void
alerting_close(struct alerting *t)
{
	row_close(t->out);
}
