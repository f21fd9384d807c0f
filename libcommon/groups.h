/* SPDX-License-Identifier: MIT */
/*
 * groups: key bytes -> a block of accumulators of fixed size.
 *
 * A group costs its block and its key, rounded up to 8 bytes with 3 for the
 * key's length, and 11 to 21 bytes of the table (load 3/8 to 3/4), half of
 * that again while the table grows.  Blocks never move; they begin as zeros.
 *
 * Measured: flowagg -k src_ip_addr on 5 M records, 193 000 groups, as multiples
 * of the time of wc -l.  5.0: look-ups in batches of 32, hints of the first
 * entry at the hash.  5.6: the same one by one in a ring.  4.5: hints of the
 * entry with that very hash (the first one is another at every second time).
 * 4.3: load up to 1/2 instead of 3/4, huge pages.  4.0: rows in order by radix
 * sort, with hints of the rows to come.  Another machine (Zen 3, 8 MB of cache
 * for us, 12 ns for each line beyond): 4.55, then 4.35 with quad.h, 3.9 with
 * keys and sums that are no values on the way (agg->quick), 3.7 with a ring of
 * 8 instead of 32 records (16: 3.75, 64: 3.95).  -k protocol from 3.25 to 2.5
 * with keys of numbers that are no values either (Xeon).  Without gain there:
 * -flto and the groups of the last 2048 texts of keys looked up by text (half
 * of them hit, which nobody can foresee).
 */
#ifndef GROUPS_H
#define GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/hash.h"
#include "libcommon/load.h"
#include "libcommon/slice.h"

enum {
	GROUPS_UNIT = 8,
	GROUPS_CHUNK_BITS = 18,
	GROUPS_LENGTH = 3 /* bytes that tell the length of a key */
};

/* Chunks begin small and grow, so that a small table costs little. */
struct groups_chunk {
	char *p;
	uint32_t used, units; /* of 8 bytes */
};

struct groups {
	uint64_t *table; /* low half: place + 1, high half: hash */
	uint32_t mask;
	uint32_t n;
	uint64_t seed;
	size_t block; /* bytes */
	size_t head;  /* of them, in front: the owner's business */
	struct groups_chunk *chunks;
	size_t n_chunks, cap_chunks;
	uint32_t *freed;   /* first place + 1 by units, or NULL */
	uint64_t expected; /* units */
	void *single;      /* for the owner, where there is only one group */
};

void groups_init(struct groups *g, size_t block);

/* For about n groups: no growing on the way. */
void groups_init_for(struct groups *g, size_t block, uint32_t n);

/* For about as many and as large as those of another one. */
void groups_init_like(
    struct groups *g, size_t block, const struct groups *other);

/* GCC 12 takes a call for nothing that does no more than hint. */
#define GROUPS_HINT static inline __attribute__((always_inline))

/* The block of a key; *fresh if it was made now. */
void *groups_get(struct groups *g, const char *key, size_t n, bool *fresh);

/*
 * The same in steps, so that many keys wait for memory together: the hash,
 * then a hint for the table, then one for the block, then the block.
 */
static inline void *groups_get_hashed(
    struct groups *g, const char *key, size_t n, uint32_t hash, bool *fresh);

/* The commonest keys are addresses, of 17 bytes: 16 are hashed in one piece. */
static inline uint32_t
groups_hash(const struct groups *g, const char *key, size_t n)
{
	if (n == 17)
		return (uint32_t)hash_bytes(
		    key + 1, 16, g->seed + (unsigned char)*key);
	return (uint32_t)hash_bytes(key, n, g->seed);
}

GROUPS_HINT void
groups_hint_table(const struct groups *g, uint32_t hash)
{
	__builtin_prefetch(&g->table[hash & g->mask]);
}

static inline char *
groups_at(const struct groups *g, uint32_t place)
{
	return g->chunks[place >> GROUPS_CHUNK_BITS].p +
	       (size_t)(place & ((1u << GROUPS_CHUNK_BITS) - 1)) * GROUPS_UNIT;
}

GROUPS_HINT void
groups_hint(const struct groups *g, const void *block)
{
	__builtin_prefetch(block, 1);
	__builtin_prefetch((const char *)block + g->block, 1);
}

/*
 * Of the entry with this hash, which is returned: it is the right one but for
 * rare collisions.  NULL if there is none.
 */
GROUPS_HINT char *
groups_hint_block(const struct groups *g, uint32_t hash)
{
	uint32_t i = hash & g->mask;
	char *block;

	while (g->table[i] && g->table[i] >> 32 != hash)
		i = (i + 1) & g->mask;
	if (!g->table[i])
		return NULL;
	block = groups_at(g, (uint32_t)g->table[i] - 1);
	groups_hint(g, block);
	return block;
}

/* memcmp() == 0 for short keys, without the call. */
static inline bool
groups_same(const char *a, const char *b, size_t n)
{
	uint64_t x, y, differ = 0;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		differ |= x ^ y;
	}
	for (; i < n; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

/* Private: of the key that stands here, behind its block. */
static inline size_t
groups_length(const char *p)
{
	return load4(p) & 0xffffff;
}

static inline bool
groups_has_key(
    const struct groups *g, const char *block, const char *key, size_t n)
{
	const char *p = block + g->block;

	if (groups_length(p) != n)
		return false;
	p += GROUPS_LENGTH;
	/* Of an address. */
	if (n == 17)
		return !((load8(p) ^ load8(key)) |
			 (load8(p + 8) ^ load8(key + 8)) |
			 (unsigned char)(p[16] ^ key[16]));
	return groups_same(p, key, n);
}

/* The table's slot of a key: its own, or the free one where it belongs. */
static inline uint32_t
groups_probe(const struct groups *g, const char *key, size_t n, uint32_t hash)
{
	uint32_t i = hash & g->mask;

	for (; g->table[i]; i = (i + 1) & g->mask) {
		if (g->table[i] >> 32 == hash &&
		    groups_has_key(
			g, groups_at(g, (uint32_t)g->table[i] - 1), key, n))
			break;
	}
	return i;
}

/* Private: the block of a new key, whose slot is i. */
void *groups_make(
    struct groups *g, const char *key, size_t n, uint32_t hash, uint32_t i);

static inline void *
groups_get_hashed(
    struct groups *g, const char *key, size_t n, uint32_t hash, bool *fresh)
{
	uint32_t i = groups_probe(g, key, n, hash);

	*fresh = !g->table[i];
	return *fresh ? groups_make(g, key, n, hash, i)
		      : groups_at(g, (uint32_t)g->table[i] - 1);
}

/* The block of a key, or NULL. */
void *groups_find(const struct groups *g, const char *key, size_t n);

/* The key of a block. */
struct slice groups_key(const struct groups *g, const void *block);

/*
 * Removes the group of a block, whose room is used again; groups_all() may not
 * be asked from then on.
 */
void groups_remove(struct groups *g, void *block);

/* All blocks, in any order, with their hashes: array of g->n. */
struct groups_entry {
	void *block;
	uint32_t hash;
};
struct groups_entry *groups_entries(const struct groups *g);

/* All blocks in order of their making: array of g->n, freed by the caller. */
void **groups_all(const struct groups *g);

/* No look-up will follow: the table is freed, the blocks stay. */
void groups_freeze(struct groups *g);
void groups_free(struct groups *g);

#endif
