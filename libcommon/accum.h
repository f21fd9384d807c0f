/* SPDX-License-Identifier: MIT */
/*
 * accum: the aggregate functions, as a table.  A state is a few bytes within
 * a group's block, all zero at first; it may own heap memory.
 *
 * Results never depend on the order of additions: sums are exact integers in
 * units of 10^-9, first and last go by event time, sketches are mergeable.
 */
#ifndef ACCUM_H
#define ACCUM_H

#include "libcommon/value.h"

struct accum_arg {
	const struct value *v; /* known; NULL for count() */
	int64_t time;          /* event time; INT64_MIN if unknown */
};

struct accum_spec; /* the parameters of a call */

struct accum_fn {
	const char *name;
	const char *help;
	size_t size; /* of the state, a multiple of 8 */
	/* Of a value that it accepts. */
	void (*add)(
	    void *state, const struct accum_spec *s, const struct accum_arg *a);
	/* Strings are borrowed from the state or put into the arena. */
	void (*result)(const void *state, const struct accum_spec *s,
	    struct value *out, struct arena *arena);
	void (*free)(void *state);
	/* Relative standard error of the result; NULL: exact. */
	double (*error)(const void *state);
	unsigned args;      /* 0 or 1 expressions */
	unsigned max_param; /* a number may follow: set(x, cap) */
	unsigned param;     /* its default */
	bool keeps_type;    /* the result is of the argument's field */
	bool (*accepts)(const struct value *v); /* NULL: anything known */
};

struct accum_spec {
	const struct accum_fn *fn;
	const struct field *field; /* of the argument, or NULL */
	double quantile;           /* p50: 0.5 */
	unsigned param;
};

extern const struct accum_fn accum_fns[]; /* ends with {} */

/* A name with its parameter in it ("p99.9"); false if there is none. */
bool accum_find(struct slice name, struct accum_spec *spec);

/* sum() and avg() of a number as it stands in the record, inline. */
struct accum_sum {
	uint64_t lo, hi; /* an i128 in units of 10^-9, without its alignment */
	uint64_t n;
};

void accum_sum_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a);

static inline void
accum_sum_nano(void *state, i128 nano)
{
	struct accum_sum *s = state;
	u128 total = ((u128)s->hi << 64 | s->lo) + (u128)nano;

	s->lo = (uint64_t)total;
	s->hi = (uint64_t)(total >> 64);
	s->n++;
}

#endif
