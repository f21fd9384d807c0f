/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_code.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

/*
 * Targets that are not known yet are labels; the last pass replaces them.
 * They count from LABEL on, so that they cannot be taken for instructions.
 */
enum { LABEL = 1u << 24 };

struct emitter {
	struct expr *e;
	uint32_t *labels;
	size_t n_labels, cap_labels;
};

static void emit_test(
    struct emitter *m, const struct node *n, uint32_t yes, uint32_t no);
static void emit_value(struct emitter *m, const struct node *n);

static uint32_t
new_label(struct emitter *m)
{
	m->labels =
	    xgrow(m->labels, &m->cap_labels, m->n_labels, sizeof *m->labels);
	m->labels[m->n_labels] = 0;
	return LABEL + (uint32_t)m->n_labels++;
}

static void
set_label(struct emitter *m, uint32_t label)
{
	m->labels[label - LABEL] = (uint32_t)m->e->n;
}

static struct insn *
emit(struct emitter *m, enum op op)
{
	struct expr *e = m->e;

	e->code = xgrow(e->code, &e->cap, e->n, sizeof *e->code);
	e->code[e->n] = (struct insn){ .op = op, .slot = SCHEMA_NONE };
	return &e->code[e->n++];
}

static void
pushed(struct emitter *m, unsigned popped)
{
	m->e->depth += 1 - popped;
	if (m->e->depth > m->e->max_depth)
		m->e->max_depth = m->e->depth;
}

static struct insn *
emit_branch(struct emitter *m, enum op op, uint32_t yes, uint32_t no)
{
	struct insn *i = emit(m, op);

	i->yes = yes;
	i->no = no;
	return i;
}

static void
about(struct insn *i, const struct node *member)
{
	i->slot = member->slot;
	i->field = member->field;
	i->name = member->text;
}

static bool
is_whole_number(const struct field *f)
{
	return f && (f->type == FIELD_INT || f->type == FIELD_NAMED) &&
	       strcmp(f->name, "flows") != 0;
}

/* The numbers n for which "n op k" holds: lo..lo + span, or all others. */
static void
range_of(int op, uint64_t k, struct insn *i)
{
	switch (op) {
	case GT:
	case LE:
		i->span = k;
		break;
	case GE:
	case LT:
		/* Below 0 there is nothing: the opposite of everything. */
		i->span = k ? k - 1 : UINT64_MAX;
		break;
	default:
		i->lo = k;
	}
	i->inverted = op == NE || op == GT || op == GE;
	if ((op == GE || op == LT) && k == 0)
		i->inverted = !i->inverted;
}

/* A member that is a number compared with one: a range of numbers. */
static bool
emit_range(struct emitter *m, const struct node *n, uint32_t yes, uint32_t no)
{
	const struct node *b = n->b;
	struct insn *i;
	uint64_t k;

	if (n->a->kind != NODE_FIELD || !is_whole_number(n->a->field) ||
	    b->kind != NODE_CONST || b->v.type != VALUE_INT || b->v.i < 0 ||
	    b->v.i > INT64_MAX)
		return false;
	k = (uint64_t)b->v.i;
	i = emit_branch(m, OP_RANGE, yes, no);
	about(i, n->a);
	range_of(n->op, k, i);
	return true;
}

static void
emit_in(struct emitter *m, const struct node *n, uint32_t yes, uint32_t no)
{
	bool field = n->a->kind == NODE_FIELD && n->a->field;
	enum op op = OP_IN;
	struct insn *i;

	if (field && is_whole_number(n->a->field) && set_is_numbers(n->set))
		op = OP_NUMBERS;
	else if (field && n->a->field->type == FIELD_IP &&
		 set_is_addresses(n->set))
		op = OP_ADDRESS;
	else
		emit_value(m, n->a);
	i = emit_branch(m, op, yes, no);
	i->set = n->set;
	i->inverted = n->op == NE;
	if (op == OP_IN)
		m->e->depth--;
	else
		about(i, n->a);
}

