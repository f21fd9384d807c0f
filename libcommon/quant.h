/* SPDX-License-Identifier: MIT */
/*
 * quant: quantiles with 1 % relative error in bounded memory.
 *
 * DDSketch (Masson, Rim, Lee, VLDB 2019): bucket i counts the values in
 * (g^(i-1), g^i] with g = (1 + a) / (1 - a), a = 0.01; its estimate is
 * 2 g^i / (g + 1).  Values below QUANT_MIN, negative ones and NaN too, count as
 * zero, those above QUANT_MAX as QUANT_MAX: at most 3340 buckets.  Counts add,
 * so sketches merge and subtract exactly, and order does not matter.
 */
#ifndef QUANT_H
#define QUANT_H

#include <stdint.h>

#include "libcommon/slice.h"

#define QUANT_ERROR 0.01
#define QUANT_MIN 1e-9
#define QUANT_MAX 1e20

/* Within an accumulator; all zero is empty. */
struct quant {
	uint64_t *heap; /* buckets, malloc; grown to the span of the values */
	int32_t first;  /* index of heap[0] */
	uint32_t n;     /* of heap */
	uint64_t count, zeros;
};

void quant_add(struct quant *q, double v);
void quant_merge(struct quant *to, const struct quant *from);

/* What was merged before; of any other, what is there. */
void quant_subtract(struct quant *from, const struct quant *what);

/*
 * p in 0..1: the value of rank floor(p (count - 1)) (from 0), estimated; NaN
 * if empty.
 */
double quant_value(const struct quant *q, double p);
void quant_free(struct quant *q);

/*
 * Portable canonical text: "z:zeros,i:count,.." in order of i, without what is
 * zero.  quant_parse() overwrites *q, which is empty after an error; it accepts
 * no text but what quant_put() writes.
 */
size_t quant_text_room(const struct quant *q);
size_t quant_put(char *out, const struct quant *q);
const char *quant_parse(struct slice s, struct quant *q);

#endif
