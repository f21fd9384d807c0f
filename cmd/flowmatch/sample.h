/* SPDX-License-Identifier: MIT */
/*
 * sample: connections that are kept, to learn from: vectors, keys, times.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "cmd/flowmatch/tally.h"
#include "libcommon/groups.h"

enum { SAMPLE_MOST = 1000000 };

struct sample_item {
	uint64_t order; /* in which it came */
	int64_t time;
	uint32_t key;
	uint64_t count; /* hash of the value that is counted; 0: unknown */
	double v[];     /* of the set's dimensions */
};

struct sample {
	const struct pattern_set *set;
	size_t n, n_keys, size; /* bytes of an item */
	size_t left_out;        /* beyond SAMPLE_MOST, or with NaN */
	struct groups keys;
	char *items;
	size_t cap;
};

void sample_init(struct sample *s, const struct pattern_set *set);
void sample_add(struct sample *s, const struct connection *c);

static inline const struct sample_item *
sample_at(const struct sample *s, size_t i)
{
	return (const void *)(s->items + i * s->size);
}

/*
 * The largest score that each key has in any window of the set's length,
 * wherever it begins: array of s->n_keys.
 */
double *sample_peaks(struct sample *s, const struct pattern_set *set);

#endif