static void
emit_exists(struct emitter *m, const struct node *n, uint32_t yes, uint32_t no)
{
	bool cell = n->a->kind == NODE_CELL;

	about(emit_branch(m, cell ? OP_CELL_EXISTS : OP_EXISTS, yes, no), n->a);
}

static void
emit_bits(struct emitter *m, const struct node *n, uint32_t yes, uint32_t no)
{
	struct insn *i;
	bool cell = n->a->kind == NODE_CELL;

	if (cell)
		emit_value(m, n->a);
	i = emit_branch(m, cell ? OP_STACK_BITS : OP_BITS, yes, no);
	about(i, n->a);
	i->lo = n->mask;
	i->span = n->bits;
	if (cell)
		m->e->depth--;
}

static void
emit_text_test(
    struct emitter *m, const struct node *n, uint32_t yes, uint32_t no)
{
	emit_value(m, n->a);
	emit_branch(m, n->kind == NODE_MATCH ? OP_MATCH : OP_UNDER, yes, no)
	    ->node = n;
	m->e->depth--;
}

static void
emit_compare(struct emitter *m, const struct node *n, uint32_t yes, uint32_t no)
{
	if (emit_range(m, n, yes, no))
		return;
	emit_value(m, n->a);
	emit_value(m, n->b);
	emit_branch(m, OP_COMPARE, yes, no)->arg = n->op;
	m->e->depth -= 2;
}

static void
emit_test(struct emitter *m, const struct node *n, uint32_t yes, uint32_t no)
{
	uint32_t between;

	switch (n->kind) {
	case NODE_AND:
		between = new_label(m);
		emit_test(m, n->a, between, no);
		set_label(m, between);
		emit_test(m, n->b, yes, no);
		break;
	case NODE_OR:
		between = new_label(m);
		emit_test(m, n->a, yes, between);
		set_label(m, between);
		emit_test(m, n->b, yes, no);
		break;
	case NODE_NOT:
		emit_test(m, n->a, no, yes);
		break;
	case NODE_TRUE:
		emit(m, OP_JUMP)->yes = yes;
		break;
	case NODE_COMPARE:
		emit_compare(m, n, yes, no);
		break;
	case NODE_IN:
		emit_in(m, n, yes, no);
		break;
	case NODE_BITS:
		emit_bits(m, n, yes, no);
		break;
	case NODE_MATCH:
	case NODE_UNDER:
		emit_text_test(m, n, yes, no);
		break;
	case NODE_EXISTS:
		emit_exists(m, n, yes, no);
		break;
	default:
		emit_value(m, n);
		emit_branch(m, OP_TRUTH, yes, no);
		m->e->depth--;
	}
}

static void
emit_const(struct emitter *m, const struct node *n)
{
	emit(m, OP_CONST)->node = n;
	pushed(m, 0);
}

/* One of two values, by a test. */
static void
emit_choice(struct emitter *m, const struct node *test, const struct node *b,
    const struct node *c)
{
	uint32_t yes = new_label(m), no = new_label(m), end = new_label(m);

	emit_test(m, test, yes, no);
	set_label(m, yes);
	emit_value(m, b);
	emit(m, OP_JUMP)->yes = end;
	m->e->depth--;
	set_label(m, no);
	emit_value(m, c);
	set_label(m, end);
}

static void
emit_call(struct emitter *m, const struct node *n)
{
	struct insn *i;

	for (const struct node *a = n->a; a; a = a->next)
		emit_value(m, a);
	i = emit(m, OP_CALL);
	i->node = n;
	i->arg = (int)n->n_args;
	pushed(m, n->n_args);
}

static void
emit_map(struct emitter *m, const struct node *n)
{
	emit_value(m, n->a);
	emit(m, OP_MAP)->node = n;
}

