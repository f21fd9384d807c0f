/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_tree.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

/* Binary operators, loosest first; one character each inside. */
static const struct {
	const char *text;
	char op;
	int level;
} operators[] = {
	{ "|", '|', 0 },
	{ "^", '^', 1 },
	{ "&", '&', 2 },
	{ "<<", 'l', 3 },
	{ ">>", 'r', 3 },
	{ "+", '+', 4 },
	{ "-", '-', 4 },
	{ "*", '*', 5 },
	{ "/", '/', 5 },
	{ "%", '%', 5 },
};

enum { LEVELS = 6 };

static char
take_operator(struct parser *p, int level)
{
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (operators[i].level == level && p->t.kind == TOKEN_PUNCT &&
		    lex_take(p, operators[i].text))
			return operators[i].op;
	return 0;
}

static struct node *
binary(struct parser *p, int level)
{
	struct node *a, *b;
	char op;

	if (level == LEVELS)
		return parse_primary(p);
	a = binary(p, level + 1);
	while ((op = take_operator(p, level))) {
		a = parse_as_operand(p, a);
		b = parse_as_operand(p, binary(p, level + 1));
		a = parse_pair(p, NODE_ARITH, a, b);
		a->op = op;
	}
	return a;
}

struct node *
parse_sum(struct parser *p)
{
	return binary(p, 0);
}

