/* SPDX-License-Identifier: MIT */
/* random: numbers for generators, the same for the same 'state' at the start.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

static uint64_t state;

/* splitmix64: Steele, Lea, Flood, OOPSLA 2014. */
static uint64_t
next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static double
uniform(void)
{
	return (double)(next() >> 11) * 0x1p-53;
}

static unsigned
below(unsigned n)
{
	return (unsigned)(uniform() * n);
}

#endif
