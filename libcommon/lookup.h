/* SPDX-License-Identifier: MIT */
/*
 * lookup: a table in a CSV file, asked by a field's value.  Its format is in
 * flowcat(1).
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include "libcommon/value.h"

struct lookup;

/* field: of the member that is looked up, or NULL if it is not canonical. */
struct lookup *lookup_new(const struct field *field);

/*
 * Reads the table from n bytes, which it changes.  NULL, or a message about
 * that line (0: about all of it).
 */
const char *lookup_read(struct lookup *l, char *text, size_t n, unsigned *line);

/* The same from a file; errors end the program with file:line. */
void lookup_read_file(struct lookup *l, const char *file);

/* The columns behind the key, as the header has them. */
size_t lookup_columns(const struct lookup *l);
struct slice lookup_column(const struct lookup *l, size_t i);

/*
 * The cells of the row for a value, as JSON; those that are empty in the table
 * have no bytes.  *row is NULL if there is none.  Returns NULL, or a message if
 * the value is not of the field's type.
 */
const char *lookup_find(const struct lookup *l, const struct json_val *v,
    struct arena *scratch, const struct slice **row);

void lookup_free(struct lookup *l);

#endif
