/* SPDX-License-Identifier: MIT */
#include "libcommon/splice.h"

#define BLANKS " \t\r"

struct slice
splice_whole(const struct json_val *v)
{
	if (v->kind == JSON_STRING)
		return slice_of(v->p - 1, v->n + 2u);
	return json_slice(v);
}

void
splice_name(struct output *out, struct slice name, char before)
{
	out_char(out, before);
	out_char(out, '"');
	out_json_string(out, name);
	out_put(out, "\":", 2);
}

/* What replaces the member that stands first at or behind p; NULL: nothing. */
static const struct splice *
next_replaced(
    const struct rec *rec, const struct splice *list, size_t n, const char *p)
{
	const struct splice *first = NULL;

	for (const struct splice *s = list; s < list + n; s++) {
		const struct json_val *v = &rec->v[s->slot];

		if (s->leave || v->kind == JSON_NONE || v->p < p)
			continue;
		if (!first || v->p < rec->v[first->slot].p)
			first = s;
	}
	return first;
}

static const char *
back_over_space(const char *p)
{
	while (strchr(BLANKS, p[-1]))
		p--;
	return p;
}

/* Writes what stays; *before is what then stands before a new member. */
static void
put(struct output *out, const char *p, const char *end, char *before)
{
	const char *last = end;

	while (last > p && strchr(BLANKS, last[-1]))
		last--;
	if (last > p)
		*before = last[-1] == '{' ? ' ' : ',';
	out_put(out, p, (size_t)(end - p));
}

/*
 * From p on, without the member whose value is 'old' (it became unknown) and
 * one of the commas beside it.  Returns where to go on.
 */
static const char *
put_without(const char *p, struct slice old, struct output *out, char *before)
{
	const char *key = back_over_space(old.p) - 1; /* the colon */
	const char *end = old.p + old.n;

	key = back_over_space(key) - 1; /* the closing quote */
	while (*--key != '"' || key[-1] == '\\')
		continue;
	key = back_over_space(key);
	if (key[-1] == ',' && key > p) {
		key--;
	} else {
		end += strspn(end, BLANKS);
		end += *end == ',';
	}
	put(out, p, key, before);
	return end;
}

void
splice_put(struct output *out, const struct rec *rec, const struct splice *list,
    size_t n)
{
	const char *p = rec->p, *end = rec->p + rec->n, *brace = end;
	const struct splice *s;
	char before = ' ';

	while (*--brace != '}')
		continue;
	while ((s = next_replaced(rec, list, n, p))) {
		struct slice old = splice_whole(&rec->v[s->slot]);

		if (s->v.type == VALUE_NONE &&
		    back_over_space(old.p)[-1] == ':') {
			p = put_without(p, old, out, &before);
			continue;
		}
		/* An element of an array stays, as null. */
		put(out, p, old.p, &before);
		value_json(out, &s->v, s->field);
		p = old.p + old.n;
		before = ',';
	}
	put(out, p, brace, &before);
	for (s = list; s < list + n; s++) {
		if (s->leave || rec->v[s->slot].kind != JSON_NONE ||
		    s->v.type == VALUE_NONE)
			continue;
		if (s->key.n) {
			out_char(out, before);
			out_slice(out, s->key);
		} else {
			splice_name(out, s->name, before);
		}
		value_json(out, &s->v, s->field);
		before = ',';
	}
	out_put(out, brace, (size_t)(end - brace));
}
