/* SPDX-License-Identifier: MIT */
#include "libcommon/json.h"

#include "libcommon/ascii.h"

static inline bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void
json_space(struct json_in *in)
{
	while (in->p < in->end && is_space(*in->p))
		in->p++;
}

/* Well-formed byte sequences: Unicode 15, table 3-7. */
unsigned
utf8_len(const char *s, const char *end)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t room = (size_t)(end - s);
	unsigned char lo = 0x80, hi = 0xbf;
	unsigned n, i;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f; /* no surrogates */
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f; /* up to U+10FFFF */
	if (room < n || p[1] < lo || p[1] > hi)
		return 0;
	for (i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

/* Four hexadecimal digits at p, or -1. */
static int
hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		unsigned digit = ascii_hex(p[i]);

		if (digit > 15)
			return -1;
		v = v * 16 + (int)digit;
	}
	return v;
}

static inline bool
is_high_surrogate(int u)
{
	return u >= 0xd800 && u < 0xdc00;
}

static inline bool
is_low_surrogate(int u)
{
	return u >= 0xdc00 && u < 0xe000;
}

/* in->p stands behind the backslash. */
static const char *
escape(struct json_in *in)
{
	int u;

	if (in->p == in->end)
		return "string not closed";
	if (*in->p != 'u') {
		if (!memchr("\"\\/bfnrt", *in->p, 8))
			return "unknown escape in string";
		in->p++;
		return NULL;
	}
	u = hex4(in->p + 1, in->end);
	if (u < 0)
		return "\\u without four hexadecimal digits";
	in->p += 5;
	if (is_low_surrogate(u))
		return "lone surrogate in string";
	if (!is_high_surrogate(u))
		return NULL;
	if (in->end - in->p < 6 || in->p[0] != '\\' || in->p[1] != 'u' ||
	    !is_low_surrogate(hex4(in->p + 2, in->end)))
		return "lone surrogate in string";
	in->p += 6;
	return NULL;
}

/* Eight bytes at p of which none ends a run of plain string bytes. */
static inline bool
plain8(const char *p)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t x, quote, slash;

	memcpy(&x, p, 8);
	quote = x ^ ones * '"';
	slash = x ^ ones * '\\';
	return !((x | (x - ones * 0x20) | ((quote - ones) & ~quote) |
		     ((slash - ones) & ~slash)) &
		 high);
}

/* The closing quote; in->p stands behind the opening one. */
static const char *
string(struct json_in *in, struct json_val *v)
{
	v->kind = JSON_STRING;
	v->p = in->p;
	for (;;) {
		unsigned n;

		while (in->end - in->p >= 8 && plain8(in->p))
			in->p += 8;
		if (in->p == in->end)
			return "string not closed";
		if (*in->p == '"')
			break;
		if (*in->p == '\\') {
			const char *err;

			v->escaped = true;
			in->p++;
			err = escape(in);
			if (err)
				return err;
			continue;
		}
		if ((unsigned char)*in->p < 0x20) {
			if (!in->lenient)
				return "control character in string";
			v->bad = in->irregular = true;
		}
		n = utf8_len(in->p, in->end);
		if (!n && !in->lenient)
			return "invalid UTF-8 in string";
		if (!n)
			v->bad = in->irregular = true;
		in->p += n ? n : 1;
	}
	v->n = (uint32_t)(in->p - v->p);
	in->p++;
	return NULL;
}

static const char *
number(struct json_in *in)
{
	const char *p = in->p, *end = in->end, *err = NULL;

	if (p < end && *p == '-')
		p++;
	if (p == end || !ascii_is_digit(*p))
		err = "number without digits";
	else if (*p == '0' && p + 1 < end && ascii_is_digit(p[1]))
		err = "number with a leading zero";
	if (!err)
		p = ascii_skip_digits(p, end);
	if (!err && p < end && *p == '.') {
		if (++p == end || !ascii_is_digit(*p))
			err = "no digit behind the decimal point";
		p = ascii_skip_digits(p, end);
	}
	if (!err && p < end && (*p | 0x20) == 'e') {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		if (p == end || !ascii_is_digit(*p))
			err = "no digit in the exponent";
		p = ascii_skip_digits(p, end);
	}
	in->p = p;
	return err;
}

static const struct {
	const char *text;
	enum json_kind kind;
} words[] = {
	{ "true", JSON_TRUE },
	{ "false", JSON_FALSE },
	{ "null", JSON_NULL },
};

static bool
is_word_char(char c)
{
	return ascii_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       c == '.' || c == '_' || c == '-' || c == '+';
}

static const char *
word(struct json_in *in, struct json_val *v)
{
	struct slice s = { in->p, 0 };

	while (in->p < in->end && is_word_char(*in->p))
		in->p++;
	s.n = (size_t)(in->p - s.p);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_is(s, words[i].text)) {
			v->kind = words[i].kind;
			return NULL;
		}
	if (in->lenient && s.n) {
		v->kind = JSON_BARE;
		in->irregular = true;
		return NULL;
	}
	in->p = s.p;
	return "expected a value";
}

/*
 * All of a container, for its validity and its end.  It is bad if something
 * within it is no JSON.
 */
static const char *
container(struct json_in *in, struct json_val *whole)
{
	struct json_iter it;
	struct json_val key, v;
	const char *err = json_open(in, &it);
	bool before = in->irregular;

	in->irregular = false;

	while (!err) {
		bool done;

		err = json_member(in, &it, &key, &done);
		if (done)
			break;
		if (!err)
			err = json_value(in, &v);
	}
	whole->bad = in->irregular;
	in->irregular |= before;
	return err;
}

