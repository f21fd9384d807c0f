/* SPDX-License-Identifier: MIT */
/*
 * agg_batch: many records added to their groups together, where keys are
 * addresses and whole numbers and what is asked of them are plain sums and
 * count().
 *
 * Each step is done for all records before the next: keys and numbers member by
 * member, then hashes, then hints for memory, then the groups.
 */
#ifndef AGG_BATCH_H
#define AGG_BATCH_H

#include "libcommon/agg.h"
#include "libcommon/column.h"

/* Where a record goes: groups, or a log in place of them. */
struct agg_target {
	struct groups *groups;
	struct panelog *log; /* or NULL */
};

struct agg_batched {
	char key[AGG_KEY];
	uint32_t numbers[AGG_QUICK]; /* one a call */
	uint32_t n, hash;            /* n: of the key */
	char *block;                 /* with this hash, or NULL */
};

/* Makes room for batches; false: the records are not of that kind. */
bool agg_batch_open(struct agg *a);

/*
 * Reads the keys and numbers of records that come next, at most n (up to
 * COLUMN_RUN).  Returns of how many: behind them is one that agg_add() has to
 * look at.
 */
uint32_t agg_batch_read(struct agg *a, const struct reader *r, uint32_t n);

/* Adds the first n of them. */
void agg_batch_add(
    const struct agg *a, const struct agg_target *to, uint32_t n);

#endif
