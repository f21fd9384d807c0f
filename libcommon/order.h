/* SPDX-License-Identifier: MIT */
/*
 * order: groups in the order in which their rows are written: by the columns
 * of -b/--sort, then by key bytes, so that it never depends on the hash.
 */
#ifndef ORDER_H
#define ORDER_H

#include <endian.h>

#include "libcommon/agg.h"

enum { ORDER_MAX = 8, ORDER_KEY = 64 };

/*
 * What is sorted, as small as can be, since there are as many as groups: a
 * number that orders them, and where it does not decide, all criteria anew.
 */
struct order_entry {
	void *block;
	uint64_t rank;
};

struct order_criterion {
	size_t cell;
	int sign; /* -1: greatest first */
};

struct order {
	struct order_criterion by[ORDER_MAX];
	size_t n;
	/* Where keys and cells of a block come from. */
	struct slice (*key)(void *arg, const void *block);
	void (*cells)(void *arg, const void *block, struct value *cells,
	    struct arena *arena);
	void *arg;

	struct slice prefix; /* that all keys have; its room is 'begun' */

	/* Private. */
	bool exact; /* equal ranks are equal values */
	struct value *room[2];
	struct arena arena;
	char begun[ORDER_KEY];
	bool started;
};

/* spec may be NULL: by key.  Errors end the program. */
void order_init(struct order *o, const struct agg *a, const char *spec);

/*
 * The rank of a block.  False: those of all others are void now and have to be
 * computed anew, for the keys have less in common than before.
 */
bool order_rank(struct order *o, struct order_entry *e);

/* The same where it is known to be by a value that is this whole number. */
void order_rank_whole(struct order *o, struct order_entry *e, uint64_t n);
void order_rank_unknown(struct order_entry *e);

/* The ranks of all, whatever they have in common. */
void order_rank_all(struct order *o, struct order_entry *e, size_t n);

/*
 * Where the order is by key: do the ranks of keys of n bytes (up to ORDER_KEY)
 * tell all of them?  And then those of one, behind which there is room for
 * eight bytes.
 */
static inline bool
order_tells(const struct order *o, size_t n)
{
	return !o->n && o->prefix.n <= n && o->prefix.n + 8 >= n;
}

static inline void
order_key(
    const struct order *o, const struct order_entry *e, char *key, size_t n)
{
	uint64_t rank = htobe64(e->rank);

	memcpy(key, o->begun, n);
	memcpy(key + o->prefix.n, &rank, 8);
}

/* Sorts; what is sorted stands in the returned one of both arrays. */
struct order_entry *order_sort(struct order *o, struct order_entry *entries,
    struct order_entry *spare, size_t n);

/* The first 'limit' of them, at most n, in order, to a place of their own. */
void order_first(struct order *o, const struct order_entry *entries, size_t n,
    struct order_entry *first, size_t limit);

/* Which one is first; order_before() where ranks do not decide. */
bool order_tie(
    struct order *o, const struct order_entry *a, const struct order_entry *b);

static inline bool
order_before(
    struct order *o, const struct order_entry *a, const struct order_entry *b)
{
	return a->rank != b->rank ? a->rank < b->rank : order_tie(o, a, b);
}

void order_free(struct order *o);

#endif
