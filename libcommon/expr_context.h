/* SPDX-License-Identifier: MIT */
/*
 * expr_context: what an expression is compiled against, and what is said when
 * that fails.
 */
#ifndef EXPR_CONTEXT_H
#define EXPR_CONTEXT_H

#include <stdbool.h>

#include "libcommon/schema.h"
#include "libcommon/value.h"

/* A row of results: what a name means in --having, --sort and the like. */
struct expr_cells {
	const char *const *names;
	const struct field *const *types; /* or NULL entries: as the value is */
	const bool *counts; /* whole, not negative, absent where 0; or NULL */
	size_t n;
};

/* The i-th of some names, NULL behind the last. */
typedef const char *expr_names_fn(unsigned i);

struct expr_context {
	struct schema *schema;          /* of records, or NULL */
	const struct expr_cells *cells; /* of rows, or NULL */
	struct value_reading how;
	bool test;           /* the expression must be a test, not a value */
	expr_names_fn *also; /* functions that stood for columns, or NULL */
};

struct expr_error {
	size_t at; /* byte offset in the text */
	char what[240];
};

/* Names of the functions, for help and completion; NULL behind the last. */
const char *expr_function_name(unsigned i);

#endif
