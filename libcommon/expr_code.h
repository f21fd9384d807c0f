/* SPDX-License-Identifier: MIT */
/*
 * expr_code: the flat program.  Tests jump, to 'yes' or 'no'; the others push
 * a value.  Private to expr_*.c.
 */
#ifndef EXPR_CODE_H
#define EXPR_CODE_H

#include "libcommon/expr_tree.h"
#include "libcommon/glance.h"

enum op {
	/* Tests of a member, without the stack: the common ones. */
	OP_RANGE,   /* a number in [lo, hi] (inverted: known, and not in it) */
	OP_BITS,    /* flags: value & mask == bits */
	OP_NUMBERS, /* a number in a set */
	OP_ADDRESS, /* an address in a set */
	OP_EXISTS,
	OP_CELL_EXISTS,
	/* Tests of what is on the stack. */
	OP_COMPARE,
	OP_IN,
	OP_STACK_BITS,
	OP_MATCH,
	OP_UNDER,
	OP_CASE, /* the integer is arg (-1: any): it is taken off then */
	OP_TRUTH,
	/* Pushes. */
	OP_CONST,
	OP_LOAD,
	OP_CELL,
	OP_ARITH,
	OP_CALL,
	OP_MAP,
	/* Ends. */
	OP_JUMP,
	OP_TRUE,
	OP_FALSE,
	OP_VALUE,
};

/* What the quick tests need comes first: one line of cache. */
struct insn {
	enum op op;
	int slot;         /* or cell */
	uint32_t yes, no; /* instruction numbers; OP_JUMP: yes */
	uint64_t lo;      /* OP_BITS: mask */
	uint64_t span;    /* hi - lo; OP_BITS: bits */
	bool inverted;
	int arg; /* enum compare, arithmetic operator, number of arguments */
	const struct set *set;
	const struct field *field;
	struct slice name;       /* of the member */
	const struct node *node; /* regex, text, function, map, constant */
};

struct expr {
	struct insn *code;
	size_t n, cap;
	/* Joined by and, they are the program, or what it begins with. */
	struct glance_range ranges[GLANCE_MAX];
	size_t n_ranges;
	bool only_ranges;
	unsigned depth, max_depth;
	struct value *stack;
	struct arena scratch;
	struct value_reading how; /* its arena is scratch */
	void *match;              /* pcre2_match_data */
	struct arena tree;
	char message[160];
	const struct node *root;
};

void expr_emit(struct expr *e, const struct node *root);

/* The program as text, one instruction a line. */
void expr_code_put(const struct expr *e, struct output *out);

/* Tells the schema which members a tree names that are no known fields. */
void expr_code_ask(const struct node *n, struct schema *schema);

/* Marks the cells of a tree. */
void expr_code_cells(const struct node *n, bool *cells);

#endif
