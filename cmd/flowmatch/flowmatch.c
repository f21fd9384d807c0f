/* SPDX-License-Identifier: MIT */
/*
 * flowmatch: how near traffic is to patterns; alerts with a degree of
 * certainty.
 */
#include <stdlib.h>

#include "cmd/flowmatch/cluster.h"
#include "cmd/flowmatch/connections.h"
#include "cmd/flowmatch/evaluate.h"
#include "cmd/flowmatch/learn.h"
#include "cmd/flowmatch/match.h"
#include "libcommon/num_units.h"
#include "libcommon/xalloc.h"

enum { MAX_SETS = 64 };

#define NOT_GIVEN UINT64_MAX

static struct {
	struct run_opts run;
	struct match_opts match;
	struct learn_opts learn;
	const char *update, *rate, *evaluate;
	uint64_t max_keys;
	bool compat, distances;
} opt = { .max_keys = 1000000,
	.learn = { .clusters = NOT_GIVEN, .seed = NOT_GIVEN } };

static const struct opt options[] = {
	{ OPT_STRING, 0, "update", &opt.update, "TIME",
	    "of an alert that lasts, a row each TIME (each window)", NULL },
	{ OPT_U64, 0, "max-keys", &opt.max_keys, "N",
	    "the most keys, and flows that wait, of a set (1M)", NULL },
	{ OPT_FLAG, 0, "compat", &opt.compat, NULL,
	    "Stream4Flow's distances, with Python 2's division", NULL },
	{ OPT_FLAG, 0, "distances", &opt.distances, NULL,
	    "a row of each connection, with its distances", NULL },
	{ OPT_STRING, 0, "evaluate", &opt.evaluate, "FIELD",
	    "compare what is found with the labels in FIELD", NULL },
	{ OPT_STRING, 0, "learn", &opt.learn.label, "LABEL",
	    "the records are examples: write the patterns with LABEL's", NULL },
	{ OPT_ONCE, 0, "against", &opt.learn.against, "FILE",
	    "set limit and certainty: FILE is benign, the records are not",
	    NULL },
	{ OPT_STRING, 0, "false-positives", &opt.rate, "RATE",
	    "share of FILE's keys that may reach the limit (0.001)", NULL },
	{ OPT_U64, 0, "clusters", &opt.learn.clusters, "N",
	    "learn at most N patterns (4)", NULL },
	{ OPT_U64, 0, "seed", &opt.learn.seed, "N",
	    "of the random numbers of learning (0)", NULL },
	WINDOW_OPTS(opt.match.window),
	RUN_OPTS(opt.run),
	{ 0 },
};

static const struct tool tool = {
	.name = "flowmatch",
	.synopsis = "[options] patterns [file ...]",
	.summary = "Finds traffic that is near to patterns, and how certainly.",
	.groups = (const struct opt *const[]){ options, NULL },
	.examples =
	    "  flowmatch ssh-guessing flows.json\n"
	    "  flowmatch -f table --update 5m ssh-guessing,scan-horizontal "
	    "flows.json\n"
	    "  flowmatch --distances ssh-guessing flows.json\n"
	    "  flowmatch --learn hydra --against benign.json ssh.json "
	    "hydra.json > new.json\n"
	    "  flowmatch --evaluate label -f table ssh-guessing flows.json\n",
};

static size_t
load_sets(const char *list, const struct expr_context *context,
    struct pattern_set **sets)
{
	size_t n = 0;

	while (*list) {
		const char *end = strchrnul(list, ',');
		char *name = xstrndup(list, (size_t)(end - list));

		if (n == MAX_SETS)
			opts_usage("more than %d sets of patterns", MAX_SETS);
		sets[n] = pattern_load(name, context, opt.compat, false);
		for (size_t i = 0; i < n; i++)
			if (strcmp(sets[i]->name, sets[n]->name) == 0)
				opts_usage(
				    "there are two sets '%s'", sets[n]->name);
		n++;
		free(name);
		list = *end ? end + 1 : end;
	}
	return n;
}

