/* SPDX-License-Identifier: MIT */
/* The program as text, for --explain. */
#include <inttypes.h>
#include <stdio.h>

#include "libcommon/expr_code.h"

static const char *const op_names[] = {
	[OP_RANGE] = "range",
	[OP_BITS] = "bits",
	[OP_NUMBERS] = "in numbers",
	[OP_ADDRESS] = "in addresses",
	[OP_EXISTS] = "exists",
	[OP_CELL_EXISTS] = "exists",
	[OP_COMPARE] = "compare",
	[OP_IN] = "in",
	[OP_STACK_BITS] = "bits",
	[OP_MATCH] = "match",
	[OP_UNDER] = "under",
	[OP_CASE] = "case",
	[OP_TRUTH] = "truth",
	[OP_CONST] = "const",
	[OP_LOAD] = "load",
	[OP_CELL] = "cell",
	[OP_ARITH] = "arith",
	[OP_CALL] = "call",
	[OP_MAP] = "map",
	[OP_JUMP] = "jump",
	[OP_TRUE] = "true",
	[OP_FALSE] = "false",
	[OP_VALUE] = "value",
};

static size_t
explain_operands(const struct insn *in, char *out, size_t room)
{
	static const char *const compare[] = { "=", "!=", "<", "<=", ">",
		">=" };
	char text[64];

	switch (in->op) {
	case OP_RANGE:
		return (size_t)snprintf(out, room, " %s%" PRIu64 "..%" PRIu64,
		    in->inverted ? "not " : "", in->lo, in->lo + in->span);
	case OP_BITS:
	case OP_STACK_BITS:
		return (size_t)snprintf(out, room,
		    " & 0x%02" PRIx64 " = 0x%02" PRIx64, in->lo, in->span);
	case OP_NUMBERS:
	case OP_ADDRESS:
	case OP_IN:
		set_describe(in->set, text, sizeof text);
		return (size_t)snprintf(
		    out, room, " %s%s", in->inverted ? "not " : "", text);
	case OP_COMPARE:
		return (size_t)snprintf(out, room, " %s", compare[in->arg]);
	case OP_ARITH:
		return (size_t)snprintf(out, room, " %s",
		    in->arg == 'l'   ? "<<"
		    : in->arg == 'r' ? ">>"
				     : (char[]){ (char)in->arg, 0 });
	case OP_MATCH:
	case OP_UNDER:
		return (size_t)snprintf(out, room, " \"%.*s\"",
		    (int)in->node->text.n, in->node->text.p);
	case OP_CASE:
		return in->arg < 0
			   ? 0
			   : (size_t)snprintf(out, room, " %d", in->arg);
	case OP_CALL:
		return (size_t)snprintf(
		    out, room, " %s/%d", in->node->fn->name, in->arg);
	case OP_CONST:
		return (size_t)snprintf(out, room, " %.*s",
		    (int)value_text(text, sizeof text, &in->node->v, NULL),
		    text);
	default:
		return 0;
	}
}

void
expr_code_put(const struct expr *e, struct output *out)
{
	char line[512];

	for (size_t i = 0; i < e->n; i++) {
		const struct insn *in = &e->code[i];
		int n =
		    snprintf(line, sizeof line, "%3zu %s", i, op_names[in->op]);

		if (in->name.n)
			n += snprintf(line + n, sizeof line - (size_t)n,
			    " %.*s", (int)(in->name.n < 100 ? in->name.n : 100),
			    in->name.p);
		out_put(out, line, (size_t)n);
		n = (int)explain_operands(in, line, sizeof line);
		out_put(out, line,
		    (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
		if (in->op <= OP_TRUTH)
			n = snprintf(
			    line, sizeof line, " ? %u : %u", in->yes, in->no);
		else
			n = in->op == OP_JUMP
				? snprintf(line, sizeof line, " %u", in->yes)
				: 0;
		out_put(out, line, (size_t)n);
		out_char(out, '\n');
	}
}
