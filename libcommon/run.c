/* SPDX-License-Identifier: MIT */
#include "libcommon/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/ahead.h"
#include "libcommon/die.h"
#include "libcommon/progress.h"
#include "libcommon/stop.h"

/* Options are parsed before there is a run. */
static const char *pairs[KAFKA_MAX_PAIRS], *headers[KAFKA_MAX_HEADERS];
static size_t n_pairs, n_headers;

static const char *
keep_pair(const char **list, size_t *n, size_t most, const char *arg)
{
	if (!strchr(arg, '=') || *arg == '=')
		return "expected name=value";
	if (*n == most)
		return "too many";
	list[(*n)++] = arg;
	return NULL;
}

const char *
run_property(const char *arg)
{
	return keep_pair(pairs, &n_pairs, KAFKA_MAX_PAIRS, arg);
}

const char *
run_header(const char *arg)
{
	return keep_pair(headers, &n_headers, KAFKA_MAX_HEADERS, arg);
}

static void
sink_write(void *arg, const char *p, size_t n)
{
	kafka_sink_write(((struct run *)arg)->commit.sink, p, n);
}

static void
sink_push(void *arg)
{
	kafka_sink_push(((struct run *)arg)->commit.sink);
}

static void
sink_close(void *arg)
{
	struct run *r = arg;

	r->delivered = kafka_sink_close(r->commit.sink);
}

/* nfdump's users mean the format by -o. */
static bool
is_format(const char *output)
{
	static const char *const others[] = { "long", "extended", "extra",
		"biline", "bilong", "raw", "pipe" };
	enum row_format named;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strcmp(output, others[i]) == 0)
			return true;
	return strncmp(output, "fmt:", 4) == 0 ||
	       !row_format_parse(output, &named);
}

static void
open_output(struct run *r)
{
	struct out_sink sink = { r, sink_write, sink_push, sink_close };
	struct run_opts *o = &r->opts;

	memcpy(o->kafka.pairs, pairs, sizeof pairs);
	o->kafka.n_pairs = n_pairs;
	memcpy(o->sink.headers, headers, sizeof headers);
	o->sink.n_headers = n_headers;
	kafka_setup(&o->kafka);
	if (o->output && is_format(o->output))
		warn("-o %s writes to a file of that name; -f is the format",
		    o->output);
	if (!kafka_is_address(o->output)) {
		if (o->sink.key || o->sink.exactly_once || n_headers)
			opts_usage("--partition-key, --header and "
				   "--exactly-once go with -o kafka://..");
		out_prepare(&r->out, o->output);
		return;
	}
	r->commit.sink = kafka_sink_open(o->output, &o->sink, &r->context.how);
	out_open_sink(&r->out, &sink);
}

/* What goes together with a source in Kafka. */
static void
check_operands(struct run *r, char **operands)
{
	bool grouped = false;

	for (char **p = operands; *p; p++) {
		const char *text = kafka_is_address(*p) ? *p : "";

		grouped |= strstr(text, "?group=") || strstr(text, "&group=");
		if (grouped && operands[1])
			opts_usage("%s: with group= it must be the only "
				   "operand",
			    *p);
		if (*text && p[1] && !strstr(text, "exit-eof"))
			opts_usage("%s: it has no end (?exit-eof), so nothing "
				   "may stand behind it",
			    *p);
	}
	r->grouped = grouped;
	if (r->opts.sink.exactly_once && !grouped)
		opts_usage("--exactly-once: expected one operand, "
			   "kafka://host/topic?group=NAME");
}

