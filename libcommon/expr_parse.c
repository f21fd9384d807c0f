/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_tree.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdarg.h>
#include <stdio.h>

enum { MAX_DEPTH = 200 };

void
parse_fail(struct parser *p, const char *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error->what, sizeof p->error->what, fmt, ap);
	va_end(ap);
	p->error->at = (size_t)(at - p->text);
	longjmp(p->failed, 1);
}

static void
expect(struct parser *p, const char *punct)
{
	if (!lex_take(p, punct))
		parse_fail(p, p->t.at, "expected '%s'", punct);
}

struct node *
parse_node(struct parser *p, enum node_kind kind)
{
	struct node *n = arena_alloc(p->arena, sizeof *n);

	*n = (struct node){ .kind = kind, .at = p->t.at, .slot = SCHEMA_NONE };
	return n;
}

static struct node *
pair(struct parser *p, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = parse_node(p, kind);

	n->a = a;
	n->b = b;
	n->at = a->at;
	return n;
}

/* A member of the record, or a cell of the row. */
struct node *
parse_field(struct parser *p, struct slice name, const char *at)
{
	const struct expr_cells *cells = p->context->cells;
	struct node *n = parse_node(p, NODE_FIELD);

	n->at = at;
	n->text = name;
	for (size_t i = 0; cells && i < cells->n; i++)
		if (slice_is(name, cells->names[i])) {
			n->kind = NODE_CELL;
			n->slot = (int)i;
			n->field = cells->types ? cells->types[i] : NULL;
			return n;
		}
	if (!p->context->schema)
		parse_fail(
		    p, at, "there is no column '%.*s'", (int)name.n, name.p);
	n->field = field_find(name);
	if (n->field)
		n->text = slice_str(n->field->name);
	n->slot = schema_add(p->context->schema, n->text);
	return n;
}

static bool
is_cell(const struct parser *p, struct slice name)
{
	const struct expr_cells *cells = p->context->cells;

	for (size_t i = 0; cells && i < cells->n; i++)
		if (slice_is(name, cells->names[i]))
			return true;
	return false;
}

/* A word without a meaning of its own is a member; not if it looks mistyped. */
static struct node *
as_operand(struct parser *p, struct node *n)
{
	const char *near;

	if (n->kind != NODE_WORD)
		return n;
	if (slice_is_nocase(n->text, "src") || slice_is_nocase(n->text, "dst"))
		parse_fail(p, n->at + n->text.n,
		    "expected ip, net, port, as, country .. behind '%.*s'",
		    (int)n->text.n, n->text.p);
	near =
	    memchr(n->text.p, '.', n->text.n) ? NULL : phrase_nearest(n->text);
	if (near)
		parse_fail(p, n->at,
		    "unknown word '%.*s'; did you mean '%s'? "
		    "(.%.*s is a member of that name)",
		    (int)n->text.n, n->text.p, near, (int)n->text.n, n->text.p);
	return parse_field(p, n->text, n->at);
}

static struct node *
literal(struct parser *p)
{
	struct node *n = parse_node(p, NODE_CONST);

	n->text = p->t.text;
	if (p->t.kind == TOKEN_STRING) {
		n->v.type = VALUE_STR;
		n->v.s = p->t.text;
	} else {
		const char *err = value_parse(p->t.text,
		    p->t.kind == TOKEN_TIME ? FIELD_TIME : FIELD_ANY, 0,
		    &p->context->how, &n->v);

		if (!err && n->v.type == VALUE_STR)
			err = "not a number, a time or an address";
		if (err)
			parse_fail(p, p->t.at, "%s", err);
	}
	lex_next(p);
	return n;
}

static unsigned
arguments(struct parser *p, struct node **list)
{
	unsigned n = 0;

	do {
		*list = as_operand(p, parse_sum(p));
		list = &(*list)->next;
		n++;
	} while (lex_take(p, ","));
	expect(p, ")");
	return n;
}

static struct node *
parse_if(struct parser *p)
{
	struct node *n = parse_node(p, NODE_IF);

	n->a = parse_expression(p);
	expect(p, ",");
	n->b = as_operand(p, parse_sum(p));
	expect(p, ",");
	n->c = as_operand(p, parse_sum(p));
	expect(p, ")");
	return n;
}