bool
parse_operator(struct parser *p, int *op)
{
	static const struct {
		const char *text;
		enum compare op;
	} words[] = {
		{ "=", EQ },
		{ "==", EQ },
		{ "eq", EQ },
		{ "!=", NE },
		{ "<>", NE },
		{ "ne", NE },
		{ "<", LT },
		{ "lt", LT },
		{ "<=", LE },
		{ "le", LE },
		{ ">", GT },
		{ "gt", GT },
		{ ">=", GE },
		{ "ge", GE },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (lex_take(p, words[i].text)) {
			*op = words[i].op;
			return true;
		}
	return false;
}

/*
 * Applies a test to each argument of any() or all(), joined by or, and.  What
 * "!=" asks of any is asked of all: "port != 80" means that none is.
 */
static struct node *
spread(struct parser *p, const struct node *any, const struct node *test)
{
	bool is_or = any->kind == NODE_ANY && test->op != NE;
	struct node *all = NULL, *n;

	for (const struct node *a = any->a; a; a = a->next) {
		struct node *operand = parse_node(p, a->kind);

		n = parse_node(p, test->kind);
		*operand = *a;
		operand->next = NULL;
		*n = *test;
		n->a = operand;
		all =
		    all ? parse_pair(p, is_or ? NODE_OR : NODE_AND, all, n) : n;
	}
	return all;
}

struct node *
parse_apply(struct parser *p, struct node *a, struct node *test)
{
	if (a->kind == NODE_ANY || a->kind == NODE_ALL)
		return spread(p, a, test);
	test->a = a;
	return test;
}

static const struct node *
first_of(const struct node *n)
{
	return n->kind == NODE_ANY || n->kind == NODE_ALL ? n->a : n;
}

/* "in", of one element. */
static void
compare_in(struct parser *p, struct node *n, enum field_type type,
    struct slice element, bool folds)
{
	n->kind = NODE_IN;
	n->set = set_new(type, 0);
	if (folds)
		set_fold(n->set);
	set_add(n->set, element, &p->context->how);
	set_seal(n->set);
}

struct node *
parse_compare(struct parser *p, struct node *a, int op, struct node *b)
{
	struct node *n = parse_node(p, NODE_COMPARE);
	bool equality = op == EQ || op == NE;
	const struct node *like = first_of(a);
	bool hosts;

	if (equality && a->kind == NODE_CONST && a->v.type == VALUE_NET &&
	    b->kind != NODE_CONST)
		return parse_compare(p, b, op, a);
	if (!equality && !like->field)
		b = parse_as_operand(p, b);
	b = parse_beside(p, like, b);
	if ((b->kind == NODE_FIELD || b->kind == NODE_CELL) && b->field)
		a = parse_beside(p, b, a);
	a = parse_as_operand(p, a);
	like = first_of(a);
	hosts = equality && (parse_is_host(like) || parse_is_host(b));
	n->op = op;
	if (hosts && b->kind == NODE_CONST && b->v.type == VALUE_STR) {
		compare_in(p, n, FIELD_STR, b->v.s, true);
	} else if (b->kind == NODE_CONST && b->v.type == VALUE_NET) {
		if (a->kind != NODE_CALL && a->kind != NODE_IF)
			compare_in(p, n, FIELD_IP, b->text, false);
	} else if (hosts) {
		a = parse_folded(p, a);
		b = parse_folded(p, b);
	}
	n->b = b;
	return parse_apply(p, a, n);
}

static void
add_element(struct parser *p, const struct field *f, struct set *set)
{
	const char *at = p->t.at, *err;
	bool is_file = p->t.kind == TOKEN_PUNCT && *at == '@';
	bool quoted = p->t.kind == TOKEN_STRING;
	struct slice s = lex_raw(p);
	unsigned line, port;
	char *name;

	if (!quoted && parse_is_null(f, s))
		parse_foreign(p, s, at);
	if (!is_file) {
		err = quoted ? set_add_quoted(set, s, &p->context->how)
			     : set_add(set, s, &p->context->how);
		if (err && f && parse_service(p, f, s, &port)) {
			name = arena_alloc(p->arena, 8);
			s = slice_of(name, (size_t)sprintf(name, "%u", port));
			err = set_add(set, s, &p->context->how);
		}
		if (err)
			parse_fail(p, at, "%s", err);
		return;
	}
	name = (char *)arena_slice(p->arena, slice_of(s.p + 1, s.n - 1)).p;
	err = set_add_file(set, name, &p->context->how, &line);
	if (err && line)
		parse_fail(p, at, "%s:%u: %s", name, line, err);
	if (err)
		parse_fail(p, at, "%s: %s", name, err);
}

/* [a b, c], (a, b), @FILE or one element. */
void
parse_list(struct parser *p, struct node *in)
{
	const struct field *f = first_of(in->a)->field;
	const char *close = lex_is(p, "[") ? "]" : lex_is(p, "(") ? ")" : NULL;

	/* Text, but of a network: what is written in the list decides. */
	if (f && (slice_is(slice_str(f->name), "src_net") ||
		     slice_is(slice_str(f->name), "dst_net")))
		f = NULL;
	in->set = set_new(f ? f->type : FIELD_ANY, f ? f->set : 0);
	if (f && field_is_host(f))
		set_fold(in->set);
	if (!close) {
		add_element(p, f, in->set);
	} else {
		lex_next(p);
		while (!lex_take(p, close)) {
			if (lex_take(p, ","))
				continue;
			if (p->t.kind == TOKEN_END)
				parse_fail(p, p->t.at, "expected '%s'", close);
			add_element(p, f, in->set);
		}
	}
	set_seal(in->set);
}

static struct node *
parse_in(struct parser *p, struct node *a)
{
	struct node *n = parse_node(p, NODE_IN);

	n->a = parse_as_operand(p, a);
	parse_list(p, n);
	return parse_apply(p, n->a, n);
}

static struct node *
parse_regex(struct parser *p, struct node *a)
{
	struct node *n = parse_node(p, NODE_MATCH);
	uint32_t how = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
	const char *at = p->t.at;
	PCRE2_SIZE where;
	char what[128];
	int code;

	if (p->t.kind != TOKEN_STRING)
		parse_fail(p, at, "expected a pattern in quotes");
	n->text = p->t.text;
	n->regex = pcre2_compile(
	    (PCRE2_SPTR)p->t.text.p, p->t.text.n, how, &code, &where, NULL);
	if (!n->regex) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)what, sizeof what);
		parse_fail(p, at + 1 + where, "%s", what);
	}
	pcre2_jit_compile(n->regex, PCRE2_JIT_COMPLETE);
	lex_next(p);
	return parse_apply(p, parse_as_operand(p, a), n);
}

static struct node *
parse_under(struct parser *p, struct node *a)
{
	struct node *n = parse_node(p, NODE_UNDER);
	const char *at = p->t.at;
	struct ip_prefix net;

	if (lex_is(p, "@"))
		parse_fail(p, at, "expected one domain");
	n->text = lex_raw(p);
	if (!ip_prefix_parse(n->text, &net))
		parse_fail(p, at,
		    "expected a domain (of networks it is 'ip in [..]')");
	while (n->text.n && *n->text.p == '.')
		n->text = slice_of(n->text.p + 1, n->text.n - 1);
	return parse_apply(p, parse_as_operand(p, a), n);
}

