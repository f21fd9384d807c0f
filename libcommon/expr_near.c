/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_tree.h"

static unsigned
least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edit distance with neighbours swapped, case ignored; long words are far. */
static unsigned
distance(struct slice a, const char *b)
{
	enum { MAX = 24 };
	unsigned d[MAX + 1][MAX + 1];
	size_t n = strlen(b);

	if (a.n > MAX || n > MAX)
		return MAX;
	for (size_t i = 0; i <= a.n; i++)
		for (size_t j = 0; j <= n; j++) {
			bool same =
			    i && j && (a.p[i - 1] | 0x20) == (b[j - 1] | 0x20);
			bool swap = i > 1 && j > 1 &&
				    (a.p[i - 1] | 0x20) == (b[j - 2] | 0x20) &&
				    (a.p[i - 2] | 0x20) == (b[j - 1] | 0x20);

			d[i][j] = (unsigned)(i + j);
			if (i && j)
				d[i][j] = least_of(d[i - 1][j - 1] + !same,
				    least_of(d[i - 1][j], d[i][j - 1]) + 1);
			if (swap)
				d[i][j] =
				    least_of(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[a.n][n];
}

static void
nearer(struct slice word, const char *candidate, const char **best,
    unsigned *least)
{
	unsigned d = distance(word, candidate);

	if (d > 0 && d < *least && d * 3 <= word.n) {
		*least = d;
		*best = candidate;
	}
}

/* The language's word that is nearest to a mistyped one, or NULL. */
const char *
phrase_nearest(struct slice word)
{
	static const char *const others[] = { "src", "dst", "duration", "flags",
		"bps", "pps", "bpp", "under", "ipv4", "ipv6", "first", "last" };
	const char *best = NULL, *name;
	unsigned least = 3;

	/* "flows_z" is a column that was made of a field. */
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] == '_' && field_find(slice_of(word.p, i)))
			return NULL;
	for (const struct field *f = fields; f->name; f++)
		nearer(word, f->name, &best, &least);
	for (size_t i = 0; (name = phrase_word(i)); i++)
		nearer(word, name, &best, &least);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		nearer(word, others[i], &best, &least);
	for (unsigned i = 0; (name = expr_function_name(i)); i++)
		nearer(word, name, &best, &least);
	return best;
}

/* Something follows the expression: perhaps a mistyped "and". */
void
parse_end_fail(struct parser *p)
{
	static const char *const operators[] = { "and", "or", "in", "under" };
	const char *best = NULL;
	unsigned least = 2;

	for (size_t i = 0; i < 4 && p->t.kind == TOKEN_WORD; i++)
		nearer(p->t.text, operators[i], &best, &least);
	if (best)
		parse_fail(p, p->t.at,
		    "unknown word '%.*s'; did you mean '%s'?", (int)p->t.text.n,
		    p->t.text.p, best);
	parse_fail(p, p->t.at, "expected an operator, 'and', 'or' or the end");
}

const char *
names_nearest(enum names_set set, struct slice word)
{
	const char *best = NULL, *name;
	unsigned least = 3;

	for (unsigned i = 0; (name = names_nth(set, i)); i++)
		nearer(word, name, &best, &least);
	return best;
}
