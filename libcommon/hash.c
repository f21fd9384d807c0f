/* SPDX-License-Identifier: MIT */
#include "libcommon/hash.h"

#include <sys/random.h>
#include <time.h>

uint64_t
hash_seed(void)
{
	static uint64_t seed;
	struct timespec ts;

	if (!seed && getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		seed = (uint64_t)ts.tv_nsec << 32 ^ (uint64_t)ts.tv_sec;
	}
	return seed |= 1;
}
