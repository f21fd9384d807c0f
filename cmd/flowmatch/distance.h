/* SPDX-License-Identifier: MIT */
/*
 * distance: how far a vector v is from a pattern p, as a table.  s is the
 * feature's scale, f its floor:
 *
 *	log-ratio	sqrt(sum (log2(max(v, f) / max(p, f)) / s)^2)
 *	relative	sqrt(sum ((v - p) / p)^2)
 *	euclidean	sqrt(sum ((v - p) / s)^2)
 *	manhattan	sum |v - p| / s
 *	mahalanobis	sqrt((v - p)' C^-1 (v - p)), C the covariance
 *
 * The second one is Stream4Flow's (and with p = 0 infinite).  It is one-sided:
 * whatever is smaller than the pattern is never further away than the square
 * root of the dimensions.  In log-ratio, the default, half the size is as far
 * as twice the size, namely 1.
 */
#ifndef DISTANCE_H
#define DISTANCE_H

#include "cmd/flowmatch/pattern.h"

struct distance {
	const char *name;
	/* Of numbers of a vector or pattern, once each; NULL: as they are. */
	double (*prepare)(const struct pattern_feature *f, double v);
	/* Of the numbers from i to below 'end'. */
	double (*between)(const struct pattern_set *s, const struct pattern *p,
	    const double *v, size_t i, size_t end);
	bool parts; /* of a part it is never more than of all */
};

extern const struct distance distances[]; /* ends with {}; default first */

const struct distance *distance_find(const char *name);

/* Makes numbers of a set's dimensions fit for distance_between(). */
void distance_prepare(
    const struct pattern_set *s, const double *v, double *prepared);

/* Infinite where a number is not known. */
double distance_between(const struct pattern_set *s, const struct pattern *p,
    const double *prepared);

/* Of one direction alone (0, 1), against the pattern's direction 'of'. */
double distance_side(const struct pattern_set *s, const struct pattern *p,
    const double *prepared, size_t of);

/*
 * --compat: the relative form as Python 2 computes it.  Of two integers
 * of biflows (bit i of whole: v[i] is one) the quotient is rounded down before
 * it is squared; simple vectors were made floats before.  Numbers without a
 * partner are left out.
 */
double distance_compat(const struct pattern_set *s, const struct pattern *p,
    const double *v, uint64_t whole);

/*
 * The lower factor of a covariance (n * n numbers), in place; false if it is
 * not positive definite.
 */
bool distance_factor(double *c, size_t n);

#endif
