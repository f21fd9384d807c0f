/* SPDX-License-Identifier: MIT */
/*
 * glance: records that a test is sure to drop, told by their digits, before
 * they are taken.
 *
 * Short numbers are compared as the digits they are (num_short_order), which
 * saves the multiplications.  Instructions a record beside the walk along its
 * shape, for 'proto tcp and dst port 443', which keeps 13 in 100: 191 where
 * each one is taken and asked, 163 so (callgrind, with all else that a run
 * does).
 */
#ifndef GLANCE_H
#define GLANCE_H

#include "libcommon/num.h"
#include "libcommon/shape.h"

enum { GLANCE_MAX = 8 };

/* A member must be a number in a range; inverted: one that is not in it. */
struct glance_range {
	int slot;
	bool inverted;
	uint64_t from, span; /* in the order of short numbers */
};

/* From lo to lo + span. */
struct glance_range glance_range(
    int slot, bool inverted, uint64_t lo, uint64_t span);

/* False if the value is no short number: then nothing is known. */
static inline bool
glance_holds(const struct glance_range *r, const char *p, size_t n, bool *holds)
{
	uint64_t order;
	bool is = num_short_order(p, n, &order);

	*holds = (order - r->from <= r->span) != r->inverted;
	return is;
}

/*
 * Whether the values, by slot, are in all ranges.  All are asked: what a record
 * holds cannot be foreseen, and one wrong guess of the processor costs more
 * than three tests.  False if one is no short number; then *yes says nothing.
 */
static inline bool
glance_test(const struct glance_range *ranges, size_t n_ranges,
    const struct json_val *values, bool *yes)
{
	*yes = true;
	for (const struct glance_range *r = ranges; r < ranges + n_ranges;
	     r++) {
		const struct json_val *v = &values[r->slot];
		bool holds;

		if (v->kind != JSON_NUMBER ||
		    !glance_holds(r, v->p, v->n, &holds))
			return false;
		*yes &= holds;
	}
	return true;
}

/*
 * How many of the n records of the shape at these places are dropped before
 * one that may be kept.  Those have short numbers in all the members, and one
 * range that does not hold at least.
 */
uint32_t glance_over(const struct glance_range *ranges, size_t n_ranges,
    const struct shape *shape, const char *buf, const uint32_t *places,
    uint32_t n);

#endif
