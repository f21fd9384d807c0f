/* SPDX-License-Identifier: MIT */
/*
 * expr: the expression language of all tools, flowexpr(7).
 *
 * Text is compiled once into a flat program.  Fields become slots of the
 * schema (so compile before the reader opens), or cells where the expression
 * is about a row of results.  Programs live as long as the process.
 */
#ifndef EXPR_H
#define EXPR_H

#include "libcommon/expr_context.h"
#include "libcommon/glance.h"

struct expr;

/* NULL with *error filled in. */
struct expr *expr_try(const char *text, const struct expr_context *context,
    struct expr_error *error);

/*
 * The same, but an error ends the program with a message, the text and a caret
 * under the place.  'option' says where the text came from.
 */
struct expr *expr_compile(
    const char *text, const char *option, const struct expr_context *context);

/* The same for a test: a filter, --where, --having, "if". */
struct expr *expr_compile_test(
    const char *text, const char *option, const struct expr_context *context);

/* What the expressions are asked about: values by slot, or cells. */
struct expr_input {
	const struct json_val *v;
	const struct value *cells;
	bool part; /* of a record that counts elsewhere, see spread.h */
};

/*
 * Whether the expression holds.  The message is about a field that cannot be
 * read; it names the field.
 */
const char *expr_test(struct expr *e, const struct expr_input *in, bool *yes);

/*
 * Where they do not all hold expr_test() says no, see glance.h: an array of *n,
 * which may be none.
 */
const struct glance_range *expr_ranges(const struct expr *e, size_t *n);

/* The value; borrowed until the next call. */
const char *expr_value(
    struct expr *e, const struct expr_input *in, struct value *out);

/* The canonical field if the expression is nothing but one, else NULL. */
const struct field *expr_field(const struct expr *e);

/* Marks the cells that it asks for. */
void expr_cells(const struct expr *e, bool *cells);

/* How its result is written: as flags where bits of flags are computed. */
const struct field *expr_result(const struct expr *e);

/* The slot if the expression is nothing but a member, else SCHEMA_NONE. */
int expr_slot(const struct expr *e);

/* The cell if the expression is nothing but one, else -1. */
int expr_cell(const struct expr *e);

/* The compiled program as text, one instruction a line. */
void expr_explain(const struct expr *e, struct output *out);

#endif
