/* SPDX-License-Identifier: MIT */
#include "libcommon/json.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/sample.h"
#include "tests/unit/t.h"

#define L(s)                        \
	{                           \
		"" s, sizeof(s) - 1 \
	}

/* clang-format off */
static const struct slice accepted[] = {
	L("0"), L("-0"), L("7"), L("-12"), L("10"),
	L("1234567890123456789012"), L("0.0"), L("-0.5"), L("1.25"),
	L("10.001"), L("0e0"), L("1e5"), L("1E5"), L("1e+5"), L("1E-05"),
	L("-1.5e+300"), L("1e999"), L("true"), L("false"), L("null"),
	L(" true "), L("\t\r\n1\t\r\n"), L("\"\""), L("\"a\""),
	L("\"12345678\""), L("\"123456789abcdefgh\""), L("\" \""),
	L("\"\x7f\""), L("\"/\""), L("\"'\""),
	L("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), L("\"\\u0000\""),
	L("\"\\u00e9\""), L("\"\\uABCD\\uabcd\""), L("\"\\ud7ff\\ue000\""),
	L("\"\\ud800\\udc00\""), L("\"\\uDBFF\\uDFFF\""), L("\"\\uffff\""),
	L("\"\\\\u12\""), L("\"\\\\\""), L("\"1234567\\\\\""),
	L("\"\xc2\x80\""), L("\"\xdf\xbf\""), L("\"\xe0\xa0\x80\""),
	L("\"\xed\x9f\xbf\""), L("\"\xee\x80\x80\""), L("\"\xef\xbf\xbf\""),
	L("\"\xf0\x90\x80\x80\""), L("\"\xf4\x8f\xbf\xbf\""),
	L("\"1234567\xc3\xa9\""), L("\"[{]}:,\""), L("[]"), L("[ ]"), L("[1]"),
	L("[1,2]"), L("[ 1 , 2 ]"), L("[[],[[]]]"), L("[\"\",{},null]"),
	L("{}"), L("{ }"), L("{\"\":0}"), L("{\"a\":1,\"a\":2}"),
	L("{ \"a\" : 1 , \"b\" : [ ] }"), L("{\"a\\u0062\":{\"c\":[{}]}}"),
	L("\n{\n\"a\"\n:\n1\n}\n"),
};
/* clang-format on */

