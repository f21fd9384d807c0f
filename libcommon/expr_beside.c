/* SPDX-License-Identifier: MIT */
/* What one side of a comparison makes of the other one. */
#include <arpa/inet.h>
#include <netdb.h>

#include "libcommon/expr_tree.h"

/* Words of the language are the same in any case. */
struct slice
parse_lowered(struct parser *p, struct slice s)
{
	char *copy = (char *)arena_slice(p->arena, s).p;

	for (size_t i = 0; i < s.n; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] |= 0x20;
	return slice_of(copy, s.n);
}

bool
parse_service(
    struct parser *p, const struct field *f, struct slice name, unsigned *port)
{
	struct servent *s = NULL;

	if (strcmp(f->name, "src_port") == 0 ||
	    strcmp(f->name, "dst_port") == 0)
		s = getservbyname(arena_slice(p->arena, name).p, NULL);
	if (s)
		*port = ntohs((uint16_t)s->s_port);
	return s != NULL;
}

/* "http" next to a port. */
static bool
is_service(struct parser *p, const struct field *f, struct node *n)
{
	unsigned port;

	if (!parse_service(p, f, n->text, &port))
		return false;
	n->kind = NODE_CONST;
	n->v = (struct value){ .type = VALUE_INT, .i = port };
	return true;
}

static bool
has_words(const struct field *f)
{
	return f->type == FIELD_STR || f->type == FIELD_NAMED ||
	       f->type == FIELD_FLAGS;
}

/* A bare word next to it is text, or the name of a value. */
static bool
takes_words(const struct node *n)
{
	switch (n->kind) {
	case NODE_FIELD: /* ".note = hello" */
	case NODE_CELL:  /* what is a column has been found before */
		return !n->field || has_words(n->field);
	case NODE_CONST:
		return n->v.type == VALUE_STR;
	case NODE_MAP:
		return n->b && takes_words(n->b->a);
	case NODE_CHOOSE:
	case NODE_IF:
		return takes_words(n->b);
	case NODE_CALL:
		return n->fn->gives == GIVES_TEXT ||
		       (n->fn->gives == GIVES_ARGUMENT && takes_words(n->a));
	default:
		return false;
	}
}

/* "src_country = SA": a short name but for its case, of another kind. */
static void
unname(const struct parser *p, const struct node *field, struct node *n)
{
	const struct field *f = field->field;
	struct value v;

	if (n->kind != NODE_FIELD || !n->word.p || !f || !has_words(f) ||
	    n->field->type == f->type || field_find(n->word) ||
	    value_parse(n->word, f->type, f->set, &p->context->how, &v))
		return;
	n->kind = NODE_WORD;
	n->text = n->word;
}

/* "bps > 1m", or a column "bytes": "m" is no minute there. */
static void
refuse_duration(
    struct parser *p, const struct node *count, const struct node *n)
{
	const struct field *f = field_find(count->word);
	const char *err = NULL;
	struct value v;

	if (count->word.p &&
	    (f ? f->type == FIELD_INT : count->kind != NODE_CELL))
		err = value_parse(n->text, FIELD_INT, 0, &p->context->how, &v);
	if (err)
		parse_fail(p, n->at, "%.*s: %s", (int)count->word.n,
		    count->word.p, err);
}

struct node *
parse_beside(struct parser *p, const struct node *field, struct node *n)
{
	const struct field *f = field->field;
	const char *err, *near = NULL;
	bool is_word;

	if (f && f->type == FIELD_TIME && n->kind == NODE_ARITH && n->op == '/')
		parse_fail(p, n->at, "%s: time expected, as 2015-07-18T18:07",
		    f->name);
	unname(p, field, n);
	is_word = n->kind == NODE_WORD;
	if (is_word && parse_is_null(f, n->text))
		return parse_as_operand(p, n);
	if (!is_word && (n->kind != NODE_CONST || !n->text.p))
		return n;
	if (is_word && (field->kind == NODE_CONST || field->kind == NODE_WORD))
		return parse_as_operand(p, n);
	if (!is_word && !f)
		refuse_duration(p, field, n);
	if (!is_word && (!f || n->v.type == VALUE_NET))
		return n;
	if (is_word && f && is_service(p, f, n))
		return n;
	if (is_word && !takes_words(field))
		return parse_as_operand(p, n);
	err = value_parse(n->text, f ? f->type : FIELD_STR, f ? f->set : 0,
	    &p->context->how, &n->v);
	if (err && is_word)
		parse_fail(p, n->at, "%s has no value '%.*s'", f->name,
		    (int)n->text.n, n->text.p);
	if (err && f->type == FIELD_NAMED)
		near = names_nearest(f->set, n->text);
	if (near) /* as users write it */
		near = parse_lowered(p, slice_str(near)).p;
	if (near)
		parse_fail(p, n->at,
		    "%s has no value '%.*s'; did you mean '%s'?", f->name,
		    (int)n->text.n, n->text.p, near);
	if (err)
		parse_fail(p, n->at, "%s: %s", f->name, err);
	n->kind = NODE_CONST;
	return n;
}

bool
parse_is_host(const struct node *n)
{
	return n->field && field_is_host(n->field);
}

/* As names of hosts are compared; of any() and all() each argument. */
struct node *
parse_folded(struct parser *p, struct node *n)
{
	struct node **next = &n->a, *args = n->a;

	if (n->kind != NODE_ANY && n->kind != NODE_ALL)
		return parse_call(p, &fold_host, n, 1);
	while (args) {
		struct node *arg = args;

		args = args->next;
		arg->next = NULL;
		*next = parse_call(p, &fold_host, arg, 1);
		next = &(*next)->next;
	}
	return n;
}
