/* SPDX-License-Identifier: MIT */
/* States that are merged, subtracted, saved and loaded. */
#include <stdlib.h>

#include "libcommon/accum.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { MAX = 2500, PARTS = 7, ROUNDS = 12, CUTS = 150, CAP = 5 };

static const i128 most = (i128)(~(u128)0 >> 1), least = -most - 1;

/* What is aggregated. */
static struct sample {
	struct value v;
	int64_t time;
	char text[24];
} samples[MAX];

static struct accum_spec
spec_of(const char *name)
{
	struct accum_spec spec;

	if (!accum_find(slice_str(strcmp(name, "p") ? name : "p90"), &spec))
		abort();
	if (strcmp(name, "set") == 0)
		spec.param = CAP;
	return spec;
}

/* ---- states ---- */

static void *
new_state(const struct accum_spec *spec)
{
	return calloc(1, spec->fn->size);
}

static void
free_state(const struct accum_spec *spec, void *state)
{
	if (spec->fn->free)
		spec->fn->free(state);
	free(state);
}

static void
add(const struct accum_spec *spec, void *state, const struct sample *s)
{
	struct accum_arg arg = { &s->v, s->time };

	if (!spec->fn->accepts || spec->fn->accepts(&s->v))
		spec->fn->add(state, spec, &arg);
}

static void *
state_of(const struct accum_spec *spec, size_t from, size_t to)
{
	void *state = new_state(spec);

	for (size_t i = from; i < to; i++)
		add(spec, state, &samples[i]);
	return state;
}

/* To be freed. */
static char *
saved(const struct accum_spec *spec, const void *state)
{
	struct output out;
	char *text;

	out_memory(&out);
	spec->fn->save(state, &out);
	text = strndup(out.n ? out.buf : "", out.n);
	out_close(&out);
	return text;
}

static char *
result_of(const struct accum_spec *spec, const void *state)
{
	struct arena arena = { 0 };
	struct output out;
	struct value v;
	char *text;

	spec->fn->result(state, spec, &v, &arena);
	out_memory(&out);
	value_json(&out, &v, NULL);
	text = strndup(out.buf, out.n);
	out_close(&out);
	arena_free(&arena);
	return text;
}

/* Compares two texts and frees them. */
static bool
equal(const char *what, char *a, char *b)
{
	bool same = strcmp(a, b) == 0;

	if (!same)
		printf("# %s: %.200s, %.200s\n", what, a, b);
	free(a);
	free(b);
	return same;
}

static bool
same(const struct accum_spec *spec, const void *a, const void *b)
{
	const char *name = spec->fn->name;

	return equal(name, saved(spec, a), saved(spec, b)) &&
	       equal(name, result_of(spec, a), result_of(spec, b));
}

static bool
is_empty(const struct accum_spec *spec, const void *state)
{
	void *empty = new_state(spec);
	char *text = saved(spec, state);
	bool good = !*text && same(spec, state, empty);

	free(text);
	free(empty);
	return good;
}

/* ---- values ---- */

static void
random_number(struct value *v, unsigned kinds)
{
	*v = (struct value){ .type = VALUE_INT };
	switch (sample_below(5)) {
	case 0:
		v->i = sample_below(kinds);
		break;
	case 1:
		v->i = (i128)sample_next();
		break;
	case 2:
		v->i = -(i128)sample_below(kinds * 1000);
		break;
	case 3:
		v->type = VALUE_REAL;
		v->d = (double)sample_below(kinds) / 8 - 20;
		break;
	default:
		v->type = VALUE_NANO;
		v->i = (i128)sample_next() * sample_below(kinds);
	}
}

static void
random_other(struct sample *s, unsigned kinds)
{
	static const enum value_type types[] = { VALUE_BOOL, VALUE_TIME,
		VALUE_IP, VALUE_NET, VALUE_STR, VALUE_JSON };
	struct value *v = &s->v;
	size_t n;

	*v = (struct value){ .type = types[sample_below(6)] };
	if (v->type == VALUE_BOOL)
		v->b = sample_below(2);
	else if (v->type == VALUE_TIME)
		v->i = (int64_t)sample_next();
	else if (v->type == VALUE_IP || v->type == VALUE_NET)
		v->ip.b[sample_below(16)] = (unsigned char)sample_below(kinds);
	if (v->type == VALUE_NET)
		v->net_len = (uint8_t)sample_below(129);
	n = (size_t)snprintf(s->text, sizeof s->text,
	    v->type == VALUE_JSON ? "[%u,{}]" : "a%u", sample_below(kinds));
	if (v->type == VALUE_STR)
		s->text[sample_below((unsigned)n)] = (char)sample_below(256);
	if (v->type == VALUE_STR || v->type == VALUE_JSON)
		v->s = slice_of(s->text, n);
}

