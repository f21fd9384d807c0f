/* SPDX-License-Identifier: MIT */
/*
 * near: which of some names a mistyped word was perhaps meant to be.
 */
#ifndef NEAR_H
#define NEAR_H

#include "libcommon/slice.h"

struct near {
	struct slice word;
	const char *best; /* so far, or NULL; borrowed */
	unsigned least;   /* only what is nearer; of distances see near.c */
	char hint[80];
};

/* At most two slips, and at most one in three characters. */
static inline struct near
near_to(struct slice word)
{
	return (struct near){ .word = word, .least = 3 };
}

void near_look(struct near *n, const char *candidate);

/* "; did you mean 'best'?" or "": n's own. */
const char *near_hint(struct near *n);

#endif
