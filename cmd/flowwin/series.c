/* SPDX-License-Identifier: MIT */
/*
 * The series: a row for each window, or for each key in it, with rates, and
 * with what was usual before; or the last windows of each key as arrays.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/flowwin/baseline.h"
#include "cmd/flowwin/mode.h"
#include "libcommon/die.h"
#include "libcommon/key.h"
#include "libcommon/num_put.h"
#include "libcommon/num_units.h"
#include "libcommon/xalloc.h"

enum {
	MAX_CELLS = 2 + (AGG_MAX_KEYS + 2 * AGG_MAX) * (1 + BASELINE_STATS),
	MAX_WINDOWS = 1 << 20,
	MAX_NUMBERS = 1 << 16 /* of a key */
};

struct series {
	struct flowwin *f;
	struct spread spread;
	struct winagg agg;
	struct winaggs list;
	struct baseline past; /* --roll or --collect */
	int64_t every;        /* --collect: windows from row to row */
	struct expr *having;
	struct row_out *out;
	/* A row: bounds, keys, values, rates, what was usual. */
	struct row_column columns[MAX_CELLS];
	const char *names[MAX_CELLS];
	const struct field *types[MAX_CELLS];
	struct expr_cells cells;
	struct value row[MAX_CELLS];
	size_t from[MAX_CELLS]; /* cell of the agg */
	size_t n_bounds, n_keys, n_values, rates, usual, n;
	struct value agg_cells[AGG_MAX_KEYS + 2 * AGG_MAX];
	i128 numbers[AGG_MAX];
	struct arena arena;
	bool due;  /* something is collected and not told yet */
	bool told; /* that a column has no numbers */
	struct window_bounds bounds;
};

/* ---- columns ---- */

static size_t
column(struct series *s, const char *name, const struct field *type)
{
	s->columns[s->n] = (struct row_column){ name, type };
	s->names[s->n] = name;
	s->types[s->n] = type;
	return s->n++;
}

static char *
joined(const char *name, const char *suffix)
{
	char *text = xmalloc(strlen(name) + strlen(suffix) + 2);

	sprintf(text, "%s_%s", name, suffix);
	return text;
}

static void
lay_out(struct series *s)
{
	const struct agg *a = &s->agg.agg;
	const struct flowwin_opts *opt = s->f->opt;

	s->n = s->n_bounds = window_columns(&s->f->window, s->columns);
	for (size_t i = 0; i < s->n; i++) {
		s->names[i] = s->columns[i].name;
		s->types[i] = s->columns[i].field;
	}
	s->n_keys = a->n_keys;
	for (size_t i = 0; i < a->cells.n; i++) {
		if (agg_is_hidden(a, i))
			continue;
		s->from[s->n] = i;
		column(s, a->cell_names[i], a->cell_types[i]);
	}
	s->n_values = s->n - s->n_bounds - s->n_keys;
	s->rates = s->n;
	for (size_t i = 0; !opt->aggregates && !opt->collect && i < s->n_values;
	     i++)
		column(s,
		    joined(s->names[s->n_bounds + s->n_keys + i], "per_second"),
		    NULL);
	s->usual = s->n;
	for (size_t i = 0; opt->roll && i < s->n_values; i++)
		for (int k = 0; k < BASELINE_STATS; k++)
			column(s,
			    joined(s->names[s->n_bounds + s->n_keys + i],
				baseline_names[k]),
			    NULL);
	s->cells = (struct expr_cells){
		.names = s->names, .types = s->types, .n = s->n
	};
}

/* ---- rows ---- */

/* The values of a row as exact numbers; unknown is 0. */
static void
take_numbers(struct series *s)
{
	const struct value *v = s->row + s->n_bounds + s->n_keys;

	for (size_t i = 0; i < s->n_values; i++)
		if (!value_nano(&v[i], &s->numbers[i]))
			s->numbers[i] = 0;
}

