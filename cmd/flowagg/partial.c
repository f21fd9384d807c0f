/* SPDX-License-Identifier: MIT */
#include "cmd/flowagg/partial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/accum_text.h"
#include "libcommon/hash.h"
#include "libcommon/key.h"
#include "libcommon/xalloc.h"

enum { VERSION, SPEC, START, END, HEAD };

struct partial {
	const struct winagg *agg;
	char spec[17];
	int slot;
	char *states; /* of a row that is being read */
	struct output key;
	struct output text;
};

/* What must be the same on both sides. */
static void
put_spec(struct partial *p, const char *keys, const char *aggregates)
{
	const struct winspec *w = &p->agg->window->spec;
	struct output text;

	out_memory(&text);
	out_str(&text, keys ? keys : "");
	out_char(&text, '\n');
	out_str(&text, aggregates ? aggregates : "");
	out_char(&text, '\n');
	text_put_i128(&text, w->kind);
	out_char(&text, '\n');
	text_put_i128(&text, w->gap);
	snprintf(p->spec, sizeof p->spec, "%016" PRIx64,
	    hash_fixed(text.buf, text.n));
	out_close(&text);
}

struct partial *
partial_new(const struct winagg *a, const char *keys, const char *aggregates,
    struct schema *schema)
{
	struct partial *p = xcalloc(1, sizeof *p);

	p->agg = a;
	p->slot = schema_add(schema, SLICE_LIT("partial"));
	p->states = xcalloc(1, a->agg.block);
	out_memory(&p->key);
	out_memory(&p->text);
	put_spec(p, keys, aggregates);
	return p;
}

const char *
partial_window(struct winspec *spec)
{
	if (spec->kind == WINDOW_COUNT)
		return "windows of a count of records have no partials";
	if (spec->max != INT64_MAX)
		return "sessions with a maximum have no partials";
	spec->size = spec->slide = spec->pane;
	spec->panes = spec->step = spec->panes > 0;
	return NULL;
}

/* ---- writing ---- */

static void
next_part(struct output *out)
{
	out_put(out, "\",\"", 3);
}

static void
put_keys(struct partial *p, struct slice key, struct arena *arena)
{
	struct value v;

	for (size_t i = 0; i < p->agg->agg.n_keys; i++) {
		size_t n = key_get(key.p, &v, arena);

		next_part(&p->text);
		if (v.type != VALUE_NONE)
			text_put_key(&p->text, slice_of(key.p, n));
		key.p += n;
	}
}

struct value
partial_put(struct partial *p, struct winagg *a, const void *block,
    const struct window_bounds *bounds, struct arena *arena)
{
	const struct winspec *w = &a->window->spec;
	const char *states = winagg_states(a, block);
	struct output *out = &p->text;
	int64_t end = bounds->end;

	if (w->kind == WINDOW_SESSION)
		end -= w->gap;
	out->n = 0;
	out_put(out, "[\"1", 3);
	next_part(out);
	out_put(out, p->spec, sizeof p->spec - 1);
	next_part(out);
	if (w->kind != WINDOW_WHOLE)
		text_put_i128(out, bounds->start);
	next_part(out);
	if (w->kind != WINDOW_WHOLE)
		text_put_i128(out, end);
	put_keys(p, winagg_key(a, block), arena);
	for (size_t i = 0; i < a->agg.n_calls; i++) {
		const struct agg_call *c = &a->agg.calls[i];

		next_part(out);
		c->spec.fn->save(states + c->offset, out);
	}
	out_put(out, "\"]", 2);
	return (struct value){ .type = VALUE_JSON,
		.s = arena_slice(arena, slice_of(out->buf, out->n)) };
}

/* ---- reading ---- */

/* The next element, a string without escapes; false at the end. */
static bool
next_element(struct json_in *in, struct json_iter *it, struct slice *text)
{
	struct json_val key, v;
	bool done = true;

	if (json_member(in, it, &key, &done) || done || json_value(in, &v) ||
	    v.kind != JSON_STRING || v.escaped)
		return false;
	*text = json_slice(&v);
	return true;
}

static const char *
read_head(const struct partial *p, const struct slice *head, int64_t *start,
    int64_t *end)
{
	bool whole = p->agg->window->spec.kind == WINDOW_WHOLE;
	i128 from = 0, to = 0;

	if (!slice_is(head[VERSION], "1"))
		return "a partial of another version";
	if (!slice_is(head[SPEC], p->spec))
		return "a partial of other -k, -a or -w";
	if (whole != (head[START].n == 0) || whole != (head[END].n == 0))
		return "a partial of another -w";
	if (!whole &&
	    (!text_i128(head[START], &from) || !text_i128(head[END], &to) ||
		from > to || from < INT64_MIN || to > INT64_MAX))
		return "a damaged partial";
	*start = (int64_t)from;
	*end = (int64_t)to;
	return NULL;
}

static bool
read_keys(struct partial *p, struct json_in *in, struct json_iter *it)
{
	static const char unknown = 0;
	size_t keys = p->agg->agg.n_keys;

	p->key.n = 0;
	for (size_t i = 0; i < keys; i++) {
		struct slice text;
		char *bytes;
		size_t n;

		if (!next_element(in, it, &text))
			return false;
		if (!text.n) {
			out_char(&p->key, unknown);
			continue;
		}
		bytes = text_key(text, &n);
		if (!bytes)
			return false;
		out_put(&p->key, bytes, n);
		free(bytes);
	}
	if (!keys)
		out_char(&p->key, unknown);
	return p->key.n <= AGG_MAX_KEY;
}

static bool
read_states(struct partial *p, struct json_in *in, struct json_iter *it)
{
	const struct agg *a = &p->agg->agg;

	for (size_t i = 0; i < a->n_calls; i++) {
		const struct agg_call *c = &a->calls[i];
		struct slice text;

		if (!next_element(in, it, &text) ||
		    c->spec.fn->load(p->states + c->offset, &c->spec, text))
			return false;
	}
	return true;
}

const char *
partial_take(struct partial *p, struct winagg *a, const struct json_val *v)
{
	const struct json_val *text = &v[p->slot];
	struct json_in in = { .p = text->p, .end = text->p + text->n };
	struct slice head[HEAD], more;
	struct json_iter it;
	int64_t start, end;
	const char *err;

	if (text->kind != JSON_ARRAY || json_open(&in, &it))
		return "not a partial row";
	for (int i = 0; i < HEAD; i++)
		if (!next_element(&in, &it, &head[i]))
			return "a damaged partial";
	err = read_head(p, head, &start, &end);
	if (err)
		return err;
	if (!read_keys(p, &in, &it) || !read_states(p, &in, &it) ||
	    next_element(&in, &it, &more))
		err = "a damaged partial";
	else
		err = winagg_merge(
		    a, start, end, slice_of(p->key.buf, p->key.n), p->states);
	agg_free_block(&a->agg, p->states);
	memset(p->states, 0, a->agg.block);
	return err;
}
