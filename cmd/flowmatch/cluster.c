/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/cluster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/xalloc.h"

struct clusters {
	const double *points;
	size_t n, dims, k;
	double *centres;
	unsigned char *of;
	uint64_t random;
};

/* splitmix64: Steele, Lea, Flood, OOPSLA 2014. */
static double
uniform(struct clusters *c)
{
	uint64_t z = c->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static double
square(const struct clusters *c, const double *a, const double *b)
{
	double sum = 0;

	for (size_t i = 0; i < c->dims; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

static const double *
point(const struct clusters *c, size_t i)
{
	return c->points + i * c->dims;
}

static size_t
nearest(const struct clusters *c, const double *p, double *least)
{
	size_t best = 0;

	*least = INFINITY;
	for (size_t k = 0; k < c->k; k++) {
		double d = square(c, p, c->centres + k * c->dims);

		if (d < *least) {
			*least = d;
			best = k;
		}
	}
	return best;
}

/* The first centres: each point's chance is its distance's square. */
static void
scatter(struct clusters *c, size_t k)
{
	size_t size = c->dims * sizeof *c->centres, i, first;
	double total, at, d;

	first = (size_t)(uniform(c) * (double)c->n);
	memcpy(c->centres, point(c, first), size);
	for (c->k = 1; c->k < k; c->k++) {
		total = 0;
		for (i = 0; i < c->n; i++) {
			nearest(c, point(c, i), &d);
			total += d;
		}
		at = uniform(c) * total;
		for (i = 0; i + 1 < c->n; i++) {
			nearest(c, point(c, i), &d);
			if ((at -= d) < 0)
				break;
		}
		memcpy(c->centres + c->k * c->dims, point(c, i), size);
	}
}

static bool
assign(struct clusters *c)
{
	bool moved = false;
	double d;

	for (size_t i = 0; i < c->n; i++) {
		unsigned char k = (unsigned char)nearest(c, point(c, i), &d);

		moved |= c->of[i] != k;
		c->of[i] = k;
	}
	return moved;
}

static void
recentre(struct clusters *c, size_t *counts)
{
	memset(counts, 0, CLUSTER_MOST * sizeof *counts);
	for (size_t i = 0; i < c->n; i++)
		counts[c->of[i]]++;
	for (size_t k = 0; k < c->k; k++)
		if (counts[k])
			memset(c->centres + k * c->dims, 0,
			    c->dims * sizeof *c->centres);
	for (size_t i = 0; i < c->n; i++)
		for (size_t d = 0; d < c->dims; d++)
			c->centres[c->of[i] * c->dims + d] +=
			    point(c, i)[d] / (double)counts[c->of[i]];
}

static void
means(struct clusters *c, size_t k)
{
	size_t counts[CLUSTER_MOST];

	scatter(c, k);
	memset(c->of, 255, c->n);
	for (int i = 0; i < CLUSTER_ROUNDS && assign(c); i++)
		recentre(c, counts);
}

/* The silhouette of point i against a sample of every step-th point. */
static double
silhouette(const struct clusters *c, size_t i, size_t step)
{
	double sums[CLUSTER_MOST] = { 0 }, own, other = INFINITY;
	size_t counts[CLUSTER_MOST] = { 0 };

	for (size_t o = 0; o < c->n; o += step) {
		if (o == i)
			continue;
		sums[c->of[o]] += sqrt(square(c, point(c, i), point(c, o)));
		counts[c->of[o]]++;
	}
	if (!counts[c->of[i]])
		return 0;
	own = sums[c->of[i]] / (double)counts[c->of[i]];
	for (size_t k = 0; k < c->k; k++)
		if (k != c->of[i] && counts[k])
			other = fmin(other, sums[k] / (double)counts[k]);
	if (!isfinite(other) || fmax(own, other) == 0)
		return 0;
	return (other - own) / fmax(own, other);
}

static double
mean_silhouette(const struct clusters *c)
{
	size_t step = (c->n + CLUSTER_SAMPLE - 1) / CLUSTER_SAMPLE, n = 0;
	double sum = 0;

	for (size_t i = 0; i < c->n; i += step, n++)
		sum += silhouette(c, i, step);
	return sum / (double)n;
}

/* The largest cluster is 0, and so on; of equals the one met first. */
static size_t
sort_by_size(const struct clusters *c, unsigned char *of)
{
	size_t counts[CLUSTER_MOST] = { 0 }, n = 0;
	unsigned char order[CLUSTER_MOST];

	for (size_t i = 0; i < c->n; i++)
		counts[of[i]]++;
	for (;; n++) {
		size_t best = CLUSTER_MOST;

		for (size_t i = 0; i < c->n; i++)
			if (counts[of[i]] && (best == CLUSTER_MOST ||
						 counts[of[i]] > counts[best]))
				best = of[i];
		if (best == CLUSTER_MOST)
			break;
		order[best] = (unsigned char)n;
		counts[best] = 0;
	}
	for (size_t i = 0; i < c->n; i++)
		of[i] = order[of[i]];
	return n;
}

size_t
cluster_find(const double *points, size_t n, size_t dims, size_t most,
    uint64_t seed, unsigned char *of)
{
	struct clusters c = { .points = points,
		.n = n,
		.dims = dims,
		.random = seed,
		.of = xmalloc(n + 1) };
	double best = 0.5, s;

	c.centres = xcalloc(CLUSTER_MOST * dims, sizeof *c.centres);
	memset(of, 0, n);
	most = most < CLUSTER_MOST ? most : CLUSTER_MOST;
	for (size_t k = 2; k <= most && k < n; k++) {
		means(&c, k);
		s = mean_silhouette(&c);
		if (s > best) {
			best = s;
			memcpy(of, c.of, n);
		}
	}
	free(c.centres);
	free(c.of);
	return sort_by_size(&c, of);
}
