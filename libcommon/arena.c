/* SPDX-License-Identifier: MIT */
#include "libcommon/arena.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

enum { CHUNK = XALLOC_PAGE / 64 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	char *bytes;
};

/* A 64th of a huge page at first, whole ones where there is much. */
static struct arena_chunk *
new_chunk(const struct arena *a, size_t least)
{
	struct arena_chunk *c = xmalloc(sizeof *c);
	size_t size = a->bytes < XALLOC_PAGE ? CHUNK : XALLOC_PAGE;

	c->size = least > size ? least : size;
	c->bytes = xhuge(c->size);
	return c;
}

static void
free_chunk(struct arena_chunk *c)
{
	free(c->bytes);
	free(c);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (!a->chunks || a->chunks->size - a->used < n) {
		struct arena_chunk *c = new_chunk(a, n);

		c->next = a->chunks;
		a->chunks = c;
		a->used = 0;
		a->bytes += c->size;
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
		free_chunk(c);
		c = a->chunks;
	}
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free_chunk(a->chunks);
		a->chunks = next;
	}
	*a = (struct arena){ 0 };
}
