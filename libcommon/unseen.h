/* SPDX-License-Identifier: MIT */
/*
 * unseen: members that were asked for by name, and that no record had: they
 * may be mistyped, or the records of a form that flowcat converts.
 */
#ifndef UNSEEN_H
#define UNSEEN_H

#include "libcommon/schema.h"

/* Warns of each; seen, by slot: a record had it. */
void unseen_tell(const struct schema *schema, const bool *seen);

#endif