static void
fill(size_t n, bool numbers, unsigned kinds)
{
	for (size_t i = 0; i < n; i++) {
		struct sample *s = &samples[i];

		s->time =
		    sample_below(4) ? (int64_t)sample_next() >> 59 : INT64_MIN;
		if (numbers || sample_below(2))
			random_number(&s->v, kinds);
		else
			random_other(s, kinds);
	}
}

/* ---- each function, on random values ---- */

typedef bool check_fn(const struct accum_spec *spec, size_t n);

/* Whether a check holds of all functions; those with 'subtract' or all. */
static bool
all_hold(check_fn *check, bool subtract)
{
	bool good = true;

	for (int round = 0; round < ROUNDS; round++) {
		size_t n = round < 4 ? (size_t)round : 1 + sample_below(MAX);

		fill(n, round % 2, round % 3 ? 2000 : 10);
		for (const struct accum_fn *f = accum_fns; f->name; f++) {
			struct accum_spec spec = spec_of(f->name);

			if (f->subtract || !subtract)
				good &= check(&spec, n);
		}
	}
	return good;
}

/* Values at random over states, which are merged at random. */
static bool
merges(const struct accum_spec *spec, size_t n)
{
	void *all = state_of(spec, 0, n), *parts[PARTS];
	bool good = true;

	for (size_t i = 0; i < PARTS; i++)
		parts[i] = new_state(spec);
	for (size_t i = 0; i < n; i++)
		add(spec, parts[sample_below(PARTS)], &samples[i]);
	for (unsigned left = PARTS; left > 1; left--) {
		unsigned to = sample_below(left - 1), from = left - 1;
		char *before = saved(spec, parts[from]);

		spec->fn->merge(parts[to], spec, parts[from]);
		good &= equal("other", before, saved(spec, parts[from]));
		free_state(spec, parts[from]);
	}
	good &= same(spec, parts[0], all);
	free_state(spec, parts[0]);
	free_state(spec, all);
	return good;
}

/* A window that slides over the values; in the end nothing is left. */
static bool
subtracts(const struct accum_spec *spec, size_t n)
{
	void *window = new_state(spec), *pane, *fresh;
	size_t step = n / 20 + 1, width = 3 * step;
	bool good = true;

	for (size_t at = 0; at < n + width; at += step) {
		size_t from = at < width ? 0 : at - width;

		if (at < n) {
			size_t end = at + step < n ? at + step : n;

			pane = state_of(spec, at, end);
			spec->fn->merge(window, spec, pane);
			free_state(spec, pane);
		}
		if (at < width)
			continue;
		pane = state_of(spec, from, from + step < n ? from + step : n);
		spec->fn->subtract(window, spec, pane);
		free_state(spec, pane);
		fresh =
		    state_of(spec, from + step, at + step < n ? at + step : n);
		good &= same(spec, window, fresh);
		free_state(spec, fresh);
	}
	good &= is_empty(spec, window);
	free_state(spec, window);
	return good;
}

/* The text may stand in a JSON string; it comes back as the same state. */
static bool
comes_back(const struct accum_spec *spec, size_t n)
{
	void *state = state_of(spec, 0, n), *back = new_state(spec);
	void *half = state_of(spec, 0, n / 2);
	char *text = saved(spec, state);
	bool good = true;

	for (const char *p = text; *p; p++)
		good &= *p > ' ' && *p < 127 && *p != '"' && *p != '\\';
	memset(back, 0xa5, spec->fn->size);
	good &= !spec->fn->load(back, spec, slice_str(text));
	good &= same(spec, back, state);
	spec->fn->merge(back, spec, half);
	spec->fn->merge(state, spec, half);
	good &= same(spec, back, state);
	free_state(spec, half);
	free_state(spec, back);
	free_state(spec, state);
	free(text);
	return good;
}

/* ---- hostile text ---- */

static int refused, accepted;

