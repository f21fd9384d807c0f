/* SPDX-License-Identifier: MIT */
/*
 * pattern: a pattern file, flowpattern(5), as it is used.
 *
 * A set is about the connections that pass its filter: a vector of features of
 * each (of both directions, where vectors are biflows), patterns to compare it
 * with, and how many must be near to be an alert.  Sets live as long as the
 * process.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include "cmd/flowmatch/config.h"

#include "libcommon/expr.h"

enum {
	PATTERN_FEATURES = 32,
	PATTERN_DIMENSIONS = 2 * PATTERN_FEATURES,
	PATTERN_MOST = 64, /* of a set */
	PATTERN_INTERVALS = 16,
	PATTERN_STEPS = 32, /* of certainty */
	PATTERN_COUNTED = 4,
	PATTERN_ERROR = 400
};

struct pattern_set;

struct pattern_feature {
	const char *name, *text;
	struct expr *value;
	double floor; /* log-ratio: what is less counts as that */
	double scale; /* a difference of this counts as 1 */
};

/* What distances are worth: intervals[i] <= d < intervals[i + 1]. */
struct pattern_worth {
	double intervals[PATTERN_INTERVALS], weights[PATTERN_INTERVALS];
	size_t n;
	double limit; /* the sum of weights that makes an alert */
	unsigned short shares[PATTERN_INTERVALS]; /* of the set's; weight > 0 */
};

struct pattern {
	const char *name;
	double *v;        /* as many numbers as the set has dimensions */
	double *prepared; /* the same as the distance likes it */
	uint64_t whole;   /* --compat: bit i, v[i] is an integer */
	size_t given[2];  /* --compat: numbers of each side */
	double *lower;    /* of the covariance's Cholesky factor */
	struct pattern_worth worth;
	double reach; /* a distance from there on is worth nothing */
};

/* What a connection can be worth: this weight of this limit. */
struct pattern_share {
	double limit, weight;
};

struct pattern_step {
	double score, certainty;
};

struct pattern_set {
	const char *name, *keys, *window, *filter_text;
	struct expr *filter; /* or NULL */
	/* Different values of these together are counted, if there are any. */
	struct expr *count[PATTERN_COUNTED];
	const char *count_texts[PATTERN_COUNTED];
	size_t n_count;
	bool biflow;
	bool pair; /* the key is both addresses */
	bool lone; /* a direction without the other may be worth something */
	int64_t tolerance; /* ns between the starts of both directions */
	struct pattern_feature features[PATTERN_FEATURES];
	size_t n_features, dimensions;
	const struct distance *distance;
	struct pattern_worth worth; /* of patterns that say nothing else */
	struct pattern patterns[PATTERN_MOST];
	size_t n;
	/* All that its patterns have, in order of limits, then weights. */
	struct pattern_share shares[PATTERN_MOST * PATTERN_INTERVALS];
	size_t n_shares;
	struct pattern_step steps[PATTERN_STEPS]; /* ascending */
	size_t n_steps;
	const struct config *labels; /* an array, or NULL */
	const struct config *related;
	struct config *root; /* all of the file */
	bool compat;
};

/*
 * Reads a set.  NULL: the error says where and what, without the file's name.
 * learning: patterns may be missing.
 */
struct pattern_set *pattern_parse(const char *text, size_t n,
    const struct expr_context *context, bool compat, bool learning,
    char error[PATTERN_ERROR]);

/*
 * The file of a name, or of a path (with a slash, or .json at its end).  Ends
 * the program if there is none.
 */
struct pattern_set *pattern_load(const char *name,
    const struct expr_context *context, bool compat, bool learning);

/* The names that there are, for a message. */
const char *pattern_names(void);

/* The interval in which a distance is. */
size_t pattern_interval(const struct pattern_worth *w, double d);

/*
 * Whether a score is so high.  A sum of weights that are no integers may be
 * less than it should by some last digits: that is as good.
 */
extern const double pattern_exactness;

static inline bool
pattern_reaches(double score, double wanted)
{
	return score >= wanted * pattern_exactness;
}

/* How certain an alert with that score (1: the limit) is. */
double pattern_certainty(const struct pattern_set *s, double score);

/*
 * Whether the set is to find what has this label; whether it may find it or
 * not.
 */
bool pattern_has_label(const struct pattern_set *s, struct slice label);
bool pattern_is_related(const struct pattern_set *s, struct slice label);

#endif
