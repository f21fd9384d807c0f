/* SPDX-License-Identifier: MIT */
/*
 * quad: IPv4 addresses from text, without a branch on how long their octets
 * are, which nobody can foresee.
 */
#ifndef QUAD_H
#define QUAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	QUAD_MIN = 7, /* 0.0.0.0 */
	QUAD_MAX = 15,
};

/*
 * Four octets of 1 to 3 digits, without leading zeros, with dots between them,
 * and nothing else.  Reads no byte behind the text.  False if it is none.
 *
 * The address is IPv4-mapped, 16 bytes (RFC 4291 2.5.5.2).  They are written in
 * one piece: who reads them at once need not wait until they are in the cache.
 */
typedef bool quad_fn(const char *p, size_t n, uint8_t out[16]);

/* The best kernel of this processor. */
extern quad_fn *quad;

struct quad_kernel {
	const char *name;
	bool (*usable)(void);
	quad_fn *parse;
};

extern const struct quad_kernel quad_kernels[]; /* best first, ends with {} */

#endif
