/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/tally.h"

#include <math.h>

#include "cmd/flowmatch/distance.h"
#include "libcommon/num_put.h"

/* Far is far: sums of distances shall not overflow. */
static const double farthest = 10000;

static void
merge(void *state, const struct accum_spec *s, const void *other)
{
	int64_t *to = state;
	const int64_t *from = other;

	for (size_t i = 0; i < s->fn->size / sizeof *to; i++)
		to[i] += from[i];
}

static void
subtract(void *state, const struct accum_spec *s, const void *other)
{
	int64_t *to = state;
	const int64_t *from = other;

	for (size_t i = 0; i < s->fn->size / sizeof *to; i++)
		to[i] -= from[i];
}

static void
result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	const struct pattern_set *set = ((const struct tally_fn *)s->fn)->set;

	(void)arena;
	*out = (struct value){ .type = VALUE_REAL,
		.d = tally_score(set, tally_counts(set, state)) };
}

static double
reach_of(const struct pattern_worth *w)
{
	size_t i = w->n;

	while (i && w->weights[i - 1] == 0)
		i--;
	return i == w->n ? INFINITY : w->intervals[i];
}

void
tally_open(struct tally_fn *fn, struct pattern_set *s)
{
	double nothing[PATTERN_DIMENSIONS] = { 0 };

	s->lone = !s->biflow || s->compat || !s->distance->parts;
	if (s->biflow)
		distance_prepare(s, nothing, nothing);
	for (size_t i = 0; i < s->n; i++) {
		struct pattern *p = &s->patterns[i];

		p->reach = reach_of(&p->worth);
		s->lone = s->lone ||
			  distance_side(s, p, nothing, 0) < p->reach ||
			  distance_side(s, p, nothing, 1) < p->reach;
	}
	fn->set = s;
	fn->fn = (struct accum_fn){ .name = "tally",
		.size = sizeof(struct tally) +
			s->n * sizeof(struct tally_pattern) +
			s->n_shares * sizeof(int64_t),
		.result = result,
		.merge = merge,
		.subtract = subtract };
}

double
tally_score(const struct pattern_set *s, const int64_t *counts)
{
	double score = 0, sum = 0;

	for (size_t i = 0; i < s->n_shares; i++) {
		const struct pattern_share *share = &s->shares[i];

		if (counts[i]) /* of 0 an infinite one is none */
			sum += (double)counts[i] * share->weight;
		if (i + 1 == s->n_shares || share[1].limit != share->limit) {
			score += sum / share->limit;
			sum = 0;
		}
	}
	return score;
}

void
tally_judge(const struct pattern_set *s, const struct connection *c,
    struct tally_verdict *v)
{
	double prepared[PATTERN_DIMENSIONS];

	v->worth = 0;
	v->least = INFINITY;
	if (!s->compat)
		distance_prepare(s, c->v, prepared);
	for (size_t i = 0; i < s->n; i++) {
		const struct pattern *p = &s->patterns[i];
		double d = s->compat ? distance_compat(s, p, c->v, c->whole)
				     : distance_between(s, p, prepared);
		double w = 0;
		size_t at = 0;

		v->distances[i] = d;
		if (d < farthest) {
			at = pattern_interval(&p->worth, d);
			w = p->worth.weights[at] / p->worth.limit;
		}
		if (d < v->least || (d == v->least && w > v->worth)) {
			v->worth = w;
			v->share = p->worth.shares[at];
		}
		v->least = d < v->least ? d : v->least;
	}
}

bool
tally_may_count(const struct pattern_set *s, const double *side)
{
	double prepared[PATTERN_DIMENSIONS];

	if (s->lone)
		return true;
	for (size_t i = 0; i < s->n_features; i++) {
		const struct pattern_feature *f = &s->features[i];

		prepared[i] = s->distance->prepare
				  ? s->distance->prepare(f, side[i])
				  : side[i];
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct pattern *p = &s->patterns[i];

		if (p->reach > 0 &&
		    (distance_side(s, p, prepared, 0) < p->reach ||
			distance_side(s, p, prepared, 1) < p->reach))
			return true;
	}
	return false;
}

void
tally_add(
    const struct pattern_set *s, struct tally *t, const struct tally_verdict *v)
{
	int64_t *counts = (int64_t *)(uintptr_t)tally_counts(s, t);

	t->connections++;
	counts[v->share]++;
	for (size_t i = 0; i < s->n; i++) {
		double d = v->distances[i];

		t->of[i].nearest += d == v->least;
		t->of[i].distance +=
		    llrint((d < farthest ? d : farthest) * TALLY_DISTANCE);
	}
}

void
tally_nearest(
    const struct pattern_set *s, const struct tally *t, struct output *out)
{
	int64_t most = 0;
	const char *before = "";

	for (size_t i = 0; i < s->n; i++)
		if (t->of[i].nearest > most)
			most = t->of[i].nearest;
	for (size_t i = 0; i < s->n && most; i++) {
		if (t->of[i].nearest != most)
			continue;
		out_str(out, before);
		out_str(out, s->patterns[i].name);
		before = ",";
	}
}

void
tally_distances(
    const struct pattern_set *s, const struct tally *t, struct output *out)
{
	char number[NUM_ROOM];
	double mean;

	for (size_t i = 0; i < s->n; i++) {
		mean = (double)t->of[i].distance / (double)t->connections /
		       TALLY_DISTANCE;
		out_str(out, i ? ",\"" : "{\"");
		out_str(out, s->patterns[i].name);
		out_str(out, "\":");
		out_put(out, number,
		    num_put_double(number, round(mean * 1000) / 1000));
	}
	out_char(out, '}');
}
