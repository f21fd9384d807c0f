/* SPDX-License-Identifier: MIT */
/*
 * namelist: names of domains, of which a name may be one, or in one.
 *
 * A file may be a plain list, a hosts file, a response policy zone (RPZ) or an
 * ad blocker's list ("||name^"), or all of these: the form of each line
 * decides.  Case, a dot at the end and "*." in front do not matter; names in
 * Unicode are converted by IDNA 2008.  What a name costs: nametable.h.
 */
#ifndef NAMELIST_H
#define NAMELIST_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/slice.h"

struct namelist;

/* NULL, with errno, where the file cannot be read. */
struct namelist *namelist_read(const char *file);

/* The same of text that is in memory. */
struct namelist *namelist_parse(struct slice text);
void namelist_free(struct namelist *l);
size_t namelist_count(const struct namelist *l);

/* How many names were none, and the line of the first of them, from 1. */
size_t namelist_bad(const struct namelist *l, size_t *first);

/*
 * The longest entry that the name (lower case, no dot at the end) is or lies
 * in, as long as the list lives; NULL if there is none, or if a longer one is
 * an exception (RPZ: rpz-passthru).
 */
const char *namelist_find(const struct namelist *l, struct slice name);

#endif
