/* SPDX-License-Identifier: MIT */
/*
 * hll: the number of distinct 64-bit hashes, exact up to HLL_EXACT, then
 * HyperLogLog (Flajolet et al. 2007) with 2^HLL_BITS registers and Ertl's
 * estimator (arXiv:1702.01284, algorithm 6, no bias table): standard error
 * 1.04 / sqrt(2^HLL_BITS).
 *
 * Mergeable: any order of additions and merges gives the same state, so the
 * same text and the same estimate.  Hashes must come from hash_fixed().
 */
#ifndef HLL_H
#define HLL_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/slice.h"

enum { HLL_BITS = 14, HLL_EXACT = 1024 };

/* 16 bytes, within an accumulator; all zero is the empty set. */
struct hll {
	void *heap;    /* hashes (up to HLL_EXACT) or registers; malloc */
	uint32_t n;    /* hashes, or HLL_EXACT + 1 */
	uint32_t room; /* of heap, in hashes */
};

void hll_add(struct hll *h, uint64_t hash);
void hll_merge(struct hll *to, const struct hll *from);
uint64_t hll_count(const struct hll *h); /* rounded to nearest */
bool hll_is_exact(const struct hll *h);
void hll_free(struct hll *h);

/*
 * Portable text (base64 of a versioned form, canonical: equal sets give equal
 * text) of at most hll_text_room() bytes, and back.  hll_parse() overwrites *h,
 * which is empty after an error; it accepts no text but what hll_put() writes.
 */
size_t hll_text_room(const struct hll *h);
size_t hll_put(char *out, const struct hll *h);
const char *hll_parse(struct slice s, struct hll *h);

#endif