static bool
is_known_text(const struct value *v)
{
	return v->type != VALUE_NONE && !value_is_number(v);
}

static void
put_rates(struct series *s)
{
	double seconds = (double)(s->bounds.end - s->bounds.start) / NUM_NANO;
	const struct value *v = s->row + s->n_bounds + s->n_keys;

	for (size_t i = s->rates; i < s->usual; i++) {
		double d = value_double(&v[i - s->rates]) / seconds;

		s->row[i] = (struct value){ .type = VALUE_REAL, .d = d };
		if (!(seconds > 0) || v[i - s->rates].type == VALUE_NONE)
			s->row[i].type = VALUE_NONE;
	}
}

static bool
passes(struct series *s)
{
	struct expr_input in = { .cells = s->row };
	bool yes = true;

	return !s->having || (!expr_test(s->having, &in, &yes) && yes);
}

/* What was usual before this window, into the row and then with it. */
static void
put_usual(struct series *s, struct slice key)
{
	struct past *p = baseline_past(&s->past, key, s->bounds.number);

	take_numbers(s);
	for (size_t i = 0; i < s->n_values; i++) {
		struct value *usual = s->row + s->usual + i * BASELINE_STATS;

		baseline_stats(&s->past, p, i, s->numbers[i], usual);
		/* A column that is passed on: set(peer). */
		for (int k = 0; k < BASELINE_STATS; k++)
			if (is_known_text(&s->row[s->n_bounds + s->n_keys + i]))
				usual[k].type = VALUE_NONE;
	}
	baseline_push(&s->past, p, s->bounds.number,
	    s->f->opt->exclude && passes(s) ? NULL : s->numbers);
}

static void
put_row(struct series *s, struct slice key)
{
	put_rates(s);
	if (s->f->opt->roll)
		put_usual(s, key);
	if (!passes(s))
		return;
	row_put(s->out, s->row);
	s->f->written++;
}

/* A window without records: sums and counts are 0, the rest is unknown. */
static void
put_empty(struct series *s)
{
	for (size_t i = s->n_bounds; i < s->rates; i++) {
		const struct agg_cell *from = &s->agg.agg.cell_from[s->from[i]];
		const struct accum_fn *fn =
		    from->expr ? NULL : s->agg.agg.calls[from->call].spec.fn;

		s->row[i] = (struct value){ .type = VALUE_NONE };
		if (fn && (strcmp(fn->name, "sum") == 0 ||
			      strcmp(fn->name, "count") == 0 ||
			      strcmp(fn->name, "distinct") == 0))
			s->row[i].type = VALUE_INT;
	}
	put_row(s, slice_of("", 1));
}

static void
load_row(struct series *s, const void *block)
{
	winagg_cells(&s->agg, block, s->agg_cells, &s->arena);
	for (size_t i = s->n_bounds; i < s->rates; i++)
		s->row[i] = s->agg_cells[s->from[i]];
}

static void
write_rows(void *arg, const struct window_bounds *bounds)
{
	struct series *s = arg;

	s->bounds = *bounds;
	window_values(&s->f->window, bounds, s->row);
	row_fix(s->out, s->row, s->n_bounds);
	for (size_t i = 0; i < s->agg.rows.n; i++) {
		load_row(s, s->agg.rows.v[i].block);
		put_row(s, winagg_key(&s->agg, s->agg.rows.v[i].block));
		arena_reset(&s->arena);
	}
	if (!s->agg.rows.n && s->f->opt->fill)
		put_empty(s);
	if (s->f->opt->roll)
		baseline_sweep(&s->past, bounds->number);
	row_flush(s->out);
}

/* ---- --collect ---- */

static struct value
as_array(struct series *s, const struct past *p, size_t value)
{
	size_t n = baseline_count(p);
	struct output text;
	struct value v = { .type = VALUE_JSON };
	char room[NUM_ROOM];

	out_memory(&text);
	for (size_t i = s->past.windows; i-- > 0;) {
		i128 nano = i < n ? baseline_value(&s->past, p, i, value) : 0;

		out_char(&text, text.n ? ',' : '[');
		out_put(&text, room, num_put_nano(room, nano));
	}
	out_char(&text, ']');
	v.s = arena_slice(&s->arena, slice_of(text.buf, text.n));
	out_close(&text);
	return v;
}

