/* SPDX-License-Identifier: MIT */
/*
 * flowtopn: the N greatest by any measure, several rankings in one pass.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/flowtopn/saving.h"
#include "libcommon/agg.h"
#include "libcommon/key.h"
#include "libcommon/order.h"
#include "libcommon/run.h"
#include "libcommon/xalloc.h"

enum { MAX_RANKINGS = 16, MAX_CELLS = AGG_MAX_KEYS + 2 * AGG_MAX };

static struct {
	struct run_opts run;
	const char *keys[MAX_RANKINGS];
	size_t n_keys;
	const char *measure, *aggregates, *group, *min;
	uint64_t n, approx;
	bool others;
} opt = { .n = 10, .measure = "bytes", .approx = UINT64_MAX };

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
	{ OPT_STRING, 'b', "by", &opt.measure, "MEASURE",
	    "flows, packets, bytes or an aggregate; :a for the least", NULL },
	{ OPT_U64, 'n', "limit", &opt.n, "N", "rows a ranking (10), 0 is all",
	    NULL },
	{ OPT_STRING, 'a', "aggregate", &opt.aggregates, "LIST",
	    "columns, see flowagg(1); flows, packets, bytes", NULL },
	{ OPT_STRING, 0, "group", &opt.group, "KEYS",
	    "a ranking within each of these", NULL },
	{ OPT_STRING, 0, "min", &opt.min, "VALUE",
	    "only where the measure is at least VALUE", NULL },
	{ OPT_FLAG, 0, "others", &opt.others, NULL,
	    "add a row that sums up those not ranked", NULL },
	{ OPT_U64, 0, "approx", &opt.approx, "K",
	    "keep K counters a ranking; rows tell their error", NULL },
	RUN_OPTS(opt.run),
	{ 0 },
};

static const struct tool tool = {
	.name = "flowtopn",
	.synopsis = "[options] [file ...]",
	.summary = "Ranks keys by flows, packets, bytes or any aggregate.",
	.groups = (const struct opt *const[]){ options, NULL },
	.examples =
	    "  flowtopn -k src_ip_addr flows.json\n"
	    "  flowtopn -n 5 -k dst_port -k src_country -b flows flows.json\n"
	    "  flowtopn -k sa -b 'targets=distinct(da)' --min 20 flows.json\n"
	    "  flowtopn --group sa -k dp -n 3 --others flows.json\n",
};

struct ranking {
	struct agg agg;
	struct groups groups;
	struct saving *saving;
	const char *name;
	size_t measure; /* cell */
	size_t n_group; /* keys that are --group's */
	bool additive;  /* the measure's sum over groups means something */
	const char *order;
};

