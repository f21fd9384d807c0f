/* SPDX-License-Identifier: MIT */
#include "libcommon/arena.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

enum { CHUNK = 64 * 1024 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	_Alignas(16) char bytes[];
};

void *
arena_alloc(struct arena *a, size_t n)
{
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (!a->chunks || a->chunks->size - a->used < n) {
		size_t size = n > CHUNK ? n : CHUNK;
		struct arena_chunk *c = xmalloc(sizeof *c + size);

		*c = (struct arena_chunk){ a->chunks, size };
		a->chunks = c;
		a->used = 0;
		a->bytes += size;
	}
	p = a->chunks->bytes + a->used;
	a->used += n;
	return p;
}

struct slice
arena_slice(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return slice_of(p, s.n);
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk *c = a->chunks;

	while (c && c->next) {
		a->chunks = c->next;
		a->bytes -= c->size;
		free(c);
		c = a->chunks;
	}
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	*a = (struct arena){ 0 };
}
