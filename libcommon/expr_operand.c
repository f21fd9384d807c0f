/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_tree.h"

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

void
lex_expect(struct parser *p, const char *punct)
{
	if (!lex_take(p, punct))
		parse_fail(p, p->t.at, "expected '%s'", punct);
}

void
parse_deeper(struct parser *p, int step)
{
	p->depth += step;
	if (p->depth > MAX_DEPTH)
		parse_fail(p, p->t.at, "nested too deeply");
}

struct node *
parse_node(struct parser *p, enum node_kind kind)
{
	struct node *n = arena_alloc(p->arena, sizeof *n);

	*n = (struct node){ .kind = kind, .at = p->t.at, .slot = SCHEMA_NONE };
	return n;
}

struct node *
parse_pair(
    struct parser *p, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = parse_node(p, kind);

	n->a = a;
	n->b = b;
	n->at = a->at;
	return n;
}

/* The cell of that name, or of the field whose alias it is; -1 if none. */
static int
find_cell(const struct expr_cells *cells, struct slice name)
{
	const struct field *f = field_find(name);

	for (size_t i = 0; cells && i < cells->n; i++)
		if (slice_is(name, cells->names[i]))
			return (int)i;
	for (size_t i = 0; f && cells && i < cells->n; i++)
		if (strcmp(f->name, cells->names[i]) == 0)
			return (int)i;
	return -1;
}

/* A member of the record, or a cell of the row. */
static struct node *
member(
    struct parser *p, struct slice name, const struct field *f, const char *at)
{
	const struct expr_cells *cells = p->context->cells;
	struct node *n = parse_node(p, NODE_FIELD);
	int cell = find_cell(cells, name);

	n->at = at;
	n->text = name;
	if (cell >= 0) {
		n->kind = NODE_CELL;
		n->slot = cell;
		n->field = cells->types ? cells->types[cell] : NULL;
		return n;
	}
	if (!p->context->schema)
		parse_no_column(p, name, at);
	n->field = f;
	if (n->field)
		n->text = slice_str(n->field->name);
	n->slot = schema_add(p->context->schema, n->text);
	return n;
}

struct node *
parse_call(
    struct parser *p, const struct function *fn, struct node *args, unsigned n)
{
	struct node *call = parse_node(p, NODE_CALL);

	call->fn = fn;
	call->a = args;
	call->n_args = n;
	return call;
}

struct node *
parse_field(struct parser *p, struct slice name, const char *at)
{
	return member(p, name, field_find(name), at);
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

struct node *
parse_as_operand(struct parser *p, struct node *n)
{
	const char *near;

	if (n->kind != NODE_WORD)
		return n;
	if (slice_is_nocase(n->text, "src") || slice_is_nocase(n->text, "dst"))
		parse_fail(p, p->t.at,
		    "expected ip, net, port, as, country .. behind '%.*s'",
		    (int)n->text.n, n->text.p);
	near = memchr(n->text.p, '.', n->text.n)
		   ? NULL
		   : phrase_nearest(n->text, NULL);
	if (near || slice_is_nocase(n->text, "null"))
		parse_foreign(p, n->text, n->at);
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
			err = "not a number, a time or an address, as 10k, "
			      "1.5s, 2015-07-18T18:07 or 10.0.0.0/8";
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
		*list = parse_as_operand(p, parse_sum(p));
		list = &(*list)->next;
		n++;
	} while (lex_take(p, ","));
	lex_expect(p, ")");
	return n;
}

static struct node *
parse_if(struct parser *p)
{
	struct node *n = parse_node(p, NODE_IF);

	n->a = parse_expression(p);
	lex_expect(p, ",");
	n->b = parse_as_operand(p, parse_sum(p));
	lex_expect(p, ",");
	n->c = parse_as_operand(p, parse_sum(p));
	lex_expect(p, ")");
	return n;
}

/* Values that are no constants: the map gives the number of one of them. */
static struct node *
choose(struct parser *p, struct node *map)
{
	struct node *n = parse_node(p, NODE_CHOOSE), **list = &n->b;
	struct node *other = map->c ? map->c : parse_node(p, NODE_CONST);

	n->a = map;
	for (struct node *row = map->b; row; row = row->next) {
		struct node *number = parse_node(p, NODE_CONST);

		number->v =
		    (struct value){ .type = VALUE_INT, .i = n->n_args++ };
		*list = row->a;
		list = &row->a->next;
		row->a = number;
	}
	map->c = parse_node(p, NODE_CONST);
	map->c->v = (struct value){ .type = VALUE_INT, .i = n->n_args };
	*list = other;
	return n;
}