/* clang-format off */
static const struct slice refused[] = {
	L(""), L(" "), L("\n"), L("\0"), L("-"), L("+"), L("+1"), L("--1"),
	L("- 1"), L("01"), L("-01"), L("00"), L("1."), L("-1."), L(".5"),
	L("-.5"), L("1.e5"), L("1e"), L("1e+"), L("1E-"), L("1e5.5"),
	L("1.2.3"), L("1_000"), L("0x1"), L("0b1"), L("0o7"), L("1a"),
	L("1e1e1"), L("1 2"), L("1,"), L(",1"), L("NaN"), L("nan"),
	L("Infinity"), L("-Infinity"), L("inf"), L("-inf"), L("1\0"), L("1\v"),
	L("\f1"), L("\xef\xbb\xbf" "1"), L("\xc2\xa0" "1"),
	L("\xe2\x80\xa8" "1"), L("tru"), L("truex"), L("True"), L("TRUE"),
	L("nul"), L("nulll"), L("fals"), L("undefined"), L("'a'"), L("a"),
	L("`a`"), L("true false"), L("\""), L("\"a"), L("\"1234567"),
	L("\"12345678"), L("\"a\"b"), L("\"a\"\""), L("\"a\\"), L("\"a\\\""),
	L("\"\\"), L("\"\\a\""), L("\"\\'\""), L("\"\\0\""), L("\"\\x41\""),
	L("\"\\N\""), L("\"\\\0\""), L("\"\\\n\""), L("\"\\\xc3\xa9\""),
	L("\"\\u\""), L("\"\\u1\""), L("\"\\u12\""), L("\"\\u123\""),
	L("\"\\u123g\""), L("\"\\u 123\""), L("\"\\u-123\""),
	L("\"\\u12\\u1234\""), L("\"\\U0041\""), L("\"\\u12345"),
	L("\"\\ud800\""), L("\"\\udbff\""), L("\"\\udc00\""), L("\"\\udfff\""),
	L("\"\\ud800x\""), L("\"\\ud800\\n\""), L("\"\\ud800\\ud800\""),
	L("\"\\ud800\\u0041\""), L("\"\\ud800\\u\""), L("\"\\ud800\\udc0\""),
	L("\"\\udc00\\ud800\""), L("\"\\ud800\\"), L("\"\\ud800\\U dc00\""),
	L("\"\n\""), L("\"\t\""), L("\"\0\""), L("\"\x1f\""),
	L("\"1234567\n\""), L("\"1234567\x1f" "9012345\""), L("\"\x80\""),
	L("\"\xbf\""), L("\"\xc0\x80\""), L("\"\xc1\xbf\""), L("\"\xc2\""),
	L("\"\xc2"), L("\"\xc2x\""), L("\"\xc2\xc2\x80\""),
	L("\"\xe0\x80\x80\""), L("\"\xe0\x9f\xbf\""), L("\"\xe1\x80\""),
	L("\"\xe1\x80"), L("\"\xed\xa0\x80\""), L("\"\xed\xbf\xbf\""),
	L("\"\xf0\x80\x80\x80\""), L("\"\xf0\x8f\xbf\xbf\""),
	L("\"\xf1\x80\x80\""), L("\"\xf1\x80\x80"), L("\"\xf4\x90\x80\x80\""),
	L("\"\xf5\x80\x80\x80\""), L("\"\xf8\x88\x80\x80\x80\""),
	L("\"\xfe\""), L("\"\xff\""), L("\"\xe9\""), L("\"1234567\xe9\""),
	L("["), L("]"), L("[1"), L("[1,"), L("[1,]"), L("[,1]"), L("[,]"),
	L("[1,,2]"), L("[1 2]"), L("[1;2]"), L("[1}"), L("[1]]"), L("[[]"),
	L("[\"a\":1]"), L("[1,2,"), L("[a]"), L("[\"\n\"]"), L("{"), L("}"),
	L("{]"), L("{\"a\""), L("{\"a\":"), L("{\"a\":1"), L("{\"a\":1,"),
	L("{\"a\":1,}"), L("{,}"), L("{,\"a\":1}"), L("{\"a\":}"),
	L("{\"a\"}"), L("{\"a\",1}"), L("{\"a\" 1}"), L("{\"a\"::1}"),
	L("{\"a\":1,,\"b\":2}"), L("{\"a\":1 \"b\":2}"),
	L("{\"a\":1;\"b\":2}"), L("{a:1}"), L("{'a':1}"), L("{1:1}"),
	L("{null:1}"), L("{[]:1}"), L("{\"a\":1]"), L("{\"a\":1}}"),
	L("{\"a\":1}{}"), L("{\"a\":1} x"), L("{\"\xff\":1}"),
	L("{\"\\x\":1}"), L("{\"a\nb\":1}"), L("{/**/}"), L("[1]//"),
	L("#\n1"),
};
/* clang-format on */

/* One value and space around it, in memory that ends where it does. */
static bool
parse(struct slice s, bool lenient, struct json_val *v)
{
	char *copy = malloc(s.n);
	struct json_in in = {
		.p = copy, .end = copy + s.n, .lenient = lenient
	};
	bool good;

	if (s.n)
		memcpy(copy, s.p, s.n);
	json_space(&in);
	good = !json_value(&in, v);
	json_space(&in);
	good &= in.p == in.end;
	v->p = good ? s.p + (v->p - copy) : NULL;
	free(copy);
	return good;
}

static void
test_tables(void)
{
	struct json_val v;

	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
		if (!OK(parse(accepted[i], false, &v)))
			printf("# refused: %s\n", accepted[i].p);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (!OK(!parse(refused[i], false, &v)))
			printf("# accepted: %s\n", refused[i].p);
}

/* Nothing that begins a document is one, and none crashes. */
static void
test_cut(void)
{
	static const char doc[] = "{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\ud83d"
				  "\\ude00\xc3\xa9\"],\"b\":{\"c\":{}}}";
	struct json_val v;
	bool good = true;

	for (size_t n = 0; n < sizeof doc - 1; n++)
		good &= !parse(slice_of(doc, n), false, &v);
	OK(good);
	OK(parse(slice_str(doc), false, &v));
}

