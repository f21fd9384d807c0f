/* SPDX-License-Identifier: MIT */
/* The patterns of a file: their numbers, and what distances are worth. */
#include <stdlib.h>

#include "cmd/flowmatch/distance.h"
#include "cmd/flowmatch/loader.h"
#include "libcommon/xalloc.h"

static size_t
read_numbers(struct loader *l, const struct config *c, double *to, size_t most)
{
	size_t n = need_array(l, c, 1, most);

	for (size_t i = 0; i < n; i++)
		to[i] = need_number(l, config_at(c, i));
	return n;
}

/* Of the set or of a pattern, which then differs from the set's. */
static void
read_worth(struct loader *l, const struct config *c, struct pattern_worth *w)
{
	const struct config *intervals = config_get(c, "intervals"),
			    *weights = config_get(c, "weights"),
			    *limit = config_get(c, "limit");
	char where[sizeof l->where];
	size_t n = w->n;

	memcpy(where, l->where, sizeof where);
	set_where(l, "%.100s.intervals", where);
	if (intervals) {
		n = read_numbers(l, intervals, w->intervals, PATTERN_INTERVALS);
		if (w->intervals[0] != 0)
			fail(l, "the first must begin at 0");
	}
	for (size_t i = 1; i < n; i++)
		if (w->intervals[i] <= w->intervals[i - 1])
			fail(l, "they must ascend, but %g follows %g",
			    w->intervals[i], w->intervals[i - 1]);
	set_where(l, "%.100s.weights", where);
	if (weights)
		w->n = read_numbers(l, weights, w->weights, PATTERN_INTERVALS);
	if (w->n != n)
		fail(l, "%zu weights for %zu intervals", w->n, n);
	for (size_t i = 0; i < n; i++)
		if (w->weights[i] < 0)
			fail(l,
			    "%g is negative: what is far from a pattern "
			    "must not hide what is near",
			    w->weights[i]);
	set_where(l, "%.100s.limit", where);
	w->limit = limit ? need_positive(l, limit) : w->limit;
	memcpy(l->where, where, sizeof where);
}

/* ---- patterns ---- */

static void
read_vector(struct loader *l, const struct config *c, const char *name,
    size_t side, struct pattern *p)
{
	size_t f = l->set->n_features, n;
	const struct config *list = config_get(c, name);
	char where[sizeof l->where];

	memcpy(where, l->where, sizeof where);
	set_where(l, "%.100s.%s", where, name);
	n = need_array(l, list, 1, PATTERN_FEATURES);
	if (n != f && !(l->set->compat && n < f))
		fail(l, "%zu number%s for %zu features", n, n == 1 ? "" : "s",
		    f);
	p->given[side] = n;
	for (size_t i = 0; i < n; i++) {
		const struct config *v = config_at(list, i);

		p->v[side * f + i] = need_number(l, v);
		if (config_kind(v) == CONFIG_INTEGER)
			p->whole |= 1ull << (side * f + i);
	}
	memcpy(l->where, where, sizeof where);
}

static void
read_covariance(struct loader *l, const struct config *c, struct pattern *p)
{
	size_t n = l->set->dimensions;

	if (!c)
		fail(l, "mahalanobis needs a covariance");
	if (need_array(l, c, 1, PATTERN_DIMENSIONS) != n)
		fail(l, "covariance: expected %zu rows", n);
	p->lower = xcalloc(n * n, sizeof *p->lower);
	for (size_t i = 0; i < n; i++)
		if (read_numbers(l, config_at(c, i), p->lower + i * n, n) != n)
			fail(l, "covariance: expected %zu columns", n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (p->lower[i * n + k] != p->lower[k * n + i])
				fail(l, "covariance: not symmetric");
	if (!distance_factor(p->lower, n))
		fail(l, "covariance: not positive definite");
}

static void
read_pattern(struct loader *l, const struct config *c, struct pattern *p)
{
	static const char *const biflow[] = { "name", "request", "response",
		"covariance", "intervals", "weights", "limit", "description",
		"connections", "mean", "low", "high", NULL };
	static const char *const simple[] = { "name", "vector", "covariance",
		"intervals", "weights", "limit", "description", "connections",
		"mean", "low", "high", NULL };
	struct pattern_set *s = l->set;

	need_members(l, c, s->biflow ? biflow : simple,
	    s->biflow ? " of a biflow's pattern" : " of a pattern");
	p->name = need_name(l, config_get(c, "name"));
	p->v = xcalloc(s->dimensions, sizeof *p->v);
	if (s->biflow) {
		read_vector(l, c, "request", 0, p);
		read_vector(l, c, "response", 1, p);
	} else {
		read_vector(l, c, "vector", 0, p);
	}
	if (strcmp(s->distance->name, "mahalanobis") == 0)
		read_covariance(l, config_get(c, "covariance"), p);
	p->prepared = xcalloc(s->dimensions, sizeof *p->prepared);
	distance_prepare(s, p->v, p->prepared);
	p->worth = s->worth;
	read_worth(l, c, &p->worth);
}

/* ---- what connections can be worth ---- */

static int
by_limit(const void *p, const void *q)
{
	const struct pattern_share *a = p, *b = q;

	if (a->limit != b->limit)
		return a->limit < b->limit ? -1 : 1;
	return (a->weight > b->weight) - (a->weight < b->weight);
}

/* Each once. */
static void
collect_shares(struct pattern_set *s)
{
	struct pattern_share *all = s->shares;
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct pattern_worth *w = &s->patterns[i].worth;

		for (size_t k = 0; k < w->n; k++)
			if (w->weights[k] > 0)
				all[n++] = (struct pattern_share){ w->limit,
					w->weights[k] };
	}
	qsort(all, n, sizeof *all, by_limit);
	for (size_t i = 0; i < n; i++)
		if (!kept || by_limit(&all[kept - 1], &all[i]) != 0)
			all[kept++] = all[i];
	s->n_shares = kept;
}

static void
number_shares(const struct pattern_set *s, struct pattern_worth *w)
{
	for (size_t k = 0; k < w->n; k++) {
		struct pattern_share wanted = { w->limit, w->weights[k] };
		const struct pattern_share *found = bsearch(
		    &wanted, s->shares, s->n_shares, sizeof wanted, by_limit);

		w->shares[k] = found ? (unsigned short)(found - s->shares) : 0;
	}
}

void
read_patterns(struct loader *l, const struct config *c)
{
	struct pattern_set *s = l->set;

	set_where(l, "top");
	read_worth(l, s->root, &s->worth);
	set_where(l, "patterns");
	s->n = c || !l->learning
		   ? need_array(l, c, l->learning ? 0 : 1, PATTERN_MOST)
		   : 0;
	for (size_t i = 0; i < s->n; i++) {
		set_where(l, "patterns[%zu]", i);
		read_pattern(l, config_at(c, i), &s->patterns[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->patterns[k].name, s->patterns[i].name) ==
			    0)
				fail(l, "there is another '%.40s'",
				    s->patterns[i].name);
	}
	collect_shares(s);
	for (size_t i = 0; i < s->n; i++)
		number_shares(s, &s->patterns[i].worth);
}
