/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_tree.h"

#include "libcommon/ascii.h"

/* ASCII only, whatever the locale. */
static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_hex(char c)
{
	return ascii_hex(c) < 16;
}

static size_t
run(const char *p, bool (*is)(char c))
{
	size_t n = 0;

	while (is(p[n]))
		n++;
	return n;
}

static bool
in_address(char c)
{
	return is_hex(c) || c == ':' || c == '.';
}

static bool
in_number(char c)
{
	return ascii_is_digit(c) || is_letter(c) || c == '.';
}

static bool
in_time(char c)
{
	return in_number(c) || (c && strchr(":+-,", c));
}

static bool
in_word(char c)
{
	return ascii_is_digit(c) || is_letter(c) || c == '.';
}

static bool
in_raw(char c)
{
	return c && !strchr(" \t\n\r,])(", c);
}

/* The length of an address or prefix at p, 0 if there is none. */
static size_t
address(const char *p)
{
	size_t n = run(p, in_address), len;
	struct ip ip;

	if (n < 2 || ip_parse(slice_of(p, n), &ip))
		return 0;
	if (p[n] == '/' && ascii_is_digit(p[n + 1])) {
		len = run(p + n + 1, ascii_is_digit);
		if (!in_word(p[n + 1 + len]))
			n += 1 + len;
	}
	return n;
}

/* 2015-07.. with two-digit month: no subtraction is written so. */
static size_t
timestamp(const char *p)
{
	if (run(p, ascii_is_digit) != 4 || p[4] != '-' ||
	    run(p + 5, ascii_is_digit) != 2)
		return 0;
	return run(p, in_time);
}

/* Digits and what is glued to them: a unit, a fraction, an exponent. */
static size_t
number(const char *p)
{
	size_t n = run(p, in_number);

	/* Two dots are a range, not a fraction. */
	for (size_t i = 0; i + 1 < n; i++)
		if (p[i] == '.' && p[i + 1] == '.')
			return i;
	if ((p[n] == '-' || p[n] == '+') && (p[n - 1] | 0x20) == 'e' &&
	    p[1] != 'x' && ascii_is_digit(p[n + 1]))
		n += 1 + run(p + n + 1, ascii_is_digit);
	return n;
}

static void
quoted(struct parser *p, enum token_kind kind, const char *open)
{
	const char *s = open + 1;
	char *out = arena_alloc(p->arena, strlen(s) + 1);
	size_t n = 0;

	/* A backslash protects the quote and itself, nothing else. */
	for (; *s && *s != *open; s++) {
		if (*s == '\\' && (s[1] == *open || s[1] == '\\'))
			s++;
		out[n++] = *s;
	}
	if (!*s)
		parse_fail(p, open, "string not closed");
	p->t = (struct token){ kind, { out, n }, p->t.at };
	p->p = s + 1;
}

static void
token(struct parser *p, enum token_kind kind, size_t n)
{
	p->t.kind = kind;
	p->t.text = slice_of(p->p, n);
	p->p += n;
}

static void
space(struct parser *p)
{
	for (;; p->p++) {
		if (*p->p == '#')
			p->p += strcspn(p->p, "\n");
		if (!*p->p || !strchr(" \t\n\r", *p->p))
			return;
	}
}

static void
punctuation(struct parser *p)
{
	static const char *const two[] = { "==", "!=", "<=", ">=", "&&", "||",
		"<<", ">>", "!~", "..", "<>" };

	for (size_t i = 0; i < sizeof two / sizeof *two; i++)
		if (strncmp(p->p, two[i], 2) == 0) {
			token(p, TOKEN_PUNCT, 2);
			return;
		}
	token(p, TOKEN_PUNCT, 1);
}

static size_t
word(const char *p)
{
	size_t n = run(p, in_word);

	/* The two nfdump words with a hyphen. */
	if (strncmp(p, "icmp-type", 9) == 0 || strncmp(p, "icmp-code", 9) == 0)
		return 9;
	while (n > 1 && p[n - 1] == '.')
		n--;
	return n;
}

void
lex_next(struct parser *p)
{
	size_t n;

	space(p);
	p->t = (struct token){
		.kind = TOKEN_END, .at = p->p, .text = { p->p, 0 }
	};
	if (!*p->p)
		return;
	if (*p->p == '"' || *p->p == '\'')
		quoted(p, TOKEN_STRING, p->p);
	else if (*p->p == '.' && p->p[1] == '"')
		quoted(p, TOKEN_MEMBER, p->p + 1);
	else if (*p->p == '.' && is_letter(p->p[1])) {
		p->p++;
		token(p, TOKEN_MEMBER, word(p->p));
	} else if ((n = address(p->p)))
		token(p, TOKEN_ADDRESS, n);
	else if ((n = timestamp(p->p)))
		token(p, TOKEN_TIME, n);
	else if (ascii_is_digit(*p->p))
		token(p, TOKEN_NUMBER, number(p->p));
	else if (is_letter(*p->p))
		token(p, TOKEN_WORD, word(p->p));
	else
		punctuation(p);
}

struct slice
lex_raw(struct parser *p)
{
	struct slice s;

	if (p->t.kind == TOKEN_STRING) {
		s = p->t.text;
	} else {
		s = slice_of(p->t.at, run(p->t.at, in_raw));
		if (s.n == 0)
			parse_fail(p, p->t.at, "expected a value");
		p->p = s.p + s.n;
	}
	lex_next(p);
	return s;
}

bool
lex_is(const struct parser *p, const char *s)
{
	if (p->t.kind == TOKEN_WORD)
		return slice_is_nocase(p->t.text, s);
	return p->t.kind == TOKEN_PUNCT && slice_is(p->t.text, s);
}

bool
lex_take(struct parser *p, const char *s)
{
	if (!lex_is(p, s))
		return false;
	lex_next(p);
	return true;
}