/* "not in", "!~": of any() and of all() it holds if the test does for none. */
static struct node *
negated(struct parser *p, struct node *a,
    struct node *(*parse)(struct parser *p, struct node *a))
{
	if (a->kind == NODE_ALL)
		a->kind = NODE_ANY;
	return parse_pair(p, NODE_NOT, parse(p, a), NULL);
}

/* A test by a word behind its operand; NULL if there is none. */
struct node *
parse_test(struct parser *p, struct node *a)
{
	if (lex_take(p, "in"))
		return parse_in(p, a);
	if (lex_take(p, "~"))
		return parse_regex(p, a);
	if (lex_take(p, "!~"))
		return negated(p, a, parse_regex);
	if (lex_take(p, "under"))
		return parse_under(p, a);
	if (lex_take(p, "not")) {
		if (lex_take(p, "in"))
			return negated(p, a, parse_in);
		parse_fail(p, p->t.at, "expected 'in' behind 'not'");
	}
	return NULL;
}

static bool
is_literal(const struct parser *p)
{
	return p->t.kind == TOKEN_NUMBER || p->t.kind == TOKEN_STRING ||
	       p->t.kind == TOKEN_TIME || p->t.kind == TOKEN_ADDRESS;
}

static struct node *
comparison(struct parser *p)
{
	struct node *a = parse_phrase(p), *test;
	int op;

	if (a)
		return a;
	a = parse_sum(p);
	if (parse_operator(p, &op))
		return parse_compare(p, a, op, parse_sum(p));
	test = parse_test(p, a);
	if (test)
		return test;
	/* nfdump: "packets 10", "bps 10" */
	if ((a->kind == NODE_FIELD || a->kind == NODE_CELL ||
		(a->kind == NODE_ARITH && a->word.p)) &&
	    is_literal(p))
		return parse_compare(p, a, EQ, parse_sum(p));
	return a;
}

static struct node *
negation(struct parser *p)
{
	struct node *n;

	if (!lex_take(p, "not") && !lex_take(p, "!"))
		return comparison(p);
	parse_deeper(p, 1);
	n = parse_pair(p, NODE_NOT, negation(p), NULL);
	parse_deeper(p, -1);
	return n;
}

static struct node *
conjunction(struct parser *p)
{
	struct node *a = negation(p);

	while (lex_take(p, "and") || lex_take(p, "&&"))
		a = parse_pair(p, NODE_AND, parse_as_operand(p, a),
		    parse_as_operand(p, negation(p)));
	return a;
}

struct node *
parse_expression(struct parser *p)
{
	struct node *a = conjunction(p);

	while (lex_take(p, "or") || lex_take(p, "||"))
		a = parse_pair(p, NODE_OR, parse_as_operand(p, a),
		    parse_as_operand(p, conjunction(p)));
	return parse_as_operand(p, a);
}

/* Something that is true or false.  A member alone is more likely a slip. */
static bool
may_be_test(const struct node *n)
{
	if (n->kind >= NODE_TRUE || n->kind == NODE_IF || n->kind == NODE_MAP ||
	    n->kind == NODE_CHOOSE)
		return true;
	return n->kind == NODE_CONST && n->v.type == VALUE_BOOL;
}

/* What the grammar lets through: any() alone, a number where a test is due. */
void
parse_check(struct parser *p, const struct node *n, bool test)
{
	bool joins =
	    n->kind == NODE_AND || n->kind == NODE_OR || n->kind == NODE_NOT;

	if (n->kind == NODE_ANY || n->kind == NODE_ALL)
		parse_fail(p, n->at, "any() and all() need a comparison");
	if (test && !may_be_test(n))
		parse_fail(p, n->at, "expected a comparison%s",
		    n->kind == NODE_CONST ? " ('in [..]' has several values)"
					  : "");
	if (n->a && n->kind != NODE_EXISTS)
		parse_check(p, n->a, joins || n->kind == NODE_IF);
	if (n->b && n->kind != NODE_MAP)
		parse_check(p, n->b, joins);
	if (n->c)
		parse_check(p, n->c, false);
	if (n->next)
		parse_check(p, n->next, false);
}
