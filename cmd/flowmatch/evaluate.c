/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/xalloc.h"

enum { BINS = 5 };

/* Of a key: what it is, and what was said about it. */
struct case_ {
	struct label *labels;
	struct slice found; /* names of patterns; empty: no alert */
	double certainty;
};

struct label {
	struct slice name;
	uint64_t n;
	struct label *next;
};

struct evaluation {
	struct matches *matches;
	struct groups *keys; /* of each set: key -> struct case_ * */
	struct arena arena;
	struct output text;
	struct row_out *out;
};

static const struct slice benign = { "benign", 6 };

static struct case_ *
case_of(struct evaluation *e, const struct match *m, struct slice key)
{
	struct groups *g = &e->keys[m - e->matches->sets];
	bool fresh;
	struct case_ **c = groups_get(g, key.p, key.n, &fresh);

	if (fresh) {
		*c = arena_alloc(&e->arena, sizeof **c);
		**c = (struct case_){ 0 };
	}
	return *c;
}

static void
see_connection(void *arg, struct match *m, const struct connection *c,
    const struct tally_verdict *v)
{
	struct evaluation *e = arg;
	struct case_ *k = case_of(e, m, c->key);
	struct slice name = c->label.n ? c->label : benign;
	struct label *l = k->labels;

	(void)v;
	while (l && !slice_eq(l->name, name))
		l = l->next;
	if (!l) {
		l = arena_alloc(&e->arena, sizeof *l);
		*l = (struct label){ .name = arena_slice(&e->arena, name),
			.next = k->labels };
		k->labels = l;
	}
	l->n++;
}

/* The last word on an alert; of several, the most certain. */
static void
see_alert(void *arg, struct match *m, const struct alert_row *row, double score)
{
	struct evaluation *e = arg;
	struct case_ *k = case_of(e, m, row->key);
	double certainty = pattern_certainty(m->set, score);

	if (k->found.n && certainty < k->certainty)
		return;
	e->text.n = 0;
	tally_nearest(m->set, match_tally(m, row->states), &e->text);
	k->found = arena_slice(&e->arena, slice_of(e->text.buf, e->text.n));
	k->certainty = certainty;
}

/* ---- rows ---- */

enum {
	TYPE,
	TRUTH,
	FOUND,
	KEYS,
	PRECISION,
	RECALL,
	F1,
	CERTAINTY,
	ALERTS,
	RIGHT,
	COLUMNS
};

static const struct row_column columns[COLUMNS] = { { "type", NULL },
	{ "truth", NULL }, { "found", NULL }, { "keys", NULL },
	{ "precision", NULL }, { "recall", NULL }, { "f1", NULL },
	{ "certainty", NULL }, { "alerts", NULL }, { "right", NULL } };

struct evaluation *
evaluation_new(struct matches *matches, size_t n, struct match_watch *watch)
{
	struct evaluation *e = xcalloc(1, sizeof *e);

	e->matches = matches;
	e->keys = xcalloc(n, sizeof *e->keys);
	for (size_t i = 0; i < n; i++)
		groups_init(&e->keys[i], sizeof(struct case_ *));
	out_memory(&e->text);
	watch->arg = e;
	watch->connection = see_connection;
	watch->alert = see_alert;
	return e;
}

static struct value
text(struct slice s)
{
	return (struct value){ .type = VALUE_STR, .s = s };
}

static struct value
real(double d)
{
	return (struct value){ .type = isfinite(d) ? VALUE_REAL : VALUE_NONE,
		.d = round(d * 1000) / 1000 };
}

static struct value
number(uint64_t n)
{
	return (struct value){ .type = VALUE_INT, .i = n };
}

static void
put(struct evaluation *e, const struct value *row)
{
	row_put(e->out, row);
	e->matches->written++;
}

static struct slice
truth_of(const struct case_ *k)
{
	const struct label *best = NULL;

	for (const struct label *l = k->labels; l; l = l->next) {
		if (slice_eq(l->name, benign))
			continue;
		if (!best || l->n > best->n ||
		    (l->n == best->n && slice_cmp(l->name, best->name) < 0))
			best = l;
	}
	return best ? best->name : benign;
}