/* Options of what is written by --learn and --against: a file of patterns. */
static void
check_written(const char *patterns)
{
	const char *format = opt.run.format;

	if (strchr(patterns, ',') || opt.compat)
		opts_usage("--learn: one file of patterns, without --compat");
	if (opt.match.window.spec)
		opts_usage("--learn, --against: the windows are those of the "
			   "file, not -w's");
	if (format && strcmp(format, "json") != 0)
		opts_usage("-f %s: patterns are written as JSON", format);
}

static void
check_learning(void)
{
	struct learn_opts *l = &opt.learn;

	if (!l->label && (l->clusters != NOT_GIVEN || l->seed != NOT_GIVEN))
		opts_usage("--clusters and --seed go with --learn");
	if (!l->against && opt.rate)
		opts_usage("--false-positives goes with --against");
	l->clusters = l->clusters == NOT_GIVEN ? 4 : l->clusters;
	l->seed = l->seed == NOT_GIVEN ? 0 : l->seed;
	if (!l->clusters || l->clusters > CLUSTER_MOST)
		opts_usage("--clusters: expected 1 to %d", CLUSTER_MOST);
	l->rate = 0.001;
	if (opt.rate && (num_double(slice_str(opt.rate), &l->rate) ||
			    !(l->rate >= 0 && l->rate < 1)))
		opts_usage("--false-positives %s: expected a number from 0 to "
			   "below 1",
		    opt.rate);
}

/* Options that need or exclude others. */
static void
check_options(const char *patterns)
{
	bool learns = opt.learn.label || opt.learn.against;

	if (!patterns || !*patterns)
		opts_usage("which patterns? (there are: %s)", pattern_names());
	if (learns + opt.distances + (opt.evaluate != NULL) > 1)
		opts_usage("--learn, --distances and --evaluate do not go "
			   "together");
	if (opt.match.window.spread)
		opts_usage("--spread: connections are compared as a whole");
	if (!opt.max_keys)
		opts_usage("--max-keys: expected at least 1");
	if (opt.update && (learns || opt.distances || opt.evaluate))
		opts_usage("--update is about rows of alerts: there are none");
	if (opt.update &&
	    num_duration(slice_str(opt.update), &opt.match.update))
		opts_usage("--update %s: expected a time", opt.update);
	if (learns)
		check_written(patterns);
	check_learning();
}

/* The output that the options ask for. */
struct mode {
	struct evaluation *evaluation;
	struct connections *connections;
};

static void
choose_mode(struct mode *mode, struct matches *matches, size_t n)
{
	*mode = (struct mode){ 0 };
	if (opt.evaluate) {
		opt.match.label = opt.evaluate;
		mode->evaluation = evaluation_new(matches, n, &opt.match.watch);
	}
	if (opt.distances)
		mode->connections = connections_new(matches, &opt.match.watch);
}

int
main(int argc, char **argv)
{
	char **operands = opts_parse(&tool, argc, argv);
	static struct run run;
	static struct matches matches;
	struct pattern_set *sets[MAX_SETS];
	struct mode mode;
	size_t n;

	check_options(operands[0]);
	opt.match.max_keys = opt.max_keys;
	if (opt.learn.label || opt.learn.against)
		return learn(&opt.learn, &opt.match, &opt.run, operands[0],
		    operands + 1);
	run_setup(&run, &opt.run, ROW_TABLE);
	n = load_sets(operands[0], &run.context, sets);
	choose_mode(&mode, &matches, n);
	matches_open(&matches, &run, &opt.match, sets, n);
	run_open(&run, operands + 1, (struct reader_opts){ 0 });
	if (mode.connections)
		connections_open(mode.connections);
	matches_begin(&matches, operands + 1);
	while (run_next(&run))
		matches_take(&matches);
	matches_finish(&matches);
	if (mode.evaluation)
		evaluation_write(mode.evaluation);
	if (mode.connections)
		connections_close(mode.connections);
	return run_close(&run, matches.written);
}
