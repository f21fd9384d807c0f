/* SPDX-License-Identifier: MIT */
/* load: bytes as a number, of which the first byte is the lowest. */
#ifndef LOAD_H
#define LOAD_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
load8(const char *p)
{
	uint64_t x;

	memcpy(&x, p, 8);
	return le64toh(x);
}

static inline uint32_t
load4(const char *p)
{
	uint32_t x;

	memcpy(&x, p, 4);
	return le32toh(x);
}

#endif
