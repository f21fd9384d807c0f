/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/match.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

/* ---- states ---- */

/* Calls: the values that are counted, where they are; the tally is last. */
const struct tally *
match_tally(const struct match *m, const char *states)
{
	const struct agg *a = &m->agg->agg;

	return (const void *)(states + a->calls[a->n_calls - 1].offset);
}

double
match_score(const struct match *m, const char *states)
{
	const struct agg_call *c = &m->agg->agg.calls[0];
	struct value v;

	if (m->set->n_count)
		c->spec.fn->result(states + c->offset, &c->spec, &v, NULL);
	else
		return tally_score(
		    m->set, tally_counts(m->set, match_tally(m, states)));
	return value_double(&v) / m->set->worth.limit;
}

static void
add_states(struct match *m, char *states, const struct connection *c,
    const struct tally_verdict *verdict)
{
	const struct agg_call *call = &m->agg->agg.calls[0];
	struct value v = { .type = VALUE_STR, .s = c->count };
	struct accum_arg arg = { &v, c->time };

	if (m->set->n_count && c->count.n)
		call->spec.fn->add(states + call->offset, &call->spec, &arg);
	tally_add(
	    m->set, (struct tally *)(uintptr_t)match_tally(m, states), verdict);
}

/* ---- connections ---- */

/*
 * The pane of a connection.  What it was made of is not lost before the pane
 * is: its point is that of the older one.
 */
static struct window_pane *
pane_of(struct window *w, const struct connection *c)
{
	int64_t id = winspec_pane(&w->spec, c->time),
		first = winspec_pane(&w->spec, c->first);
	struct window_pane *pane = window_pane(w, id), *older;

	if (first >= id || !pane->point)
		return pane;
	older = window_pane(w, first);
	if (older->point->offset < pane->point->offset) {
		unit_release(w->u, pane->point);
		pane->point = unit_hold_also(older->point);
	}
	return pane;
}

static void
take_connection(void *arg, const struct connection *c)
{
	struct match *m = arg;
	struct engine *e = m->engine;
	struct match_unit *u = &e->units[m->index];
	struct window *w = &e->window;
	struct window_pane *pane = w->u->pane;
	struct tally_verdict verdict;
	struct groups *g;
	char *block;
	bool fresh;

	tally_judge(m->set, c, &verdict);
	if (e->all->opts.watch.connection)
		e->all->opts.watch.connection(
		    e->all->opts.watch.arg, m, c, &verdict);
	if (!(verdict.worth > 0))
		return;
	if (!pane || c->time < w->u->from || c->time >= w->u->to ||
	    c->first < w->u->from)
		pane = pane_of(w, c);
	g = winagg_groups(m->agg, pane, m->index);
	block = groups_get(g, c->key.p, c->key.n, &fresh);
	add_states(m, block + g->head, c, &verdict);
	u->keys += fresh;
	if (u->keys > e->all->opts.max_keys)
		match_trim(m, u, e->all->opts.max_keys);
}

/* ---- an engine as the client of its window ---- */

/* The flows that wait stand behind the sets. */
static struct biflow **
flows_of(struct engine *e)
{
	return (struct biflow **)(e->units + e->list.n);
}

static void
engine_select(void *arg, char *state)
{
	struct engine *e = arg;

	e->inner.select(e->inner.arg, state);
	e->units = (struct match_unit *)(state + e->inner.unit);
	for (size_t i = 0; i < e->n_pairings; i++) {
		struct biflow **flows = &flows_of(e)[i];

		if (!*flows)
			*flows = pairing_flows(
			    e->pairings[i], e->all->opts.max_keys);
		e->pairings[i]->flows = *flows;
	}
}

/* Those that did not wait, of the flows at hand. */
static void
count_early(struct engine *e)
{
	for (size_t i = 0; i < e->list.n; i++) {
		struct match *m = e->sets[i];
		size_t set = (size_t)(m - e->all->sets);

		if (m->pairing && m->pairing->flows)
			m->early += biflow_early(m->pairing->flows, set);
	}
}

static void
engine_drop(void *arg, char *state)
{
	struct engine *e = arg;

	e->inner.drop(e->inner.arg, state);
	count_early(e);
	for (size_t i = 0; i < e->list.n; i++)
		groups_free(&e->units[i].peaks);
	for (size_t i = 0; i < e->n_pairings; i++) {
		biflow_free(e->pairings[i]->flows);
		e->pairings[i]->flows = NULL;
	}
	e->units = NULL;
}

/*
 * What waits and cannot get a partner any more.  The watermark is behind by
 * what the ends of both may differ; one that ends at it is in time, and so is
 * the partner that ends that much later.
 */
