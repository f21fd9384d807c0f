/* SPDX-License-Identifier: MIT */
/*
 * rates: the elements of IPFIX that together tell a sampling rate.  They yield
 * no value by themselves: see sampling_rate().
 */
#ifndef RATES_H
#define RATES_H

#include "cmd/flowcat/conversions.h"

convert_fn rates_taken, rates_left, rates_size, rates_population;
convert_fn rates_probability;

#endif
