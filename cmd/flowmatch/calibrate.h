/* SPDX-License-Identifier: MIT */
/*
 * calibrate: from scores to certainties, by what is known to be right.
 *
 * Keys that reach the limit, in order of their score, are put together as long
 * as the share of those that are right does not ascend (pool adjacent
 * violators: Ayer, Brunk, Ewing, Reid, Silverman, 1955).  The certainty of n of
 * which r are right is (r + 1) / (n + 2), Laplace's rule: few examples make no
 * certainty.
 */
#ifndef CALIBRATE_H
#define CALIBRATE_H

#include "cmd/flowmatch/sample.h"

/*
 * Writes "certainty" into the set's file.  Returns how many keys of the
 * examples reach the limit.
 */
size_t calibrate(const struct pattern_set *set, struct sample *examples,
    struct sample *benign);

#endif
