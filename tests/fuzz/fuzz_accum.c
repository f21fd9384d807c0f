/* SPDX-License-Identifier: MIT */
/*
 * fuzz_accum: the first line of the input names an aggregate function, the
 * others are states for it.  What is loaded is saved as it was; any order of
 * merging gives the same state; what was merged can be subtracted.
 */
#include <string.h>

#include "libcommon/accum.h"
#include "tests/fuzz/fuzz.h"

enum { MAX = 4, CAP = 6 };

static struct slice
next_line(struct slice *rest)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	struct slice line = *rest;

	*rest = slice_of(NULL, 0);
	if (end) {
		*rest = slice_of(end + 1, line.n - (size_t)(end - line.p) - 1);
		line.n = (size_t)(end - line.p);
	}
	return line;
}

/* To be freed. */
static struct slice
saved(const struct accum_spec *spec, const void *state)
{
	struct output out;

	out_memory(&out);
	spec->fn->save(state, &out);
	return slice_of(out.buf, out.n);
}

static bool
saves(const struct accum_spec *spec, const void *state, struct slice text)
{
	struct slice got = saved(spec, state);
	bool same = slice_eq(got, text);

	free((char *)got.p);
	return same;
}

static void
free_state(const struct accum_spec *spec, void *state)
{
	if (spec->fn->free)
		spec->fn->free(state);
	free(state);
}

/* A copy that ends where the text does; all zero if it was refused. */
static void *
loaded(const struct accum_spec *spec, struct slice text)
{
	void *state = calloc(1, spec->fn->size);
	void *zero = calloc(1, spec->fn->size);
	char *copy = malloc(text.n + !text.n);

	if (text.n)
		memcpy(copy, text.p, text.n);
	memset(state, 0xa5, spec->fn->size);
	if (!spec->fn->load(state, spec, slice_of(copy, text.n)))
		MUST(saves(spec, state, text));
	else
		MUST(memcmp(state, zero, spec->fn->size) == 0);
	free(copy);
	free(zero);
	return state;
}

static void
ask(const struct accum_spec *spec, const void *state)
{
	struct arena arena = { 0 };
	struct output out;
	struct value v;

	spec->fn->result(state, spec, &v, &arena);
	if (spec->fn->error)
		spec->fn->error(state);
	out_memory(&out);
	value_json(&out, &v, NULL);
	MUST(!memchr(out.buf, '\n', out.n));
	out_close(&out);
	arena_free(&arena);
}

static void
merge_and_subtract(const struct accum_spec *spec, void **states, size_t n)
{
	void *up = calloc(1, spec->fn->size), *down = calloc(1, spec->fn->size);
	struct slice text;

	for (size_t i = 0; i < n; i++) {
		spec->fn->merge(up, spec, states[i]);
		spec->fn->merge(down, spec, states[n - 1 - i]);
	}
	ask(spec, up);
	text = saved(spec, up);
	MUST(saves(spec, down, text));
	free((char *)text.p);
	text = saved(spec, states[n - 1]);
	for (size_t i = 0; spec->fn->subtract && i < n; i++) {
		if (i == n - 1)
			MUST(saves(spec, up, text));
		spec->fn->subtract(up, spec, states[i]);
		spec->fn->subtract(down, spec, states[i]);
	}
	free((char *)text.p);
	MUST(!spec->fn->subtract || (saves(spec, up, slice_of(NULL, 0)) &&
					saves(spec, down, slice_of(NULL, 0))));
	free_state(spec, up);
	free_state(spec, down);
}

/*
 * A number behind a colon: a sum that might not fit ends the program, and
 * counts beyond 64 bits are not exact.
 */
static bool
is_large(const struct accum_spec *spec, struct slice text)
{
	bool sum = strstr("sum avg stddev", spec->fn->name), behind = false;
	size_t digits = 0, limit = sum ? 36 : 18;

	for (size_t i = 0; i < text.n && digits <= limit; i++) {
		behind |= text.p[i] == ':';
		behind &= text.p[i] != ',';
		digits = behind && text.p[i] != ':' ? digits + 1 : 0;
	}
	return spec->fn->subtract && digits > limit;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size), line;
	void *states[MAX];
	struct accum_spec spec;
	bool large = false;
	size_t n = 0;

	line = next_line(&rest);
	if (!accum_find(line, &spec))
		return 0;
	if (spec.param)
		spec.param = CAP;
	while (rest.p && n < MAX) {
		line = next_line(&rest);
		states[n] = loaded(&spec, line);
		ask(&spec, states[n++]);
		large |= is_large(&spec, line);
	}
	if (n && !large)
		merge_and_subtract(&spec, states, n);
	while (n > 0)
		free_state(&spec, states[--n]);
	return 0;
}
