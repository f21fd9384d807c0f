/* SPDX-License-Identifier: MIT */
/*
 * loader: what the readers of a pattern file share: where they are, what they
 * need there, and the way out when it is not so.  Private to pattern*.c.
 */
#ifndef LOADER_H
#define LOADER_H

#include <setjmp.h>

#include "cmd/flowmatch/pattern.h"
#include "libcommon/die.h"

struct loader {
	struct pattern_set *set;
	const struct expr_context *context;
	bool learning;
	jmp_buf failed;
	char where[PATTERN_ERROR / 2];
	char *error;
};

/* The error is "where: what"; never returns. */
_Noreturn void fail(struct loader *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
void set_where(struct loader *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Each fails where the value is another. */
const char *need_text(struct loader *l, const struct config *c);
const char *need_name(struct loader *l, const struct config *c);
double need_number(struct loader *l, const struct config *c);
double need_positive(struct loader *l, const struct config *c);
size_t need_array(
    struct loader *l, const struct config *c, size_t least, size_t most);
struct expr *need_expr(struct loader *l, const char *text, bool test);

/* An object with members of a list (NULL behind the last) alone. */
void need_members(struct loader *l, const struct config *c,
    const char *const *known, const char *of);

/* The set's patterns: pattern_vectors.c. */
void read_patterns(struct loader *l, const struct config *c);

#endif
