/* SPDX-License-Identifier: MIT */
#include "libcommon/expr.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/expr_code.h"
#include "libcommon/xalloc.h"

struct expr *
expr_try(const char *text, const struct expr_context *context,
    struct expr_error *error)
{
	struct expr *e = xcalloc(1, sizeof *e);
	struct parser p = { .text = text,
		.p = text,
		.context = context,
		.arena = &e->tree,
		.error = error };
	struct node *root;

	if (setjmp(p.failed)) {
		arena_free(&e->tree);
		free(e);
		return NULL;
	}
	/* Tokens point into the text: keep it as long as the program. */
	p.text = p.p = arena_slice(&e->tree, slice_str(text)).p;
	lex_next(&p);
	if (p.t.kind == TOKEN_END)
		parse_fail(&p, p.t.at, "the expression is empty");
	root = parse_expression(&p);
	if (p.t.kind != TOKEN_END)
		parse_end_fail(&p);
	parse_check(&p, root, context->test);
	expr_emit(e, root);
	if (context->schema)
		expr_code_ask(root, context->schema);
	e->how = context->how;
	e->how.arena = &e->scratch;
	e->match = pcre2_match_data_create(1, NULL);
	return e;
}

struct expr *
expr_compile(
    const char *text, const char *option, const struct expr_context *context)
{
	struct expr_error error;
	struct expr *e = expr_try(text, context, &error);
	const char *line = text, *end;

	if (e)
		return e;
	/* Of several lines, the one with the place. */
	for (size_t i = 0; i < error.at && text[i]; i++)
		if (text[i] == '\n')
			line = text + i + 1;
	end = line + strcspn(line, "\n");
	die("%s: %s\n  %.*s\n  %*s^", option, error.what, (int)(end - line),
	    line, (int)(error.at - (size_t)(line - text)), "");
}

struct expr *
expr_compile_test(
    const char *text, const char *option, const struct expr_context *context)
{
	struct expr_context test = *context;

	test.test = true;
	return expr_compile(text, option, &test);
}

void
expr_explain(const struct expr *e, struct output *out)
{
	expr_code_put(e, out);
}

const struct field *
expr_field(const struct expr *e)
{
	return e->root->kind == NODE_FIELD ? e->root->field : NULL;
}

const struct glance_range *
expr_ranges(const struct expr *e, size_t *n)
{
	*n = e->n_ranges;
	return e->ranges;
}

void
expr_cells(const struct expr *e, bool *cells)
{
	expr_code_cells(e->root, cells);
}

const struct field *
expr_result(const struct expr *e)
{
	const struct node *n = e->root;

	while (n->kind == NODE_ARITH && strchr("&|^", n->op))
		n = n->a;
	return n->kind == NODE_FIELD ? n->field : NULL;
}

int
expr_slot(const struct expr *e)
{
	return e->root->kind == NODE_FIELD ? e->root->slot : SCHEMA_NONE;
}

int
expr_cell(const struct expr *e)
{
	return e->root->kind == NODE_CELL ? e->root->slot : -1;
}

static const char *
complain(struct expr *e, const struct insn *in, const char *what)
{
	snprintf(e->message, sizeof e->message, "%.*s: %s",
	    (int)(in->name.n < 64 ? in->name.n : 64), in->name.p, what);
	return e->message;
}

static const char *
load(struct expr *e, const struct insn *in, const struct json_val *v,
    struct value *out)
{
	const struct field *f = in->field;
	const char *err = value_read(
	    v, f ? f->type : FIELD_ANY, f ? f->set : 0, &e->how, out);

	if (err)
		return complain(e, in, err);
	/* A record without 'flows' is one flow. */
	if (out->type == VALUE_NONE && f && strcmp(f->name, "flows") == 0)
		*out = (struct value){ .type = VALUE_INT, .i = 1 };
	return NULL;
}

