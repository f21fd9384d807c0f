/* SPDX-License-Identifier: MIT */
/*
 * flowagg: groups records by keys and aggregates each group.
 */
#include <stdlib.h>

#include "cmd/flowagg/partial.h"
#include "libcommon/alert.h"
#include "libcommon/num_units.h"
#include "libcommon/rowsums.h"
#include "libcommon/spread.h"
#include "libcommon/winagg.h"
#include "libcommon/window_input.h"
#include "libcommon/xalloc.h"

static struct {
	struct run_opts run;
	struct window_opts window;
	const char *keys, *aggregates, *having, *sort, *alert, *update;
	uint64_t limit;
	bool explain, partial, merge;
} opt = { .limit = UINT64_MAX };

static const struct opt options[] = {
	{ OPT_ONCE, 'k', "key", &opt.keys, "KEYS",
	    "group by fields or expressions: A,NAME=EXPR,IP/24,/64", NULL },
	{ OPT_ONCE, 'a', "aggregate", &opt.aggregates, "LIST",
	    "NAME=FUNCTION(EXPR) [if EXPR], ..; flows, packets, bytes", NULL },
	{ OPT_ONCE, 0, "having", &opt.having, "EXPR",
	    "only groups for which EXPR holds of their row", NULL },
	{ OPT_ONCE, 'b', "sort", &opt.sort, "LIST",
	    "order by columns, greatest first; NAME:a for least first", NULL },
	{ OPT_U64, 'n', "limit", &opt.limit, "N",
	    "write the first N rows of a window", NULL },
	{ OPT_STRING, 0, "alert", &opt.alert, "NAME",
	    "rows where --having begins and ends to hold, with totals", NULL },
	{ OPT_STRING, 0, "update", &opt.update, "TIME",
	    "of an alert that lasts, a row each TIME (each window)", NULL },
	{ OPT_FLAG, 0, "partial", &opt.partial, NULL,
	    "write states for flowagg --merge in place of results", NULL },
	{ OPT_FLAG, 0, "merge", &opt.merge, NULL,
	    "read rows of flowagg --partial with the same -k, -a and -w",
	    NULL },
	WINDOW_OPTS(opt.window),
	{ OPT_FLAG, 0, "explain", &opt.explain, NULL,
	    "add the relative error of each estimate as NAME_error", NULL },
	RUN_OPTS(opt.run),
	{ 0 },
};

static const struct tool tool = {
	.name = "flowagg",
	.synopsis = "[options] [file ...]",
	.summary = "Groups flow records and computes aggregates of each group.",
	.groups = (const struct opt *const[]){ options, NULL },
	.examples = "  flowagg -k src_ip_addr -b bytes -n 10 flows.json\n"
		    "  flowagg -k sa -a 'targets=distinct(da)' --having "
		    "'targets >= 20' flows.json\n"
		    "  flowagg -k protocol -a 'n=count(),p50(duration),"
		    "share=sum(bytes)/sum(packets)'\n"
		    "  flowagg -k src_ip_addr/24,/64 -f table flows.json\n"
		    "  flowagg -k sa -a 'targets=distinct(da)' -w 1m/5s "
		    "--having 'targets >= 20' --alert scan flows.json\n",
};

enum { MAX_COLUMNS = 2 + ALERT_COLUMNS + AGG_MAX_KEYS + 4 * AGG_MAX };

struct job {
	struct run run;
	struct window window;
	struct spread spread;
	struct winagg agg;
	struct winaggs list;
	struct partial *partial; /* --partial or --merge */
	struct alerts *alerts;
	struct row_out *out;
	struct rowsums *sums; /* or NULL */
	struct row_column columns[MAX_COLUMNS];
	size_t from[MAX_COLUMNS]; /* the cell of a column */
	size_t n_head, n_cells;   /* columns in front of cells; with them */
	struct value row[MAX_COLUMNS], cells[MAX_COLUMNS];
	struct arena arena; /* of a row */
	uint64_t written;
};

static const char *
add(void *arg, struct window_pane *pane, const struct expr_input *in)
{
	struct job *j = arg;

	return winagg_add(&j->agg, pane, 0, in);
}

/* Without windows, sessions and partials nothing stands in between. */
static void
aggregate_whole(struct job *j)
{
	struct window_pane *pane = window_take_at(&j->window, 0);

	while (run_next(&j->run)) {
		struct expr_input in = run_input(&j->run);
		const char *err = winagg_add(&j->agg, pane, 0, &in);

		if (err)
			run_reject(&j->run, err);
		winagg_add_run(&j->list);
	}
}

static void
aggregate(struct job *j)
{
	while (run_next(&j->run)) {
		const char *err;

		if (opt.merge)
			err = partial_take(
			    j->partial, &j->agg, j->run.reader.rec.v);
		else
			err = spread_add(&j->spread, add, j);
		if (err)
			run_reject(&j->run, err);
		else
			window_added(&j->window);
		winagg_add_run(&j->list);
	}
}

