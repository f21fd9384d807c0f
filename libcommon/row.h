/* SPDX-License-Identifier: MIT */
/*
 * row: rows of values in the format that the user asked for: json, csv, tsv,
 * table, line (for people), or es-bulk (for stores).  One table of formats
 * serves all tools.
 *
 * In json a cell that is unknown is left out, in the others it is empty.
 */
#ifndef ROW_H
#define ROW_H

#include "libcommon/table.h"
#include "libcommon/value.h"

enum row_format {
	ROW_AUTO, /* json; on a terminal line or table */
	ROW_JSON,
	ROW_LINE,
	ROW_TABLE,
	ROW_CSV,
	ROW_TSV,
	ROW_BULK, /* see bulk.h */
};

/* "json", "line", ..; an argument of -f.  NULL or a message, until the next. */
const char *row_format_parse(const char *name, enum row_format *format);

/* Of all rows of the program, for there is one output.  Borrowed. */
struct row_style {
	const char *index; /* of es-bulk */
	struct table_style table;
};

void row_set_style(const struct row_style *style);
const struct row_style *row_get_style(void);

struct row_column {
	const char *name;
	const struct field *field; /* or NULL */
};

struct row_out;

/* Ends the program if two have the same name, as members of a row must not. */
void row_check(const struct row_column *columns, size_t n);

/* Columns are borrowed.  zone: of times for people, NULL is UTC. */
struct row_out *row_open(struct output *out, enum row_format format,
    const struct row_column *columns, size_t n, const struct tstamp_zone *zone);

/*
 * The first n columns tell a row from the others of its window.  In es-bulk
 * they make the _id of rows that have a window.
 */
void row_identify(struct row_out *r, size_t n);

/* The first n cells of the rows to come are the same as these, and known. */
void row_fix(struct row_out *r, const struct value *cells, size_t n);

/*
 * In JSON: their text, behind which ROW_PIECE bytes more may be read, and that
 * in front of a value: "name":
 */
enum { ROW_PIECE = 32 };
struct slice row_fixed(const struct row_out *r);
struct slice row_label(const struct row_out *r, size_t column);

/* One value a column. */
void row_put(struct row_out *r, const struct value *cells);

/* The rows so far belong together: tables are aligned and written. */
void row_flush(struct row_out *r);
void row_close(struct row_out *r);

/* What ROW_AUTO means for that output. */
enum row_format row_resolve(enum row_format format, const struct output *out,
    enum row_format for_people);

#endif
