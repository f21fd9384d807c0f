/* SPDX-License-Identifier: MIT */
/*
 * arena: bump allocation in chunks that never move.  Everything taken from an
 * arena lives until arena_reset() or arena_free(); the owner names the
 * lifetime ("run", "window").
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

#include "libcommon/slice.h"

struct arena {
	struct arena_chunk *chunks; /* newest first */
	size_t used;                /* of the newest chunk */
	size_t bytes;               /* of all chunks */
};

/* n bytes, aligned to 16 (the first of a chunk to 64), not cleared. */
void *arena_alloc(struct arena *a, size_t n);

/* A copy of s, with a NUL behind it that the slice does not count. */
struct slice arena_slice(struct arena *a, struct slice s);

/* Empties it, keeping one chunk: no allocation if that suffices again. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

#endif
