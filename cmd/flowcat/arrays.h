/* SPDX-License-Identifier: MIT */
/* arrays: conversions of JSON arrays.  See conversions.h. */
#ifndef ARRAYS_H
#define ARRAYS_H

#include "cmd/flowcat/conversions.h"

/* As it is; an empty one means nothing. */
convert_fn arrays_whole;

/* The number of its elements. */
convert_fn arrays_count;

/* A member of each of its objects, as a list; null where there is none. */
convert_fn arrays_rdata, arrays_ttl;

/* The same of its "rrtype", as numbers. */
convert_fn arrays_rtype;

/*
 * Of an object of arrays, {"A":["192.0.2.1"],"TXT":["x"]}: all their elements,
 * how many these are, and for each the number of its type.
 */
convert_fn arrays_grouped, arrays_grouped_count, arrays_grouped_rtypes;

#endif
