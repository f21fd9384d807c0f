/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json: what the parser accepts, written anew from its parts, is accepted
 * again and the same; what strict accepts, lenient does; no crash.
 */
#include <string.h>

#include "libcommon/json.h"
#include "tests/fuzz/fuzz.h"

/* Text that grows; never more than seven bytes for one of the input. */
struct text {
	char *p;
	size_t n;
};

static void
put(struct text *out, const char *p, size_t n)
{
	if (n)
		memcpy(out->p + out->n, p, n);
	out->n += n;
}

static void
put_string(struct text *out, const struct json_val *v)
{
	char *meaning = malloc(v->n);
	size_t n = json_unescape(json_slice(v), meaning);

	MUST(n <= v->n);
	put(out, "\"", 1);
	out->n += json_escape(slice_of(meaning, n), out->p + out->n);
	put(out, "\"", 1);
	free(meaning);
}

static void
put_value(struct text *out, const struct json_val *v)
{
	struct json_in in = { .p = v->p, .end = v->p + v->n };
	struct json_iter it;
	bool first = true;

	if (v->kind == JSON_STRING) {
		put_string(out, v);
		return;
	}
	if (v->kind != JSON_OBJECT && v->kind != JSON_ARRAY) {
		MUST(json_scalar(v->p, v->n) == v->kind);
		put(out, v->p, v->n);
		return;
	}
	MUST(!json_open(&in, &it));
	put(out, it.object ? "{" : "[", 1);
	for (;; first = false) {
		struct json_val key, inner;
		bool done;

		MUST(!json_member(&in, &it, &key, &done));
		if (done)
			break;
		MUST(!json_value(&in, &inner));
		put(out, ",", !first);
		if (it.object) {
			put_string(out, &key);
			put(out, ":", 1);
		}
		put_value(out, &inner);
	}
	MUST(in.p == in.end && in.depth == 0);
	put(out, it.object ? "}" : "]", 1);
}

static bool
parse(const char *p, size_t n, bool lenient, struct json_val *v)
{
	struct json_in in = { .p = p, .end = p + n, .lenient = lenient };
	const char *err;

	json_space(&in);
	err = json_value(&in, v);
	MUST(in.p >= p && in.p <= in.end);
	json_space(&in);
	return !err && in.p == in.end;
}

/* The value written anew; to be freed. */
static struct text
rewritten(const struct json_val *v)
{
	struct text out = { malloc(7 * (size_t)v->n + 16), 0 };

	put_value(&out, v);
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct json_val strict, lenient, again;
	struct text once, twice;
	bool loose = parse(p, n, true, &lenient);

	json_scalar(p, n);
	if (!parse(p, n, false, &strict))
		return 0;
	MUST(loose && lenient.kind == strict.kind && !lenient.bad);
	MUST(lenient.p == strict.p && lenient.n == strict.n);
	once = rewritten(&strict);
	MUST(parse(once.p, once.n, false, &again));
	MUST(again.kind == strict.kind);
	twice = rewritten(&again);
	MUST(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
	free(once.p);
	free(twice.p);
	return 0;
}
