/* SPDX-License-Identifier: MIT */
#include "libcommon/xalloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "libcommon/die.h"

static void *
checked(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

void *
xmalloc(size_t n)
{
	return checked(malloc(n ? n : 1));
}

void *
xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		die("out of memory");
	return checked(realloc(p, bytes ? bytes : 1));
}

char *
xstrndup(const char *s, size_t n)
{
	char *copy = xmalloc(n + 1);

	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

void *
xaligned(size_t n)
{
	return checked(aligned_alloc(64, (n + 63) / 64 * 64));
}

void *
xhuge(size_t n)
{
	enum { PAGE = XALLOC_PAGE };
	void *p;

	if (n < PAGE / 2)
		return xaligned(n);
	n = (n + PAGE - 1) / PAGE * PAGE;
	p = checked(aligned_alloc(PAGE, n));
	madvise(p, n, MADV_HUGEPAGE);
	return p;
}

void *
xzeros(size_t n)
{
	return memset(xhuge(n), 0, n);
}

void *
xgrow(void *array, size_t *cap, size_t used, size_t size)
{
	if (used < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 8;
	return xreallocarray(array, *cap, size);
}
