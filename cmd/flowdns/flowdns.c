/* SPDX-License-Identifier: MIT */
/*
 * flowdns: statistics of DNS traffic, and what is wrong with it.
 */
#include <stdlib.h>

#include "cmd/flowdns/confirm.h"
#include "cmd/flowdns/rows.h"
#include "libcommon/die.h"
#include "libcommon/num_units.h"
#include "libcommon/window_input.h"
#include "libcommon/xalloc.h"

enum { MOST_CLIENTS = 1000 }; /* in order, so each costs as many */

static struct {
	struct run_opts run;
	struct window_opts window;
	struct facts_opts facts;
	struct tables_choice choice;
	const char *only, *within, *update;
	uint64_t limit, clients, pending;
	bool unconfirmed;
} opt = { .limit = 10, .clients = 3, .pending = 1000000 };

static const struct opt options[] = {
	{ OPT_ONCE, 0, "only", &opt.only, "NAME,..",
	    "these statistics and detections (all)", NULL },
	{ OPT_ONCE, 'L', "local", &opt.facts.lists.local, "NETS",
	    "the local network: prefixes, or @FILE", NULL },
	{ OPT_U64, 'n', "limit", &opt.limit, "N",
	    "rows of a statistic (10), 0 is all", NULL },
	{ OPT_U64, 0, "clients", &opt.clients, "N",
	    "hosts within each row of a statistic (3)", NULL },
	{ OPT_FLAG, 0, "domain", &opt.facts.by_domain, NULL,
	    "count registrable domains in place of names", NULL },
	{ OPT_ONCE, 0, "blacklist", &opt.facts.lists.blacklist, "FILE",
	    "names that nobody should ask for: plain, hosts or RPZ", NULL },
	{ OPT_ONCE, 0, "whitelist", &opt.facts.lists.whitelist, "FILE",
	    "names that are in order, whatever they look like", NULL },
	{ OPT_ONCE, 0, "resolvers", &opt.facts.lists.resolvers, "FILE",
	    "addresses that answer by HTTPS, in place of known ones", NULL },
	{ OPT_FLAG, 0, "unconfirmed", &opt.unconfirmed, NULL,
	    "external_resolver without a flow to what was answered", NULL },
	{ OPT_STRING, 0, "within", &opt.within, "TIME",
	    "from an answer to the flow that confirms it (5s)", NULL },
	{ OPT_U64, 0, "pending", &opt.pending, "N",
	    "keep N answers and flows to be confirmed (1M)", NULL },
	{ OPT_STRING, 0, "update", &opt.update, "TIME",
	    "of an alert that lasts, a row each TIME (each window)", NULL },
	WINDOW_OPTS(opt.window),
	RUN_OPTS(opt.run),
	{ 0 },
};

static const struct tool tool = {
	.name = "flowdns",
	.synopsis = "[options] [file ...]",
	.summary = "Statistics of DNS traffic, and detections in it.",
	.groups = (const struct opt *const[]){ options, NULL },
	.examples =
	    "  flowdns -L 10.0.0.0/8 -w 5m flows.json\n"
	    "  flowdns --only queried_domains --domain -n 20 -f table flows.json\n"
	    "  flowdns --only tunnel,generated_domain flows.json\n"
	    "  flowdns --only blacklisted_domain --blacklist bad.txt "
	    "flows.json\n"
	    "  flowdns -L @nets.txt --only external_resolver,open_resolver\n",
};

struct job {
	struct run run;
	struct window window;
	struct window_client client; /* of the aggregates alone */
	struct winaggs list;
	struct facts_reader *reader;
	struct facts facts;
	struct tallies tallies;
	struct confirm *confirm; /* or NULL */
	struct rows *rows;
	uint64_t written;
	bool flows_alone; /* no record had DNS fields */
};

static const char *
count(struct job *j)
{
	struct facts *f = &j->facts;
	struct window_pane *pane;
	const char *err;

	facts_reload(j->reader);
	err = facts_read(j->reader, j->run.reader.rec.v, f);
	if (err)
		return err;
	j->flows_alone &= !(f->bits & D_DNS);
	pane = window_take(&j->window);
	if (!pane)
		return NULL;
	if (j->confirm)
		err = confirm_add(j->confirm, pane, f);
	return err ? err : tallies_add(&j->tallies, pane, j->reader, f);
}

static void
count_all(struct job *j)
{
	while (run_next(&j->run)) {
		const char *err = count(j);

		if (err)
			run_reject(&j->run, err);
	}
	window_finish(&j->window);
	if (j->flows_alone && j->run.reader.records &&
	    !(j->tallies.n == 1 && tallies_find(&j->tallies, "encrypted_dns")))
		warn("no record had DNS fields, such as dns_qname");
}

/* ---- windows ---- */