static void
test_depth(void)
{
	char text[2 * (JSON_MAX_DEPTH + 1)];
	struct json_val v;

	memset(text, '[', JSON_MAX_DEPTH);
	memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	OK(parse(slice_of(text, 2 * JSON_MAX_DEPTH), false, &v));
	OK(v.kind == JSON_ARRAY && v.n == 2 * JSON_MAX_DEPTH);
	memset(text, '[', JSON_MAX_DEPTH + 1);
	memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
	OK(!parse(slice_of(text, sizeof text), false, &v));
	memset(text, '[', sizeof text);
	OK(!parse(slice_of(text, sizeof text), false, &v));
}

static bool
is_value(
    const char *text, enum json_kind kind, const char *inside, bool escaped)
{
	struct json_val v;

	return parse(slice_str(text), false, &v) && v.kind == kind &&
	       slice_is(json_slice(&v), inside) && v.escaped == escaped &&
	       !v.bad;
}

static void
test_values(void)
{
	OK(is_value(" \"abc\" ", JSON_STRING, "abc", false));
	OK(is_value("\"\"", JSON_STRING, "", false));
	OK(is_value("\"a\\nb\"", JSON_STRING, "a\\nb", true));
	OK(is_value(" -1.5e3 ", JSON_NUMBER, "-1.5e3", false));
	OK(is_value("true", JSON_TRUE, "true", false));
	OK(is_value("false", JSON_FALSE, "false", false));
	OK(is_value("null", JSON_NULL, "null", false));
	OK(is_value(
	    " {\"a\":\"\\n\"} ", JSON_OBJECT, "{\"a\":\"\\n\"}", false));
	OK(is_value("[ 1 ]", JSON_ARRAY, "[ 1 ]", false));
}

/* Where the reader stands after a failure. */
static long
fails_at(const char *text)
{
	struct json_in in = { .p = text, .end = text + strlen(text) };
	struct json_val v;

	return json_value(&in, &v) ? in.p - text : -1;
}

static void
test_offending_byte(void)
{
	OK(fails_at("[1,x]") == 3);
	OK(fails_at("{\"a\":1,}") == 7);
	OK(fails_at("{\"a\" 1}") == 5);
	OK(fails_at("[1 2]") == 3);
	OK(fails_at("[\"a\nb\"]") == 3);
	OK(fails_at("[\"a\xff\"]") == 3);
	OK(fails_at("[trux]") == 1);
	OK(fails_at("[1") == 2);
}

static void
test_iteration(void)
{
	const char text[] = "{ \"a\" : 1 , \"b\\u0063\":[2, 3] }x";
	struct json_in in = { .p = text, .end = text + sizeof text - 1 };
	struct json_iter it;
	struct json_val key, v;
	bool done;

	OK(!json_open(&in, &it) && it.object);
	OK(!json_member(&in, &it, &key, &done) && !done);
	OK(slice_is(json_slice(&key), "a") && !key.escaped);
	OK(!json_value(&in, &v) && slice_is(json_slice(&v), "1"));
	OK(!json_member(&in, &it, &key, &done) && !done);
	OK(slice_is(json_slice(&key), "b\\u0063") && key.escaped);
	OK(!json_open(&in, &it) && !it.object);
	OK(!json_member(&in, &it, &key, &done) && !done && key.n == 0);
	OK(!json_value(&in, &v) && slice_is(json_slice(&v), "2"));
	OK(!json_member(&in, &it, &key, &done) && !done);
	OK(!json_value(&in, &v) && slice_is(json_slice(&v), "3"));
	OK(!json_member(&in, &it, &key, &done) && done);
	it = (struct json_iter){ .object = true };
	OK(!json_member(&in, &it, &key, &done) && done);
	OK(*in.p == 'x' && in.depth == 0);
	in.p = in.end;
	OK(json_open(&in, &it) != NULL);
}

static bool
is_lenient(const char *text, enum json_kind kind, const char *inside, bool bad)
{
	struct json_val v;

	return parse(slice_str(text), true, &v) && v.kind == kind &&
	       slice_is(json_slice(&v), inside) && v.bad == bad;
}

