/* SPDX-License-Identifier: MIT */
/*
 * accum: the aggregate functions, as a table.  A state is a few bytes within
 * a group's block, all zero at first; it may own heap memory.
 *
 * Results never depend on the order of additions: sums are exact integers in
 * units of 10^-9, first and last go by event time, sketches are mergeable.
 * So states merge: over panes of a window, over processes.  A sum beyond 128
 * bits (256 of squares) ends the program.
 *
 * The text of a state may stand in a JSON string as it is.  States with equal
 * content have the same text, whatever the order of additions, merges and
 * subtractions, and no content is no text:
 *
 *	count		N
 *	sum, avg	N:TOTAL
 *	stddev		N:TOTAL:SQUARES
 *	min, max	:VALUE
 *	first, last	TIME:VALUE, without TIME if it is unknown
 *	set		VALUE,VALUE,.. ascending, at most cap
 *	top, entropy	VALUE:N,VALUE:N,.. ascending; before them :N for all
 *			values that are counted together, see counts.h
 *	bits		BITS
 *	p50, median	z:N,BUCKET:N,.. see quant.h
 *	distinct	base64, see hll.c
 *
 *	N		how many, at least 1; decimal, 64 bits
 *	TOTAL		in units of 10^-9; decimal, 128 bits, may be negative
 *	SQUARES		of all values, in units of 10^-18; hexadecimal, 256 bits
 *	TIME		nanoseconds since the epoch; decimal, 64 bits, may be
 *			negative
 *	VALUE		its key bytes, see key.c; two hexadecimal digits a byte
 *	BITS		hexadecimal, 64 bits
 *
 * Hexadecimal digits are small letters.  No number has zeros before it; there
 * is no -0.  Ascending is in byte order, each value once.
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
	void (*free)(void *state); /* leaves it all zero; NULL: owns nothing */
	/* Relative standard error of the result; NULL: exact. */
	double (*error)(const void *state);
	unsigned args;      /* 0 or 1 expressions */
	unsigned max_param; /* a number may follow: set(x, cap) */
	unsigned param;     /* its default */
	bool keeps_type;    /* the result is of the argument's field */
	bool timed;         /* the time of the record counts */
	bool (*accepts)(const struct value *v); /* NULL: anything known */
	/*
	 * Adds what another state holds: as if all its values had been added.
	 * The parameters of both are the same.
	 */
	void (*merge)(
	    void *state, const struct accum_spec *s, const void *other);
	/*
	 * Takes out what was merged or added before; NULL where that cannot
	 * be done.
	 */
	void (*subtract)(
	    void *state, const struct accum_spec *s, const void *other);
	/* As text, see above. */
	void (*save)(const void *state, struct output *out);
	/*
	 * Back, from hostile text, into a state that owns nothing: NULL, or a
	 * message and the state is all zero.  Takes no text but what save()
	 * writes.
	 */
	const char *(*load)(
	    void *state, const struct accum_spec *s, struct slice text);
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

/* The i-th name; NULL behind the last. */
const char *accum_name(unsigned i);

/* sum() and avg() of a number as it stands in the record, inline. */
struct accum_sum {
	uint64_t lo, hi; /* an i128 in units of 10^-9, without its alignment */
	uint64_t n;
};

/* stddev(): sums of the values and of their squares are exact. */
struct accum_stddev {
	struct accum_sum sum;
	uint64_t squares[4]; /* 256 bits, little end first */
};

/* sum(), of any numbers: its state is an accum_sum. */
bool accum_is_sum(const struct accum_fn *fn);

/*
 * sum() of counts, which are whole and absent where they are 0, within 64 bits:
 * one that is greater stays at UINT64_MAX.  It is not in the table: agg takes
 * it where it can.
 */
extern const struct accum_fn accum_total;

static inline void
accum_total_plus(void *state, uint64_t n)
{
	uint64_t *total = state;

	if (__builtin_add_overflow(*total, n, total))
		*total = UINT64_MAX;
}

void accum_sum_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a);

_Noreturn void accum_overflow(void);

/* n values (of less than none: taken out) that are 'nano' together. */
static inline void
accum_sum_nano(void *state, i128 nano, int64_t n)
{
	struct accum_sum *s = state;
	i128 total = (i128)((u128)s->hi << 64 | s->lo);

	if (__builtin_add_overflow(total, nano, &total))
		accum_overflow();
	s->lo = (uint64_t)total;
	s->hi = (uint64_t)((u128)total >> 64);
	s->n += (uint64_t)n;
}

#endif