static void
emit_choose(struct emitter *m, const struct node *n)
{
	uint32_t end = new_label(m);
	int i = 0;

	emit_value(m, n->a);
	for (const struct node *b = n->b; b; b = b->next) {
		uint32_t yes = new_label(m), no = new_label(m);

		emit_branch(m, OP_CASE, yes, no)->arg = b->next ? i++ : -1;
		set_label(m, yes);
		m->e->depth--;
		emit_value(m, b);
		emit(m, OP_JUMP)->yes = end;
		set_label(m, no);
	}
	set_label(m, end);
}

static void
emit_value(struct emitter *m, const struct node *n)
{
	static const struct node yes = { .kind = NODE_CONST,
		.v = { .type = VALUE_BOOL, .b = true } };
	static const struct node no = { .kind = NODE_CONST,
		.v = { .type = VALUE_BOOL } };

	switch (n->kind) {
	case NODE_CONST:
		emit_const(m, n);
		break;
	case NODE_FIELD:
	case NODE_CELL:
		about(emit(m, n->kind == NODE_CELL ? OP_CELL : OP_LOAD), n);
		pushed(m, 0);
		break;
	case NODE_ARITH:
		emit_value(m, n->a);
		emit_value(m, n->b);
		emit(m, OP_ARITH)->arg = n->op;
		pushed(m, 2);
		break;
	case NODE_CALL:
		emit_call(m, n);
		break;
	case NODE_IF:
		emit_choice(m, n->a, n->b, n->c);
		break;
	case NODE_MAP:
		emit_map(m, n);
		break;
	case NODE_CHOOSE:
		emit_choose(m, n);
		break;
	default:
		emit_choice(m, n, &yes, &no);
	}
}

static bool
is_test(const struct node *n)
{
	return n->kind >= NODE_TRUE;
}

static void
find_ranges(struct expr *e)
{
	const struct insn *i = e->code;

	for (size_t n = 0; i->op == OP_RANGE && i->yes == n + 1 &&
			   i->no == e->n - 1 && n < GLANCE_MAX;
	     i++)
		e->ranges[n++] =
		    glance_range(i->slot, i->inverted, i->lo, i->span);
	e->n_ranges = (size_t)(i - e->code);
	e->only_ranges = e->n_ranges && i->op == OP_TRUE;
}

void
expr_emit(struct expr *e, const struct node *root)
{
	struct emitter m = { .e = e };
	uint32_t yes = new_label(&m), no = new_label(&m);

	e->root = root;
	if (is_test(root))
		emit_test(&m, root, yes, no);
	else
		emit_value(&m, root);
	if (!is_test(root))
		emit(&m, OP_VALUE);
	set_label(&m, yes);
	emit(&m, OP_TRUE);
	set_label(&m, no);
	emit(&m, OP_FALSE);
	for (size_t i = 0; i < e->n; i++) {
		struct insn *in = &e->code[i];

		if (in->yes >= LABEL)
			in->yes = m.labels[in->yes - LABEL];
		if (in->no >= LABEL)
			in->no = m.labels[in->no - LABEL];
	}
	free(m.labels);
	find_ranges(e);
	e->stack = xcalloc(e->max_depth + 1, sizeof *e->stack);
}

void
expr_code_ask(const struct node *n, struct schema *schema)
{
	for (; n; n = n->next) {
		if (n->kind == NODE_FIELD &&
		    (!n->field || field_is_end(n->field) ||
			field_is_endpoint(n->field)))
			schema_ask(schema, n->slot);
		/* Who writes these knows that it may be absent. */
		if (n->kind == NODE_EXISTS ||
		    (n->kind == NODE_CALL &&
			strcmp(n->fn->name, "coalesce") == 0))
			continue;
		expr_code_ask(n->a, schema);
		expr_code_ask(n->b, schema);
		expr_code_ask(n->c, schema);
	}
}

void
expr_code_cells(const struct node *n, bool *cells)
{
	for (; n; n = n->next) {
		if (n->kind == NODE_CELL)
			cells[n->slot] = true;
		expr_code_cells(n->a, cells);
		expr_code_cells(n->b, cells);
		expr_code_cells(n->c, cells);
	}
}
