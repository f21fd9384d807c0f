/* SPDX-License-Identifier: MIT */
/*
 * times: times and durations in their units, as text or numbers.
 */
#ifndef TIMES_H
#define TIMES_H

#include "cmd/flowcat/conversions.h"

convert_fn times_any, times_s, times_ms, times_ns;
convert_fn times_received, times_seconds, times_seconds_ms, times_seconds_us;

#endif
