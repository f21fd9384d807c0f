/* SPDX-License-Identifier: MIT */
/*
 * fuzz_expr: any text compiles or is refused with a place within it; what
 * compiles is asked of a record with every kind of value, and of an empty one,
 * without a crash.  Names of files and hosts are kept out: no '@', and letters
 * behind "host", "ip" and "net" would be looked up.
 */
#include <string.h>

#include "libcommon/expr.h"
#include "tests/fuzz/fuzz.h"

enum { MAX = 512, SLOTS = 64 };

static bool
is_harmless(const char *text)
{
	static const char *const lookups[] = { "@", "host", "ip", "net", "HOST",
		"IP", "NET" };

	for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
		if (strcasestr(text, lookups[i]))
			return false;
	return true;
}

static void
ask(struct expr *e, const struct json_val *v)
{
	struct expr_input in = { .v = v };
	struct value out;
	bool yes;

	(void)expr_value(e, &in, &out);
	(void)expr_test(e, &in, &yes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char room[] = "443.5e1 2015-07-18 .A..S. x        ";
	static const struct json_val samples[] = {
		{ .p = room, .n = 3, .kind = JSON_NUMBER },
		{ .p = room, .n = 5, .kind = JSON_NUMBER },
		{ .p = room + 8, .n = 10, .kind = JSON_STRING },
		{ .p = room + 19, .n = 6, .kind = JSON_STRING },
		{ .p = "[1]", .n = 3, .kind = JSON_ARRAY },
		{ .p = "true    ", .n = 4, .kind = JSON_TRUE },
	};
	struct json_val full[SLOTS], empty[SLOTS] = { 0 };
	struct schema schema;
	struct expr_context context = { .schema = &schema };
	struct expr_error error;
	struct expr *e;
	char text[MAX + 1];

	if (size > MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!is_harmless(text))
		return 0;
	schema_init(&schema);
	e = expr_try(text, &context, &error);
	if (!e) {
		MUST(error.at <= strlen(text) && error.what[0]);
		return 0;
	}
	if (schema.n_slots > SLOTS)
		return 0;
	for (size_t i = 0; i < SLOTS; i++)
		full[i] = samples[i % (sizeof samples / sizeof *samples)];
	ask(e, full);
	ask(e, empty);
	return 0;
}
