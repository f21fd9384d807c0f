/* SPDX-License-Identifier: MIT */
/*
 * foreign: lines that are no JSON but begin as text of programs that could
 * write JSON.
 */
#ifndef FOREIGN_H
#define FOREIGN_H

#include "libcommon/slice.h"

/* Why the line is none: "not a JSON object", and what to do where known. */
const char *foreign_reason(struct slice line);

#endif
