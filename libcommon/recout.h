/* SPDX-License-Identifier: MIT */
/*
 * recout: records in a format for people or for other programs.
 *
 * Columns are the fields that the user named, else: in csv, tsv and table the
 * members of the first record; in line the columns that nfdump's users know.
 */
#ifndef RECOUT_H
#define RECOUT_H

#include "libcommon/row.h"

struct recout;

/* names: the columns, or NULL. */
struct recout *recout_open(struct output *out, enum row_format format,
    const struct slice *names, size_t n, const struct tstamp_zone *zone);

/* The user chose no format: line, but table where records are no flows. */
void recout_guess(struct recout *r);

/* A column behind those of the first record's members; before any record. */
void recout_also(struct recout *r, struct slice name);

/* A valid record.  NULL, or what is wrong with a field. */
const char *recout_put(struct recout *r, const char *p, size_t n);
void recout_close(struct recout *r);

#endif