/* What a word or a literal means next to this field. */
static struct node *
beside(struct parser *p, const struct node *field, struct node *n)
{
	const struct field *f = field->field;
	bool is_word = n->kind == NODE_WORD;
	const char *err;

	if (!is_word && (n->kind != NODE_CONST || !n->text.p))
		return n;
	if (is_word && (field->kind == NODE_CONST || field->kind == NODE_WORD))
		return as_operand(p, n);
	if (!is_word && (!f || n->v.type == VALUE_NET))
		return n;
	if (is_word && f && f->type != FIELD_STR && f->type != FIELD_NAMED &&
	    f->type != FIELD_FLAGS)
		return as_operand(p, n);
	err = value_parse(n->text, f ? f->type : FIELD_STR, f ? f->set : 0,
	    &p->context->how, &n->v);
	if (err && is_word)
		parse_fail(p, n->at, "%s has no value '%.*s'", f->name,
		    (int)n->text.n, n->text.p);
	if (err)
		parse_fail(p, n->at, "%s: %s", f->name, err);
	n->kind = NODE_CONST;
	return n;
}

/* map(x, key:value, .., default) */
static struct node *
parse_map(struct parser *p)
{
	struct node *n = parse_node(p, NODE_MAP), **list = &n->b;

	n->a = as_operand(p, parse_sum(p));
	while (lex_take(p, ",")) {
		struct node *key = parse_sum(p), *row;

		if (!lex_take(p, ":")) {
			n->c =
			    beside(p, &(struct node){ .kind = NODE_CELL }, key);
			break;
		}
		key = beside(p, n->a, key);
		if (key->kind != NODE_CONST)
			parse_fail(p, key->at, "expected a constant");
		row = parse_node(p, NODE_MAP);
		row->v = key->v;
		row->a = beside(
		    p, &(struct node){ .kind = NODE_CELL }, parse_sum(p));
		*list = row;
		list = &row->next;
	}
	expect(p, ")");
	return n;
}

static struct node *
parse_exists(struct parser *p)
{
	struct node *n = parse_node(p, NODE_EXISTS), *a = parse_sum(p);

	if (a->kind == NODE_WORD)
		a = parse_field(p, a->text, a->at);
	if (a->kind != NODE_FIELD && a->kind != NODE_CELL)
		parse_fail(p, a->at, "expected a field");
	n->a = a;
	expect(p, ")");
	return n;
}

static struct node *
parse_any(struct parser *p)
{
	struct node *n = parse_node(p, NODE_ANY);

	n->n_args = arguments(p, &n->a);
	return n;
}

static struct node *
parse_all(struct parser *p)
{
	struct node *n = parse_any(p);

	n->kind = NODE_ALL;
	return n;
}

static const struct {
	const char *name;
	struct node *(*parse)(struct parser *p);
} special_calls[] = {
	{ "if", parse_if },
	{ "map", parse_map },
	{ "exists", parse_exists },
	{ "any", parse_any },
	{ "all", parse_all },
};

static struct node *
call(struct parser *p, struct slice name, const char *at)
{
	const struct function *f;
	struct node *n;

	for (size_t i = 0; i < sizeof special_calls / sizeof *special_calls;
	     i++)
		if (slice_is_nocase(name, special_calls[i].name))
			return special_calls[i].parse(p);
	for (f = functions; f->name && !slice_is_nocase(name, f->name); f++)
		continue;
	if (!f->name)
		parse_fail(
		    p, at, "there is no function '%.*s'", (int)name.n, name.p);
	n = parse_node(p, NODE_CALL);
	n->at = at;
	n->fn = f;
	n->n_args = arguments(p, &n->a);
	if (n->n_args < f->min || n->n_args > f->max)
		parse_fail(p, at, "wrong number of arguments: %s", f->help);
	return n;
}

/* Rates are expressions with a name: 0 duration makes them unknown. */
static const struct {
	const char *name, *text;
} derived[] = {
	{ "bps", "bytes * 8 / duration" },
	{ "pps", "packets / duration" },
	{ "bpp", "bytes / packets" },
};