/* A number that is most often digits; *known is false if it is absent. */
static inline const char *
load_number(struct expr *e, const struct insn *in, const struct json_val *v,
    uint64_t *n, bool *known)
{
	struct value value;
	const char *err;

	*known = true;
	if (v->kind == JSON_NUMBER && num_short(v->p, v->n, n))
		return NULL;
	err = load(e, in, v, &value);
	*known = !err && value.type == VALUE_INT && value.i >= 0 &&
		 value.i <= UINT64_MAX;
	*n = *known ? (uint64_t)value.i : 0;
	return err;
}

static bool
holds(int op, int order)
{
	static const unsigned char accepted[] = {
		[EQ] = 2,
		[NE] = 5,
		[LT] = 1,
		[LE] = 3,
		[GT] = 4,
		[GE] = 6,
	};

	return order != VALUE_UNORDERED && accepted[op] >> (order + 1) & 1;
}

/* As "=" has it: an address is one of the key's network, too. */
static bool
is_key(const struct value *key, const struct value *v)
{
	struct ip_prefix net = { key->ip, key->net_len };

	if (key->type == VALUE_NET && v->type == VALUE_IP)
		return ip_in_prefix(&v->ip, &net);
	return value_compare(v, key) == 0;
}

static void
map(const struct node *n, struct value *v)
{
	for (const struct node *row = n->b; row; row = row->next)
		if (is_key(&row->v, v)) {
			*v = row->a->v;
			return;
		}
	if (n->c)
		*v = n->c->v;
	else
		v->type = VALUE_NONE;
}

/* Too hard a text for the pattern is an error: whoever wrote it may mean it. */
static const char *
match(struct expr *e, const struct node *n, const struct value *v, bool *yes)
{
	char room[64];
	struct slice s = v->s;
	int found;

	*yes = false;
	if (v->type == VALUE_NONE)
		return NULL;
	if (v->type != VALUE_STR && v->type != VALUE_JSON)
		s = slice_of(
		    room, value_text(room, sizeof room, v, n->a->field));
	found =
	    pcre2_match(n->regex, (PCRE2_SPTR)s.p, s.n, 0, 0, e->match, NULL);
	*yes = found >= 0;
	if (found >= 0 || found == PCRE2_ERROR_NOMATCH)
		return NULL;
	pcre2_get_error_message(
	    found, (PCRE2_UCHAR *)e->message, sizeof e->message);
	return e->message;
}

/* The name itself or one below it, case and a last dot ignored. */
static bool
under(struct slice suffix, const struct value *v)
{
	struct slice s = v->s;

	if (v->type != VALUE_STR)
		return false;
	if (s.n && s.p[s.n - 1] == '.')
		s.n--;
	if (suffix.n && suffix.p[suffix.n - 1] == '.')
		suffix.n--;
	return s.n >= suffix.n &&
	       strncasecmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0 &&
	       (s.n == suffix.n || !suffix.n || s.p[s.n - suffix.n - 1] == '.');
}

/* The tests of a member that need no stack. */
static inline __attribute__((always_inline)) const char *
quick_test(
    struct expr *e, const struct insn *in, const struct json_val *v, bool *yes)
{
	struct value value;
	uint64_t n = 0;
	bool known = false;
	const char *err;

	switch (in->op) {
	case OP_RANGE:
		err = load_number(e, in, v, &n, &known);
		*yes = known && (n - in->lo <= in->span) != in->inverted;
		return err;
	case OP_NUMBERS:
		err = load_number(e, in, v, &n, &known);
		*yes = known && set_has_number(in->set, n) != in->inverted;
		return err;
	case OP_ADDRESS:
		err = load(e, in, v, &value);
		*yes = !err && value.type == VALUE_IP &&
		       set_has_ip(in->set, &value.ip) != in->inverted;
		return err;
	case OP_BITS:
		err = load(e, in, v, &value);
		*yes = !err && value.type == VALUE_INT &&
		       ((unsigned)value.i & in->lo) == in->span;
		return err;
	default:
		*yes = v->kind != JSON_NONE && json_kind_of(v) != JSON_NULL;
		return NULL;
	}
}

