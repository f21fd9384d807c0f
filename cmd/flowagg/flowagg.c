/* SPDX-License-Identifier: MIT */
/*
 * flowagg: groups records by keys and aggregates each group.
 */
#include <stdlib.h>

#include "libcommon/agg.h"
#include "libcommon/order.h"
#include "libcommon/run.h"
#include "libcommon/xalloc.h"

static struct {
	struct run_opts run;
	const char *keys, *aggregates, *having, *sort, *time_field;
	uint64_t limit;
	bool explain;
} opt = { .limit = UINT64_MAX, .time_field = "date_last_seen" };

static const struct opt options[] = {
	{ OPT_STRING, 'k', "key", &opt.keys, "KEYS",
	    "group by fields or expressions: A,NAME=EXPR,IP/24,/64", NULL },
	{ OPT_STRING, 'a', "aggregate", &opt.aggregates, "LIST",
	    "NAME=FUNCTION(EXPR) [if EXPR], ..; flows, packets, bytes", NULL },
	{ OPT_STRING, 0, "having", &opt.having, "EXPR",
	    "only groups for which EXPR holds of their row", NULL },
	{ OPT_STRING, 'b', "sort", &opt.sort, "LIST",
	    "order by columns, greatest first; NAME:a for least first", NULL },
	{ OPT_U64, 'n', "limit", &opt.limit, "N", "write the first N rows",
	    NULL },
	{ OPT_STRING, 't', "time-field", &opt.time_field, "FIELD",
	    "event time, of first() and last() (date_last_seen)", NULL },
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
		    "  flowagg -k src_ip_addr/24,/64 -f table flows.json\n",
};

struct job {
	struct run run;
	struct agg agg;
	struct groups groups;
	struct expr *having;
	uint64_t written;
};

static void
aggregate(struct job *j)
{
	while (run_next(&j->run)) {
		struct expr_input in = run_input(&j->run);
		const char *err = agg_add(&j->agg, &j->groups, &in);

		if (err)
			run_reject(&j->run, err);
	}
	agg_settle(&j->agg);
}

/* Keys and items, without the hidden cells; with --explain the errors. */
static size_t
choose_columns(const struct job *j, struct row_column *columns, size_t *cells)
{
	size_t n = 0;

	for (size_t i = 0; i < j->agg.cells.n; i++) {
		if (agg_is_hidden(&j->agg, i))
			continue;
		cells[n] = i;
		columns[n++] = (struct row_column){ j->agg.cell_names[i],
			j->agg.cell_types[i] };
	}
	return n;
}

static size_t
error_columns(struct job *j, struct row_column *columns, size_t n)
{
	for (size_t i = 0; opt.explain && i < j->agg.n_calls; i++) {
		const struct agg_call *c = &j->agg.calls[i];
		char *name;

		if (!c->spec.fn->error || slice_starts(c->name, "_agg_"))
			continue;
		name = xmalloc(c->name.n + sizeof "_error");
		memcpy(name, c->name.p, c->name.n);
		memcpy(name + c->name.n, "_error", sizeof "_error");
		columns[n++] = (struct row_column){ name, NULL };
	}
	return n;
}

static void
fill_errors(const struct job *j, const void *block, struct value *row, size_t n)
{
	for (size_t i = 0; opt.explain && i < j->agg.n_calls; i++) {
		const struct agg_call *c = &j->agg.calls[i];

		if (!c->spec.fn->error || slice_starts(c->name, "_agg_"))
			continue;
		row[n++] = (struct value){ .type = VALUE_REAL,
			.d = c->spec.fn->error(
			    (const char *)block + c->offset) };
	}
}

static bool
passes(struct job *j, const struct value *cells)
{
	struct expr_input in = { .cells = cells };
	bool yes = true;

	return !j->having || (!expr_test(j->having, &in, &yes) && yes);
}

static void
write_rows(struct job *j)
{
	enum { MAX = AGG_MAX_KEYS + 4 * AGG_MAX, AHEAD = 8 };
	static struct row_column columns[MAX];
	static struct value cells[MAX], row[MAX];
	static size_t from[MAX];
	size_t n = choose_columns(j, columns, from);
	size_t all = error_columns(j, columns, n);
	struct row_out *out =
	    row_open(&j->run.out, j->run.format, columns, all, j->run.zone);
	struct arena arena = { 0 };
	void **order = order_groups(&j->agg, &j->groups, opt.sort);

	for (uint32_t i = 0; i < j->groups.n && j->written < opt.limit; i++) {
		if (i + AHEAD < j->groups.n)
			groups_hint(&j->groups, order[i + AHEAD]);
		agg_cells(&j->agg, groups_key(&j->groups, order[i]), order[i],
		    cells, &arena);
		if (passes(j, cells)) {
			for (size_t k = 0; k < n; k++)
				row[k] = cells[from[k]];
			fill_errors(j, order[i], row, n);
			row_put(out, row);
			j->written++;
		}
		arena_reset(&arena);
	}
	row_close(out);
}

int
main(int argc, char **argv)
{
	char **operands = opts_parse(&tool, argc, argv);
	static struct job j;
	struct expr_context cells;
	bool fresh;

	run_setup(&j.run, &opt.run, ROW_TABLE);
	agg_init(
	    &j.agg, opt.keys, opt.aggregates, opt.time_field, &j.run.context);
	cells = (struct expr_context){ .cells = &j.agg.cells,
		.how = j.run.context.how };
	if (opt.having)
		j.having = expr_compile_test(opt.having, "--having", &cells);
	order_check(&j.agg, opt.sort);
	groups_init(&j.groups, j.agg.block);
	/* Without keys there is one group, even of nothing. */
	if (!j.agg.n_keys)
		groups_get(&j.groups, "", 1, &fresh);
	run_open(&j.run, operands, (struct reader_opts){ 0 });
	aggregate(&j);
	write_rows(&j);
	return run_close(&j.run, j.written);
}
