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

#include <stdbool.h>

#include "libcommon/schema.h"
#include "libcommon/value.h"

struct expr;

/* A row of results: what a name means in --having, --sort and the like. */
struct expr_cells {
	const char *const *names;
	const struct field *const *types; /* or NULL entries: as the value is */
	size_t n;
};

struct expr_context {
	struct schema *schema;          /* of records, or NULL */
	const struct expr_cells *cells; /* of rows, or NULL */
	struct value_reading how;
	bool test; /* the expression must be a test, not a value */
};

struct expr_error {
	size_t at; /* byte offset in the text */
	char what[240];
};

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
};

/*
 * Whether the expression holds.  The message is about a field that cannot be
 * read; it names the field.
 */
const char *expr_test(struct expr *e, const struct expr_input *in, bool *yes);

/* The value; borrowed until the next call. */
const char *expr_value(
    struct expr *e, const struct expr_input *in, struct value *out);

/* The canonical field if the expression is nothing but one, else NULL. */
const struct field *expr_field(const struct expr *e);

/* The slot if the expression is nothing but a member, else SCHEMA_NONE. */
int expr_slot(const struct expr *e);

/* The compiled program as text, one instruction a line. */
void expr_explain(const struct expr *e, struct output *out);

/* Names of the functions, for help and completion; NULL behind the last. */
const char *expr_function_name(unsigned i);

#endif
