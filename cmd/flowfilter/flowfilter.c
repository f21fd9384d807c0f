/* SPDX-License-Identifier: MIT */
/*
 * flowfilter: keeps, drops, projects and extends records by an expression.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/flowfilter/edit.h"
#include "libcommon/die.h"
#include "libcommon/recout.h"
#include "libcommon/run.h"

enum { MAX_SETS = 64 };

static struct {
	struct run_opts run;
	bool invert, count, explain;
	uint64_t limit;
	const char *fields, *file;
	const char *sets[MAX_SETS];
	size_t n_sets;
} opt = { .limit = UINT64_MAX };

static const char *
add_set(const char *arg)
{
	if (opt.n_sets == MAX_SETS)
		return "too many";
	opt.sets[opt.n_sets++] = arg;
	return NULL;
}

static const struct opt options[] = {
	{ OPT_FLAG, 'v', "invert", &opt.invert, NULL,
	    "keep the records for which EXPR does not hold", NULL },
	{ OPT_FLAG, 'c', "count", &opt.count, NULL,
	    "print only how many records there are", NULL },
	{ OPT_U64, 'n', "limit", &opt.limit, "N", "stop after N records",
	    NULL },
	{ OPT_ONCE, 0, "fields", &opt.fields, "A,B,..",
	    "write only these members, in this order", NULL },
	{ OPT_CALL, 0, "set", NULL, "NAME=EXPR",
	    "add or replace a member (repeatable)", add_set },
	{ OPT_ONCE, 0, "filter-file", &opt.file, "FILE", "read EXPR from FILE",
	    NULL },
	{ OPT_FLAG, 0, "explain", &opt.explain, NULL,
	    "print the compiled expression and end", NULL },
	RUN_OPTS(opt.run),
	{ 0 },
};

static const struct tool tool = {
	.name = "flowfilter",
	.synopsis = "[options] EXPR [file ...]",
	.summary = "Keeps the flow records for which an expression holds.",
	.groups = (const struct opt *const[]){ options, NULL },
	.examples =
	    "  flowfilter 'proto tcp and dst port 443' flows.json\n"
	    "  flowfilter -c 'src net 10.0.0.0/8 and bytes > 1M' flows.json\n"
	    "  flowfilter --set 'mbit=bps/1000000' 'duration > 1s' flows.json\n"
	    "  flowfilter 'ip in @bad-hosts.txt' --fields ts,sa,da < "
	    "flows.json\n",
};

struct job {
	struct run run;
	struct expr *keep;
	const struct glance_range *ranges; /* dropped without them */
	size_t n_ranges;
	struct edit *edit;
	struct recout *columns; /* of formats other than json */
	struct output edited;   /* a record on its way to them */
	uint64_t kept;
};

/* In columns: the record as it would be written, taken apart again. */
static const char *
put_columns(struct job *j, const struct rec *rec)
{
	struct output *o = &j->edited;
	const char *err = NULL;

	if (!j->edit)
		return recout_put(j->columns, rec->p, rec->n);
	o->n = 0;
	err = edit_put(j->edit, rec, o);
	return err ? err : recout_put(j->columns, o->buf, o->n);
}

static void
write_record(struct job *j, const struct rec *rec)
{
	struct output *out = &j->run.out;
	const char *err = NULL;

	if (j->columns)
		err = put_columns(j, rec);
	else if (j->edit)
		err = edit_put(j->edit, rec, out);
	else
		out_put(out, rec->p, rec->n);
	if (err) {
		run_reject(&j->run, err);
		return;
	}
	if (!j->columns)
		out_char(out, '\n');
	j->kept++;
}

static bool
next(struct job *j)
{
	j->run.selected +=
	    reader_pass_over(&j->run.reader, j->ranges, j->n_ranges);
	return run_next(&j->run);
}

static void
filter(struct job *j)
{
	const struct rec *rec = &j->run.reader.rec;

	while (j->kept < opt.limit && next(j)) {
		struct expr_input in = { .v = rec->v };
		bool yes;
		const char *err = expr_test(j->keep, &in, &yes);

		if (err)
			run_reject(&j->run, err);
		else if (yes != opt.invert && opt.count)
			j->kept++;
		else if (yes != opt.invert)
			write_record(j, rec);
	}
}

/* The whole of a small file, as an argument would be. */
static const char *
slurp(const char *name)
{
	FILE *f = fopen(name, "r");
	char *text = NULL;
	size_t room = 0;
	ssize_t n;

	if (!f)
		die_errno("%s", name);
	out_keep(name);
	n = getdelim(&text, &room, '\0', f);
	if (n < 0 && ferror(f))
		die_errno("%s", name);
	fclose(f);
	return n < 0 ? "" : text; /* of an empty file nothing is read */
}

/* The commonest slip: a file where the expression belongs. */
static const char *
expression(const char *text)
{
	if (strpbrk(text, "./") && !strpbrk(text, " \t\n(") &&
	    access(text, R_OK) == 0)
		opts_usage("%s is a file: an expression comes first ('any' "
			   "holds for all records)",
		    text);
	return text;
}

static void
set_up(struct job *j, const char *text)
{
	size_t n;
	const struct slice *names;

	run_setup(&j->run, &opt.run, ROW_LINE);
	j->keep = expr_compile_test(text, "the filter", &j->run.context);
	if (!opt.invert && !j->run.where)
		j->ranges = expr_ranges(j->keep, &j->n_ranges);
	j->edit = edit_new();
	out_memory(&j->edited);
	for (size_t i = 0; i < opt.n_sets; i++)
		edit_set(j->edit, opt.sets[i], &j->run.context);
	if (opt.fields)
		edit_fields(j->edit, opt.fields, &j->run.schema);
	names = edit_names(j->edit, &n);
	if (edit_is_empty(j->edit))
		j->edit = NULL;
	if (j->run.format == ROW_LINE && (opt.fields || opt.n_sets) &&
	    !opt.run.format)
		j->run.format = ROW_TABLE;
	if (j->run.format != ROW_JSON && !opt.count)
		j->columns = recout_open(
		    &j->run.out, j->run.format, names, n, j->run.zone);
	if (j->columns && !opt.run.format)
		recout_guess(j->columns);
}

int
main(int argc, char **argv)
{
	char **operands = opts_parse(&tool, argc, argv);
	static struct job j;
	char number[24];

	if (!opt.file && !*operands)
		opts_usage("an expression is needed");
	if (opt.explain && kafka_is_address(opt.run.output))
		opts_usage("--explain: that is no record for Kafka");
	set_up(&j, opt.file ? slurp(opt.file) : expression(*operands++));
	if (opt.explain) {
		out_begin(&j.run.out);
		expr_explain(j.keep, &j.run.out);
		out_close(&j.run.out);
		return EXIT_DONE;
	}
	run_open(&j.run, operands, (struct reader_opts){ 0 });
	filter(&j);
	if (j.columns)
		recout_close(j.columns);
	edit_close(j.edit);
	if (opt.count)
		out_put(&j.run.out, number,
		    (size_t)snprintf(
			number, sizeof number, "%" PRIu64 "\n", j.kept));
	return run_close(&j.run, opt.count ? 0 : j.kept);
}
