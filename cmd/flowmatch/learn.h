/* SPDX-License-Identifier: MIT */
/*
 * learn: --learn and --against, pattern files from traffic.
 */
#ifndef LEARN_H
#define LEARN_H

#include "cmd/flowmatch/match.h"

struct learn_opts {
	const char *label;   /* what the patterns are called, or NULL */
	const char *against; /* a file of benign traffic, or NULL */
	double rate;         /* share of its keys that may become alerts */
	uint64_t clusters, seed;
};

/*
 * Reads the operands, connections to learn from or to recognise, and writes
 * the patterns' file anew to the output of 'run'.  Returns the exit status.
 */
int learn(const struct learn_opts *opts, const struct match_opts *match,
    const struct run_opts *run, const char *patterns, char **operands);

#endif
