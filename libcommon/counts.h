/* SPDX-License-Identifier: MIT */
/*
 * counts: how often each value occurs, for top() and entropy(): exact up to
 * COUNTS_MAX different values; those that come later are counted together.
 * Within an accumulator; all zero is empty.
 */
#ifndef COUNTS_H
#define COUNTS_H

#include "libcommon/groups.h"

enum { COUNTS_MAX = 1 << 20 };

struct counts {
	struct groups *map; /* key bytes -> uint64_t */
	uint64_t total, beyond;
};

void counts_add(struct counts *c, const char *key, size_t n, uint64_t times);

/* The most frequent; of equals the first by key bytes.  {NULL, 0} if none. */
struct slice counts_top(const struct counts *c);

/* Shannon's: - sum p log2 p, in bits. */
double counts_entropy(const struct counts *c);
void counts_free(struct counts *c);

#endif
