/* SPDX-License-Identifier: MIT */
/*
 * xalloc: allocation that cannot fail (it ends the program), for set-up code
 * and growing buffers.  Never called per record.
 */
#ifndef XALLOC_H
#define XALLOC_H

#include <stddef.h>

enum { XALLOC_PAGE = 2 * 1024 * 1024 /* bytes of a huge page */ };

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrndup(const char *s, size_t n);
char *xstrdup(const char *s);

/* n bytes, aligned to 64; freed with free(). */
void *xaligned(size_t n);

/*
 * n bytes, aligned to 64, in huge pages where they fill some and the system
 * gives them: what is read at random misses the translation buffer less, and a
 * fault brings 2 MiB, not 4 KiB.
 */
void *xhuge(size_t n);

/* The same, all zero. */
void *xzeros(size_t n);

/*
 * Room for one more element: the capacity doubles.  Returns the array, which
 * may have moved.  Use: a->v = xgrow(a->v, &a->cap, a->n, sizeof *a->v);
 */
void *xgrow(void *array, size_t *cap, size_t used, size_t size);

#endif