/* A cell of the matrix. */
struct pair {
	struct slice truth, found;
};

static int
by_names(const void *p, const void *q)
{
	const struct pair *a = p, *b = q;
	int c = slice_cmp(a->truth, b->truth);

	return c ? c : slice_cmp(a->found, b->found);
}

static void
put_matrix(
    struct evaluation *e, const struct match *m, struct case_ **all, size_t n)
{
	struct pair *pairs = xcalloc(n + 1, sizeof *pairs);
	struct value row[COLUMNS] = { 0 };
	uint64_t count = 0;

	for (size_t i = 0; i < n; i++)
		pairs[i] = (struct pair){ truth_of(all[i]),
			all[i]->found.n ? all[i]->found : SLICE_LIT("-") };
	qsort(pairs, n, sizeof *pairs, by_names);
	for (size_t i = 0; i < n; i++) {
		count++;
		if (i + 1 < n && by_names(&pairs[i], &pairs[i + 1]) == 0)
			continue;
		row[TYPE] = text(slice_str(m->set->name));
		row[TRUTH] = text(pairs[i].truth);
		row[FOUND] = text(pairs[i].found);
		row[KEYS] = number(count);
		put(e, row);
		count = 0;
	}
	free(pairs);
}

static void
put_measures(
    struct evaluation *e, const struct match *m, struct case_ **all, size_t n)
{
	struct value row[COLUMNS] = { 0 };
	double hits = 0, alerts = 0, wanted = 0, precision, recall;

	for (size_t i = 0; i < n; i++) {
		bool is = pattern_has_label(m->set, truth_of(all[i])),
		     said = all[i]->found.n > 0;

		if (pattern_is_related(m->set, truth_of(all[i])))
			continue;
		hits += is && said;
		alerts += said;
		wanted += is;
	}
	precision = hits / alerts;
	recall = hits / wanted;
	row[TYPE] = text(slice_str(m->set->name));
	row[KEYS] = number(n);
	row[PRECISION] = real(precision);
	row[RECALL] = real(recall);
	row[F1] = real(2 * hits / (alerts + wanted));
	row[ALERTS] = number((uint64_t)alerts);
	put(e, row);
}

/* Of alerts about so certain, the share that is right. */
static void
put_calibration(
    struct evaluation *e, const struct match *m, struct case_ **all, size_t n)
{
	struct value row[COLUMNS] = { 0 };

	for (int bin = 0; bin < BINS; bin++) {
		double sum = 0, right = 0, alerts = 0;

		for (size_t i = 0; i < n; i++) {
			double c = all[i]->certainty;

			if (!all[i]->found.n ||
			    pattern_is_related(m->set, truth_of(all[i])) ||
			    fmin(floor(c * BINS), BINS - 1) != bin)
				continue;
			alerts++;
			sum += c;
			right += pattern_has_label(m->set, truth_of(all[i]));
		}
		if (!alerts)
			continue;
		row[TYPE] = text(slice_str(m->set->name));
		row[CERTAINTY] = real(sum / alerts);
		row[ALERTS] = number((uint64_t)alerts);
		row[RIGHT] = real(right / alerts);
		put(e, row);
	}
}

void
evaluation_write(struct evaluation *e)
{
	struct run *run = e->matches->run;

	e->out = row_open(&run->out, run->format, columns, COLUMNS, run->zone);
	for (size_t i = 0; i < e->matches->n; i++) {
		const struct match *m = &e->matches->sets[i];
		struct groups *g = &e->keys[i];
		void **blocks = groups_all(g);
		struct case_ **all = xcalloc(g->n + 1, sizeof *all);

		for (uint32_t k = 0; k < g->n; k++)
			all[k] = *(struct case_ **)blocks[k];
		put_matrix(e, m, all, g->n);
		put_measures(e, m, all, g->n);
		put_calibration(e, m, all, g->n);
		free(all);
		free(blocks);
	}
	row_flush(e->out);
	row_close(e->out);
}
