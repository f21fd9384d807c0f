/* SPDX-License-Identifier: MIT */
/*
 * baseline: what was in the last N windows of a key: rings of exact numbers,
 * zero where the key was absent.
 */
#ifndef BASELINE_H
#define BASELINE_H

#include "libcommon/groups.h"
#include "libcommon/value.h"

struct baseline {
	struct groups keys; /* key -> struct past */
	size_t windows;     /* N */
	size_t values;      /* of a window */
	int64_t first;      /* number of the first window of all */
	int64_t swept;
	bool started;
};

struct past;

/* values: how many numbers a window has. */
void baseline_open(struct baseline *b, size_t windows, size_t values);

/* The past of a key before window 'number', the gap filled with zeros. */
struct past *baseline_past(
    struct baseline *b, struct slice key, int64_t number);

/* How many windows it has: N, or fewer near the beginning. */
size_t baseline_count(const struct past *p);

/* The i-th last value of a window, in 10^-9; i from 0 to count - 1. */
i128 baseline_value(
    const struct baseline *b, const struct past *p, size_t i, size_t value);

/*
 * The window 'number' becomes the past's last; NULL: it does not count (and
 * the next gap begins behind it).
 */
void baseline_push(
    struct baseline *b, struct past *p, int64_t number, const i128 *values);

/* Forgets keys that were absent from all windows before 'number'. */
void baseline_sweep(struct baseline *b, int64_t number);

/* All keys that are known, in order; the caller frees the array. */
struct past **baseline_all(const struct baseline *b);

enum { BASELINE_STATS = 5 };
extern const char *const baseline_names[BASELINE_STATS];

/*
 * sum, mean, standard deviation of the sample, exponentially weighted mean
 * (weight a (1 - a)^i of the i-th last, a = 2 / (N + 1), over their sum), and
 * how many standard deviations x is from the mean; unknown where there are too
 * few windows or all were equal.
 */
void baseline_stats(const struct baseline *b, const struct past *p,
    size_t value, i128 x, struct value *out);

#endif
