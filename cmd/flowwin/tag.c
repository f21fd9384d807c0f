/* SPDX-License-Identifier: MIT */
/*
 * --tag: each record once for each of its windows, with their bounds in front.
 * Nothing is held back and nothing is late.
 */
#include <stdlib.h>

#include "cmd/flowwin/mode.h"
#include "libcommon/xalloc.h"

static const char *const names[] = { "window_start", "window_end" };

struct tag {
	int slots[2];
	struct window_bounds bounds; /* of the text */
	struct output text;          /* {"window_start":..,"window_end":..*/
};

static void
setup(struct flowwin *f, struct window_client *client)
{
	struct tag *t = xcalloc(1, sizeof *t);

	client->units = true;
	f->mode = t;
	if (f->window.spec.kind != WINDOW_TIME)
		opts_usage("--tag goes with windows of a length, -w 5m");
	for (int i = 0; i < 2; i++)
		t->slots[i] = schema_add(&f->run.schema, slice_str(names[i]));
	t->bounds.number = INT64_MIN;
	out_memory(&t->text);
}

static void
put_bounds(struct tag *t, const struct window_bounds *b)
{
	char time[TSTAMP_ROOM];

	t->bounds = *b;
	t->text.n = 0;
	for (int i = 0; i < 2; i++) {
		out_str(&t->text, i ? ",\"" : "{\"");
		out_str(&t->text, names[i]);
		out_str(&t->text, "\":\"");
		out_put(
		    &t->text, time, tstamp_put(time, i ? b->end : b->start));
		out_char(&t->text, '"');
	}
}

static bool
is_bound(const struct json_val *key)
{
	struct slice s = json_slice(key);
	char room[6 * sizeof "window_start"]; /* each letter as \u0077 */

	if (key->escaped && s.n <= sizeof room)
		s = slice_of(room, json_unescape(s, room));
	return slice_is(s, names[0]) || slice_is(s, names[1]);
}

/* The members of a record that has bounds already, without them. */
static void
put_others(struct output *out, const struct rec *rec)
{
	struct json_in in = { .p = rec->p, .end = rec->p + rec->n };
	struct json_iter it;
	struct json_val key, v;
	bool done = false;

	json_space(&in);
	if (json_open(&in, &it))
		return;
	while (!json_member(&in, &it, &key, &done) && !done) {
		const char *value = in.p;

		json_value(&in, &v);
		if (is_bound(&key))
			continue;
		out_put(out, ",\"", 2);
		out_slice(out, json_slice(&key));
		out_put(out, "\":", 2);
		out_put(out, value, (size_t)(in.p - value));
	}
	out_put(out, "}\n", 2);
}

static void
put_record(struct flowwin *f)
{
	struct tag *t = f->mode;
	const struct rec *rec = &f->run.reader.rec;
	struct output *out = &f->run.out;
	const char *p = rec->p;
	const char *end = rec->p + rec->n;

	out_put(out, t->text.buf, t->text.n);
	f->written++;
	if (rec->v[t->slots[0]].kind || rec->v[t->slots[1]].kind) {
		put_others(out, rec);
		return;
	}
	while (*p++ != '{')
		continue;
	while (memchr(" \t\r", *p, 3))
		p++;
	if (*p != '}')
		out_char(out, ',');
	out_put(out, p, (size_t)(end - p));
	out_char(out, '\n');
}

static const char *
take(struct flowwin *f)
{
	struct window *w = &f->window;
	struct tag *t = f->mode;
	int64_t time, first, last;
	struct window_pane pane = { 0 };
	const char *err = eventtime_of(&w->time, f->run.reader.rec.v, &time);

	if (err)
		return window_no_time(w, err);
	pane.id = winspec_pane(&w->spec, time);
	window_numbers(w, &pane, &first, &last);
	for (int64_t i = first; i <= last; i++) {
		if (i != t->bounds.number) {
			struct window_bounds b = window_bounds_of(w, i);

			put_bounds(t, &b);
		}
		put_record(f);
	}
	return NULL;
}

const struct mode mode_tag = { setup, take, NULL };
