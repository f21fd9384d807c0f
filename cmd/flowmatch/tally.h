/* SPDX-License-Identifier: MIT */
/*
 * tally: what the connections of a key amount to: how many are near to a
 * pattern, and to which.
 *
 * A connection is worth the weight of its distance to the pattern that is
 * nearest, as a share of the limit.  The score of a key is the sum; 1 is the
 * limit.  Connections that are far from all patterns, or nearest to one of
 * benign traffic (whose weights are 0), take nothing away.
 *
 * All of it is integers (of each weight, how many are worth it), so that panes
 * of a window can be added and taken out again exactly, in any order.
 */
#ifndef TALLY_H
#define TALLY_H

#include "cmd/flowmatch/vectors.h"

enum { TALLY_DISTANCE = 1000000 };

struct tally_pattern {
	int64_t nearest; /* connections that count and have it as the nearest */
	int64_t distance; /* of all that count, in 1/TALLY_DISTANCE */
};

struct tally {
	int64_t connections; /* that are worth something */
	struct tally_pattern of[];
	/* Behind them, of each of the set's shares: connections worth it. */
};

struct tally_fn {
	struct accum_fn fn;
	const struct pattern_set *set;
};

/*
 * The accumulator of a set's tallies; result is the score.  Finds out what the
 * set can do without.
 */
void tally_open(struct tally_fn *fn, struct pattern_set *s);

/*
 * The score of so many connections of each of the set's shares; 1 is the limit,
 * exactly so if weights are integers.
 */
double tally_score(const struct pattern_set *s, const int64_t *counts);

static inline const int64_t *
tally_counts(const struct pattern_set *s, const struct tally *t)
{
	return (const void *)&t->of[s->n];
}

/* What a connection is: distances to all patterns, and its worth. */
struct tally_verdict {
	double distances[PATTERN_MOST];
	double worth;         /* 1: the limit */
	unsigned short share; /* of the set's, if that is more than 0 */
	double least;         /* distance */
};
void tally_judge(const struct pattern_set *s, const struct connection *c,
    struct tally_verdict *v);

/*
 * Whether a connection can be worth something that has a direction with these
 * features.  False is sure; then what it is a part of is worth nothing, with a
 * partner or without.
 */
bool tally_may_count(const struct pattern_set *s, const double *side);

/* Of one that is worth something. */
void tally_add(const struct pattern_set *s, struct tally *t,
    const struct tally_verdict *v);

/* Names of the patterns that most connections are nearest to. */
void tally_nearest(
    const struct pattern_set *s, const struct tally *t, struct output *out);

/* {"PATTERN":MEAN DISTANCE,..} of the connections. */
void tally_distances(
    const struct pattern_set *s, const struct tally *t, struct output *out);

#endif