static bool
is_zero(const struct series *s, const struct past *p)
{
	for (size_t i = 0; i < baseline_count(p); i++)
		for (size_t k = 0; k < s->n_values; k++)
			if (baseline_value(&s->past, p, i, k))
				return false;
	return true;
}

static void
put_collected(struct series *s, struct past *p)
{
	struct slice key = groups_key(&s->past.keys, p);

	baseline_past(&s->past, key, s->bounds.number + 1);
	if (is_zero(s, p)) { /* as one that was never there */
		groups_remove(&s->past.keys, p);
		return;
	}
	for (size_t i = 0; i < s->n_keys; i++)
		key.p += key_get(key.p, &s->row[s->n_bounds + i], &s->arena);
	for (size_t i = 0; i < s->n_values; i++)
		s->row[s->n_bounds + s->n_keys + i] = as_array(s, p, i);
	row_put(s->out, s->row);
	s->f->written++;
	arena_reset(&s->arena);
}

/* The last windows of all keys, the one at hand being the last of them. */
static void
write_collected(struct series *s)
{
	struct past **all = baseline_all(&s->past);
	struct window_bounds b = s->bounds;
	struct window_bounds first = window_bounds_of(
	    &s->f->window, b.number - (int64_t)s->past.windows + 1);
	uint32_t n = s->past.keys.n;

	b.start = first.start;
	window_values(&s->f->window, &b, s->row);
	row_fix(s->out, s->row, s->n_bounds);
	for (uint32_t i = 0; i < n; i++)
		put_collected(s, all[i]);
	free(all);
	row_flush(s->out);
	s->due = false;
}

/*
 * Which M windows this one is of: counted from the epoch, with --align from
 * the zone's midnight.
 */
static i128
period_of(const struct series *s, int64_t number)
{
	const struct winspec *w = &s->f->window.spec;
	struct window_bounds b = window_bounds_of(&s->f->window, number);
	i128 local = tstamp_to_local(b.start, w->local) - (i128)w->shift;
	i128 period = (i128)s->every * w->slide;

	return local / period - (local % period < 0);
}

/* Whether M windows are over with this one. */
static bool
is_complete(const struct series *s)
{
	int64_t number = s->bounds.number;

	return period_of(s, number) != period_of(s, number + 1);
}

/* Over empty windows: what is collected is told when its time is over. */
static void
skip_to(struct series *s, int64_t number)
{
	/* On days on which clocks change there is one more, or one less. */
	for (int64_t i = 0; i <= 2 * s->every; i++) {
		if (!s->due || s->bounds.number + 1 >= number)
			return;
		s->bounds =
		    window_bounds_of(&s->f->window, s->bounds.number + 1);
		if (is_complete(s) || i == 2 * s->every)
			write_collected(s);
	}
}

/* Arrays are of numbers: what is none is told, once. */
static void
check_numbers(struct series *s)
{
	for (size_t i = s->n_bounds + s->n_keys; i < s->rates; i++) {
		if (s->told || !is_known_text(&s->row[i]))
			continue;
		warn("--collect: column %s has what is no number, taken for 0",
		    s->names[i]);
		s->told = true;
	}
}

static void
collect(void *arg, const struct window_bounds *bounds)
{
	struct series *s = arg;

	if (s->due)
		skip_to(s, bounds->number);
	s->bounds = *bounds;
	for (size_t i = 0; i < s->agg.rows.n; i++) {
		const void *block = s->agg.rows.v[i].block;
		struct past *p = baseline_past(
		    &s->past, winagg_key(&s->agg, block), bounds->number);

		load_row(s, block);
		check_numbers(s);
		take_numbers(s);
		baseline_push(&s->past, p, bounds->number, s->numbers);
		arena_reset(&s->arena);
		s->due = true;
	}
	if (is_complete(s))
		write_collected(s);
	baseline_sweep(&s->past, bounds->number);
}

