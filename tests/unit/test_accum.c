/* SPDX-License-Identifier: MIT */
#include "libcommon/accum.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { MAX = 3000, ORDERS = 4, ROUNDS = 12 };

/* What is aggregated: a multiset of values with times. */
static struct value values[MAX];
static int64_t times[MAX];
static char texts[MAX][24];
static size_t n_values;

static struct accum_spec
spec_of(const char *name)
{
	struct accum_spec spec;

	if (!accum_find(slice_str(name), &spec))
		abort();
	return spec;
}

/* The result as text, to be freed; the state is freed too. */
static char *
result_of(const struct accum_spec *spec)
{
	void *state = calloc(1, spec->fn->size);
	struct arena arena = { 0 };
	struct output out;
	struct value v;
	char *text;

	for (size_t i = 0; i < n_values; i++) {
		struct accum_arg arg = { &values[i], times[i] };

		if (!spec->fn->accepts || spec->fn->accepts(&values[i]))
			spec->fn->add(state, spec, &arg);
	}
	spec->fn->result(state, spec, &v, &arena);
	out_memory(&out);
	value_json(&out, &v, NULL);
	text = strndup(out.buf, out.n);
	out_close(&out);
	if (spec->fn->free)
		spec->fn->free(state);
	free(state);
	arena_free(&arena);
	return text;
}

static void
swap(size_t i, size_t j)
{
	struct value v = values[i];
	int64_t t = times[i];

	values[i] = values[j];
	values[j] = v;
	times[i] = times[j];
	times[j] = t;
}

static void
shuffle(void)
{
	for (size_t i = n_values; i > 1; i--)
		swap(i - 1, sample_below((unsigned)i));
}

/* Whether the result is the same in several orders. */
static bool
steady(const char *name)
{
	struct accum_spec spec = spec_of(name);
	char *first = result_of(&spec), *other;
	bool good = true;

	for (int i = 0; i < ORDERS && good; i++) {
		shuffle();
		other = result_of(&spec);
		good = strcmp(first, other) == 0;
		if (!good)
			printf("# %s of %zu values: %s, %s\n", name, n_values,
			    first, other);
		free(other);
	}
	free(first);
	return good;
}

static void
random_number(struct value *v)
{
	*v = (struct value){ .type = VALUE_INT };
	switch (sample_below(5)) {
	case 0:
		v->i = sample_below(10);
		break;
	case 1:
		v->i = (i128)sample_next();
		break;
	case 2:
		v->i = -(i128)sample_below(1000000);
		break;
	case 3:
		v->type = VALUE_REAL;
		v->d = (double)sample_below(1000) / 8 - 20;
		break;
	default:
		v->type = VALUE_REAL;
		v->d = (double)sample_below(1000000) / 1000;
	}
}

static void
random_text(struct value *v, char *text)
{
	*v = (struct value){ .type = sample_below(4) ? VALUE_STR : VALUE_JSON };
	if (v->type == VALUE_JSON)
		snprintf(text, 24, "[%u,{}]", sample_below(50));
	else
		snprintf(text, 24, "%c%u", 'a' + (int)sample_below(3),
		    sample_below(1000));
	v->s = slice_str(text);
}

static void
random_other(struct value *v)
{
	static const enum value_type types[] = { VALUE_BOOL, VALUE_TIME,
		VALUE_IP, VALUE_NET };

	*v = (struct value){ .type = types[sample_below(4)] };
	if (v->type == VALUE_BOOL)
		v->b = sample_below(2);
	else if (v->type == VALUE_TIME)
		v->i = (int64_t)sample_next();
	else
		v->ip.b[sample_below(16)] = (unsigned char)sample_below(4);
	if (v->type == VALUE_NET)
		v->net_len = (uint8_t)sample_below(129);
}

enum kind { NUMBERS, WHOLE, TEXT, OTHERS, NUMBERS_AS_TEXT };

static void
fill(enum kind kind, size_t n)
{
	unsigned bits = kind == WHOLE ? 30 : 8;

	n_values = n;
	for (size_t i = 0; i < n; i++) {
		struct value *v = &values[i];

		times[i] =
		    sample_below(5) ? (int64_t)sample_below(40) : INT64_MIN;
		if (kind == NUMBERS) {
			random_number(v);
		} else if (kind == WHOLE || kind == NUMBERS_AS_TEXT) {
			*v = (struct value){ .type = VALUE_INT };
			v->i = sample_below(1 << (1 + sample_below(bits)));
		} else if (kind == TEXT) {
			random_text(v, texts[i]);
		} else {
			random_other(v);
		}
		if (kind == NUMBERS_AS_TEXT && sample_below(2)) {
			snprintf(texts[i], 24, "%u", (unsigned)v->i);
			*v = (struct value){ .type = VALUE_STR,
				.s = slice_str(texts[i]) };
		}
	}
}

static bool
all_steady(enum kind kind)
{
	bool good = true;

	for (int round = 0; round < ROUNDS; round++) {
		fill(kind, round < ROUNDS / 2 ? (size_t)round + 1
					      : 10 + sample_below(MAX - 10));
		for (const struct accum_fn *f = accum_fns; f->name; f++)
			good &=
			    steady(strcmp(f->name, "p") == 0 ? "p95" : f->name);
	}
	return good;
}

