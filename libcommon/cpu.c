/* SPDX-License-Identifier: MIT */
#include "libcommon/cpu.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
static const char *const levels[] = { "portable", "avx2" };

/* Whether the environment allows levels[n]. */
static bool
allowed(int n)
{
	const char *max = getenv("PIPE4FLOW_CPU");

	for (int i = 0; max && i < n; i++)
		if (strcmp(max, levels[i]) == 0)
			return false;
	return true;
}
#endif

bool
cpu_avx2(void)
{
#if defined(__x86_64__)
	return allowed(1) && __builtin_cpu_supports("avx2") &&
	       __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("popcnt");
#else
	return false;
#endif
}

bool
cpu_any(void)
{
	return true;
}
