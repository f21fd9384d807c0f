/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pattern: any text is a pattern file, or is refused with a message; what
 * is one can be compared with vectors of any numbers.  Expressions that would
 * look up files or hosts are kept out, as in fuzz_expr.
 */
#include <math.h>
#include <string.h>

#include "cmd/flowmatch/distance.h"
#include "tests/fuzz/fuzz.h"

enum { MAX = 4096 };

static bool
is_harmless(const char *text)
{
	static const char *const lookups[] = { "@", "host", "ip ", "net",
		"\\u" };

	for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
		if (strcasestr(text, lookups[i]))
			return false;
	return true;
}

static void
compare(const struct pattern_set *s, double value)
{
	double v[PATTERN_DIMENSIONS], prepared[PATTERN_DIMENSIONS], d;
	size_t at;

	for (size_t i = 0; i < PATTERN_DIMENSIONS; i++)
		v[i] = value;
	distance_prepare(s, v, prepared);
	for (size_t i = 0; i < s->n; i++) {
		d = distance_between(s, &s->patterns[i], prepared);
		MUST(d >= 0);
		at = pattern_interval(&s->patterns[i].worth, d);
		MUST(at < s->patterns[i].worth.n);
		MUST(s->patterns[i].worth.weights[at] == 0 ||
		     s->patterns[i].worth.shares[at] < s->n_shares);
		MUST(distance_compat(s, &s->patterns[i], v, ~0ull) >= 0);
	}
	MUST(isnan(value) || pattern_certainty(s, value) <= 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schema schema;
	struct expr_context context = { .schema = &schema };
	char text[MAX + 1], error[PATTERN_ERROR] = "";
	struct pattern_set *s;

	if (size > MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!is_harmless(text))
		return 0;
	schema_init(&schema);
	for (int mode = 0; mode < 3; mode++) {
		s = pattern_parse(
		    text, size, &context, mode == 1, mode == 2, error);
		MUST(s || *error);
		if (!s)
			continue;
		compare(s, 0);
		compare(s, 17.5);
		compare(s, 1e300);
		compare(s, NAN);
	}
	return 0;
}