const char *
json_value(struct json_in *in, struct json_val *v)
{
	const char *start = in->p, *err;

	*v = (struct json_val){ .p = start };
	if (in->p == in->end)
		return "expected a value";
	switch (*in->p) {
	case '"':
		in->p++;
		return string(in, v);
	case '{':
	case '[':
		v->kind = *in->p == '{' ? JSON_OBJECT : JSON_ARRAY;
		err = container(in, v);
		break;
	case '-':
	case '0' ... '9':
		v->kind = JSON_NUMBER;
		err = number(in);
		if (in->lenient && in->p < in->end && is_word_char(*in->p)) {
			in->p = start;
			err = word(in, v);
		}
		break;
	default:
		err = word(in, v);
	}
	v->n = (uint32_t)(in->p - start);
	return err;
}

const char *
json_open(struct json_in *in, struct json_iter *it)
{
	if (in->p == in->end || (*in->p != '{' && *in->p != '['))
		return "not a JSON object";
	if (in->depth == JSON_MAX_DEPTH)
		return "nested too deeply";
	*it = (struct json_iter){ .object = *in->p == '{', .first = true };
	in->depth++;
	in->p++;
	return NULL;
}

static const char *
member_key(struct json_in *in, struct json_val *key)
{
	const char *err;

	if (in->p == in->end || *in->p != '"')
		return "expected a member name in quotes";
	*key = (struct json_val){ 0 };
	in->p++;
	err = string(in, key);
	if (err)
		return err;
	json_space(in);
	if (in->p == in->end || *in->p != ':')
		return "expected ':'";
	in->p++;
	json_space(in);
	return NULL;
}

const char *
json_member(
    struct json_in *in, struct json_iter *it, struct json_val *key, bool *done)
{
	char close = it->object ? '}' : ']';

	*done = false;
	json_space(in);
	if (in->p < in->end && *in->p == close) {
		in->p++;
		in->depth--;
		*done = true;
		return NULL;
	}
	if (!it->first) {
		if (in->p == in->end || *in->p != ',')
			return it->object ? "expected ',' or '}'"
					  : "expected ',' or ']'";
		in->p++;
		json_space(in);
	}
	it->first = false;
	if (it->object)
		return member_key(in, key);
	*key = (struct json_val){ 0 };
	return NULL;
}

enum json_kind
json_scalar(const char *p, size_t n)
{
	struct json_in in = { .p = p, .end = p + n };
	struct json_val v;

	if (n == 0 || strchr("\"{[", *p) || json_value(&in, &v) ||
	    in.p != in.end)
		return JSON_NONE;
	return v.kind;
}

static size_t
utf8_put(int u, char *out)
{
	if (u < 0x80) {
		out[0] = (char)u;
		return 1;
	}
	if (u < 0x800) {
		out[0] = (char)(0xc0 | u >> 6);
		out[1] = (char)(0x80 | (u & 0x3f));
		return 2;
	}
	if (u < 0x10000) {
		out[0] = (char)(0xe0 | u >> 12);
		out[1] = (char)(0x80 | (u >> 6 & 0x3f));
		out[2] = (char)(0x80 | (u & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | u >> 18);
	out[1] = (char)(0x80 | (u >> 12 & 0x3f));
	out[2] = (char)(0x80 | (u >> 6 & 0x3f));
	out[3] = (char)(0x80 | (u & 0x3f));
	return 4;
}

static const char escape_from[] = "\"\\/\b\f\n\r\t";
static const char escape_to[] = "\"\\/bfnrt";

size_t
json_unescape(struct slice s, char *out)
{
	const char *p = s.p, *end = s.p + s.n;
	char *o = out;

	while (p < end) {
		int u, low;

		if (*p != '\\' || end - p < 2) {
			*o++ = *p++;
			continue;
		}
		if (p[1] != 'u') {
			const char *e = memchr(escape_to, p[1], 8);

			*o++ = e ? escape_from[e - escape_to] : p[1];
			p += 2;
			continue;
		}
		u = hex4(p + 2, end);
		p += 6;
		if (is_high_surrogate(u)) {
			low = hex4(p + 2, end);
			u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
			p += 6;
		}
		o += utf8_put(u, o);
	}
	return (size_t)(o - out);
}

size_t
json_escape(struct slice s, char *out)
{
	static const char hex[] = "0123456789abcdef";
	const char *p = s.p, *end = s.p + s.n;
	char *o = out;

	while (p < end) {
		unsigned char c = (unsigned char)*p;
		unsigned n = utf8_len(p, end);
		const char *short_form;

		if (c >= 0x20 && c != '"' && c != '\\') {
			memcpy(o, n ? p : "\xef\xbf\xbd", n ? n : 3);
			o += n ? n : 3;
			p += n ? n : 1;
			continue;
		}
		*o++ = '\\';
		short_form = c ? strchr(escape_from, c) : NULL;
		if (short_form) {
			*o++ = escape_to[short_form - escape_from];
		} else {
			memcpy(o, "u00", 3);
			o[3] = hex[c >> 4];
			o[4] = hex[c & 15];
			o += 5;
		}
		p++;
	}
	return (size_t)(o - out);
}

bool
json_find(struct slice object, struct slice name, struct json_val *found)
{
	struct json_in in = { .p = object.p, .end = object.p + object.n };
	struct json_iter it;
	struct json_val key, v;
	bool done = false;

	found->kind = JSON_NONE;
	json_space(&in);
	if (json_open(&in, &it))
		return false;
	while (!json_member(&in, &it, &key, &done) && !done &&
	       !json_value(&in, &v))
		if (slice_eq(json_slice(&key), name))
			*found = v;
	return found->kind != JSON_NONE;
}
