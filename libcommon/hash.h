/* SPDX-License-Identifier: MIT */
/*
 * hash: 64-bit hash of bytes (xxHash).
 *
 * hash_bytes() is seeded anew in each process, because input is hostile: it
 * must never decide what is printed, nor in which order.  hash_fixed() is the
 * same everywhere and for ever: samples and sketches, which must agree between
 * processes, use it.
 */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_seed(void);

static inline uint64_t
hash_bytes(const void *p, size_t n, uint64_t seed)
{
	return XXH3_64bits_withSeed(p, n, seed);
}

static inline uint64_t
hash_fixed(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

#endif