/* The tests of what is on the stack; returns its new top. */
static struct value *
stack_test(struct expr *e, const struct insn *in, struct value *top, bool *yes,
    const char **err)
{
	switch (in->op) {
	case OP_COMPARE:
		top -= 2;
		*yes = holds(in->arg, value_compare(top, top + 1));
		return top;
	case OP_IN:
		*yes = (--top)->type != VALUE_NONE &&
		       set_has(in->set, top) != in->inverted;
		return top;
	case OP_STACK_BITS:
		*yes = (--top)->type == VALUE_INT &&
		       ((unsigned)top->i & in->lo) == in->span;
		return top;
	case OP_MATCH:
		*err = match(e, in->node, --top, yes);
		return top;
	case OP_UNDER:
		*yes = under(in->node->text, --top);
		return top;
	case OP_CASE:
		*yes = in->arg < 0 || top[-1].i == in->arg;
		return top - *yes;
	default:
		*yes = (--top)->type == VALUE_BOOL && top->b;
		return top;
	}
}

/* One push; returns the new top. */
static struct value *
push(struct expr *e, const struct insn *in, const struct expr_input *input,
    struct value *top, const char **err)
{
	switch (in->op) {
	case OP_CONST:
		*top = in->node->v;
		return top + 1;
	case OP_LOAD:
		*err = load(e, in, &input->v[in->slot], top);
		return top + 1;
	case OP_CELL:
		*top = input->cells[in->slot];
		return top + 1;
	case OP_ARITH:
		top -= 2;
		expr_arith(in->arg, top, top + 1, top);
		return top + 1;
	case OP_CALL:
		top -= in->arg;
		in->node->fn->call(top, (unsigned)in->arg,
		    &e->stack[e->max_depth], &e->scratch);
		*top = e->stack[e->max_depth];
		return top + 1;
	default:
		map(in->node, top - 1);
		return top;
	}
}

static const char *
run(struct expr *e, const struct expr_input *input, struct value *out)
{
	const struct insn *in = e->code;
	struct value *top = e->stack;
	const char *err = NULL;
	bool yes = false;

	for (;;) {
		if (in->op <= OP_EXISTS) {
			err = quick_test(e, in, &input->v[in->slot], &yes);
			in = &e->code[yes ? in->yes : in->no];
		} else if (in->op == OP_CELL_EXISTS) {
			yes = input->cells[in->slot].type != VALUE_NONE;
			in = &e->code[yes ? in->yes : in->no];
		} else if (in->op <= OP_TRUTH) {
			top = stack_test(e, in, top, &yes, &err);
			in = &e->code[yes ? in->yes : in->no];
		} else if (in->op < OP_JUMP) {
			top = push(e, in, input, top, &err);
			in++;
		} else if (in->op == OP_JUMP) {
			in = &e->code[in->yes];
		} else {
			break;
		}
		if (err)
			return err;
	}
	if (in->op == OP_VALUE)
		*out = top[-1];
	else
		*out = (struct value){ .type = VALUE_BOOL,
			.b = in->op == OP_TRUE };
	return NULL;
}

const char *
expr_value(struct expr *e, const struct expr_input *in, struct value *out)
{
	arena_reset(&e->scratch);
	return run(e, in, out);
}

const char *
expr_test(struct expr *e, const struct expr_input *in, bool *yes)
{
	const struct insn *i = e->code;
	struct value v;
	const char *err;

	if (e->only_ranges && glance_test(e->ranges, e->n_ranges, in->v, yes))
		return NULL;
	/* Tests of members alone: no stack, no scratch. */
	while (i->op <= OP_EXISTS) {
		err = quick_test(e, i, &in->v[i->slot], yes);
		if (err)
			return err;
		i = &e->code[*yes ? i->yes : i->no];
	}
	*yes = i->op == OP_TRUE;
	if (*yes || i->op == OP_FALSE)
		return NULL;
	err = expr_value(e, in, &v);

	*yes = !err && v.type == VALUE_BOOL && v.b;
	return err;
}