/* Keys and items, without the hidden cells. */
static size_t
choose_columns(struct job *j, size_t n)
{
	const struct agg *a = &j->agg.agg;

	for (size_t i = 0; i < a->cells.n; i++) {
		if (agg_is_hidden(a, i))
			continue;
		j->from[n] = i;
		j->columns[n++] =
		    (struct row_column){ a->cell_names[i], a->cell_types[i] };
	}
	return n;
}

/* With --explain the errors of estimates. */
static size_t
error_columns(struct job *j, size_t n)
{
	for (size_t i = 0; opt.explain && i < j->agg.agg.n_calls; i++) {
		const struct agg_call *c = &j->agg.agg.calls[i];
		char *name;

		if (!c->spec.fn->error || slice_starts(c->name, "_agg_"))
			continue;
		name = xmalloc(c->name.n + sizeof "_error");
		memcpy(name, c->name.p, c->name.n);
		memcpy(name + c->name.n, "_error", sizeof "_error");
		j->columns[n++] = (struct row_column){ name, NULL };
	}
	return n;
}

/* Keys and their states. */
static size_t
partial_columns(struct job *j, size_t n)
{
	for (size_t i = 0; i < j->agg.agg.n_keys; i++) {
		j->from[n] = i;
		j->columns[n++] = (struct row_column){ j->agg.agg.cell_names[i],
			j->agg.agg.cell_types[i] };
	}
	j->n_cells = n;
	j->columns[n++] = (struct row_column){ "partial", NULL };
	return n;
}

static void
open_rows(struct job *j)
{
	size_t n = window_columns(&j->window, j->columns);

	if (j->alerts) {
		alerts_columns(j->columns + n, "alert");
		n += ALERT_COLUMNS;
	}
	j->n_head = n;
	if (opt.partial) {
		n = partial_columns(j, n);
	} else {
		j->n_cells = choose_columns(j, n);
		n = error_columns(j, j->n_cells);
	}
	row_check(j->columns, n);
	j->out =
	    row_open(&j->run.out, j->run.format, j->columns, n, j->run.zone);
	row_identify(j->out,
	    window_identity(j->agg.window, j->n_head + j->agg.agg.n_keys));
	if (j->run.format == ROW_JSON && n == j->n_cells)
		j->sums = rowsums_new(
		    &j->agg.agg, j->out, &j->run.out, j->from, j->n_head, n);
}

static void
fill_errors(const struct job *j, const char *states, struct value *to)
{
	for (size_t i = 0; opt.explain && i < j->agg.agg.n_calls; i++) {
		const struct agg_call *c = &j->agg.agg.calls[i];

		if (!c->spec.fn->error || slice_starts(c->name, "_agg_"))
			continue;
		*to++ = (struct value){ .type = VALUE_REAL,
			.d = c->spec.fn->error(states + c->offset) };
	}
}

/* The cells of a row from those of a group, and its end. */
static void
put_row(struct job *j)
{
	for (size_t k = j->n_head; k < j->n_cells; k++)
		j->row[k] = j->cells[j->from[k]];
	row_put(j->out, j->row);
	j->written++;
	arena_reset(&j->arena);
}

static void
write_alert(void *arg, const struct alert_row *row)
{
	struct job *j = arg;

	if (j->window.muted)
		return;
	window_values(&j->window, &row->bounds, j->row);
	memcpy(
	    j->row + j->n_head - ALERT_COLUMNS, row->cells, sizeof row->cells);
	agg_cells(
	    &j->agg.agg, row->key, row->states, j->cells, &j->arena, NULL);
	fill_errors(j, row->states, j->row + j->n_cells);
	put_row(j);
}

static void
write_group(
    struct job *j, const void *block, const struct window_bounds *bounds)
{
	winagg_cells(&j->agg, block, j->cells, &j->arena);
	if (opt.partial)
		j->row[j->n_cells] =
		    partial_put(j->partial, &j->agg, block, bounds, &j->arena);
	else if (opt.explain)
		fill_errors(
		    j, winagg_states(&j->agg, block), j->row + j->n_cells);
	put_row(j);
}

/* The same of whole numbers. */
static bool
write_sums(struct job *j, size_t i)
{
	const uint64_t *sums = winagg_sums(&j->agg, j->agg.rows.v[i].block);
	char room[KEY_IP + 8];

	if (!sums ||
	    !rowsums_put(j->sums, winagg_row_key(&j->agg, i, room), sums))
		return false;
	j->written++;
	return true;
}