static struct node *
parse_derived(struct parser *p, struct slice name)
{
	const char *text = NULL;
	struct parser saved = *p;
	struct node *n;

	for (size_t i = 0; i < sizeof derived / sizeof *derived; i++)
		if (slice_is_nocase(name, derived[i].name))
			text = derived[i].text;
	if (!text || is_cell(p, name))
		return NULL;
	p->p = text;
	lex_next(p);
	n = parse_sum(p);
	p->p = saved.p;
	p->t = saved.t;
	n->at = saved.t.at;
	return n;
}

/* Words of the language are the same in any case. */
static struct slice
lowered(struct parser *p, struct slice s)
{
	char *copy = (char *)arena_slice(p->arena, s).p;

	for (size_t i = 0; i < s.n; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] |= 0x20;
	return slice_of(copy, s.n);
}

static struct node *
word(struct parser *p)
{
	struct token t = p->t;
	struct node *n = parse_derived(p, t.text);

	if (n) {
		lex_next(p);
		return n;
	}
	lex_next(p);
	if (lex_is(p, "(") && *p->t.at == '(' &&
	    p->t.at == t.text.p + t.text.n) {
		lex_next(p);
		return call(p, t.text, t.at);
	}
	if (is_cell(p, t.text) || field_find(t.text))
		return parse_field(p, t.text, t.at);
	if (field_find(lowered(p, t.text)))
		return parse_field(p, lowered(p, t.text), t.at);
	n = parse_node(p, NODE_WORD);
	n->at = t.at;
	n->text = t.text;
	if (slice_is(t.text, "true") || slice_is(t.text, "false")) {
		n->kind = NODE_CONST;
		n->v = (struct value){ .type = VALUE_BOOL,
			.b = slice_is(t.text, "true") };
		n->text = slice_of(NULL, 0);
	}
	return n;
}

static struct node *
primary(struct parser *p)
{
	struct node *n, *zero;
	struct token t = p->t;

	switch (t.kind) {
	case TOKEN_WORD:
		return word(p);
	case TOKEN_MEMBER:
		lex_next(p);
		return parse_field(p, t.text, t.at);
	case TOKEN_NUMBER:
	case TOKEN_TIME:
	case TOKEN_ADDRESS:
	case TOKEN_STRING:
		return literal(p);
	default:
		break;
	}
	if (++p->depth > MAX_DEPTH)
		parse_fail(p, t.at, "nested too deeply");
	if (lex_take(p, "(")) {
		n = parse_expression(p);
		expect(p, ")");
	} else if (lex_take(p, "-")) {
		zero = parse_node(p, NODE_CONST);
		zero->v = (struct value){ .type = VALUE_INT };
		n = pair(p, NODE_ARITH, zero, as_operand(p, primary(p)));
		n->op = '-';
	} else {
		parse_fail(p, t.at, "expected a field, a value or '('");
	}
	p->depth--;
	return n;
}

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
		return primary(p);
	a = binary(p, level + 1);
	while ((op = take_operator(p, level))) {
		a = as_operand(p, a);
		b = as_operand(p, binary(p, level + 1));
		a = pair(p, NODE_ARITH, a, b);
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
		all = all ? pair(p, is_or ? NODE_OR : NODE_AND, all, n) : n;
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

static struct node *
negated(struct parser *p, struct node *a)
{
	return pair(p, NODE_NOT, a, NULL);
}

struct node *
parse_compare(struct parser *p, struct node *a, int op, struct node *b)
{
	struct node *n = parse_node(p, NODE_COMPARE);
	const struct node *like = a;

	if (a->kind == NODE_ANY || a->kind == NODE_ALL)
		like = a->a;
	b = beside(p, like, b);
	if (b->kind == NODE_FIELD || b->kind == NODE_CELL)
		a = beside(p, b, a);
	a = as_operand(p, a);
	n->op = op;
	n->b = b;
	if (b->kind == NODE_CONST && b->v.type == VALUE_NET &&
	    a->kind != NODE_CALL && a->kind != NODE_IF) {
		n->kind = NODE_IN;
		n->set = set_new(FIELD_IP, 0);
		set_add(n->set, b->text, &p->context->how);
		set_seal(n->set);
	}
	return parse_apply(p, a, n);
}

static void
add_element(struct parser *p, struct set *set)
{
	const char *at = p->t.at, *err;
	bool is_file = p->t.kind == TOKEN_PUNCT && *at == '@';
	struct slice s = lex_raw(p);
	unsigned line;
	char *name;

	if (!is_file) {
		err = set_add(set, s, &p->context->how);
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
	const struct field *f = in->a->field;
	const char *close = lex_is(p, "[") ? "]" : lex_is(p, "(") ? ")" : NULL;

	if (in->a->kind == NODE_ANY || in->a->kind == NODE_ALL)
		f = in->a->a->field;
	in->set = set_new(f ? f->type : FIELD_ANY, f ? f->set : 0);
	if (!close) {
		add_element(p, in->set);
	} else {
		lex_next(p);
		while (!lex_take(p, close)) {
			if (lex_take(p, ","))
				continue;
			if (p->t.kind == TOKEN_END)
				parse_fail(p, p->t.at, "expected '%s'", close);
			add_element(p, in->set);
		}
	}
	set_seal(in->set);
}

static struct node *
parse_in(struct parser *p, struct node *a)
{
	struct node *n = parse_node(p, NODE_IN);

	n->a = as_operand(p, a);
	parse_list(p, n);
	return parse_apply(p, n->a, n);
}

static struct node *
parse_regex(struct parser *p, struct node *a)
{
	struct node *n = parse_node(p, NODE_MATCH);
	const char *at = p->t.at;
	PCRE2_SIZE where;
	char what[128];
	int code;

	if (p->t.kind != TOKEN_STRING)
		parse_fail(p, at, "expected a pattern in quotes");
	n->text = p->t.text;
	n->regex = pcre2_compile(
	    (PCRE2_SPTR)p->t.text.p, p->t.text.n, 0, &code, &where, NULL);
	if (!n->regex) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)what, sizeof what);
		parse_fail(p, at + 1 + where, "%s", what);
	}
	pcre2_jit_compile(n->regex, PCRE2_JIT_COMPLETE);
	lex_next(p);
	return parse_apply(p, as_operand(p, a), n);
}

