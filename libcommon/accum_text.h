/* SPDX-License-Identifier: MIT */
/*
 * accum_text: the parts of a saved state, written and read back strictly:
 * false, or NULL, of what the functions that write would not have written.
 */
#ifndef ACCUM_TEXT_H
#define ACCUM_TEXT_H

#include "libcommon/num.h"
#include "libcommon/output.h"

void text_put_u64(struct output *out, uint64_t v);
void text_put_i128(struct output *out, i128 v);

/* As one number, the little end first. */
void text_put_hex(struct output *out, const uint64_t *words, size_t n);

/* The bytes of a key. */
void text_put_key(struct output *out, struct slice key);

/*
 * Up to the separator, which is skipped; without one all that is left, and
 * then s->p is NULL.
 */
struct slice text_part(struct slice *s, char separator);

bool text_count(struct slice s, uint64_t *n); /* at least 1 */
bool text_i128(struct slice s, i128 *v);
bool text_hex(struct slice s, uint64_t *words, size_t n);

/* A key that has been checked, *n bytes, to be freed. */
char *text_key(struct slice s, size_t *n);

#endif