static void
test_lenient(void)
{
	struct json_val v;

	OK(is_lenient("ftp", JSON_BARE, "ftp", false));
	OK(is_lenient("1.2.3.4", JSON_BARE, "1.2.3.4", false));
	OK(is_lenient("2015-07-18", JSON_BARE, "2015-07-18", false));
	OK(is_lenient("-x", JSON_BARE, "-x", false));
	OK(is_lenient("-1.5", JSON_NUMBER, "-1.5", false));
	OK(is_lenient("truex", JSON_BARE, "truex", false));
	OK(is_lenient("true", JSON_TRUE, "true", false));
	OK(is_lenient("\"a\tb\"", JSON_STRING, "a\tb", true));
	OK(is_lenient("\"\xff\"", JSON_STRING, "\xff", true));
	OK(is_lenient("\"\xc3\xa9\"", JSON_STRING, "\xc3\xa9", false));
	OK(is_lenient(
	    "\"1234567\xe9 89\"", JSON_STRING, "1234567\xe9 89", true));
	OK(is_lenient("[ftp]", JSON_ARRAY, "[ftp]", true));
	OK(is_lenient("[[\"\xff\"],1]", JSON_ARRAY, "[[\"\xff\"],1]", true));
	OK(is_lenient("[\"ftp\"]", JSON_ARRAY, "[\"ftp\"]", false));
	OK(!parse(slice_str("\"a"), true, &v));
	OK(!parse(slice_str("\"\\x\""), true, &v));
	OK(!parse(slice_str("[1,]"), true, &v));
	OK(!parse(slice_str("{a:1}"), true, &v));
	OK(!parse(slice_str("'a'"), true, &v));
}

static enum json_kind
scalar(const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n);
	enum json_kind kind;

	if (n)
		memcpy(copy, text, n);
	kind = json_scalar(copy, n);
	free(copy);
	return kind;
}

static void
test_scalar(void)
{
	static const char *const bad[] = { "", " ", "1 ", " 1", "1,", "01",
		"1.", "-", "[]", "{}", "\"a\"", "[1]", "tru", "truee", "null,",
		"1e", "+1", "1\n" };
	bool none = true;

	OK(scalar("0") == JSON_NUMBER);
	OK(scalar("-12.5e-3") == JSON_NUMBER);
	OK(scalar("true") == JSON_TRUE);
	OK(scalar("false") == JSON_FALSE);
	OK(scalar("null") == JSON_NULL);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		none &= scalar(bad[i]) == JSON_NONE;
	OK(none);
	OK(json_scalar("\0", 1) == JSON_NONE);
}

/* ---- UTF-8 ---- */

static size_t
encode(unsigned u, unsigned char *p)
{
	if (u < 0x80)
		return p[0] = (unsigned char)u, 1;
	if (u < 0x800)
		return p[0] = (unsigned char)(0xc0 | u >> 6),
		       p[1] = (unsigned char)(0x80 | (u & 63)), 2;
	if (u < 0x10000)
		return p[0] = (unsigned char)(0xe0 | u >> 12),
		       p[1] = (unsigned char)(0x80 | (u >> 6 & 63)),
		       p[2] = (unsigned char)(0x80 | (u & 63)), 3;
	return p[0] = (unsigned char)(0xf0 | u >> 18),
	       p[1] = (unsigned char)(0x80 | (u >> 12 & 63)),
	       p[2] = (unsigned char)(0x80 | (u >> 6 & 63)),
	       p[3] = (unsigned char)(0x80 | (u & 63)), 4;
}

/* Decodes without any rule, then asks whether it is what encode() writes. */
static unsigned
slow_utf8_len(const unsigned char *p, size_t room)
{
	unsigned char again[4];
	unsigned n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	unsigned u = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

	if (room < n)
		return 0;
	for (unsigned i = 1; i < n; i++)
		u = u << 6 | (p[i] & 63);
	if (u > 0x10ffff || (u >= 0xd800 && u < 0xe000))
		return 0;
	return encode(u, again) == n && memcmp(p, again, n) == 0 ? n : 0;
}

