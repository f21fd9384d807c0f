/* SPDX-License-Identifier: MIT */
/*
 * num_units: numbers with units, as users write them.  Functions return NULL or
 * a static message.
 */
#ifndef NUM_UNITS_H
#define NUM_UNITS_H

#include <stdint.h>

#include "libcommon/slice.h"

/*
 * A number with a unit, as users write it: "10k", "1.5M", "2G", "64Ki" (k M G
 * T P powers of 1000, with i of 1024), "0x1f".  Exact; a fraction must vanish
 * ("1.5k" is 1500, "1.5" is an error).
 */
const char *num_quantity(struct slice s, uint64_t *out);

/*
 * A duration to nanoseconds: "1.5s", "100ms", "5m", "1h30m", "2d", "1w",
 * "20us", "5ns"; a bare number is seconds.
 */
const char *num_duration(struct slice s, int64_t *ns);

#endif
