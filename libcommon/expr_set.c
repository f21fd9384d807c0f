/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/xalloc.h"

enum { BITMAP = 65536 };

struct range {
	uint64_t from, to;
};

struct set {
	enum field_type type;
	enum names_set names;
	bool named_text; /* the field is text, and so is what looks otherwise */
	bool folds;
	struct range *ranges;
	size_t n_ranges, cap_ranges;
	uint64_t *bitmap; /* of the numbers below BITMAP, once sealed */
	struct prefixset *prefixes;
	struct slice *strings;
	size_t n_strings, cap_strings;
	struct arena arena;
};

struct set *
set_new(enum field_type type, enum names_set names)
{
	struct set *s = xcalloc(1, sizeof *s);

	s->type = type;
	s->named_text = type == FIELD_STR;
	s->names = names;
	return s;
}

void
set_fold(struct set *s)
{
	s->folds = true;
}

/* As names of hosts are compared. */
static struct slice
folded(struct slice s, char *out)
{
	s.n -= s.n > 1 && s.p[s.n - 1] == '.';
	for (size_t i = 0; i < s.n; i++)
		out[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20
							       : s.p[i]);
	return slice_of(out, s.n);
}

static const char *
add_range(struct set *s, uint64_t from, uint64_t to)
{
	if (from > to)
		return "the range is upside down";
	s->ranges =
	    xgrow(s->ranges, &s->cap_ranges, s->n_ranges, sizeof *s->ranges);
	s->ranges[s->n_ranges++] = (struct range){ from, to };
	return NULL;
}

static const char *
one_number(struct set *s, struct slice text, const struct value_reading *how,
    uint64_t *n)
{
	struct value v;
	const char *err = value_parse(text, s->type, s->names, how, &v);

	if (err || v.type != VALUE_INT || v.i < 0 || v.i > UINT64_MAX)
		return err ? err : "expected a number or a range of numbers";
	*n = (uint64_t)v.i;
	return NULL;
}

static const char *
add_number(struct set *s, struct slice text, const struct value_reading *how)
{
	uint64_t from, to;
	const char *err = one_number(s, text, how, &from);

	if (!err)
		return add_range(s, from, from);
	for (size_t i = 1; i + 1 < text.n; i++) {
		size_t dots = text.p[i] == '.' && text.p[i + 1] == '.';

		if (text.p[i] != '-' && !dots)
			continue;
		if (one_number(s, slice_of(text.p, i), how, &from))
			continue;
		text.p += i + 1 + dots;
		text.n -= i + 1 + dots;
		err = one_number(s, text, how, &to);
		return err ? err : add_range(s, from, to);
	}
	return err;
}

static const char *
add_prefix(struct set *s, struct slice text)
{
	struct ip_prefix p;
	const char *err = ip_prefix_parse(text, &p);

	if (err)
		return err;
	if (!s->prefixes)
		s->prefixes = prefixset_new();
	prefixset_add(s->prefixes, &p);
	return NULL;
}

const char *
set_add(struct set *s, struct slice text, const struct value_reading *how)
{
	struct value v;

	if (s->type == FIELD_ANY && !value_parse(text, FIELD_ANY, 0, how, &v))
		s->type = v.type == VALUE_INT ? FIELD_INT
			  : v.type == VALUE_IP || v.type == VALUE_NET
			      ? FIELD_IP
			      : FIELD_STR;
	/* "16-18" is no number, but a range of them. */
	if (s->type == FIELD_STR && s->n_strings == 0 && !s->named_text) {
		s->type = FIELD_INT;
		if (!add_number(s, text, how))
			return NULL;
		s->type = FIELD_STR;
	}
	if (s->type == FIELD_IP)
		return add_prefix(s, text);
	if (s->type != FIELD_STR)
		return add_number(s, text, how);
	s->strings = xgrow(
	    s->strings, &s->cap_strings, s->n_strings, sizeof *s->strings);
	text = arena_slice(&s->arena, text);
	if (s->folds)
		text = folded(text, (char *)(uintptr_t)text.p);
	s->strings[s->n_strings++] = text;
	return NULL;
}

const char *
set_add_file(struct set *s, const char *name, const struct value_reading *how,
    unsigned *line)
{
	FILE *f = fopen(name, "r");
	const char *err = NULL;
	char *text = NULL;
	size_t room = 0;
	ssize_t n;

	*line = 0;
	if (!f)
		return strerror(errno);
	while (!err && (n = getline(&text, &room, f)) >= 0) {
		char *p = text + strspn(text, " \t,;\r\n");

		++*line;
		n = (ssize_t)strcspn(p, " \t,;#\r\n");
		if (n > 0)
			err = set_add(s, slice_of(p, (size_t)n), how);
	}
	if (!err && ferror(f)) {
		*line = 0;
		err = strerror(errno);
	}
	free(text);
	fclose(f);
	return err;
}

