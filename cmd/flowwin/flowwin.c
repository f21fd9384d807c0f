/* SPDX-License-Identifier: MIT */
/*
 * flowwin: event-time windows as a service: what happened in each, which
 * window a record is in, a file or a command for each.
 */
#include "cmd/flowwin/mode.h"
#include "libcommon/window_input.h"

static struct flowwin_opts opt = { .roll = UINT64_MAX };

static const struct opt options[] = {
	{ OPT_ONCE, 'k', "key", &opt.keys, "KEYS",
	    "a series for each of these, see flowagg(1)", NULL },
	{ OPT_ONCE, 'a', "aggregate", &opt.aggregates, "LIST",
	    "columns, see flowagg(1); flows, packets, bytes", NULL },
	{ OPT_ONCE, 0, "having", &opt.having, "EXPR",
	    "only rows for which EXPR holds", NULL },
	{ OPT_FLAG, 0, "fill", &opt.fill, NULL,
	    "rows for windows without records, too", NULL },
	{ OPT_U64, 0, "roll", &opt.roll, "N",
	    "add what is usual: sum, mean, stddev, ewma, z of N windows "
	    "before",
	    NULL },
	{ OPT_FLAG, 0, "exclude-alerting", &opt.exclude, NULL,
	    "windows where --having holds are not usual", NULL },
	{ OPT_STRING, 0, "collect", &opt.collect, "N[/M]",
	    "each M windows (N) a row of the last N, as arrays", NULL },
	{ OPT_FLAG, 0, "tag", &opt.tag, NULL,
	    "write the records with window_start and window_end", NULL },
	{ OPT_ONCE, 0, "split", &opt.split, "NAME",
	    "a file for each window; %Y%m%d-%H%M in NAME, .gz, .zst", NULL },
	{ OPT_ONCE, 0, "exec", &opt.exec, "COMMAND",
	    "run COMMAND for each window, its records on standard input",
	    NULL },
	{ OPT_FLAG, 0, "reorder", &opt.reorder, NULL,
	    "write the records in order of their time", NULL },
	WINDOW_OPTS(opt.window),
	RUN_OPTS(opt.run),
	{ 0 },
};

static const struct tool tool = {
	.name = "flowwin",
	.synopsis = "-w SPEC [options] [file ...]",
	.summary = "Cuts flow records into windows of event time.",
	.groups = (const struct opt *const[]){ options, NULL },
	.examples =
	    "  flowwin -w 5m --fill flows.json\n"
	    "  flowwin -w 5m -k protocol --roll 12 --having 'flows_z > 3'\n"
	    "  flowwin -w 5m --split 'flows-%Y%m%d-%H%M.ndjson.zst'\n"
	    "  flowwin -w 1h --exec 'flowtopn -k sa > top-$WINDOW_START'\n"
	    "  flowwin --reorder -l 5m flows.json\n",
};

/* The one mode that the options ask for. */
static const struct mode *
choose_mode(void)
{
	const struct {
		bool asked;
		const char *option;
		const struct mode *mode;
	} modes[] = {
		{ opt.tag, "--tag", &mode_tag },
		{ opt.split != NULL, "--split", &mode_files },
		{ opt.exec != NULL, "--exec", &mode_files },
		{ opt.reorder, "--reorder", &mode_reorder },
	};
	const struct mode *mode = &mode_series;
	const char *option = NULL;

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (!modes[i].asked)
			continue;
		if (option)
			opts_usage(
			    "%s does not go with %s", modes[i].option, option);
		mode = modes[i].mode;
		option = modes[i].option;
	}
	if (option && (opt.keys || opt.aggregates || opt.having || opt.fill ||
			  opt.roll || opt.collect || opt.window.spread))
		opts_usage("%s passes records on: -k, -a, --having, --fill, "
			   "--roll, --collect and --spread do not go with it",
		    option);
	if (option && opt.run.format && strcmp(opt.run.format, "json") != 0)
		opts_usage("%s passes records on as they are; flowfilter -f "
			   "formats them",
		    option);
	if ((opt.split || opt.exec) && opt.run.output)
		opts_usage(
		    "%s: the records go elsewhere, -o has no use", option);
	opt.window.alone = opt.reorder;
	if (!opt.window.spec && !opt.reorder)
		opts_usage("-w is needed: which windows?");
	return mode;
}

int
main(int argc, char **argv)
{
	char **operands = opts_parse(&tool, argc, argv);
	const struct mode *mode;
	static struct flowwin f;
	struct window_client client = { 0 };

	if (!opt.roll)
		opts_usage("--roll 0: expected a number of windows");
	if (opt.roll == UINT64_MAX) /* not given */
		opt.roll = 0;
	mode = choose_mode();
	f.opt = &opt;
	run_setup(&f.run, &opt.run, ROW_TABLE);
	window_setup(&f.window, &f.run, &opt.window);
	mode->setup(&f, &client);
	run_open(&f.run, operands, (struct reader_opts){ 0 });
	window_open(&f.window, &client, operands);
	while (run_next(&f.run)) {
		const char *err = mode->take(&f);

		if (err)
			run_reject(&f.run, err);
		else
			window_added(&f.window);
	}
	window_finish(&f.window);
	if (mode->finish)
		mode->finish(&f);
	return run_close(&f.run, f.written);
}