/* Of the last windows not all may have come. */
static void
finish(struct flowwin *f)
{
	struct series *s = f->mode;

	skip_to(s, INT64_MAX);
	row_close(s->out);
}

/* ---- set-up ---- */

static const char *
add(void *arg, struct window_pane *pane, const struct expr_input *in)
{
	struct series *s = arg;

	return winagg_add(&s->agg, pane, 0, in);
}

static const char *
take(struct flowwin *f)
{
	struct series *s = f->mode;
	const char *err = spread_add(&s->spread, add, s);

	if (!err)
		winagg_add_run(&s->list);
	return err;
}

static void
check_options(const struct flowwin *f)
{
	const struct flowwin_opts *opt = f->opt;

	if (opt->fill && (opt->keys || opt->collect))
		opts_usage("--fill: which keys would be filled in? It goes "
			   "without -k");
	if (opt->roll && opt->collect)
		opts_usage("--roll does not go with --collect");
	if (opt->exclude && (!opt->roll || !opt->having))
		opts_usage("--exclude-alerting needs --roll and --having");
	if (opt->collect && opt->having)
		opts_usage("--having does not go with --collect");
	if (opt->roll > MAX_WINDOWS)
		opts_usage("--roll %llu: too many windows",
		    (unsigned long long)opt->roll);
	if ((opt->roll || opt->collect || opt->fill) &&
	    f->window.spec.kind != WINDOW_TIME)
		opts_usage("--fill, --roll and --collect go with windows of a "
			   "length, -w 5m");
}

/* "N" or "N/M" */
static uint64_t
parse_collect(struct series *s, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t windows = 0, every = 0;

	if (num_quantity(slice_of(text, n), &windows) || !windows ||
	    windows > MAX_WINDOWS)
		opts_usage("--collect %s: expected a number of windows", text);
	every = windows;
	if (slash && (num_quantity(slice_str(slash + 1), &every) || !every ||
			 every > MAX_WINDOWS))
		opts_usage("--collect %s: expected a number of windows", text);
	s->every = (int64_t)every;
	return windows;
}

static void
setup(struct flowwin *f, struct window_client *client)
{
	static struct series s;
	const struct flowwin_opts *opt = f->opt;
	uint64_t windows = opt->roll;
	struct expr_context cells = { .cells = &s.cells,
		.how = f->run.context.how };

	check_options(f);
	s.f = f;
	f->mode = &s;
	if (opt->collect)
		windows = parse_collect(&s, opt->collect);
	spread_open(&s.spread, &f->window);
	agg_init(&s.agg.agg, opt->keys, opt->aggregates, f->window.time.name,
	    &f->run.context);
	s.agg.may_log = true;
	winagg_open(&s.agg, &f->window, NULL, NULL);
	lay_out(&s);
	if (opt->having)
		s.having = expr_compile_test(opt->having, "--having", &cells);
	if (windows * s.n_values > MAX_NUMBERS)
		opts_usage("--roll and --collect: too many windows");
	if (windows)
		baseline_open(&s.past, windows, s.n_values);
	row_check(s.columns, s.n);
	s.out =
	    row_open(&f->run.out, f->run.format, s.columns, s.n, f->run.zone);
	row_identify(s.out, window_identity(&f->window, s.n_bounds + s.n_keys));
	s.list = (struct winaggs){ .v = &s.agg,
		.n = 1,
		.emit = opt->collect ? collect : write_rows,
		.arg = &s,
		.step = 1 };
	winagg_client(&s.list, client);
	client->units = !opt->fill && !opt->collect && !opt->roll;
	client->fill = opt->fill || opt->collect;
}

const struct mode mode_series = { setup, take, finish };
