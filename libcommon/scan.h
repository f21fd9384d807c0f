/* SPDX-License-Identifier: MIT */
/*
 * scan: one vectorised pass over a block of bytes.
 *
 * Writes the position of every quote and newline, in order, and marks
 * "special" bytes: those because of which a record must take the general path
 * (control characters, bytes beyond ASCII, backslashes, brackets and braces;
 * '|' too, which shares their bits and is harmless).
 *
 * Kernels are chosen at run time, the best that the processor has.  A test
 * compares all of them with the portable one on random bytes.
 *
 * The caller's block must be readable up to the next multiple of SCAN_STEP.
 */
#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SCAN_STEP = 64,  /* bytes a step, and a word of the bitmap */
	SCAN_SLACK = 64, /* entries of pos written beyond the count */
};

/* The special bytes of 64: a bit for each, and how many came before. */
struct scan_special {
	uint64_t bits;
	uint64_t before;
};

/*
 * len bytes at buf; pos has room for len + SCAN_SLACK entries, special for
 * len / 64 + 1.  Returns the number of positions.
 */
typedef uint32_t scan_fn(
    const char *buf, size_t len, uint32_t *pos, struct scan_special *special);

/* How many special bytes stand before position at. */
static inline uint64_t
scan_specials_before(const struct scan_special *special, uint32_t at)
{
	const struct scan_special *s = &special[at / 64];
	uint64_t below = ~(UINT64_MAX << at % 64);

	return s->before + (uint64_t)__builtin_popcountll(s->bits & below);
}

struct scan_kernel {
	const char *name;
	bool (*usable)(void);
	scan_fn *scan;
};

extern const struct scan_kernel scan_kernels[]; /* best first, ends with {} */

/* The best usable kernel. */
scan_fn *scan_best(void);

#endif
