/* SPDX-License-Identifier: MIT */
/*
 * cpu: which instruction sets the vector kernels may use.  PIPE4FLOW_CPU in
 * the environment (avx2, portable) forbids the better ones.
 */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>

bool cpu_avx2(void); /* AVX2, BMI, BMI2, POPCNT */
bool cpu_any(void);

#endif
