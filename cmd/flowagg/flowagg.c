/* SPDX-License-Identifier: MIT */
/*
 * flowagg: groups records by keys and aggregates each group.
 */
#include <stdlib.h>

#include "cmd/flowagg/rows.h"
#include "libcommon/num_units.h"
#include "libcommon/spread.h"
#include "libcommon/window_input.h"

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

struct job {
	struct run run;
	struct window window;
	struct spread spread;
	struct winagg agg;
	struct winaggs list;
	struct partial *partial; /* --partial or --merge */
	struct alerts *alerts;
	struct rows *rows;
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

/* A window is over. */
static void
write_rows(void *arg, const struct window_bounds *bounds)
{
	rows_write(((struct job *)arg)->rows, bounds);
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
	j.rows = rows_new(&j.run, &j.window, &j.agg,
	    &(struct rows_opts){ .explain = opt.explain,
		.limit = opt.limit,
		.partial = opt.partial ? j.partial : NULL,
		.alerts = j.alerts });
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
	return run_close(&j.run, rows_close(j.rows));
}
