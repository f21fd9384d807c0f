/* SPDX-License-Identifier: MIT */
/*
 * counts: how often each value occurs, for top() and entropy(): exact up to
 * COUNTS_MAX different values; those that come later are counted together, and
 * so are those of more than COUNTS_MAX_KEY bytes.  Within an accumulator; all
 * zero is empty.
 *
 * Up to that, counts merge and subtract exactly in any order.  Beyond it, which
 * values are counted together depends on the order; the total never does.  It
 * stays at the greatest number of 64 bits.
 */
#ifndef COUNTS_H
#define COUNTS_H

#include "libcommon/groups.h"

enum { COUNTS_MAX = 1 << 20, COUNTS_MAX_KEY = 1 << 19 };

struct counts {
	struct counts_map *map; /* key bytes -> how often; NULL: none */
	uint64_t total, beyond; /* of all, of those counted together */
};

struct counts_item {
	struct slice key; /* borrowed */
	uint64_t times;
};

void counts_add(struct counts *c, const char *key, size_t n, uint64_t times);
void counts_merge(struct counts *to, const struct counts *from);

/*
 * What was merged before; of any other, what is there.  Memory that values
 * held is given back when more are gone than stay.
 */
void counts_subtract(struct counts *from, const struct counts *what);

/* The most frequent; of equals the first by key bytes.  {NULL, 0} if none. */
struct slice counts_top(const struct counts *c);

/* Shannon's: - sum p log2 p, in bits. */
double counts_entropy(const struct counts *c);

/* Those not counted together, by key bytes: array of *n, to be freed. */
struct counts_item *counts_items(const struct counts *c, size_t *n);

void counts_free(struct counts *c);

#endif