struct job {
	struct run run;
	struct ranking *rankings;
	uint64_t written;
	struct value min;
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

static bool
is_additive(const struct agg *a, size_t cell)
{
	for (size_t i = 0; i < a->n_calls; i++)
		if (slice_is(a->calls[i].name, a->cell_names[cell]))
			return strcmp(a->calls[i].spec.fn->name, "sum") == 0 ||
			       strcmp(a->calls[i].spec.fn->name, "count") == 0;
	return false;
}

static void
open_ranking(struct job *j, struct ranking *r, const char *keys)
{
	const char *item, *suffix, *columns = opt.aggregates;
	char name[128] = "", *order;
	struct agg *a = &r->agg;
	size_t room = 0, n;

	if (!columns)
		columns = "flows=sum(flows),packets=sum(packets),"
			  "bytes=sum(bytes)";
	suffix = measure_name(name, sizeof name, &item);
	r->name = keys;
	agg_init(a, joined(opt.group, keys), joined(columns, item),
	    "date_last_seen", &j->run.context);
	for (const char *p = opt.group; p; r->n_group++) {
		struct slice part;

		if (!agg_split(&p, &part))
			break;
	}
	r->measure =
	    *name ? agg_cell(a, name, strlen(name), "-b") : a->cells.n - 1;
	r->additive = is_additive(a, r->measure);
	for (size_t i = 0; i < a->cells.n; i++)
		room += strlen(a->cell_names[i]) + 4;
	order = xcalloc(room + 4, 1);
	for (size_t i = 0, at = 0; i < r->n_group; i++)
		at += (size_t)sprintf(order + at, "%s:a,", a->cell_names[i]);
	n = strlen(order);
	sprintf(order + n, "%s%s", a->cell_names[r->measure], suffix);
	r->order = order;
	groups_init(&r->groups, a->block);
	if (!opt.approx)
		opts_usage("--approx 0: at least one counter is needed");
	if (opt.approx != UINT64_MAX && (!r->additive || opt.group))
		opts_usage("--approx ranks by flows, packets, bytes, count() "
			   "or sum(), without --group");
	if (opt.approx != UINT64_MAX)
		r->saving = saving_new(opt.approx);
}

static const char *
add(struct ranking *r, const struct expr_input *in)
{
	size_t call = 0;

	if (!r->saving)
		return agg_add(&r->agg, &r->groups, in);
	while (
	    !slice_is(r->agg.calls[call].name, r->agg.cell_names[r->measure]))
		call++;
	return saving_add(r->saving, &r->agg, call, in);
}

static void
rank(struct job *j)
{
	while (run_next(&j->run)) {
		struct expr_input in = run_input(&j->run);
		const char *err = NULL;

		/* A record counts in all rankings or in none. */
		for (size_t i = 1; i < opt.n_keys && !err; i++)
			err = agg_check(&j->rankings[i].agg, &in);
		for (size_t i = 0; i < opt.n_keys && !err; i++)
			err = add(&j->rankings[i], &in);
		if (err)
			run_reject(&j->run, err);
	}
	for (size_t i = 0; i < opt.n_keys; i++)
		agg_settle(&j->rankings[i].agg);
}

/* The rows of a ranking: its columns, and where each value comes from. */
struct sheet {
	struct row_column columns[MAX_CELLS + 8];
	struct value row[MAX_CELLS + 8];
	struct value cells[MAX_CELLS], rest[MAX_CELLS];
	size_t from[MAX_CELLS + 8]; /* cell of a column */
	size_t n, rank, share;      /* columns */
	double total, cumulated;
	uint64_t others;
};

static size_t
column(struct sheet *s, const char *name, const struct field *f, size_t from)
{
	s->columns[s->n] = (struct row_column){ name, f };
	s->from[s->n] = from;
	return s->n++;
}

static char *
suffixed(const char *name, const char *suffix)
{
	char *s = xmalloc(strlen(name) + strlen(suffix) + 1);

	strcpy(s, name);
	return strcat(s, suffix);
}

static void
lay_out(const struct ranking *r, struct sheet *s)
{
	const struct agg *a = &r->agg;
	const char *measure = a->cell_names[r->measure];

	if (opt.n_keys > 1)
		s->row[column(s, "ranking", NULL, MAX_CELLS)] =
		    (struct value){ .type = VALUE_STR,
			    .s = slice_str(r->name) };
	s->rank = column(s, "rank", NULL, MAX_CELLS);
	for (size_t i = 0; i < a->cells.n; i++)
		if (!agg_is_hidden(a, i) &&
		    (!r->saving || i < a->n_keys || i == r->measure))
			column(s, a->cell_names[i], a->cell_types[i], i);
	s->share = s->n;
	if (r->additive) {
		column(s, suffixed(measure, "_pct"), NULL, MAX_CELLS);
		column(s, suffixed(measure, "_cum_pct"), NULL, MAX_CELLS);
	}
	if (r->saving)
		column(s, suffixed(measure, "_error"), NULL, MAX_CELLS);
	if (opt.others)
		column(s, "others", NULL, MAX_CELLS);
}

static struct value
percent(double part, double total)
{
	struct value v = { .type = total > 0 ? VALUE_REAL : VALUE_NONE };

	/* Two decimals, as nfdump and SiLK print. */
	v.d =
	    total > 0 ? (double)(int64_t)(part / total * 10000 + 0.5) / 100 : 0;
	return v;
}

static void
put_row(struct job *j, const struct ranking *r, struct sheet *s,
    struct row_out *out, const struct value *cells, struct value rank)
{
	double measure = value_double(&cells[r->measure]);
	bool known = r->additive && cells[r->measure].type != VALUE_NONE;

	for (size_t i = 0; i < s->n; i++)
		if (s->from[i] < MAX_CELLS)
			s->row[i] = cells[s->from[i]];
	s->row[s->rank] = rank;
	if (r->additive)
		s->row[s->share] = s->row[s->share + 1] =
		    (struct value){ .type = VALUE_NONE };
	if (known) {
		s->cumulated += measure;
		s->row[s->share] = percent(measure, s->total);
		s->row[s->share + 1] = percent(s->cumulated, s->total);
	}
	row_put(out, s->row);
	j->written++;
}

/* Adds the columns that sum up to those of the groups not ranked. */
static void
add_rest(const struct ranking *r, struct sheet *s)
{
	i128 sum, nano;

	s->others++;
	for (size_t i = r->agg.n_keys; i < r->agg.cells.n; i++) {
		struct value *to = &s->rest[i], *v = &s->cells[i];

		if (!is_additive(&r->agg, i) || v->type == VALUE_NONE)
			continue;
		if (to->type == VALUE_NONE)
			*to = *v;
		else if (value_nano(to, &sum) && value_nano(v, &nano))
			*to = saving_value(sum + nano);
	}
}

static void
put_others(struct job *j, const struct ranking *r, struct sheet *s,
    struct row_out *out)
{
	struct value none = { .type = VALUE_NONE };