/* A window is over. */
static void
write_rows(void *arg, const struct window_bounds *bounds)
{
	struct job *j = arg;
	struct winagg *a = &j->agg;

	if (j->alerts) {
		alerts_window(j->alerts, bounds, write_alert, j);
		row_flush(j->out);
		return;
	}
	window_values(&j->window, bounds, j->row);
	row_fix(j->out, j->row, j->n_head);
	if (j->sums)
		rowsums_begin(j->sums);
	for (size_t i = 0; i < a->rows.n && i < opt.limit; i++) {
		winagg_hint(a, i);
		if (j->sums && write_sums(j, i))
			continue;
		write_group(j, a->rows.v[i].block, bounds);
	}
	row_flush(j->out);
}

/* Options that need or exclude others. */
static void
check_options(struct job *j)
{
	const char *err = NULL;

	if (opt.alert && (!opt.having || j->window.spec.kind != WINDOW_TIME))
		opts_usage("--alert needs --having and windows of a length");
	if (opt.alert && !*opt.alert)
		opts_usage("--alert: a name is expected");
	if (opt.update && !opt.alert)
		opts_usage("--update needs --alert");
	if (opt.alert && (opt.sort || opt.limit != UINT64_MAX))
		opts_usage("--alert tells of all groups: -b and -n do not go "
			   "with it");
	if (opt.partial && (opt.merge || opt.having || opt.sort ||
			       opt.explain || opt.limit != UINT64_MAX ||
			       (opt.run.format && j->run.format != ROW_JSON)))
		opts_usage("--partial: what is chosen, sorted or formatted is "
			   "the business of flowagg --merge");
	if (opt.merge && (opt.window.spread || opt.run.where))
		opts_usage("%s goes with --partial, not with --merge",
		    opt.window.spread ? "--spread" : "--where");
	j->run.format = opt.partial ? ROW_JSON : j->run.format;
	if (opt.partial)
		err = partial_window(&j->window.spec);
	if (err)
		opts_usage("--partial: %s", err);
	/* All partials count, in any order, unless the user says otherwise. */
	if (opt.merge && !opt.window.lateness)
		j->window.lateness = INT64_MAX;
}

static void
drop_alerts(void *arg)
{
	alerts_drop(((struct job *)arg)->alerts);
}

static int64_t
resume_alerts(void *arg)
{
	struct winaggs *list = arg;

	return alerts_resume(((struct job *)list->arg)->alerts);
}

static void
open_aggregates(struct job *j)
{
	struct agg *a = &j->agg.agg;
	struct expr_context cells = { .cells = &a->cells,
		.how = j->run.context.how };
	int64_t update = 0;

	agg_init(
	    a, opt.keys, opt.aggregates, j->window.time.name, &j->run.context);
	if (opt.merge) /* partial rows have states in place of members */
		j->run.schema.n_asked = 0;
	j->agg.may_log = !opt.alert && !opt.merge;
	winagg_open(&j->agg, &j->window, opt.sort,
	    opt.having ? expr_compile_test(opt.having, "--having", &cells)
		       : NULL);
	j->agg.rows.limit = opt.limit == UINT64_MAX ? 0 : opt.limit;
	j->list = (struct winaggs){
		.v = &j->agg,
		.n = 1,
		.emit = write_rows,
		.arg = j,
		.step = !opt.merge,
	};
	if (opt.partial || opt.merge)
		j->partial = partial_new(
		    &j->agg, opt.keys, opt.aggregates, &j->run.schema);
	if (opt.update && num_duration(slice_str(opt.update), &update))
		opts_usage("--update %s: expected a time", opt.update);
	if (opt.alert) {
		j->alerts = alerts_new(&j->list, &j->agg, opt.alert, update);
		j->list.drop = drop_alerts;
	}
}

/* What goes to one process of --merge must meet there: the keys. */
static void
key_partials(struct job *j)
{
	static const char *names[AGG_MAX_KEYS + 1];

	for (size_t i = 0; i < j->agg.agg.n_keys; i++)
		names[i] = j->agg.agg.cell_names[i];
	if (opt.partial)
		j->run.opts.sink.members = names;
}

int
main(int argc, char **argv)
{
	char **operands = opts_parse(&tool, argc, argv);
	static struct job j;
	struct window_client client;

	run_setup(&j.run, &opt.run, ROW_TABLE);
	window_setup(&j.window, &j.run, &opt.window);
	check_options(&j);
	spread_open(&j.spread, &j.window);
	open_aggregates(&j);
	open_rows(&j);
	key_partials(&j);
	run_open(&j.run, operands, (struct reader_opts){ 0 });
	winagg_client(&j.list, &client);
	client.tail = j.alerts != NULL;
	client.resume = j.alerts ? resume_alerts : NULL;
	window_open(&j.window, &client, operands);
	if (j.window.spec.kind == WINDOW_WHOLE && !opt.merge && !j.run.grouped)
		aggregate_whole(&j);
	else
		aggregate(&j);
	window_finish(&j.window);
	rowsums_free(j.sums);
	row_close(j.out);
	return run_close(&j.run, j.written);
}