static void
test_order(void)
{
	OK(all_steady(WHOLE));
	OK(all_steady(NUMBERS));
	OK(all_steady(TEXT));
	OK(all_steady(OTHERS));
}

/* "9" is less than 10, 10 less than "100", "100" less than "9". */
static void
test_order_of_mixed(void)
{
	static const char *const of[] = { "min", "max", "first", "last", "set",
		"top", "distinct", "entropy", NULL };
	bool good = true;

	for (int round = 0; round < 20 * ROUNDS && good; round++) {
		fill(NUMBERS_AS_TEXT, round % 2 ? 4 : 100);
		for (int i = 0; of[i]; i++)
			good &= steady(of[i]);
	}
	OK(good);
}

static bool
gives(const char *name, const char *expected)
{
	struct accum_spec spec = spec_of(name);
	char *text = result_of(&spec);
	bool same = strcmp(text, expected) == 0;

	if (!same)
		printf("# %s: %s, expected %s\n", name, text, expected);
	free(text);
	return same;
}

static void
use_ints(const i128 *v, size_t n)
{
	n_values = n;
	for (size_t i = 0; i < n; i++) {
		values[i] = (struct value){ .type = VALUE_INT, .i = v[i] };
		times[i] = (int64_t)i;
	}
}

static void
use_reals(const double *v, size_t n)
{
	n_values = n;
	for (size_t i = 0; i < n; i++) {
		values[i] = (struct value){ .type = VALUE_REAL, .d = v[i] };
		times[i] = -(int64_t)i;
	}
}

static void
test_values(void)
{
	static const i128 some[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
	static const i128 large[] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	static const i128 close[] = { 1000000001, 1000000002, 1000000003 };
	static const double tenths[] = { 0.1, 0.2, -0.5, 0.5 };

	use_ints(some, 8);
	OK(gives("count", "8") && gives("sum", "40") && gives("avg", "5"));
	OK(gives("min", "2") && gives("max", "9") && gives("first", "2"));
	OK(gives("last", "9") && gives("stddev", "2.138089935299395"));
	OK(gives("distinct", "5") && gives("set", "[2,4,5,7,9]"));
	OK(gives("top", "4") && gives("bits", "15"));
	use_ints(large, 3);
	OK(gives("sum", "55340232221128654845"));
	OK(gives("max", "18446744073709551615") && gives("stddev", "0"));
	use_ints(close, 3);
	OK(gives("stddev", "1"));
	use_reals(tenths, 4);
	OK(gives("sum", "0.3") && gives("min", "-0.5") && gives("max", "0.5"));
	OK(gives("first", "0.5") && gives("last", "0.1"));
	OK(gives("avg", "0.075") && gives("entropy", "2"));
}

/* Counts are 0, all others are unknown. */
static void
test_nothing(void)
{
	n_values = 0;
	OK(gives("count", "0") && gives("distinct", "0"));
	OK(gives("sum", "null") && gives("avg", "null"));
	OK(gives("min", "null") && gives("max", "null"));
	OK(gives("first", "null") && gives("last", "null"));
	OK(gives("stddev", "null") && gives("p99", "null"));
	OK(gives("top", "null") && gives("bits", "null"));
	OK(gives("set", "null"));
	OK(gives("entropy", "null"));
}

static bool
quantile_is(const char *name, double quantile)
{
	struct accum_spec spec;

	return accum_find(slice_str(name), &spec) &&
	       spec.quantile > quantile - 1e-12 &&
	       spec.quantile < quantile + 1e-12;
}

static void
test_find(void)
{
	struct accum_spec spec;
	bool all = true;

	for (const struct accum_fn *f = accum_fns; f->name; f++)
		all &= strcmp(f->name, "p") == 0 ||
		       (accum_find(slice_str(f->name), &spec) && spec.fn == f &&
			   f->size % 8 == 0 && spec.param == f->param);
	OK(all);
	OK(quantile_is("p50", 0.5) && quantile_is("p99.9", 0.999));
	OK(quantile_is("p0", 0) && quantile_is("P100", 1));
	OK(accum_find(slice_str("SUM"), &spec));
	OK(!accum_find(slice_str("p"), &spec));
	OK(!accum_find(slice_str("p101"), &spec));
	OK(!accum_find(slice_str("p-1"), &spec));
	OK(!accum_find(slice_str("p5x"), &spec));
	OK(!accum_find(slice_str("summ"), &spec));
	OK(!accum_find(slice_str(""), &spec));
}

/* Distinct: exact, then an estimate that says so. */
static void
test_error(void)
{
	struct accum_spec spec = spec_of("distinct");
	void *state = calloc(1, spec.fn->size);
	struct value v = { .type = VALUE_INT };
	struct accum_arg arg = { &v, 0 };
	bool exact = true;

	for (v.i = 0; v.i < 1024; v.i++) {
		spec.fn->add(state, &spec, &arg);
		exact &= spec.fn->error(state) == 0;
	}
	OK(exact);
	spec.fn->add(state, &spec, &arg);
	OK(fabs(spec.fn->error(state) - 0.008125) < 1e-9);
	spec.fn->free(state);
	free(state);
	OK(!spec_of("sum").fn->error && spec_of("p50").fn->error);
}

int
main(void)
{
	test_find();
	test_values();
	test_nothing();
	test_order();
	test_order_of_mixed();
	test_error();
	return DONE();
}