static void
engine_advance(void *arg, int64_t watermark)
{
	struct engine *e = arg;

	for (size_t i = 0; i < e->n_pairings; i++)
		biflow_expire(e->pairings[i]->flows, num_minus(watermark, 1));
}

static void
engine_enter(void *arg, struct window_pane *pane)
{
	struct engine *e = arg;

	for (size_t i = 0; i < e->list.n; i++)
		e->units[i].entered += ((struct groups *)pane->state)[i].n;
	e->inner.enter(e->inner.arg, pane);
}

static void
engine_leave(void *arg, struct window_pane *pane)
{
	struct engine *e = arg;

	for (size_t i = 0; i < e->list.n; i++) {
		size_t n = ((struct groups *)pane->state)[i].n;

		e->units[i].entered -= n;
		e->units[i].keys -= n;
	}
	e->inner.leave(e->inner.arg, pane);
}

static void
engine_emit(void *arg, const struct window_bounds *bounds)
{
	struct engine *e = arg;

	e->inner.emit(e->inner.arg, bounds);
}

static int64_t
engine_resume(void *arg)
{
	const struct engine *e = arg;
	int64_t least = INT64_MAX, at;

	for (size_t i = 0; i < e->list.n; i++) {
		at = alerts_resume(e->sets[i]->alerts);
		least = at < least ? at : least;
	}
	return least;
}

/* ---- windows ---- */

static void
tell_alert(void *arg, const struct alert_row *row)
{
	struct match *m = arg;
	struct matches *all = m->engine->all;
	double score = match_peak(&m->engine->units[m->index], row);

	if (m->engine->window.muted)
		return;
	if (all->opts.watch.alert)
		all->opts.watch.alert(all->opts.watch.arg, m, row, score);
	else if (all->rows)
		match_rows_put(all->rows, m, row, score);
}

void
match_no_alert(
    void *arg, struct match *m, const struct alert_row *row, double score)
{
	(void)arg;
	(void)m;
	(void)row;
	(void)score;
}

static void
write_rows(void *arg, const struct window_bounds *bounds)
{
	struct engine *e = arg;

	for (size_t i = 0; i < e->list.n; i++) {
		match_see_peaks(e->sets[i], &e->units[i]);
		alerts_window(
		    e->sets[i]->alerts, bounds, tell_alert, e->sets[i]);
	}
	if (e->all->rows)
		match_rows_flush(e->all->rows);
}

static void
drop_alerts(void *arg)
{
	struct engine *e = arg;

	for (size_t i = 0; i < e->list.n; i++)
		alerts_drop(e->sets[i]->alerts);
}

/* ---- opening ---- */

/* Its aggregates: what is counted and, in place of another, the tally. */
static void
open_aggregates(struct match *m, const struct match_opts *opts, struct run *run)
{
	struct agg *a = &m->agg->agg;
	struct expr_context cells = { .how = run->context.how };
	const char *count = m->set->count_texts[0];
	char having[64];
	struct output text;

	out_memory(&text);
	if (count) {
		out_str(&text, "values=distinct(");
		out_str(&text, count);
		out_str(&text, "),");
	}
	out_str(&text, "score=count()");
	out_char(&text, '\0');
	agg_init(a, m->set->keys, text.buf, m->engine->window.time.name,
	    &run->context);
	tally_open(&m->tally, m->set);
	a->calls[a->n_calls - 1].spec.fn = &m->tally.fn;
	a->block = a->calls[a->n_calls - 1].offset + m->tally.fn.size;
	cells.cells = &a->cells;
	snprintf(having, sizeof having,
	    count ? "values >= %.6f" : "score >= %.12f",
	    count ? m->set->worth.limit : pattern_exactness);
	winagg_open(m->agg, &m->engine->window, NULL,
	    expr_compile_test(having, "limit", &cells));
	m->alerts =
	    alerts_new(&m->engine->list, m->agg, m->set->name, opts->update);
}

static struct engine *
engine_of(struct matches *a, const char *spec)
{
	struct engine *e;
	struct window_opts opts = a->opts.window;

	for (size_t i = 0; i < a->n_engines; i++)
		if (strcmp(a->engines[i]->window.opts.spec, spec) == 0)
			return a->engines[i];
	e = a->engines[a->n_engines++] = xcalloc(1, sizeof *e);
	e->all = a;
	opts.spec = spec;
	opts.late = a->n_engines == 1 ? opts.late : NULL;
	window_setup(&e->window, a->run, &opts);
	if (e->window.spec.kind != WINDOW_TIME)
		opts_usage("-w %s: expected windows of a length", spec);
	e->list = (struct winaggs){ .v = xcalloc(a->n, sizeof(struct winagg)),
		.emit = write_rows,
		.drop = drop_alerts,
		.arg = e };
	e->sets = xcalloc(a->n, sizeof(struct match *));
	e->pairings = xcalloc(a->n, sizeof(struct pairing *));
	return e;
}

