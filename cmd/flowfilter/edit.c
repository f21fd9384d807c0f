/* SPDX-License-Identifier: MIT */
#include "cmd/flowfilter/edit.h"

#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

enum { MAX_EDITS = 64, MAX_FIELDS = 256 };

struct set {
	struct slice name;
	const struct field *field;
	int slot; /* of the member it replaces */
	struct expr *expr;
	struct value v; /* for the record at hand */
};

struct edit {
	struct set sets[MAX_EDITS];
	size_t n_sets;
	struct slice names[MAX_FIELDS];
	int slots[MAX_FIELDS];
	size_t n_names;
};

struct edit *
edit_new(void)
{
	return xcalloc(1, sizeof(struct edit));
}

static struct slice
canonical(struct slice name)
{
	const struct field *f = field_find(name);

	return f ? slice_str(f->name)
		 : slice_of(xstrndup(name.p, name.n), name.n);
}

void
edit_set(struct edit *e, const char *text, const struct expr_context *context)
{
	const char *equals = strchr(text, '=');
	struct set *s;

	if (!equals || equals == text)
		die("--set %s: expected NAME=EXPRESSION", text);
	if (e->n_sets == MAX_EDITS)
		die("--set: more than %d", MAX_EDITS);
	s = &e->sets[e->n_sets++];
	s->name = canonical(slice_of(text, (size_t)(equals - text)));
	s->field = field_find(s->name);
	s->slot = schema_add(context->schema, s->name);
	s->expr = expr_compile(equals + 1, "--set", context);
	/* "bps=bytes*8/duration" is no flag text, "flags=flags | 2" is. */
	if (!s->field)
		s->field = expr_result(s->expr);
}

void
edit_fields(struct edit *e, const char *text, struct schema *schema)
{
	while (*text) {
		size_t n = strcspn(text, ", ");

		if (n) {
			if (e->n_names == MAX_FIELDS)
				die("--fields: more than %d", MAX_FIELDS);
			e->names[e->n_names] = canonical(slice_of(text, n));
			e->slots[e->n_names] =
			    schema_add(schema, e->names[e->n_names]);
			e->n_names++;
		}
		text += n + (text[n] != '\0');
	}
	if (!e->n_names)
		die("--fields: expected names");
}

const struct slice *
edit_names(const struct edit *e, size_t *n)
{
	*n = e->n_names;
	return e->n_names ? e->names : NULL;
}

bool
edit_is_empty(const struct edit *e)
{
	return !e->n_sets && !e->n_names;
}

/* A value with the quotes that its slice leaves out. */
static struct slice
whole(const struct json_val *v)
{
	if (v->kind == JSON_STRING)
		return slice_of(v->p - 1, v->n + 2u);
	return json_slice(v);
}

static const char *
compute(struct edit *e, const struct rec *rec)
{
	struct expr_input in = { .v = rec->v };
	const char *err = NULL;

	for (size_t i = 0; i < e->n_sets && !err; i++)
		err = expr_value(e->sets[i].expr, &in, &e->sets[i].v);
	return err;
}

static void
put_member(struct output *out, struct slice name, char before)
{
	out_char(out, before);
	out_char(out, '"');
	out_json_string(out, name);
	out_put(out, "\":", 2);
}

static const struct set *
set_of(const struct edit *e, struct slice name)
{
	for (size_t i = e->n_sets; i-- > 0;)
		if (slice_eq(e->sets[i].name, name))
			return &e->sets[i];
	return NULL;
}

/* --fields: a new object of the chosen members that exist. */
static void
put_chosen(const struct edit *e, const struct rec *rec, struct output *out)
{
	char before = '{';

	for (size_t i = 0; i < e->n_names; i++) {
		const struct json_val *v = &rec->v[e->slots[i]];
		const struct set *s = set_of(e, e->names[i]);

		if (s ? s->v.type == VALUE_NONE : v->kind == JSON_NONE)
			continue;
		put_member(out, e->names[i], before);
		if (s)
			value_json(out, &s->v, s->field);
		else
			out_slice(out, whole(v));
		before = ',';
	}
	if (before == '{')
		out_char(out, '{');
	out_char(out, '}');
}

/* The set whose member stands first at or behind p; NULL if none does. */
static const struct set *
next_replaced(const struct edit *e, const struct rec *rec, const char *p)
{
	const struct set *first = NULL;

	for (size_t i = 0; i < e->n_sets; i++) {
		const struct set *s = &e->sets[i];
		const struct json_val *v = &rec->v[s->slot];

		if (v->kind == JSON_NONE || v->p < p || set_of(e, s->name) != s)
			continue;
		if (!first || v->p < rec->v[first->slot].p)
			first = s;
	}
	return first;
}

static const char *
back_over_space(const char *p)
{
	while (strchr(" \t", p[-1]))
		p--;
	return p;
}

/*
 * From p on, without the member whose value is 'old' (it became unknown) and
 * one of the commas beside it.  Returns where to go on.
 */
static const char *
put_without(
    const struct rec *rec, const char *p, struct slice old, struct output *out)
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
		end += strspn(end, " \t");
		end += *end == ',' && end < rec->p + rec->n;
	}
	out_put(out, p, (size_t)(key - p));
	return end;
}

/* Replaced members in place, new ones before the closing brace. */
static void
put_spliced(const struct edit *e, const struct rec *rec, struct output *out)
{
	const char *p = rec->p, *end = rec->p + rec->n, *brace = end;
	const struct set *s;
	char before;

	while (*--brace != '}')
		continue;
	while ((s = next_replaced(e, rec, p))) {
		struct slice old = whole(&rec->v[s->slot]);

		if (s->v.type == VALUE_NONE) {
			p = put_without(rec, p, old, out);
			continue;
		}
		out_put(out, p, (size_t)(old.p - p));
		value_json(out, &s->v, s->field);
		p = old.p + old.n;
	}
	out_put(out, p, (size_t)(brace - p));
	for (p = brace - 1; strchr(" \t", *p); p--)
		continue;
	before = *p == '{' ? ' ' : ',';
	for (size_t i = 0; i < e->n_sets; i++) {
		s = &e->sets[i];
		if (rec->v[s->slot].kind != JSON_NONE ||
		    s->v.type == VALUE_NONE || set_of(e, s->name) != s)
			continue;
		put_member(out, s->name, before);
		value_json(out, &s->v, s->field);
		before = ',';
	}
	out_put(out, brace, (size_t)(end - brace));
}

const char *
edit_put(struct edit *e, const struct rec *rec, struct output *out)
{
	const char *err = compute(e, rec);

	if (err)
		return err;
	if (e->n_names)
		put_chosen(e, rec, out);
	else
		put_spliced(e, rec, out);
	return NULL;
}
