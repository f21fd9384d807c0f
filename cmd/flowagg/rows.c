/* SPDX-License-Identifier: MIT */
#include "cmd/flowagg/rows.h"

#include <stdlib.h>

#include "libcommon/rowsums.h"
#include "libcommon/xalloc.h"

enum { MAX_COLUMNS = 2 + ALERT_COLUMNS + AGG_MAX_KEYS + 4 * AGG_MAX };

struct rows {
	struct run *run;
	struct window *window;
	struct winagg *agg;
	struct rows_opts opts;
	struct row_out *out;
	struct rowsums *sums; /* or NULL */
	struct row_column columns[MAX_COLUMNS];
	size_t from[MAX_COLUMNS]; /* the cell of a column */
	size_t n_head, n_cells;   /* columns in front of cells; with them */
	struct value row[MAX_COLUMNS], cells[MAX_COLUMNS];
	struct arena arena; /* of a row */
	uint64_t written;
};

/* Keys and items, without the hidden cells. */
static size_t
choose_columns(struct rows *r, size_t n)
{
	const struct agg *a = &r->agg->agg;

	for (size_t i = 0; i < a->cells.n; i++) {
		if (agg_is_hidden(a, i))
			continue;
		r->from[n] = i;
		r->columns[n++] =
		    (struct row_column){ a->cell_names[i], a->cell_types[i] };
	}
	return n;
}

/* --explain adds its error. */
static bool
is_explained(const struct rows *r, const struct agg_call *c)
{
	return r->opts.explain && c->spec.fn->error &&
	       !slice_starts(c->name, "_agg_");
}

static size_t
error_columns(struct rows *r, size_t n)
{
	for (size_t i = 0; i < r->agg->agg.n_calls; i++) {
		const struct agg_call *c = &r->agg->agg.calls[i];
		char *name;

		if (!is_explained(r, c))
			continue;
		name = xmalloc(c->name.n + sizeof "_error");
		memcpy(name, c->name.p, c->name.n);
		memcpy(name + c->name.n, "_error", sizeof "_error");
		r->columns[n++] = (struct row_column){ name, NULL };
	}
	return n;
}

/* Keys and their states. */
static size_t
partial_columns(struct rows *r, size_t n)
{
	const struct agg *a = &r->agg->agg;

	for (size_t i = 0; i < a->n_keys; i++) {
		r->from[n] = i;
		r->columns[n++] =
		    (struct row_column){ a->cell_names[i], a->cell_types[i] };
	}
	r->n_cells = n;
	r->columns[n++] = (struct row_column){ "partial", NULL };
	return n;
}

struct rows *
rows_new(struct run *run, struct window *w, struct winagg *a,
    const struct rows_opts *o)
{
	struct rows *r = xcalloc(1, sizeof *r);
	size_t n = window_columns(w, r->columns);

	r->run = run;
	r->window = w;
	r->agg = a;
	r->opts = *o;
	if (o->alerts) {
		alerts_columns(r->columns + n, "alert");
		n += ALERT_COLUMNS;
	}
	r->n_head = n;
	if (o->partial) {
		n = partial_columns(r, n);
	} else {
		r->n_cells = choose_columns(r, n);
		n = error_columns(r, r->n_cells);
	}
	row_check(r->columns, n);
	r->out = row_open(&run->out, run->format, r->columns, n, run->zone);
	row_identify(r->out, window_identity(w, r->n_head + a->agg.n_keys));
	if (run->format == ROW_JSON && n == r->n_cells)
		r->sums = rowsums_new(
		    &a->agg, r->out, &run->out, r->from, r->n_head, n);
	return r;
}

uint64_t
rows_close(struct rows *r)
{
	uint64_t written = r->written;

	rowsums_free(r->sums);
	row_close(r->out);
	free(r);
	return written;
}

static void
fill_errors(const struct rows *r, const char *states, struct value *to)
{
	for (size_t i = 0; i < r->agg->agg.n_calls; i++) {
		const struct agg_call *c = &r->agg->agg.calls[i];

		if (is_explained(r, c))
			*to++ = (struct value){ .type = VALUE_REAL,
				.d = c->spec.fn->error(states + c->offset) };
	}
}

/* The cells of a row from those of a group, and its end. */
static void
put_row(struct rows *r)
{
	for (size_t k = r->n_head; k < r->n_cells; k++)
		r->row[k] = r->cells[r->from[k]];
	row_put(r->out, r->row);
	r->written++;
	arena_reset(&r->arena);
}

static void
write_alert(void *arg, const struct alert_row *row)
{
	struct rows *r = arg;

	if (r->window->muted)
		return;
	window_values(r->window, &row->bounds, r->row);
	memcpy(
	    r->row + r->n_head - ALERT_COLUMNS, row->cells, sizeof row->cells);
	agg_cells(
	    &r->agg->agg, row->key, row->states, r->cells, &r->arena, NULL);
	fill_errors(r, row->states, r->row + r->n_cells);
	put_row(r);
}

static void
write_group(
    struct rows *r, const void *block, const struct window_bounds *bounds)
{
	winagg_cells(r->agg, block, r->cells, &r->arena);
	if (r->opts.partial)
		r->row[r->n_cells] = partial_put(
		    r->opts.partial, r->agg, block, bounds, &r->arena);
	else if (r->opts.explain)
		fill_errors(
		    r, winagg_states(r->agg, block), r->row + r->n_cells);
	put_row(r);
}

/* The same of whole numbers. */
static bool
write_sums(struct rows *r, size_t i)
{
	const uint64_t *sums = winagg_sums(r->agg, r->agg->rows.v[i].block);
	char room[KEY_IP + 8];

	if (!sums ||
	    !rowsums_put(r->sums, winagg_row_key(r->agg, i, room), sums))
		return false;
	r->written++;
	return true;
}

void
rows_write(struct rows *r, const struct window_bounds *bounds)
{
	struct winagg *a = r->agg;

	if (r->opts.alerts) {
		alerts_window(r->opts.alerts, bounds, write_alert, r);
		row_flush(r->out);
		return;
	}
	window_values(r->window, bounds, r->row);
	row_fix(r->out, r->row, r->n_head);
	if (r->sums)
		rowsums_begin(r->sums);
	for (size_t i = 0; i < a->rows.n && i < r->opts.limit; i++) {
		winagg_hint(a, i);
		if (r->sums && write_sums(r, i))
			continue;
		write_group(r, a->rows.v[i].block, bounds);
	}
	row_flush(r->out);
}
