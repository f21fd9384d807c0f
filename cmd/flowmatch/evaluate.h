/* SPDX-License-Identifier: MIT */
/*
 * evaluate: --evaluate, what was found beside what should have been.
 *
 * The truth about a key is the label of most of its connections that have one
 * other than "benign"; without any it is benign.  A set should find the keys
 * whose truth is among its labels (or its name), and no other.
 */
#ifndef EVALUATE_H
#define EVALUATE_H

#include "cmd/flowmatch/match.h"

struct evaluation;

/* Of n sets; fills in the watch. */
struct evaluation *evaluation_new(
    struct matches *matches, size_t n, struct match_watch *watch);

/* Rows: the confusion matrix, the measures, the calibration of each set. */
void evaluation_write(struct evaluation *e);

#endif