	if (opt.others && s->others) {
		/* How many keys have no counter is not known. */
		s->row[s->n - 1] =
		    r->saving
			? none
			: (struct value){ .type = VALUE_INT, .i = s->others };
		put_row(j, r, s, out, s->rest, none);
		s->row[s->n - 1] = none;
	}
	memset(s->rest, 0, sizeof s->rest);
	s->others = 0;
	s->cumulated = 0;
}

/* The bytes of the key that belong to --group. */
static struct slice
group_of(const struct ranking *r, struct slice key, struct arena *arena)
{
	struct value v;
	size_t n = 0;

	for (size_t i = 0; i < r->n_group; i++)
		n += key_get(key.p + n, &v, arena);
	return slice_of(key.p, n);
}

/* What shares are of: the measure of the whole input, or of a group. */
static double
total_of(struct ranking *r, struct sheet *s, void **order, uint32_t from,
    struct slice group, struct arena *arena)
{
	double total = 0;

	for (uint32_t i = from; r->additive && i < r->groups.n; i++) {
		struct slice key = groups_key(&r->groups, order[i]);

		if (!slice_eq(group_of(r, key, arena), group))
			break;
		agg_cells(&r->agg, key, order[i], s->cells, arena);
		if (s->cells[r->measure].type != VALUE_NONE)
			total += value_double(&s->cells[r->measure]);
		arena_reset(arena);
	}
	return total;
}

static bool
is_enough(const struct job *j, const struct value *measure)
{
	return !opt.min || value_compare(measure, &j->min) == 0 ||
	       value_compare(measure, &j->min) == 1;
}

static void
write_exact(
    struct job *j, struct ranking *r, struct sheet *s, struct row_out *out)
{
	void **order = order_groups(&r->agg, &r->groups, r->order);
	struct arena arena = { 0 };
	struct slice group = { 0 };
	uint64_t rank = 0;

	for (uint32_t i = 0; i < r->groups.n; i++) {
		struct slice key = groups_key(&r->groups, order[i]);
		struct slice g = group_of(r, key, &arena);

		if (i == 0 || !slice_eq(g, group)) {
			put_others(j, r, s, out);
			rank = 0;
			s->total = total_of(r, s, order, i, g, &arena);
			group = g;
		}
		agg_cells(&r->agg, key, order[i], s->cells, &arena);
		for (size_t k = 0; k < r->n_group; k++)
			s->rest[k] = s->cells[k];
		if ((!opt.n || rank < opt.n) &&
		    is_enough(j, &s->cells[r->measure]))
			put_row(j, r, s, out, s->cells,
			    (struct value){ .type = VALUE_INT, .i = ++rank });
		else
			add_rest(r, s);
		if (!r->n_group)
			arena_reset(&arena);
	}
	put_others(j, r, s, out);
	free(order);
}

static void
write_approximate(
    struct job *j, struct ranking *r, struct sheet *s, struct row_out *out)
{
	struct arena arena = { 0 };
	size_t n = saving_sort(r->saving);
	i128 total = saving_total(r->saving), ranked = 0;
	uint64_t limit = opt.n ? opt.n : n;
	size_t i;

	s->total = (double)total / NUM_NANO;
	for (i = 0; i < n && i < limit; i++) {
		i128 nano = saving_get(r->saving, i, &r->agg, s->cells,
		    &s->row[s->share + 2], &arena);

		s->cells[r->measure] = saving_value(nano);
		if (!is_enough(j, &s->cells[r->measure]))
			break;
		ranked += nano;
		put_row(j, r, s, out, s->cells,
		    (struct value){ .type = VALUE_INT, .i = i + 1 });
		arena_reset(&arena);
	}
	s->row[s->share + 2].type = VALUE_NONE;
	s->rest[r->measure] = saving_value(total > ranked ? total - ranked : 0);
	s->others = total > ranked;
	put_others(j, r, s, out);
}

static void
write_ranking(struct job *j, struct ranking *r)
{
	struct sheet *s = xcalloc(1, sizeof *s);
	struct row_out *out;

	lay_out(r, s);
	out =
	    row_open(&j->run.out, j->run.format, s->columns, s->n, j->run.zone);
	if (r->saving)
		write_approximate(j, r, s, out);
	else
		write_exact(j, r, s, out);
	row_close(out);
	free(s);
}

int
main(int argc, char **argv)
{
	char **operands = opts_parse(&tool, argc, argv);
	static struct job j;

	if (!opt.n_keys)
		opts_usage("-k is needed: what is to be ranked?");
	run_setup(&j.run, &opt.run, ROW_TABLE);
	if (opt.min && (value_parse(slice_str(opt.min), FIELD_ANY, 0,
			    &j.run.context.how, &j.min) ||
			   j.min.type == VALUE_STR))
		opts_usage("--min %s: expected a number", opt.min);
	j.rankings = xcalloc(opt.n_keys, sizeof *j.rankings);
	for (size_t i = 0; i < opt.n_keys; i++)
		open_ranking(&j, &j.rankings[i], opt.keys[i]);
	run_open(&j.run, operands, (struct reader_opts){ 0 });
	rank(&j);
	for (size_t i = 0; i < opt.n_keys; i++) {
		if (i && j.run.format != ROW_JSON)
			out_char(&j.run.out, '\n');
		write_ranking(&j, &j.rankings[i]);
	}
	return run_close(&j.run, j.written);
}