static void
enter(void *arg, struct window_pane *pane)
{
	struct winaggs *list = arg;
	struct job *j = list->arg;

	for (size_t i = 0; i < j->tallies.n; i++)
		if (j->tallies.v[i].sums)
			sums_flush(j->tallies.v[i].sums);
	j->client.enter(arg, pane);
}

static void
select_unit(void *arg, char *state)
{
	struct winaggs *list = arg;
	struct job *j = list->arg;

	j->client.select(arg, state);
	if (j->confirm)
		confirm_select(j->confirm, state + j->client.unit);
}

static void
write_rows(void *arg, const struct window_bounds *bounds)
{
	struct job *j = arg;

	j->written += rows_write(j->rows, bounds);
}

static void
drop_unit(void *arg)
{
	struct job *j = arg;

	for (size_t i = 0; i < j->tallies.n; i++)
		if (j->tallies.v[i].alerts)
			alerts_drop(j->tallies.v[i].alerts);
	if (j->confirm)
		confirm_drop(j->confirm);
}

static int64_t
resume(void *arg)
{
	struct job *j = ((struct winaggs *)arg)->arg;
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < j->tallies.n; i++)
		if (j->tallies.v[i].alerts) {
			int64_t end = alerts_resume(j->tallies.v[i].alerts);

			least = end < least ? end : least;
		}
	return least;
}

static int64_t
time_option(const char *option, const char *text, int64_t otherwise)
{
	int64_t ns = otherwise;

	if (text && num_duration(slice_str(text), &ns))
		opts_usage("%s %s: expected a time", option, text);
	return ns;
}

static void
open_alerts(struct job *j)
{
	int64_t update = time_option("--update", opt.update, 0);

	for (size_t i = 0; i < j->tallies.n; i++) {
		struct tally *t = &j->tallies.v[i];

		if (t->written && t->table->kind == ANALYSIS_DETECTION)
			t->alerts = alerts_new(
			    &j->list, t->agg, t->table->name, update);
	}
}

static void
open_client(struct job *j, struct window_client *client)
{
	winagg_client(&j->list, client);
	j->client = *client;
	client->enter = enter;
	client->select = select_unit;
	if (j->confirm)
		client->unit += confirm_unit_size();
	client->tail = true;
	client->resume = resume;
}

static void
open_tables(struct job *j)
{
	struct tallies_opts o = { .choice = &opt.choice,
		.local = opt.facts.lists.local,
		.blacklist = opt.facts.lists.blacklist,
		.unconfirmed = opt.unconfirmed,
		.limit = opt.limit };
	struct tally *external;

	tallies_open(&j->tallies, &j->window, &j->run.context, &o);
	j->list = (struct winaggs){ .v = j->tallies.aggs,
		.n = j->tallies.n,
		.emit = write_rows,
		.drop = drop_unit,
		.arg = j };
	open_alerts(j);
	opt.facts.splits = opt.facts.by_domain ||
			   tallies_find(&j->tallies, "tunnel") ||
			   tallies_find(&j->tallies, "generated_domain");
	j->reader = facts_open(&j->run, &opt.facts);
	external = tallies_find(&j->tallies, "external_resolver");
	if (external && !opt.unconfirmed)
		j->confirm = confirm_new(&j->window, external, j->reader,
		    time_option("--within", opt.within, 5 * (int64_t)NUM_NANO),
		    opt.pending);
	j->rows =
	    rows_new(&j->tallies, &j->run, &j->window, opt.limit, opt.clients);
}

static void
check_options(struct job *j)
{
	const char *err = tables_choose(&opt.choice, opt.only);

	if (err)
		opts_usage("--only: %s", err);
	if (j->window.spec.kind != WINDOW_TIME)
		opts_usage("-w %s: expected windows of a length, 5m or 5m/10s",
		    opt.window.spec);
	if (opt.clients > MOST_CLIENTS)
		opts_usage("--clients: expected 0 to %d", MOST_CLIENTS);
	if (opt.window.spread)
		opts_usage("--spread: a question has one time, and cannot be "
			   "divided");
}

int
main(int argc, char **argv)
{
	char **operands = opts_parse(&tool, argc, argv);
	struct window_client client;
	static struct job j = { .flows_alone = true };

	if (!opt.window.spec)
		opt.window.spec = "1m";
	run_setup(&j.run, &opt.run, ROW_TABLE);
	window_setup(&j.window, &j.run, &opt.window);
	check_options(&j);
	open_tables(&j);
	run_open(&j.run, operands, (struct reader_opts){ 0 });
	open_client(&j, &client);
	window_open(&j.window, &client, operands);
	count_all(&j);
	rows_close(j.rows);
	if (j.confirm)
		confirm_close(j.confirm);
	return run_close(&j.run, j.written);
}
