/* SPDX-License-Identifier: MIT */
/*
 * slice: borrowed bytes.  A slice never owns its bytes; whoever hands it out
 * says how long they live.  {NULL, 0} is the empty slice.
 */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE_LIT(s) ((struct slice){ "" s, sizeof(s) - 1 })

static inline struct slice
slice_of(const char *p, size_t n)
{
	return (struct slice){ p, n };
}

static inline struct slice
slice_str(const char *s)
{
	return (struct slice){ s, strlen(s) };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

/* ASCII case ignored. */
static inline bool
slice_is_nocase(struct slice a, const char *s)
{
	return a.n == strlen(s) && strncasecmp(a.p, s, a.n) == 0;
}

static inline bool
slice_starts(struct slice a, const char *s)
{
	size_t n = strlen(s);

	return a.n >= n && memcmp(a.p, s, n) == 0;
}

/* Byte order; a prefix sorts before what it begins. */
static inline int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

#endif
