/* SPDX-License-Identifier: MIT */
/*
 * quant: quantiles with 1 % relative error in bounded memory.
 *
 * DDSketch (Masson, Rim, Lee, VLDB 2019): bucket i counts the values in
 * (g^(i-1), g^i] with g = (1 + a) / (1 - a), a = 0.01; its estimate is
 * 2 g^i / (g + 1).  Values below QUANT_MIN, negative ones too, count as zero.
 * Counts add, so sketches merge and subtract exactly.
 */
#ifndef QUANT_H
#define QUANT_H

#include <stdint.h>

#include "libcommon/slice.h"

#define QUANT_ERROR 0.01
#define QUANT_MIN 1e-9

/* Within an accumulator; all zero is empty. */
struct quant {
	uint64_t *heap; /* buckets, malloc; grown to the span of the values */
	int32_t first;	/* index of heap[0] */
	uint32_t n;	/* of heap */
	uint64_t count, zeros;
};

void quant_add(struct quant *q, double v);
void quant_merge(struct quant *to, const struct quant *from);
void quant_subtract(struct quant *from, const struct quant *what);

/*
 * p in 0..1: the value of rank floor(p (count - 1)) (from 0), estimated; NaN
 * if empty.
 */
double quant_value(const struct quant *q, double p);
void quant_free(struct quant *q);

/* Portable canonical text ("i:count,.." with ranges of zero left out). */
size_t quant_text_room(const struct quant *q);
size_t quant_put(char *out, const struct quant *q);
const char *quant_parse(struct slice s, struct quant *q);

#endif
