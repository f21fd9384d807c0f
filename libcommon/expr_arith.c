/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "libcommon/expr_tree.h"

/* False if that has no meaning, or bits would be lost to the left. */
static bool
shifted(i128 a, i128 n, bool left, i128 *r)
{
	int by = n > 126 ? 127 : (int)n;

	if (n < 0 || (left && a && n > 126))
		return false;
	*r = left ? (i128)((u128)a << by) : a >> by;
	return !left || *r >> by == a;
}

/* Of two integers; false if the result is unknown or no integer. */
static bool
arith_int(int op, i128 a, i128 b, i128 *r)
{
	switch (op) {
	case '+':
		return !__builtin_add_overflow(a, b, r);
	case '-':
		return !__builtin_sub_overflow(a, b, r);
	case '*':
		return !__builtin_mul_overflow(a, b, r);
	case '/':
		if (b == -1)
			return !__builtin_sub_overflow((i128)0, a, r);
		*r = b ? a / b : 0;
		return b && a % b == 0;
	case '%':
		*r = b && b != -1 ? a % b : 0;
		return b != 0;
	case '&':
		*r = a & b;
		return true;
	case '|':
		*r = a | b;
		return true;
	case '^':
		*r = a ^ b;
		return true;
	default:
		return shifted(a, b, op == 'l', r);
	}
}

static double
arith_real(int op, double a, double b)
{
	switch (op) {
	case '+':
		return a + b;
	case '-':
		return a - b;
	case '*':
		return a * b;
	case '/':
		return b != 0 ? a / b : NAN;
	case '%':
		return b != 0 ? fmod(a, b) : NAN;
	case 'l': /* of integers that become too great */
		return a == floor(a) && b >= 0 && b < 1100 && b == floor(b)
			   ? ldexp(a, (int)b)
			   : NAN;
	default:
		return NAN;
	}
}

void
expr_arith(int op, struct value *a, struct value *b, struct value *out)
{
	struct value r = { .type = VALUE_NONE };
	double d;
	i128 nano;

	value_as_number(a);
	value_as_number(b);
	if (a->type == VALUE_INT && b->type == VALUE_INT &&
	    arith_int(op, a->i, b->i, &r.i)) {
		r.type = VALUE_INT;
	} else if (a->type == VALUE_TIME && b->type == VALUE_TIME &&
		   op == '-') {
		r.type = VALUE_REAL;
		r.d = (double)(a->i - b->i) / NUM_NANO;
	} else if (a->type == VALUE_TIME && value_nano(b, &nano) &&
		   (op == '+' || op == '-')) {
		if (arith_int(op, a->i, nano, &r.i) && r.i >= INT64_MIN &&
		    r.i <= INT64_MAX)
			r.type = VALUE_TIME;
	} else {
		d = arith_real(op, value_double(a), value_double(b));
		r.type = isfinite(d) ? VALUE_REAL : VALUE_NONE;
		r.d = d;
	}
	*out = r;
}