static void
test_utf8(void)
{
	static const unsigned char last[] = { 0, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	unsigned char b[4];
	const char *p = (const char *)b;
	bool three = true, four = true;

	for (unsigned u = 0; u < 1 << 24; u++) {
		b[0] = (unsigned char)(u >> 16);
		b[1] = (unsigned char)(u >> 8);
		b[2] = (unsigned char)u;
		three &= utf8_len(p, p + 3) == slow_utf8_len(b, 3);
		b[3] = last[u % sizeof last];
		four &= utf8_len(p, p + 4) == slow_utf8_len(b, 4);
	}
	OK(three);
	OK(four);
	b[0] = 0xc3;
	OK(utf8_len(p, p + 1) == 0);
}

/* ---- escapes ---- */

/* Every \uXXXX (in a pair where it has to be) means its code point. */
static void
test_unescape(void)
{
	bool good = true;

	for (unsigned u = 0; u < 0x110000; u++) {
		unsigned char want[4];
		size_t n = encode(u, want);
		char text[16], out[12];
		size_t got;

		if (u >= 0xd800 && u < 0xe000)
			continue;
		if (u < 0x10000)
			snprintf(text, sizeof text, "\\u%04x", u);
		else
			snprintf(text, sizeof text, "\\u%04X\\u%04x",
			    0xd800 + ((u - 0x10000) >> 10),
			    0xdc00 + ((u - 0x10000) & 1023));
		got = json_unescape(slice_str(text), out);
		good &= got == n && memcmp(out, want, n) == 0;
	}
	OK(good);
}

static bool
unescapes(const char *text, struct slice want)
{
	struct slice s = slice_str(text);
	char *out = malloc(s.n + 1);
	size_t n = json_unescape(s, out);
	bool good = slice_eq(slice_of(out, n), want);

	free(out);
	return good;
}

/* s escaped is a string of strict JSON that means 'want'. */
static bool
round_trip(struct slice s, struct slice want)
{
	char *text = malloc(6 * s.n + 2), *out;
	struct json_val v;
	bool good;
	size_t n;

	text[0] = '"';
	n = json_escape(s, text + 1);
	text[n + 1] = '"';
	good = n <= 6 * s.n && parse(slice_of(text, n + 2), false, &v);
	if (good) {
		out = malloc(v.n ? v.n : 1);
		n = json_unescape(json_slice(&v), out);
		good = slice_eq(slice_of(out, n), want);
		free(out);
	}
	free(text);
	return good;
}

/* What is not UTF-8 becomes U+FFFD, byte by byte. */
static size_t
replaced(struct slice s, char *out)
{
	char *o = out;

	for (size_t i = 0; i < s.n;) {
		unsigned n =
		    slow_utf8_len((const unsigned char *)s.p + i, s.n - i);

		memcpy(o, n ? s.p + i : "\xef\xbf\xbd", n ? n : 3);
		o += n ? n : 3;
		i += n ? n : 1;
	}
	return (size_t)(o - out);
}

static void
test_escape(void)
{
	bool bytes = true, any = true;

	OK(unescapes(
	    "\\\"\\\\\\/\\b\\f\\n\\r\\t", slice_str("\"\\/\b\f\n\r\t")));
	OK(unescapes("a\\u0000b", slice_of("a\0b", 3)));
	OK(unescapes("", slice_str("")));
	OK(unescapes("\xc3\xa9\\n\xc3\xa9", slice_str("\xc3\xa9\n\xc3\xa9")));
	for (int c = 0; c < 0x80; c++) {
		char one = (char)c;

		bytes &= round_trip(slice_of(&one, 1), slice_of(&one, 1));
	}
	OK(bytes);
	for (int round = 0; round < 20000; round++) {
		char in[64], want[3 * 64];
		struct slice s = { in, sample_below(sizeof in) };

		for (size_t i = 0; i < s.n;)
			i += sample_below(2) && i + 4 < s.n
				 ? encode(sample_below(0x110000),
				       (unsigned char *)in + i)
				 : (in[i] = (char)sample_next(), 1);
		any &= round_trip(s, slice_of(want, replaced(s, want)));
	}
	OK(any);
}

int
main(void)
{
	test_tables();
	test_cut();
	test_depth();
	test_values();
	test_offending_byte();
	test_iteration();
	test_lenient();
	test_scalar();
	test_utf8();
	test_unescape();
	test_escape();
	return DONE();
}
