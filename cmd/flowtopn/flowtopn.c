/* SPDX-License-Identifier: MIT */
/*
 * flowtopn: the N greatest by any measure, several rankings in one pass.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/flowtopn/alerting.h"
#include "libcommon/num_units.h"
#include "libcommon/spread.h"
#include "libcommon/window_input.h"
#include "libcommon/xalloc.h"

enum { MAX_RANKINGS = 16 };

static const char usual[] = "bytes";

static struct {
	struct run_opts run;
	struct window_opts window;
	const char *keys[MAX_RANKINGS];
	size_t n_keys;
	const char *measure, *aggregates, *group, *min, *alert, *update;
	uint64_t n, approx;
	bool others;
} opt = { .n = 10, .approx = UINT64_MAX };

static const char *
add_key(const char *arg)
{
	if (opt.n_keys == MAX_RANKINGS)
		return "too many rankings";
	opt.keys[opt.n_keys++] = arg;
	return NULL;
}

static const struct opt options[] = {
	{ OPT_CALL, 'k', "key", NULL, "KEYS",
	    "rank by these fields or expressions (repeatable: one ranking "
	    "each)",
	    add_key },
	{ OPT_ONCE, 'b', "by", &opt.measure, "MEASURE",
	    "flows, packets, bytes or an aggregate; :a for the least", NULL },
	{ OPT_U64, 'n', "limit", &opt.n, "N", "rows a ranking (10), 0 is all",
	    NULL },
	{ OPT_ONCE, 'a', "aggregate", &opt.aggregates, "LIST",
	    "columns, see flowagg(1); flows, packets, bytes", NULL },
	{ OPT_ONCE, 0, "group", &opt.group, "KEYS",
	    "a ranking within each of these", NULL },
	{ OPT_STRING, 0, "min", &opt.min, "VALUE",
	    "only where the measure is at least VALUE", NULL },
	{ OPT_FLAG, 0, "others", &opt.others, NULL,
	    "add a row that sums up those not ranked", NULL },
	{ OPT_STRING, 0, "alert", &opt.alert, "NAME",
	    "rows where a key enters the ranking and leaves it, with totals",
	    NULL },
	{ OPT_STRING, 0, "update", &opt.update, "TIME",
	    "of an alert that lasts, a row each TIME (each window)", NULL },
	{ OPT_U64, 0, "approx", &opt.approx, "K",
	    "keep K counters a ranking; rows tell their error", NULL },
	WINDOW_OPTS(opt.window),
	RUN_OPTS(opt.run),
	{ 0 },
};

static const struct tool tool = {
	.name = "flowtopn",
	.synopsis = "-k KEYS [options] [file ...]",
	.summary = "Ranks keys by flows, packets, bytes or any aggregate.",
	.groups = (const struct opt *const[]){ options, NULL },
	.examples =
	    "  flowtopn -k src_ip_addr flows.json\n"
	    "  flowtopn -n 5 -k dst_port -k src_country -b flows flows.json\n"
	    "  flowtopn -k sa -b 'targets=distinct(da)' --min 20 flows.json\n"
	    "  flowtopn --group sa -k dp -n 3 --others flows.json\n"
	    "  flowtopn -k sa -b packets -w 1m/10s flows.json\n"
	    "  flowtopn -k sa --min 1G -w 5m/1m --alert heavy flows.json\n",
};

struct job {
	struct run run;
	struct window window;
	struct spread spread;
	struct ranking *rankings;
	struct winagg *aggs; /* of each ranking two: its own, its totals */
	struct winaggs list;
	struct alerting *alerting; /* with --alert */
	struct value min;
	uint64_t written;
	bool below; /* what comes next: an empty line parts it from the last */
	bool begun; /* a window was over */
};

/* "NAME=f(x)", "f(x)", "NAME:a": the name of its column, and what to add. */
static const char *
measure_name(char *name, size_t room, const char **item)
{
	size_t n = strlen(opt.measure);
	bool call = strchr(opt.measure, '(') != NULL;
	const char *equals = strchr(opt.measure, '=');
	const char *suffix = "";

	if (n > 2 && opt.measure[n - 2] == ':') {
		suffix = opt.measure + n - 2;
		if (suffix[1] != 'a' && suffix[1] != 'd')
			opts_usage(
			    "-b %s: the directions are :a and :d", opt.measure);
		n -= 2;
	}
	*item = call ? xstrndup(opt.measure, n) : NULL;
	if (call && equals && equals < strchr(opt.measure, '('))
		n = (size_t)(equals - opt.measure);
	else if (call)
		return suffix; /* the last column, whatever its name is */
	while (n && opt.measure[n - 1] == ' ')
		n--;
	snprintf(name, room, "%.*s", (int)n, opt.measure);
	return suffix;
}

