/* SPDX-License-Identifier: MIT */
#include "cmd/flowfilter/edit.h"

#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/splice.h"
#include "libcommon/xalloc.h"

enum { MAX_EDITS = 64, MAX_FIELDS = 256 };

struct edit {
	struct splice sets[MAX_EDITS]; /* of a name the last one counts */
	struct expr *exprs[MAX_EDITS];
	size_t n_sets;
	struct slice names[MAX_FIELDS];
	int slots[MAX_FIELDS];
	bool seen[MAX_FIELDS];
	size_t n_names;
	uint64_t records;
};

struct edit *
edit_new(void)
{
	return xcalloc(1, sizeof(struct edit));
}

/*
 * The name at *p: of a field, short or not, or as expressions have it: .name,
 * ."any name".  Behind it one of 'ends' follows.
 */
static struct slice
take_name(const char **p, const char *ends)
{
	bool literal = **p == '.' || **p == '"';
	const char *start = *p + (**p == '.'), *close;
	const struct field *f;
	struct slice name;

	close = *start == '"' ? strchr(start + 1, '"') : NULL;
	if (close) {
		name = slice_of(start + 1, (size_t)(close - start - 1));
		*p = close + 1;
	} else {
		name = slice_of(start, strcspn(start, ends));
		*p = start + name.n;
	}
	f = literal ? field_named(name) : field_find(name);
	return f ? slice_str(f->name)
		 : slice_of(xstrndup(name.p, name.n), name.n);
}

void
edit_set(struct edit *e, const char *text, const struct expr_context *context)
{
	const char *equals = text;
	struct slice name = take_name(&equals, "=");
	struct splice *s;
	size_t i = e->n_sets;

	if (*equals != '=' || !name.n)
		die("--set %s: expected NAME=EXPRESSION", text);
	if (e->n_sets == MAX_EDITS)
		die("--set: more than %d", MAX_EDITS);
	s = &e->sets[e->n_sets++];
	s->name = name;
	s->field = field_named(s->name);
	s->slot = schema_add(context->schema, s->name);
	e->exprs[i] = expr_compile(equals + 1, "--set", context);
	/* "bps=bytes*8/duration" is no flag text, "flags=flags | 2" is. */
	if (!s->field)
		s->field = expr_result(e->exprs[i]);
	while (i-- > 0)
		e->sets[i].leave |= slice_eq(e->sets[i].name, s->name);
}

static bool
is_named(const struct edit *e, struct slice name)
{
	for (size_t i = 0; i < e->n_names; i++)
		if (slice_eq(e->names[i], name))
			return true;
	return false;
}

/* A member that is named twice stands at its first place. */
void
edit_fields(struct edit *e, const char *text, struct schema *schema)
{
	while (*text) {
		struct slice name = take_name(&text, ", ");

		if (name.n && !is_named(e, name)) {
			if (e->n_names == MAX_FIELDS)
				die("--fields: more than %d", MAX_FIELDS);
			e->names[e->n_names] = name;
			e->slots[e->n_names] = schema_add(schema, name);
			e->n_names++;
		}
		text += *text != '\0';
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

static const char *
compute(struct edit *e, const struct rec *rec)
{
	struct expr_input in = { .v = rec->v };
	const char *err = NULL;

	for (size_t i = 0; i < e->n_sets && !err; i++)
		err = expr_value(e->exprs[i], &in, &e->sets[i].v);
	return err;
}

static const struct splice *
set_of(const struct edit *e, struct slice name)
{
	for (size_t i = e->n_sets; i-- > 0;)
		if (slice_eq(e->sets[i].name, name))
			return &e->sets[i];
	return NULL;
}

/* --fields: a new object of the chosen members that exist. */
static void
put_chosen(struct edit *e, const struct rec *rec, struct output *out)
{
	char before = '{';

	e->records++;

	for (size_t i = 0; i < e->n_names; i++) {
		const struct json_val *v = &rec->v[e->slots[i]];
		const struct splice *s = set_of(e, e->names[i]);

		if (s ? s->v.type == VALUE_NONE : v->kind == JSON_NONE)
			continue;
		e->seen[i] = true;
		splice_name(out, e->names[i], before);
		if (s)
			value_json(out, &s->v, s->field);
		else
			out_slice(out, splice_whole(v));
		before = ',';
	}
	if (before == '{')
		out_char(out, '{');
	out_char(out, '}');
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
		splice_put(out, rec, e->sets, e->n_sets);
	return NULL;
}

/* In expressions they are words, but no members of a record. */
static bool
is_rate(struct slice name)
{
	return slice_is(name, "bps") || slice_is(name, "pps") ||
	       slice_is(name, "bpp");
}

void
edit_close(const struct edit *e)
{
	for (size_t i = 0; e && e->records && i < e->n_names; i++) {
		struct near near = near_to(e->names[i]);

		field_near(&near);
		if (!e->seen[i] && is_rate(e->names[i]))
			warn("--fields: no record has '%.3s'; "
			     "--set %.3s=%.3s computes it",
			    e->names[i].p, e->names[i].p, e->names[i].p);
		else if (!e->seen[i] && near.best && !field_find(e->names[i]))
			warn("--fields: no record has '%.*s'%s",
			    (int)e->names[i].n, e->names[i].p,
			    near_hint(&near));
	}
}