/* Refused with all zero, or what would have been written. */
static bool
is_strict(const struct accum_spec *spec, const char *p, size_t n)
{
	char *copy = malloc(n + !n); /* no more, for ASan to see */
	void *state = new_state(spec), *zero = new_state(spec);
	const char *err;
	bool good;

	memcpy(copy, p, n);
	err = spec->fn->load(state, spec, slice_of(copy, n));
	refused += err != NULL;
	accepted += !err;
	if (err) {
		good = memcmp(state, zero, spec->fn->size) == 0;
	} else {
		char *again = saved(spec, state);

		good = slice_is(slice_of(copy, n), again);
		free(again);
		free(result_of(spec, state));
	}
	if (!good)
		printf("# %s: %.*s\n", spec->fn->name, (int)n, copy);
	free_state(spec, state);
	free(zero);
	free(copy);
	return good;
}

static bool
survives(const struct accum_spec *spec, size_t n)
{
	static const char likely[] = "0123456789abcdef:,-z+=AF\" ";
	void *state = state_of(spec, 0, n);
	char *text = saved(spec, state);
	size_t length = strlen(text), step = length / CUTS + 1;
	bool good = true;

	for (size_t i = sample_below((unsigned)step); i < length; i += step) {
		char was = text[i];

		good &= is_strict(spec, text, i);
		good &= is_strict(spec, text + i, length - i);
		text[i] = likely[sample_below(sizeof likely)];
		good &= is_strict(spec, text, length);
		text[i] ^= (char)(1 << sample_below(8));
		good &= is_strict(spec, text, length);
		text[i] = was;
	}
	free_state(spec, state);
	free(text);
	return good;
}

static void
test_all(void)
{
	OK(all_hold(merges, false));
	OK(all_hold(subtracts, true));
	OK(all_hold(comes_back, false));
	OK(all_hold(survives, false));
	printf("# %d refused, %d accepted\n", refused, accepted);
	OK(refused > 1000 && accepted > 1000);
}

/* ---- numbers at the ends ---- */

static void
use(size_t i, i128 nano)
{
	samples[i].v = (struct value){ .type = VALUE_NANO, .i = nano };
	samples[i].time = (int64_t)i;
}

static bool
result_is(const char *name, size_t from, size_t to, const char *expected)
{
	struct accum_spec spec = spec_of(name);
	void *state = state_of(&spec, from, to);
	char *text = result_of(&spec, state);

	free_state(&spec, state);
	return equal(name, text, strdup(expected));
}

static void
overflow(void *arg)
{
	struct accum_spec spec = spec_of(arg);
	void *a = state_of(&spec, 0, 1), *b = state_of(&spec, 3, 4);

	spec.fn->merge(a, &spec, b);
}

static void
underflow(void *arg)
{
	struct accum_spec spec = spec_of(arg);
	void *a = state_of(&spec, 1, 2), *b = state_of(&spec, 3, 4);

	spec.fn->subtract(a, &spec, b);
}

static void
test_extremes(void)
{
	static const char *const sums[] = { "sum", "avg", "stddev", NULL };
	bool good = true;

	use(0, most);
	use(1, least);
	use(2, 1);
	use(3, most);
	OK(result_is("sum", 0, 2, "-0.000000001"));
	OK(result_is("sum", 0, 3, "0") && result_is("avg", 0, 3, "0"));
	OK(result_is("stddev", 0, 2, "2.4061596916800452e+29"));
	for (int i = 0; sums[i]; i++) {
		struct accum_spec spec = spec_of(sums[i]);

		good &= merges(&spec, 2) && subtracts(&spec, 3) &&
			comes_back(&spec, 2);
		good &= sample_child(overflow, (void *)sums[i], NULL) == 2;
		good &= sample_child(underflow, (void *)sums[i], NULL) == 2;
	}
	OK(good);
}

/* Squares of 2^127: four fit in 256 bits, one more does not. */
static void
add_squares(void *arg)
{
	struct accum_spec spec = spec_of("stddev");
	const size_t *n = arg;

	for (size_t i = 0; i < *n; i++)
		use(i, i % 2 ? least : most);
	free_state(&spec, state_of(&spec, 0, *n));
}

static void
test_squares(void)
{
	size_t fit = 4, more = 5;

	OK(sample_child(add_squares, &fit, NULL) == 0);
	OK(sample_child(add_squares, &more, NULL) == 2);
}

int
main(void)
{
	test_all();
	test_extremes();
	test_squares();
	return DONE();
}
