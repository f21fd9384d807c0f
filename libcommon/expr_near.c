/* SPDX-License-Identifier: MIT */
/* What was perhaps meant by words and signs that mean nothing here. */
#include <stdio.h>

#include "libcommon/expr_tree.h"
#include "libcommon/near.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Words of nfdump, jq, Miller and SQL, and what says it here. */
static const struct {
	const char *word, *instead; /* NULL: no field has it */
} foreign[] = {
	{ "ttl", "min ttl or max ttl" },
	{ "if", "in if or out if" },
	{ "in", "in if, in packets or in bytes first in a comparison" },
	{ "out", "out if, out packets or out bytes first in a comparison" },
	{ "sysid", "exporter id" },
	{ "observation", "observation domain id" },
	{ "nextip", "next ip" },
	{ "bgpnext", "bgp next ip" },
	{ "tcpflags", "flags S/SA" },
	{ "tls", "tls_sni or tls_version" },
	{ "null", "exists(x) or not exists(x)" },
	{ "is", "exists(x) or not exists(x)" },
	{ "has", "exists(x)" },
	{ "is_present", "exists(x)" },
	{ "between", "x in [1-80]" },
	{ "like", "x ~ \"text\"" },
	{ "contains", "x ~ \"text\"" },
	{ "startswith", "x ~ \"^text\"" },
	{ "endswith", "x ~ \"text$\"" },
	{ "test", "x ~ \"text\"" },
	{ "match", "x ~ \"text\"" },
	{ "matches", "x ~ \"text\"" },
	{ "select", "the test alone" },
	{ "length", "len(x)" },
	{ "strlen", "len(x)" },
	{ "tolower", "lower(x)" },
	{ "ascii_downcase", "lower(x)" },
	{ "as", "name=expression" },
	{ "acl", NULL },
	{ "app", NULL },
	{ "asa", NULL },
	{ "client", NULL },
	{ "engine-id", NULL },
	{ "engine-type", NULL },
	{ "event", NULL },
	{ "fwd", NULL },
	{ "fwdstat", NULL },
	{ "ident", NULL },
	{ "mpls", NULL },
	{ "nat", NULL },
	{ "nip", NULL },
	{ "nport", NULL },
	{ "nsel", NULL },
	{ "payload", NULL },
	{ "pblock", NULL },
	{ "pf", NULL },
	{ "server", NULL },
	{ "tun", NULL },
	{ "vrf", NULL },
	{ "xevent", NULL },
	{ "xip", NULL },
	{ "xnet", NULL },
	{ "xport", NULL },
};

/* Aggregates of Miller, SQL and others. */
static const struct {
	const char *name, *ours;
} aggregates[] = {
	{ "mean", "avg" },
	{ "average", "avg" },
	{ "var", "stddev" },
	{ "variance", "stddev" },
	{ "count_distinct", "distinct" },
	{ "distinct_count", "distinct" },
	{ "uniq", "distinct" },
	{ "nunique", "distinct" },
	{ "percentile", "p95" },
	{ "quantile", "p95" },
	{ "mode", "top" },
	{ "collect", "set" },
};

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
	for (size_t i = 0; also && i < COUNT(aggregates); i++)
		if (slice_is_nocase(word, aggregates[i].name))
			return aggregates[i].ours;
	for (const struct field *f = fields; f->name; f++)
		near_look(&near, f->name);
	for (size_t i = 0; (name = phrase_word(i)); i++)
		near_look(&near, name);
	for (size_t i = 0; i < COUNT(others); i++)
		near_look(&near, others[i]);
	for (unsigned i = 0; (name = expr_function_name(i)); i++)
		near_look(&near, name);
	for (unsigned i = 0; also && (name = also(i)); i++)
		near_look(&near, name);
	return near.best;
}

bool
parse_is_null(const struct field *f, struct slice word)
{
	return slice_is_nocase(word, "null") &&
	       !(f && f->type == FIELD_NAMED &&
		   names_number(f->set, word) >= 0);
}

