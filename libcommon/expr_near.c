/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_tree.h"
#include "libcommon/near.h"

/* The language's word that is nearest to a mistyped one, or NULL. */
const char *
phrase_nearest(struct slice word, expr_names_fn *also)
{
	static const char *const others[] = { "src", "dst", "duration", "flags",
		"bps", "pps", "bpp", "under", "ipv4", "ipv6", "first", "last" };
	struct near near = near_to(word);
	const char *name;

	if (field_is_part(word))
		return NULL;
	for (const struct field *f = fields; f->name; f++)
		near_look(&near, f->name);
	for (size_t i = 0; (name = phrase_word(i)); i++)
		near_look(&near, name);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		near_look(&near, others[i]);
	for (unsigned i = 0; (name = expr_function_name(i)); i++)
		near_look(&near, name);
	for (unsigned i = 0; also && (name = also(i)); i++)
		near_look(&near, name);
	return near.best;
}

/* Something follows the expression: perhaps a mistyped "and". */
void
parse_end_fail(struct parser *p)
{
	static const char *const operators[] = { "and", "or", "in", "under" };
	struct near near = near_to(p->t.text);

	near.least = 2;
	for (size_t i = 0; i < 4 && p->t.kind == TOKEN_WORD; i++)
		near_look(&near, operators[i]);
	if (near.best)
		parse_fail(p, p->t.at,
		    "unknown word '%.*s'; did you mean '%s'?", (int)p->t.text.n,
		    p->t.text.p, near.best);
	parse_fail(p, p->t.at, "expected an operator, 'and', 'or' or the end");
}

const char *
names_nearest(enum names_set set, struct slice word)
{
	struct near near = near_to(word);
	const char *name;

	for (unsigned i = 0; (name = names_nth(set, i)); i++)
		near_look(&near, name);
	return near.best;
}
