/* SPDX-License-Identifier: MIT */
/*
 * spool: the records of one window until it is over.  Few are kept in memory,
 * more in a file beside, which is opened only to be appended to: so any number
 * of windows may be open at a time.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdint.h>

#include "libcommon/slice.h"

struct spool;

/* name: of the file, should it be needed; copied. */
struct spool *spool_new(const char *name);
void spool_put(struct spool *s, struct slice line);

/*
 * Into a file of that name, complete or not at all: written beside, synced,
 * renamed.  Compressed if the name ends with .gz or .zst.
 */
void spool_save(struct spool *s, const char *name);

/* A descriptor at the first byte, to be closed. */
int spool_open(struct spool *s);
void spool_free(struct spool *s);

#endif
