/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/loader.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

_Noreturn void
fail(struct loader *l, const char *fmt, ...)
{
	int n = snprintf(l->error, PATTERN_ERROR, "%s: ", l->where);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->error + n, PATTERN_ERROR - (size_t)n, fmt, ap);
	va_end(ap);
	longjmp(l->failed, 1);
}

void
set_where(struct loader *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->where, sizeof l->where, fmt, ap);
	va_end(ap);
}

const char *
need_text(struct loader *l, const struct config *c)
{
	if (config_kind(c) != CONFIG_TEXT || !*config_text(c))
		fail(l, "expected text");
	return config_text(c);
}

double
need_number(struct loader *l, const struct config *c)
{
	if (config_kind(c) != CONFIG_INTEGER && config_kind(c) != CONFIG_REAL)
		fail(l, "expected a number");
	return config_number(c);
}

double
need_positive(struct loader *l, const struct config *c)
{
	double d = need_number(l, c);

	if (!(d > 0))
		fail(l, "expected a number greater than 0");
	return d;
}

/* An array of least to most elements. */
size_t
need_array(struct loader *l, const struct config *c, size_t least, size_t most)
{
	if (config_kind(c) != CONFIG_ARRAY)
		fail(l, "expected a list");
	if (config_count(c) < least)
		fail(l, "expected a list of %zu or more", least);
	if (config_count(c) > most)
		fail(l, "at most %zu are possible", most);
	return config_count(c);
}

/* A name is a word, so that it can stand in lists. */
const char *
need_name(struct loader *l, const struct config *c)
{
	const char *name = need_text(l, c);

	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			fail(l, "a name has letters, digits, '.', '_', '-'");
	return name;
}

struct expr *
need_expr(struct loader *l, const char *text, bool test)
{
	struct expr_context context = *l->context;
	struct expr_error e = { 0 };
	struct expr *expr;

	context.test = test;
	expr = expr_try(text, &context, &e);
	if (!expr)
		fail(l, "%s, at '%.40s'", e.what,
		    e.at < strlen(text) ? text + e.at : "the end");
	return expr;
}

void
need_members(struct loader *l, const struct config *c, const char *const *known,
    const char *of)
{
	const char *n;
	size_t i;

	if (config_kind(c) != CONFIG_OBJECT)
		fail(l, "expected an object");
	for (n = config_name(c, NULL); n; n = config_name(c, n)) {
		for (i = 0; known[i] && strcmp(n, known[i]) != 0; i++)
			continue;
		if (!known[i])
			fail(l, "there is no member '%.40s'%s", n, of);
	}
}