static int
by_range(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static int
by_string(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Sorted and disjoint, and a bitmap of the small ones (ports, protocols). */
static void
seal_ranges(struct set *s)
{
	size_t n = 0;

	qsort(s->ranges, s->n_ranges, sizeof *s->ranges, by_range);
	for (size_t i = 0; i < s->n_ranges; i++) {
		struct range r = s->ranges[i];

		if (n > 0 && r.from <= s->ranges[n - 1].to) {
			if (r.to > s->ranges[n - 1].to)
				s->ranges[n - 1].to = r.to;
			continue;
		}
		s->ranges[n++] = r;
	}
	s->n_ranges = n;
	s->bitmap = xcalloc(BITMAP / 64, sizeof *s->bitmap);
	for (size_t i = 0; i < n; i++)
		for (uint64_t v = s->ranges[i].from;
		     v <= s->ranges[i].to && v < BITMAP; v++)
			s->bitmap[v / 64] |= 1ull << v % 64;
}

void
set_seal(struct set *s)
{
	if (s->type == FIELD_ANY)
		s->type = FIELD_STR;
	if (s->type == FIELD_IP && !s->prefixes)
		s->prefixes = prefixset_new();
	if (s->prefixes)
		prefixset_seal(s->prefixes);
	if (set_is_numbers(s))
		seal_ranges(s);
	if (s->n_strings)
		qsort(s->strings, s->n_strings, sizeof *s->strings, by_string);
}

bool
set_is_numbers(const struct set *s)
{
	return s->type != FIELD_IP && s->type != FIELD_STR;
}

bool
set_is_addresses(const struct set *s)
{
	return s->type == FIELD_IP;
}

bool
set_has_number(const struct set *s, uint64_t n)
{
	size_t lo = 0, hi = s->n_ranges;

	if (n < BITMAP)
		return s->bitmap[n / 64] >> n % 64 & 1;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (n > s->ranges[mid].to)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n_ranges && n >= s->ranges[lo].from;
}

bool
set_has_ip(const struct set *s, const struct ip *ip)
{
	return prefixset_has(s->prefixes, ip);
}

/* A network is in a set that has its first and its last address. */
static bool
set_has_net(const struct set *s, const struct ip *first, unsigned len)
{
	struct ip last = *first;

	for (unsigned i = len; i < 128; i++)
		last.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return set_has_ip(s, first) && set_has_ip(s, &last);
}

/* Text where a number or an address is asked for counts as what it says. */
static bool
set_has_text(const struct set *s, const struct value *v)
{
	const struct value_reading how = { 0 };
	struct slice text = v->s;
	struct ip_prefix net;
	struct value read;
	char room[256];

	if (set_is_addresses(s) && memchr(v->s.p, '/', v->s.n))
		return !ip_prefix_parse(v->s, &net) &&
		       set_has_net(s, &net.ip, net.len);
	if (s->folds && v->s.n <= sizeof room)
		text = folded(text, room);
	if (s->type == FIELD_STR)
		return s->n_strings && bsearch(&text, s->strings, s->n_strings,
					   sizeof *s->strings, by_string);
	return !value_parse(v->s, s->type, s->names, &how, &read) &&
	       read.type != VALUE_STR && set_has(s, &read);
}

bool
set_has(const struct set *s, const struct value *v)
{
	struct value text;
	char room[64];

	switch (v->type) {
	case VALUE_STR:
		return set_has_text(s, v);
	case VALUE_INT:
		if (set_is_numbers(s))
			return v->i >= 0 && v->i <= UINT64_MAX &&
			       set_has_number(s, (uint64_t)v->i);
		break;
	case VALUE_IP:
		if (set_is_addresses(s))
			return set_has_ip(s, &v->ip);
		break;
	case VALUE_NET:
		if (set_is_addresses(s))
			return set_has_net(s, &v->ip, v->net_len);
		break;
	default:
		break;
	}
	if (v->type == VALUE_NONE || s->type != FIELD_STR)
		return false;
	text = (struct value){ .type = VALUE_STR };
	text.s = slice_of(room, value_text(room, sizeof room, v, NULL));
	return set_has_text(s, &text);
}

size_t
set_describe(const struct set *s, char *out, size_t room)
{
	const char *what = s->type == FIELD_IP    ? "prefixes"
			   : s->type == FIELD_STR ? "strings"
						  : "ranges";
	size_t n = s->type == FIELD_IP    ? prefixset_count(s->prefixes)
		   : s->type == FIELD_STR ? s->n_strings
					  : s->n_ranges;

	return (size_t)snprintf(out, room, "%zu %s", n, what);
}