/* https://no-color.org; a terminal that cannot has no colours either. */
static bool
wants_colour(const struct run *r)
{
	const char *when = r->opts.color ? r->opts.color : "auto";
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (strcmp(when, "never") == 0)
		return false;
	if (!*when || strcmp(when, "always") == 0)
		return true;
	if (strcmp(when, "auto") != 0)
		opts_usage("--color=%s: expected always, auto or never", when);
	return isatty(r->out.fd) && !(no && *no) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

static void
set_style(struct run *r, enum row_format for_people)
{
	struct row_style style = { .index = r->opts.index,
		.table = { wants_colour(r), isatty(r->out.fd) } };

	r->format = row_resolve(r->format, &r->out, for_people);
	row_set_style(&style);
}

static void
check_bulk(const struct run *r)
{
	const struct run_opts *o = &r->opts;

	if ((r->format == ROW_BULK) != (o->index != NULL))
		opts_usage("-f es-bulk and --index NAME go together");
	if (o->index && kafka_is_address(o->output))
		opts_usage("-f es-bulk: its lines go in pairs, which Kafka "
			   "would part");
}

void
run_setup(
    struct run *r, const struct run_opts *opts, enum row_format for_people)
{
	const char *err;

	*r = (struct run){ .opts = *opts };
	clock_gettime(CLOCK_MONOTONIC, &r->started);
	stop_init();
	if (opts->quiet)
		die_set_quiet();
	r->zone = opts->tz ? tstamp_zone(opts->tz) : NULL;
	if (opts->tz && !r->zone)
		opts_usage("--tz %s: " TSTAMP_NO_ZONE, opts->tz);
	if (opts->stats && *opts->stats && strcmp(opts->stats, "json") != 0)
		opts_usage("--stats=%s: only json is known", opts->stats);
	err = opts->format ? row_format_parse(opts->format, &r->format) : NULL;
	if (err)
		opts_usage("-f %s: %s", opts->format, err);
	check_bulk(r);
	schema_init(&r->schema);
	r->context = (struct expr_context){ .schema = &r->schema,
		.how = { .zone = r->zone } };
	if (opts->where)
		r->where =
		    expr_compile_test(opts->where, "--where", &r->context);
	open_output(r);
	set_style(r, for_people);
}

void
run_open(struct run *r, char **operands, struct reader_opts how)
{
	check_operands(r, operands);
	for (char **p = operands; *p; p++)
		out_spare(*p);
	if (!*operands)
		out_spare("-");
	out_begin(&r->out);
	if (r->commit.sink)
		kafka_sink_start(r->commit.sink, r->format == ROW_JSON,
		    r->grouped ? operands[0] : NULL);
	r->commit.out = &r->out;
	r->commit.exactly_once = r->opts.sink.exactly_once;
	r->keeper.commit_arg = &r->commit;
	r->keeper.settle = commit_settle;
	r->keeper.lost = commit_lost;
	how.keeper = &r->keeper;
	how.operands = operands;
	how.max_line = r->opts.max_line;
	how.rejects = r->opts.rejects;
	how.strict = r->opts.strict;
	if (r->opts.progress && !r->opts.quiet)
		progress_open(r->out.fd);
	if (r->opts.threads > 1)
		ahead_allow(r->opts.threads - 1);
	reader_open(&r->reader, &how, &r->schema, &r->out);
	if (r->reader.rejects)
		r->commit.others[r->commit.n_others++] = r->reader.rejects;
}

bool
run_next_where(struct run *r)
{
	const struct glance_range *ranges;
	size_t n;

	ranges = expr_ranges(r->where, &n);
	while (
	    reader_pass_over(&r->reader, ranges, n), reader_next(&r->reader)) {
		struct expr_input in = run_input(r);
		bool yes;
		const char *err = expr_test(r->where, &in, &yes);

		if (err)
			reader_reject(&r->reader, err);
		else if (yes)
			return true;
	}
	return false;
}

void
run_reject(struct run *r, const char *what)
{
	r->selected--;
	reader_reject(&r->reader, what);
}

static void
summary(const struct run *r, uint64_t written)
{
	const struct {
		const char *name;
		uint64_t n;
		bool told;
	} numbers[] = {
		{ "records", r->reader.records, true },
		{ "rejected", r->reader.rejected, true },
		{ "selected", r->selected, true },
		{ "late", r->late, r->windowed },
		{ "windows", r->windows, r->windowed },
		{ "written", written, true },
		{ "delivered", r->delivered, r->commit.sink != NULL },
		{ "bytes", r->reader.in.bytes, true },
	};
	bool json = *r->opts.stats;
	struct timespec now;
	struct rusage usage;
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_SELF, &usage);
	seconds = (double)(now.tv_sec - r->started.tv_sec) +
		  (double)(now.tv_nsec - r->started.tv_nsec) / 1e9;
	if (json)
		fputc('{', stderr);
	else
		fprintf(stderr, "%s: ", die_name());
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (numbers[i].told)
			fprintf(stderr,
			    json ? "\"%s\":%" PRIu64 "," : "%s %" PRIu64 ", ",
			    numbers[i].name, numbers[i].n);
	fprintf(stderr,
	    json ? "\"seconds\":%.3f,\"max_rss_kib\":%ld}\n"
		 : "%.3f s, memory %ld KiB\n",
	    seconds, usage.ru_maxrss);
}

int
run_close(struct run *r, uint64_t written)
{
	bool partial;

	progress_close();
	reader_stop(&r->reader);
	out_close(&r->out);
	partial = r->reader.partial;
	reader_close(&r->reader);
	if (r->opts.stats)
		summary(r, written);
	return partial ? EXIT_PARTIAL : EXIT_DONE;
}
