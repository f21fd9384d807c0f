/* SPDX-License-Identifier: MIT */
/*
 * edit: --set and --fields: members computed, replaced and chosen, spliced
 * into the bytes of the record; everything else stays as it was written.
 */
#ifndef EDIT_H
#define EDIT_H

#include "libcommon/expr.h"
#include "libcommon/reader.h"

struct edit;

struct edit *edit_new(void);

/* "name=EXPR": NULL or a message. */
void edit_set(
    struct edit *e, const char *text, const struct expr_context *context);

/* "a,b,c": in that order; short aliases become the fields' names. */
void edit_fields(struct edit *e, const char *text, struct schema *schema);
const struct slice *edit_names(const struct edit *e, size_t *n);
bool edit_is_empty(const struct edit *e);

/* Writes the edited record without newline.  NULL or what is wrong. */
const char *edit_put(struct edit *e, const struct rec *rec, struct output *out);

/* Names of --fields that no record had: perhaps mistyped, then it is said. */
void edit_close(const struct edit *e);

#endif
