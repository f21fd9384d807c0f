/* SPDX-License-Identifier: MIT */
/*
 * groups: key bytes -> a block of accumulators of fixed size.
 *
 * A group costs its block and its key, rounded up to 8 bytes with 4 for the
 * key's length, and 8 to 22 bytes of the table (load 3/8 to 3/4), the same
 * again while the table grows.  Blocks never move; they begin as zeros.
 */
#ifndef GROUPS_H
#define GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/slice.h"

/* Chunks begin small and double, so that a small table costs little. */
struct groups_chunk {
	char *p;
	uint32_t used, units; /* of 8 bytes */
};

struct groups {
	uint64_t *table; /* low half: place + 1, high half: hash */
	uint32_t mask;
	uint32_t n;
	uint64_t seed;
	size_t block; /* bytes of accumulators, a multiple of 8 */
	struct groups_chunk *chunks;
	size_t n_chunks, cap_chunks;
};

void groups_init(struct groups *g, size_t block);

/* The block of a key; *fresh if it was made now. */
void *groups_get(struct groups *g, const char *key, size_t n, bool *fresh);

/*
 * The same in steps, so that many keys wait for memory together: the hash,
 * then a hint for the table, then one for the block, then the block.
 */
uint32_t groups_hash(const struct groups *g, const char *key, size_t n);
void groups_hint_table(const struct groups *g, uint32_t hash);
void groups_hint_block(const struct groups *g, uint32_t hash);
void *groups_get_hashed(
    struct groups *g, const char *key, size_t n, uint32_t hash, bool *fresh);

/* The block of a key, or NULL. */
void *groups_find(const struct groups *g, const char *key, size_t n);

/* The key of a block. */
struct slice groups_key(const struct groups *g, const void *block);

/* All blocks in order of their making: array of g->n, freed by the caller. */
void **groups_all(const struct groups *g);

/* No look-up will follow: the table is freed, the blocks stay. */
void groups_freeze(struct groups *g);
void groups_free(struct groups *g);

#endif