static struct node *
parse_under(struct parser *p, struct node *a)
{
	struct node *n = parse_node(p, NODE_UNDER);

	n->text = lex_raw(p);
	while (n->text.n && *n->text.p == '.')
		n->text = slice_of(n->text.p + 1, n->text.n - 1);
	return parse_apply(p, as_operand(p, a), n);
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
		return negated(p, parse_regex(p, a));
	if (lex_take(p, "under"))
		return parse_under(p, a);
	if (lex_take(p, "not")) {
		if (lex_take(p, "in"))
			return negated(p, parse_in(p, a));
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
	/* nfdump: "packets 10" */
	if ((a->kind == NODE_FIELD || a->kind == NODE_CELL ||
		a->kind == NODE_ARITH) &&
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
	if (++p->depth > MAX_DEPTH)
		parse_fail(p, p->t.at, "nested too deeply");
	n = negated(p, negation(p));
	p->depth--;
	return n;
}

static struct node *
conjunction(struct parser *p)
{
	struct node *a = negation(p);

	while (lex_take(p, "and") || lex_take(p, "&&"))
		a = pair(
		    p, NODE_AND, as_operand(p, a), as_operand(p, negation(p)));
	return a;
}

struct node *
parse_expression(struct parser *p)
{
	struct node *a = conjunction(p);

	while (lex_take(p, "or") || lex_take(p, "||"))
		a = pair(p, NODE_OR, as_operand(p, a),
		    as_operand(p, conjunction(p)));
	return as_operand(p, a);
}

/* Something that is true or false: a test, or a member that may be. */
static bool
may_be_test(const struct node *n)
{
	if (n->kind >= NODE_TRUE || n->kind == NODE_IF || n->kind == NODE_MAP)
		return true;
	if (n->kind == NODE_CONST)
		return n->v.type == VALUE_BOOL;
	return (n->kind == NODE_FIELD || n->kind == NODE_CELL) && !n->field;
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
		parse_fail(p, n->at, "expected a comparison");
	if (n->a && n->kind != NODE_EXISTS)
		parse_check(p, n->a, joins || n->kind == NODE_IF);
	if (n->b && n->kind != NODE_MAP)
		parse_check(p, n->b, joins);
	if (n->c)
		parse_check(p, n->c, false);
	if (n->next)
		parse_check(p, n->next, false);
}