/* The set, which pairs directions, joins those that do it alike. */
static struct pairing *
pairing_of(struct engine *e, struct match *m)
{
	size_t set = (size_t)(m - e->all->sets);
	struct pairing *p;

	for (size_t i = 0; i < e->n_pairings; i++) {
		p = e->pairings[i];
		if (p->tolerance == m->set->tolerance &&
		    pairing_add(p, &m->vectors, set))
			return p;
	}
	if (!e->all->paired)
		biflow_fields_open(&e->all->fields, e->all->run->context.schema,
		    e->all->run->context.how.zone);
	e->all->paired = true;
	p = pairing_new(
	    m->set->tolerance, &e->all->run->context, &e->all->fields);
	e->pairings[e->n_pairings++] = p;
	pairing_add(p, &m->vectors, set);
	return p;
}

void
matches_open(struct matches *a, struct run *run, const struct match_opts *opts,
    struct pattern_set **sets, size_t n)
{
	*a = (struct matches){ .run = run, .opts = *opts, .n = n };
	a->sets = xcalloc(n, sizeof *a->sets);
	a->engines = xcalloc(n, sizeof(struct engine *));
	a->filters = xcalloc(n, sizeof(struct expr *));
	for (size_t i = 0; i < n; i++) {
		struct match *m = &a->sets[i];
		const char *spec =
		    opts->window.spec ? opts->window.spec : sets[i]->window;

		m->set = sets[i];
		m->engine = engine_of(a, spec);
		m->index = m->engine->list.n++;
		m->agg = &m->engine->list.v[m->index];
		m->engine->sets[m->index] = m;
		m->engine->bits |= 1ull << i;
		a->filters[i] = m->set->filter;
		if (m->set->biflow)
			m->engine->window.linger = vectors_linger;
		open_aggregates(m, opts, run);
		vectors_open(&m->vectors, m->set, &m->agg->agg, &run->context,
		    opts->label, take_connection, m);
		m->vectors.all = opts->watch.connection != NULL;
		if (m->set->biflow)
			m->pairing = pairing_of(m->engine, m);
	}
	if (!opts->watch.alert)
		a->rows = match_rows_open(a);
}

/* All engines look at the clock. */
static int
wait_for_all(void *arg)
{
	struct matches *a = arg;
	unsigned least = UINT_MAX; /* -1 is the largest */

	for (size_t i = 0; i < a->n_engines; i++) {
		unsigned ms = (unsigned)a->waiting[i](&a->engines[i]->window);

		least = ms < least ? ms : least;
	}
	return (int)least;
}

void
matches_begin(struct matches *a, char **operands)
{
	struct window_client client;

	for (char **p = operands; *p; p++)
		if (a->n_engines > 1 && kafka_is_address(*p))
			opts_usage("%s: the windows of the patterns differ; "
				   "say which with -w",
			    *p);
	a->may = expr_many_new(a->filters, a->n);
	a->waiting = xcalloc(a->n_engines, sizeof *a->waiting);
	for (size_t i = 0; i < a->n_engines; i++) {
		struct engine *e = a->engines[i];

		for (size_t k = 0; k < e->n_pairings; k++)
			pairing_seal(e->pairings[k], &a->run->schema);
		winagg_client(&e->list, &e->inner);
		client = e->inner;
		client.arg = e;
		client.unit += e->list.n * sizeof(struct match_unit);
		client.unit += e->n_pairings * sizeof(struct biflow *);
		client.tail = true;
		client.select = engine_select;
		client.drop = engine_drop;
		client.advance = engine_advance;
		client.enter = engine_enter;
		client.emit = engine_emit;
		client.leave = engine_leave;
		client.resume = engine_resume;
		window_open(&e->window, &client, operands);
		a->waiting[i] = a->run->reader.waiting;
	}
	if (a->n_engines == 1)
		return;
	a->run->reader.waiting = wait_for_all;
	a->run->reader.waiting_arg = a;
}

void
matches_finish(struct matches *a)
{
	for (size_t i = a->n_engines; i-- > 0;) {
		window_finish(&a->engines[i]->window);
		count_early(a->engines[i]);
	}
	for (size_t i = 0; i < a->n; i++) {
		const struct match *m = &a->sets[i];

		if (m->given_up)
			warn("%s: %" PRIu64 " weakest keys were given up, for "
			     "there were more than --max-keys %zu",
			    m->set->name, m->given_up, a->opts.max_keys);
		if (m->early)
			warn("%s: %" PRIu64 " flows did not wait for the other "
			     "direction, for there were too many",
			    m->set->name, m->early);
	}
	if (a->rows)
		match_rows_close(a->rows);
}
