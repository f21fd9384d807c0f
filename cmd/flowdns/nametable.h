/* SPDX-License-Identifier: MIT */
/*
 * nametable: names of domains, in lower case, of which a name may be one, or in
 * one.
 *
 * A name costs its text and 20 to 40 bytes; where it is added once more its
 * text, too.
 */
#ifndef NAMETABLE_H
#define NAMETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/slice.h"

enum { NAMETABLE_MAX = 253 }; /* bytes of a name */

struct nametable;

/* For names of so many bytes, more or less. */
struct nametable *nametable_new(size_t n);
void nametable_free(struct nametable *t);

/*
 * An exception stays one unless the name is added without.  False: it is too
 * long, or there is no room for more.
 */
bool nametable_add(struct nametable *t, struct slice name, bool exception);

/* What was added can be found from now on. */
void nametable_settle(struct nametable *t);
size_t nametable_count(const struct nametable *t);

/*
 * The longest one that the name is or lies in, as long as the table lives; NULL
 * if there is none, or if that is an exception.
 */
const char *nametable_find(const struct nametable *t, struct slice name);

#endif