void
parse_foreign(struct parser *p, struct slice word, const char *at)
{
	for (size_t i = 0; i < COUNT(foreign); i++) {
		if (!slice_is_nocase(word, foreign[i].word))
			continue;
		if (foreign[i].instead)
			parse_fail(p, at,
			    "'%.*s' has no meaning here: write %s", (int)word.n,
			    word.p, foreign[i].instead);
		parse_fail(p, at,
		    "records have no field for '%.*s': compare the member that "
		    "has it by its name, as .name = 1",
		    (int)word.n, word.p);
	}
}

/* "sum(bytes), count", "bytes": where -a wants functions over records. */
void
parse_no_column(struct parser *p, struct slice name, const char *at)
{
	expr_names_fn *also = p->context->also;
	const char *function;

	for (unsigned i = 0; also && (function = also(i)); i++)
		if (slice_is_nocase(name, function))
			parse_fail(p, at,
			    "there is no column '%s'; the function is %s(%s)",
			    function, function,
			    strcmp(function, "count") == 0 ? "" : "..");
	if (also && field_find(name))
		parse_fail(p, at,
		    "there is no column '%.*s'; of a field it is sum(%.*s), "
		    "max(%.*s) ..",
		    (int)name.n, name.p, (int)name.n, name.p, (int)name.n,
		    name.p);
	parse_fail(p, at, "there is no column '%.*s'", (int)name.n, name.p);
}

const char *
parse_sign_hint(const struct parser *p)
{
	static const char hints[][64] = {
		"[ ('in' goes before a list, .0 is an element of an array)",
		"$ (names have no '$')",
		"~ ('~' alone matches a pattern)",
		"? (it is if(test, a, b))",
		"/ (the first known of several is coalesce(a, b))",
		"@ ('in' goes before a file)",
		"* (any is every record)",
		", ('in [..]' has several values)",
		"- (proto goes before a name with a hyphen)",
	};

	for (size_t i = 0; p->t.kind == TOKEN_PUNCT && i < COUNT(hints); i++)
		if (*p->t.at == hints[i][0])
			return hints[i] + 1;
	return "";
}

/* The word before the token at hand, which was no operand of it. */
static struct slice
word_before(const struct parser *p)
{
	const char *end = p->t.at, *s;

	while (end > p->text && (end[-1] == ' ' || end[-1] == '\n'))
		end--;
	for (s = end; s > p->text && !strchr(" \n()!", s[-1]);)
		s--;
	return slice_of(s, (size_t)(end - s));
}

/* "10 M": it would be a number with its unit. */
static bool
is_unit(const struct parser *p, struct slice before)
{
	char glued[32];
	struct value v;
	int n = snprintf(glued, sizeof glued, "%.*s%.*s", (int)before.n,
	    before.p, (int)p->t.text.n, p->t.text.p);

	return p->t.kind == TOKEN_WORD && before.n && *before.p >= '0' &&
	       *before.p <= '9' && (size_t)n < sizeof glued &&
	       !value_parse(slice_of(glued, (size_t)n), FIELD_ANY, 0,
		   &p->context->how, &v) &&
	       v.type != VALUE_STR;
}

/* Something follows the expression: perhaps a mistyped "and". */
void
parse_end_fail(struct parser *p)
{
	static const char *const operators[] = { "and", "or", "in", "under" };
	struct slice before = word_before(p);
	struct near near = near_to(p->t.text);

	near.least = 2;
	for (size_t i = 0; i < 4 && p->t.kind == TOKEN_WORD; i++)
		near_look(&near, operators[i]);
	if (p->t.kind != TOKEN_PUNCT)
		parse_foreign(p, before, before.p);
	if (p->t.kind == TOKEN_WORD)
		parse_foreign(p, p->t.text, p->t.at);
	if (near.best)
		parse_fail(p, p->t.at,
		    "unknown word '%.*s'; did you mean '%s'?", (int)p->t.text.n,
		    p->t.text.p, near.best);
	parse_fail(p, p->t.at, "expected an operator, 'and', 'or' or the end%s",
	    is_unit(p, before) ? " (no blank goes before a unit)"
			       : parse_sign_hint(p));
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
