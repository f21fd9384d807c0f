/* SPDX-License-Identifier: MIT */
/*
 * table: texts in aligned columns, for people.
 *
 * On a terminal that is too narrow texts are cut, and end in an ellipsis then;
 * numbers, addresses and times never are: such a table is wider.  Control
 * characters, which could command the terminal, become '?'.
 */
#ifndef TABLE_H
#define TABLE_H

#include "libcommon/output.h"

struct table_style {
	bool colour; /* headings, and rows in which an alert begins or ends */
	bool fit;    /* the output is a terminal: to its width, or $COLUMNS */
};

enum table_kind {
	TABLE_FIXED,
	TABLE_NUMBER, /* to the right */
	TABLE_TEXT,   /* may be cut */
};

struct table;

/* Names of the columns are borrowed. */
struct table *table_open(struct output *out, const char *const *names, size_t n,
    const struct table_style *style);

/* The next cell of the row at hand; its text is copied. */
void table_put(struct table *t, struct slice text, enum table_kind kind);

/* The rows so far are aligned and written. */
void table_flush(struct table *t);
void table_close(struct table *t);

/* A line in front of rows, in the style of headings. */
void table_heading(struct output *out, struct slice line, bool colour);

#endif
