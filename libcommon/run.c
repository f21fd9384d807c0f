/* SPDX-License-Identifier: MIT */
#include "libcommon/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "libcommon/die.h"
#include "libcommon/progress.h"
#include "libcommon/stop.h"

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
		opts_usage("--tz %s: there is no such time zone", opts->tz);
	if (opts->stats && *opts->stats && strcmp(opts->stats, "json") != 0)
		opts_usage("--stats=%s: only json is known", opts->stats);
	err = opts->format ? row_format_parse(opts->format, &r->format) : NULL;
	if (err)
		opts_usage("-f %s: %s", opts->format, err);
	schema_init(&r->schema);
	r->context = (struct expr_context){ .schema = &r->schema,
		.how = { .zone = r->zone } };
	if (opts->where)
		r->where =
		    expr_compile_test(opts->where, "--where", &r->context);
	out_open(&r->out, opts->output);
	r->format = row_resolve(r->format, &r->out, for_people);
}

void
run_open(struct run *r, char **operands, struct reader_opts how)
{
	how.operands = operands;
	how.max_line = r->opts.max_line;
	how.rejects = r->opts.rejects;
	how.strict = r->opts.strict;
	if (r->opts.progress && !r->opts.quiet)
		progress_open(r->out.fd);
	reader_open(&r->reader, &how, &r->schema, &r->out);
}

bool
run_next_where(struct run *r)
{
	while (reader_next(&r->reader)) {
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
	out_close(&r->out);
	partial = r->reader.partial;
	reader_close(&r->reader);
	if (r->opts.stats)
		summary(r, written);
	return partial ? EXIT_PARTIAL : EXIT_DONE;
}