/* map(x, key:value, .., default) */
static struct node *
parse_map(struct parser *p)
{
	struct node *n = parse_node(p, NODE_MAP), **list = &n->b;
	bool host, constant = true;

	n->a = parse_as_operand(p, parse_sum(p));
	host = parse_is_host(n->a);
	while (lex_take(p, ",")) {
		struct node *key = parse_sum(p), *row;

		if (!lex_take(p, ":")) {
			n->c = parse_beside(
			    p, &(struct node){ .kind = NODE_CELL }, key);
			constant &= n->c->kind == NODE_CONST;
			break;
		}
		key = parse_beside(p, n->a, key);
		if (key->kind != NODE_CONST)
			parse_fail(p, key->at, "expected a constant");
		if (host)
			fold_host.call(&key->v, 1, &key->v, p->arena);
		row = parse_node(p, NODE_MAP);
		row->v = key->v;
		row->a = parse_beside(
		    p, &(struct node){ .kind = NODE_CELL }, parse_sum(p));
		constant &= row->a->kind == NODE_CONST;
		*list = row;
		list = &row->next;
	}
	lex_expect(p, ")");
	if (host)
		n->a = parse_folded(p, n->a);
	return constant ? n : choose(p, n);
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
	lex_expect(p, ")");
	return n;
}

static struct node *
parse_end(struct parser *p)
{
	const char *name = lex_is(p, "src") ? "src_ip_addr" : "dst_ip_addr";
	const char *at = p->t.at;

	if (!lex_take(p, "src") && !lex_take(p, "dst"))
		parse_fail(p, at, "expected src or dst");
	return parse_field(p, slice_str(name), at);
}

static struct node *
parse_any(struct parser *p)
{
	struct node *n = parse_node(p, NODE_ANY);

	/* any(src, dst): the addresses */
	if (lex_is(p, "src") || lex_is(p, "dst")) {
		n->a = parse_end(p);
		while (lex_take(p, ",")) {
			struct node *next = parse_end(p);

			next->next = n->a;
			n->a = next;
		}
		lex_expect(p, ")");
		return n;
	}
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
	const char *near;
	struct node *n;

	for (size_t i = 0; i < sizeof special_calls / sizeof *special_calls;
	     i++)
		if (slice_is_nocase(name, special_calls[i].name))
			return special_calls[i].parse(p);
	for (f = functions; f->name && !slice_is_nocase(name, f->name); f++)
		continue;
	if (!f->name)
		parse_foreign(p, name, at);
	near = f->name ? NULL : phrase_nearest(name, p->context->also);
	if (!f->name)
		parse_fail(p, at, "there is no function '%.*s'%s%s%s",
		    (int)name.n, name.p, near ? "; did you mean '" : "",
		    near ? near : "", near ? "'?" : "");
	n = parse_call(p, f, NULL, 0);
	n->at = at;
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
	n->word = name;
	return n;
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
		n = parse_field(p, t.text, t.at);
	else if (field_find(parse_lowered(p, t.text)))
		n = parse_field(p, parse_lowered(p, t.text), t.at);
	if (n) {
		n->word = t.text;
		return n;
	}
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

struct node *
parse_primary(struct parser *p)
{
	struct node *n, *zero;
	struct token t = p->t;

	switch (t.kind) {
	case TOKEN_WORD:
		return word(p);
	case TOKEN_MEMBER:
		lex_next(p);
		return member(p, t.text, field_named(t.text), t.at);
	case TOKEN_NUMBER:
	case TOKEN_TIME:
	case TOKEN_ADDRESS:
	case TOKEN_STRING:
		return literal(p);
	default:
		break;
	}
	parse_deeper(p, 1);
	if (lex_take(p, "(")) {
		n = parse_expression(p);
		lex_expect(p, ")");
	} else if (lex_take(p, "-")) {
		zero = parse_node(p, NODE_CONST);
		zero->v = (struct value){ .type = VALUE_INT };
		n = parse_pair(
		    p, NODE_ARITH, zero, parse_as_operand(p, parse_primary(p)));
		n->op = '-';
	} else {
		parse_fail(p, t.at, "expected a field, a value or '('%s",
		    parse_sign_hint(p));
	}
	parse_deeper(p, -1);
	return n;
}
