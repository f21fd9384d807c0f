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

#endif
