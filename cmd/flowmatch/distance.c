/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/distance.h"

#include <math.h>

static const struct pattern_feature *
feature_of(const struct pattern_set *s, size_t i)
{
	return &s->features[i % s->n_features];
}

static double
logarithm(const struct pattern_feature *f, double v)
{
	return log2(v < f->floor ? f->floor : v) / f->scale;
}

static double
scaled(const struct pattern_feature *f, double v)
{
	return v / f->scale;
}

static double
straight(const struct pattern_set *s, const struct pattern *p, const double *v,
    size_t i, size_t end)
{
	double sum = 0;

	(void)s;
	for (; i < end; i++)
		sum += (v[i] - p->prepared[i]) * (v[i] - p->prepared[i]);
	return sqrt(sum);
}

static double
by_blocks(const struct pattern_set *s, const struct pattern *p, const double *v,
    size_t i, size_t end)
{
	double sum = 0;

	(void)s;
	for (; i < end; i++)
		sum += fabs(v[i] - p->prepared[i]);
	return sum;
}

static double
relative(const struct pattern_set *s, const struct pattern *p, const double *v,
    size_t i, size_t end)
{
	double sum = 0, d;

	(void)s;
	for (; i < end; i++) {
		if (p->v[i] == 0)
			return INFINITY;
		d = (v[i] - p->v[i]) / p->v[i];
		sum += d * d;
	}
	return sqrt(sum);
}

/* |y| where L y = v - p. */
static double
mahalanobis(const struct pattern_set *s, const struct pattern *p,
    const double *v, size_t i, size_t end)
{
	double y[PATTERN_DIMENSIONS], sum = 0;
	const double *row = p->lower;

	for (; i < end; i++, row += s->dimensions) {
		y[i] = v[i] - p->v[i];
		for (size_t k = 0; k < i; k++)
			y[i] -= row[k] * y[k];
		y[i] /= row[i];
		sum += y[i] * y[i];
	}
	return sqrt(sum);
}

const struct distance distances[] = {
	{ "log-ratio", logarithm, straight, true },
	{ "relative", NULL, relative, true },
	{ "euclidean", scaled, straight, true },
	{ "manhattan", scaled, by_blocks, true },
	{ "mahalanobis", NULL, mahalanobis, false },
	{ 0 },
};

const struct distance *
distance_find(const char *name)
{
	for (const struct distance *d = distances; d->name; d++)
		if (strcmp(d->name, name) == 0)
			return d;
	return NULL;
}

void
distance_prepare(const struct pattern_set *s, const double *v, double *prepared)
{
	for (size_t i = 0; i < s->dimensions; i++)
		prepared[i] = s->distance->prepare
				  ? s->distance->prepare(feature_of(s, i), v[i])
				  : v[i];
}

double
distance_between(const struct pattern_set *s, const struct pattern *p,
    const double *prepared)
{
	double d = s->distance->between(s, p, prepared, 0, s->dimensions);

	return isnan(d) ? INFINITY : d;
}

double
distance_side(const struct pattern_set *s, const struct pattern *p,
    const double *prepared, size_t of)
{
	size_t n = s->n_features;
	double d;

	/* The numbers of a direction stand where those of 'of' would. */
	d = s->distance->between(s, p, prepared - of * n, of * n, (of + 1) * n);
	return isnan(d) ? INFINITY : d;
}

double
distance_compat(const struct pattern_set *s, const struct pattern *p,
    const double *v, uint64_t whole)
{
	double sums[2] = { 0, 0 }, q;
	size_t sides = s->biflow ? 2 : 1;

	for (size_t side = 0; side < sides; side++)
		for (size_t k = 0; k < s->n_features; k++) {
			size_t i = side * s->n_features + k;

			if (k >= p->given[side])
				break;
			if (p->v[i] == 0 || isnan(v[i]))
				return INFINITY;
			q = (v[i] - p->v[i]) / p->v[i];
			if (s->biflow && whole & p->whole & 1ull << i)
				q = floor(q);
			sums[side] += q * q;
		}
	return sqrt(sums[0] + sums[1]);
}

bool
distance_factor(double *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k <= i; k++) {
			double sum = c[i * n + k];

			for (size_t m = 0; m < k; m++)
				sum -= c[i * n + m] * c[k * n + m];
			if (i != k) {
				c[i * n + k] = sum / c[k * n + k];
				continue;
			}
			if (!(sum > 0) || !isfinite(sum))
				return false;
			c[i * n + i] = sqrt(sum);
		}
	return true;
}
