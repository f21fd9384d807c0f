/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/output.h"
#include "libcommon/xalloc.h"

enum { BITMAP = 65536 };

enum kind { NUMBERS, TIMES, KINDS };

struct range {
	i128 from, to; /* units of 10^-9 */
};

struct ranges {
	struct range *v;
	size_t n, cap;
};

struct set {
	enum field_type type;
	enum names_set names;
	bool folds;
	struct ranges ranges[KINDS];
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

static const char upside_down[] = "the range is upside down";

static const char *
add_range(struct ranges *r, i128 from, i128 to)
{
	if (from > to)
		return upside_down;
	r->v = xgrow(r->v, &r->cap, r->n, sizeof *r->v);
	r->v[r->n++] = (struct range){ from, to };
	return NULL;
}

/* KINDS if it is neither a number nor a time. */
static enum kind
kind_of(const struct value *v, i128 *nano)
{
	*nano = v->i;
	if (v->type == VALUE_TIME)
		return TIMES;
	return value_nano(v, nano) ? NUMBERS : KINDS;
}

static const char *
one_number(struct set *s, struct slice text, const struct value_reading *how,
    enum kind *kind, i128 *nano)
{
	struct value v;
	const char *err = value_parse(text, s->type, s->names, how, &v);

	*kind = err ? KINDS : kind_of(&v, nano);
	if (!err && *kind == KINDS)
		err = "expected a number or a range of numbers";
	return err;
}

/* A number or a time, or two of them with "-" or ".." between. */
static const char *
add_number(struct set *s, struct slice text, const struct value_reading *how)
{
	enum kind kind, end;
	i128 from, to;
	const char *err = one_number(s, text, how, &kind, &from), *second;

	if (!err)
		return add_range(&s->ranges[kind], from, from);
	for (size_t i = 1; i + 1 < text.n; i++) {
		size_t dots = text.p[i] == '.' && text.p[i + 1] == '.';
		size_t behind = i + 1 + dots;

		if (text.p[i] != '-' && !dots)
			continue;
		if (one_number(s, slice_of(text.p, i), how, &kind, &from))
			continue;
		second = one_number(s,
		    slice_of(text.p + behind, text.n - behind), how, &end, &to);
		if (!second && kind == end)
			return add_range(&s->ranges[kind], from, to);
		err = second ? second : err;
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

/* Of what may be text as well: no short forms. */
static bool
is_address(struct slice text)
{
	struct ip ip;

	return memchr(text.p, '/', text.n) || !ip_parse(text, &ip);
}

static void
add_string(struct set *s, struct slice text)
{
	s->strings = xgrow(
	    s->strings, &s->cap_strings, s->n_strings, sizeof *s->strings);
	text = arena_slice(&s->arena, text);
	if (s->folds)
		text = folded(text, (char *)(uintptr_t)text.p);
	s->strings[s->n_strings++] = text;
}

const char *
set_add(struct set *s, struct slice text, const struct value_reading *how)
{
	const char *err;

	if (s->type == FIELD_IP)
		return add_prefix(s, text);
	if (s->type != FIELD_STR) {
		err = add_number(s, text, how);
		if (!err || err == upside_down || s->type != FIELD_ANY)
			return err;
		if (is_address(text) && !add_prefix(s, text))
			return NULL;
	}
	add_string(s, text);
	return NULL;
}

const char *
set_add_quoted(
    struct set *s, struct slice text, const struct value_reading *how)
{
	if (s->type != FIELD_ANY)
		return set_add(s, text, how);
	add_string(s, text);
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
	out_keep(name);
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

/* The integers of a range that are in the bitmap. */
static void
set_bits(struct set *s, const struct range *r)
{
	i128 last = (i128)(BITMAP - 1) * NUM_NANO;
	uint64_t from = 0, to;

	if (r->to < 0)
		return;
	if (r->from > 0 && r->from <= last)
		from = (uint64_t)((r->from + NUM_NANO - 1) / NUM_NANO);
	else if (r->from > last)
		return;
	to = (uint64_t)((r->to < last ? r->to : last) / NUM_NANO);
	for (uint64_t v = from; v <= to; v++)
		s->bitmap[v / 64] |= 1ull << v % 64;
}

/* Sorted and disjoint. */
static void
seal_ranges(struct ranges *all)
{
	size_t n = 0;

	if (all->n)
		qsort(all->v, all->n, sizeof *all->v, by_range);
	for (size_t i = 0; i < all->n; i++) {
		struct range r = all->v[i];

		if (n > 0 && r.from <= all->v[n - 1].to) {
			if (r.to > all->v[n - 1].to)
				all->v[n - 1].to = r.to;
			continue;
		}
		all->v[n++] = r;
	}
	all->n = n;
}

/* And a bitmap of the small ones (ports, protocols). */
static void
seal_numbers(struct set *s)
{
	seal_ranges(&s->ranges[NUMBERS]);
	s->bitmap = xcalloc(BITMAP / 64, sizeof *s->bitmap);
	for (size_t i = 0; i < s->ranges[NUMBERS].n; i++)
		set_bits(s, &s->ranges[NUMBERS].v[i]);
}

void
set_seal(struct set *s)
{
	if (s->type == FIELD_IP && !s->prefixes)
		s->prefixes = prefixset_new();
	if (s->prefixes)
		prefixset_seal(s->prefixes);
	if (set_is_numbers(s))
		seal_numbers(s);
	seal_ranges(&s->ranges[TIMES]);
	if (s->n_strings)
		qsort(s->strings, s->n_strings, sizeof *s->strings, by_string);
}

bool
set_is_numbers(const struct set *s)
{
	return s->type != FIELD_IP && s->type != FIELD_STR &&
	       (s->type != FIELD_ANY || s->ranges[NUMBERS].n);
}

bool
set_is_addresses(const struct set *s)
{
	return s->prefixes != NULL;
}

static bool
has_nano(const struct ranges *r, i128 n)
{
	size_t lo = 0, hi = r->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (n > r->v[mid].to)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->n && n >= r->v[lo].from;
}

bool
set_has_number(const struct set *s, uint64_t n)
{
	if (n < BITMAP)
		return s->bitmap[n / 64] >> n % 64 & 1;
	return has_nano(&s->ranges[NUMBERS], (i128)n * NUM_NANO);
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

static bool
set_has_string(const struct set *s, struct slice text)
{
	char room[1024];

	if (s->folds && text.n <= sizeof room)
		text = folded(text, room);
	return s->n_strings && bsearch(&text, s->strings, s->n_strings,
				   sizeof *s->strings, by_string);
}

/* Text counts as what it says, where a number or an address is asked for. */
static bool
set_has_text(const struct set *s, struct slice text)
{
	const struct value_reading how = { 0 };
	struct ip_prefix net;
	struct value v;

	if (set_has_string(s, text))
		return true;
	if (set_is_addresses(s) && is_address(text) &&
	    !ip_prefix_parse(text, &net))
		return set_has_net(s, &net.ip, net.len);
	return (s->ranges[NUMBERS].n || s->ranges[TIMES].n) &&
	       !value_parse(text, s->type, s->names, &how, &v) &&
	       v.type != VALUE_STR && set_has(s, &v);
}

bool
set_has(const struct set *s, const struct value *v)
{
	char room[64];
	enum kind kind;
	i128 nano;

	if (v->type == VALUE_NONE)
		return false;
	if (v->type == VALUE_STR)
		return set_has_text(s, v->s);
	kind = kind_of(v, &nano);
	if (kind < KINDS && has_nano(&s->ranges[kind], nano))
		return true;
	if (set_is_addresses(s) && v->type == VALUE_IP && set_has_ip(s, &v->ip))
		return true;
	if (set_is_addresses(s) && v->type == VALUE_NET &&
	    set_has_net(s, &v->ip, v->net_len))
		return true;
	return s->n_strings &&
	       set_has_string(
		   s, slice_of(room, value_text(room, sizeof room, v, NULL)));
}

size_t
set_describe(const struct set *s, char *out, size_t room)
{
	const size_t counts[] = { s->ranges[NUMBERS].n + s->ranges[TIMES].n,
		s->prefixes ? prefixset_count(s->prefixes) : 0, s->n_strings };
	static const char *const what[] = { "ranges", "prefixes", "strings" };
	size_t n = 0;

	for (size_t i = 0; i < 3 && n < room; i++)
		if (counts[i])
			n += (size_t)snprintf(out + n, room - n, "%s%zu %s",
			    n ? ", " : "", counts[i], what[i]);
	return n ? n : (size_t)snprintf(out, room, "nothing");
}