static char *
joined(const char *a, const char *b)
{
	size_t n = (a ? strlen(a) : 0) + (b ? strlen(b) : 0) + 2;
	char *s = xmalloc(n);

	snprintf(s, n, "%s%s%s", a ? a : "", a && b ? "," : "", b ? b : "");
	return s;
}

/* By --group, then by the measure. */
static char *
order_of(const struct ranking *r, const char *suffix)
{
	const struct agg *a = &r->agg->agg;
	size_t room = 4, at = 0;
	char *order;

	for (size_t i = 0; i < a->cells.n; i++)
		room += strlen(a->cell_names[i]) + 4;
	order = xcalloc(room, 1);
	for (size_t i = 0; i < r->n_group; i++)
		at += (size_t)sprintf(order + at, "%s:a,", a->cell_names[i]);
	sprintf(order + at, "%s%s", a->cell_names[r->measure], suffix);
	return order;
}

/* What the groups of a ranking sum up to: the whole, or each --group. */
static void
open_totals(struct job *j, struct ranking *r, const char *columns)
{
	struct agg *a = &r->agg->agg, *totals = &r->totals->agg;

	agg_init(
	    totals, opt.group, columns, j->window.time.name, &j->run.context);
	winagg_open(r->totals, &j->window, NULL, NULL);
	r->agg->has_coarse = !opt.alert; /* which tells no shares */
	r->agg->coarse_keys = r->n_group;
	r->agg->coarse_calls = xcalloc(a->n_calls, sizeof(bool));
	for (size_t i = 0; i < a->n_calls; i++)
		r->agg->coarse_calls[i] = ranking_is_sum(&a->calls[i]);
}

static void
open_ranking(struct job *j, size_t i)
{
	struct ranking *r = &j->rankings[i];
	const char *item, *suffix, *columns = opt.aggregates;
	char name[128] = "";
	struct agg *a;

	if (!columns)
		columns = "flows=sum(flows),packets=sum(packets),"
			  "bytes=sum(bytes)";
	suffix = measure_name(name, sizeof name, &item);
	columns = joined(columns, item);
	*r = (struct ranking){ .agg = &j->aggs[2 * i],
		.totals = &j->aggs[2 * i + 1],
		.name = opt.n_keys > 1 ? opt.keys[i] : NULL,
		.limit = opt.n,
		.others = opt.others,
		.min = opt.min ? &j->min : NULL };
	a = &r->agg->agg;
	agg_init(a, joined(opt.group, opt.keys[i]), columns,
	    j->window.time.name, &j->run.context);
	for (const char *p = opt.group; p; r->n_group++) {
		struct slice part;

		if (!agg_split(&p, &part))
			break;
	}
	r->measure = a->cells.n - 1;
	if (*name)
		r->measure = agg_cell(a, name, strlen(name),
		    opt.measure == usual ? "-b, which is bytes if not given"
					 : "-b");
	r->additive = ranking_is_additive(a, r->measure);
	r->agg->may_log = !opt.alert;
	winagg_open(r->agg, &j->window, order_of(r, suffix), NULL);
	/* Of the least ones --min may leave out the first; of others all. */
	r->agg->rows.limit =
	    opt.group || opt.others || (opt.min && strcmp(suffix, ":a") == 0)
		? 0
		: opt.n;
	open_totals(j, r, columns);
	if (opt.approx != UINT64_MAX &&
	    (!r->additive || opt.group || strcmp(suffix, ":a") == 0))
		opts_usage("--approx ranks by flows, packets, bytes, count() "
			   "or sum(), the greatest first, without --group");
	ranking_open(r, &j->window, opt.approx != UINT64_MAX);
}

/* A record counts in all rankings or in none. */
static const char *
add(void *arg, struct window_pane *pane, const struct expr_input *in)
{
	struct job *j = arg;
	const char *err = NULL;

	for (size_t i = 1; i < opt.n_keys && !err; i++)
		err = agg_check(&j->rankings[i].agg->agg, in);
	for (size_t i = 0; i < opt.n_keys && !err; i++) {
		struct ranking *r = &j->rankings[i];

		if (opt.approx == UINT64_MAX)
			err = winagg_add(r->agg, pane, 2 * i, in);
		else
			err = ranking_save(r, pane, i, opt.approx, in);
	}
	return err;
}

static void
rank(struct job *j)
{
	while (run_next(&j->run)) {
		const char *err = spread_add(&j->spread, add, j);

		if (err)
			run_reject(&j->run, err);
		else
			window_added(&j->window);
		winagg_add_run(&j->list);
	}
	window_finish(&j->window);
}

static void
write_rankings(void *arg, const struct window_bounds *bounds)
{
	struct job *j = arg;

	if (j->alerting) {
		j->written += alerting_write(j->alerting, bounds);
		return;
	}
	j->begun = true;
	for (size_t i = 0; i < opt.n_keys; i++) {
		if (j->below)
			out_char(&j->run.out, '\n');
		j->below = opt.n_keys > 1 && j->run.format != ROW_JSON &&
			   j->run.format != ROW_BULK;
		j->written += ranking_write(&j->rankings[i], &j->run, bounds);
	}
}

/* Of csv and tsv the headers, where there was no window, too. */
static void
close_rankings(struct job *j)
{
	static const struct window_bounds none;

	if (!j->begun && (j->run.format == ROW_CSV || j->run.format == ROW_TSV))
		write_rankings(j, &none);
	for (size_t i = 0; i < opt.n_keys; i++)
		ranking_close(&j->rankings[i]);
}

static void
save_enter(void *arg, struct window_pane *pane)
{
	struct job *j = arg;

	for (size_t i = 0; i < opt.n_keys; i++)
		ranking_enter(&j->rankings[i], pane, i);
}

static void
save_leave(void *arg, struct window_pane *pane)
{
	struct job *j = arg;

	for (size_t i = 0; i < opt.n_keys; i++)
		ranking_leave(&j->rankings[i], pane, i);
}

static void
drop_alerts(void *arg)
{
	alerting_drop(((struct job *)arg)->alerting);
}

static int64_t
resume_alerts(void *arg)
{
	struct winaggs *list = arg;

	return alerting_resume(((struct job *)list->arg)->alerting);
}

static void
open_alerts(struct job *j, struct window_client *client)
{
	int64_t update = 0;

	if (opt.update && num_duration(slice_str(opt.update), &update))
		opts_usage("--update %s: expected a time", opt.update);
	j->alerting =
	    alerting_new(j->rankings, &j->list, &j->window, opt.alert, update);
	j->list.drop = drop_alerts;
	client->tail = true;
	client->resume = resume_alerts;
}

static void
open_client(struct job *j, struct window_client *client)
{
	j->list = (struct winaggs){ .v = j->aggs,
		.n = 2 * opt.n_keys,
		.emit = write_rankings,
		.arg = j,
		.step = opt.approx == UINT64_MAX ? 2 : 0 };
	winagg_client(&j->list, client);
	if (opt.alert)
		open_alerts(j, client);
	if (opt.approx == UINT64_MAX)
		return;
	*client = (struct window_client){
		.state = opt.n_keys * sizeof(struct saving *),
		.arg = j,
		.enter = save_enter,
		.emit = write_rankings,
		.leave = save_leave,
		.units = true,
	};
}

static void
check_options(struct job *j)
{
	if (!opt.n_keys)
		opts_usage("-k is needed: what is to be ranked?");
	if (!opt.approx)
		opts_usage("--approx 0: at least one counter is needed");
	if (opt.min && (value_parse(slice_str(opt.min), FIELD_ANY, 0,
			    &j->run.context.how, &j->min) ||
			   j->min.type == VALUE_STR))
		opts_usage("--min %s: expected a number", opt.min);
	if (j->window.spec.kind == WINDOW_SESSION)
		opts_usage("-w session: a session has one key, so there is "
			   "nothing to rank");
	if (opt.alert && j->window.spec.kind != WINDOW_TIME)
		opts_usage("--alert needs windows of a length, such as "
			   "-w 5m/1m");
	if (opt.alert && (opt.n_keys > 1 || opt.group || opt.others ||
			     opt.approx != UINT64_MAX))
		opts_usage("--alert goes with one ranking, without --group, "
			   "--others and --approx");
	if (opt.alert && !*opt.alert)
		opts_usage("--alert: a name is expected");
	if (opt.update && !opt.alert)
		opts_usage("--update needs --alert");
	if (opt.approx != UINT64_MAX && j->window.spec.panes > 1)
		opts_usage("--approx goes with windows that do not slide");
}

int
main(int argc, char **argv)
{
	char **operands = opts_parse(&tool, argc, argv);
	struct window_client client;
	static struct job j;

	opt.measure = opt.measure ? opt.measure : usual;
	run_setup(&j.run, &opt.run, ROW_TABLE);
	window_setup(&j.window, &j.run, &opt.window);
	check_options(&j);
	spread_open(&j.spread, &j.window);
	j.rankings = xcalloc(opt.n_keys, sizeof *j.rankings);
	j.aggs = xcalloc(2 * opt.n_keys, sizeof *j.aggs);
	for (size_t i = 0; i < opt.n_keys; i++)
		open_ranking(&j, i);
	run_open(&j.run, operands, (struct reader_opts){ 0 });
	open_client(&j, &client);
	window_open(&j.window, &client, operands);
	rank(&j);
	if (j.alerting)
		alerting_close(j.alerting);
	else
		close_rankings(&j);
	return run_close(&j.run, j.written);
}
