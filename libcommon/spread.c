/* SPDX-License-Identifier: MIT */
#include "libcommon/spread.h"

#include <stdio.h>

#include "libcommon/num_put.h"
#include "libcommon/xalloc.h"

static const char *const divided[SPREAD_FIELDS] = { "packets", "bytes",
	"packets_rev", "bytes_rev", "packets_in", "packets_out", "bytes_in",
	"bytes_out", "duration" };
static const char *const counted_once[SPREAD_ONCE] = { "flows", "flows_rev" };

void
spread_open(struct spread *s, struct window *w)
{
	struct schema *schema = &w->run->schema;

	*s = (struct spread){ .window = w, .on = w->opts.spread };
	if (!s->on)
		return;
	if (w->spec.kind != WINDOW_TIME)
		opts_usage("--spread goes with windows of a length, -w 5m");
	s->first_slot = schema_add(schema, SLICE_LIT("date_first_seen"));
	for (int i = 0; i < SPREAD_ONCE; i++)
		s->once_slots[i] =
		    schema_add(schema, slice_str(counted_once[i]));
	for (int i = 0; i < SPREAD_FIELDS; i++) {
		s->fields[i].slot = schema_add(schema, slice_str(divided[i]));
		s->fields[i].type = field_find(slice_str(divided[i]))->type;
	}
}

/* What is to be divided; what is no number stays with the record. */
static void
read_field(struct spread_field *f, const struct json_val *text,
    const struct value_reading *how)
{
	struct value v;

	f->total = f->given = 0;
	if (value_read(text, f->type, 0, how, &v) || !value_is_number(&v))
		return;
	f->nano = v.type != VALUE_INT;
	if (!f->nano)
		f->total = v.i;
	/* As it is written; escapes in numbers are for the curious. */
	else if (num_nano(json_slice(text), &f->total))
		value_nano(&v, &f->total);
}

static void
read_fields(struct spread *s, const struct json_val *v)
{
	struct arena scratch = { 0 };
	struct value_reading how = { s->window->run->zone, &scratch };

	for (int i = 0; i < SPREAD_FIELDS; i++)
		read_field(&s->fields[i], &v[s->fields[i].slot], &how);
	arena_free(&scratch);
}

/* total * covered / all, rounded down; exact beyond 128 bits. */
static i128
share(i128 total, uint64_t covered, uint64_t all)
{
	u128 magnitude = (u128)(total < 0 ? -total : total);
	u128 part = magnitude / all * covered;

	part += magnitude % all * covered / all;
	return total < 0 ? -(i128)part : (i128)part;
}

static void
put_text(struct json_val *v, char *text, i128 n, bool nano)
{
	v->p = text;
	v->n = (uint32_t)(nano ? num_put_nano(text, n) : num_put_i128(text, n));
	v->kind = JSON_NUMBER;
	v->escaped = false;
}

/* The values of the part that ends when 'covered' of 'all' ns are over. */
static void
make_part(struct spread *s, const struct json_val *v, uint64_t covered,
    uint64_t all, bool part)
{
	static const char zero[16] = "0";

	memcpy(s->v, v, s->n_slots * sizeof *v);
	for (int i = 0; i < SPREAD_FIELDS; i++) {
		struct spread_field *f = &s->fields[i];
		i128 until;

		if (!f->total)
			continue;
		until =
		    covered == all ? f->total : share(f->total, covered, all);
		put_text(&s->v[f->slot], f->text, until - f->given, f->nano);
		f->given = until;
	}
	for (int i = 0; i < SPREAD_ONCE && part; i++)
		if (i == 0 || v[s->once_slots[i]].kind != JSON_NONE)
			s->v[s->once_slots[i]] = (struct json_val){
				.p = zero, .n = 1, .kind = JSON_NUMBER
			};
}

/* Where the flow begins: not before its end, if that is not told. */
static const char *
begins(struct spread *s, const struct json_val *v, int64_t *first)
{
	struct window *w = s->window;
	const char *err;
	struct arena scratch = { 0 };
	struct value_reading how = { w->run->zone, &scratch };
	struct value t;

	*first = w->now;
	err = value_read(&v[s->first_slot], FIELD_TIME, 0, &how, &t);
	arena_free(&scratch);
	if (err) {
		snprintf(s->message, sizeof s->message,
		    "date_first_seen: %s (needed for --spread)", err);
		return s->message;
	}
	if (t.type == VALUE_TIME && t.i < w->now)
		*first = (int64_t)t.i;
	return NULL;
}

static const char *
add_parts(struct spread *s, struct window_pane *last, int64_t first,
    spread_fn *add, void *arg)
{
	struct window *w = s->window;
	const struct json_val *v = w->run->reader.rec.v;
	struct expr_input in = { .v = s->v, .part = true };
	uint64_t all = (uint64_t)w->now - (uint64_t)first;
	int64_t id = winspec_pane(&w->spec, first);
	const char *err = NULL;

	id = id < window_closed(w) ? window_closed(w) : id;
	if (last->id - id >= SPREAD_MAX_PARTS)
		return "the flow covers too many windows for --spread";
	read_fields(s, v);
	for (; id < last->id && !err; id++) {
		int64_t end = winspec_start(&w->spec, id + 1);

		make_part(s, v, (uint64_t)end - (uint64_t)first, all, true);
		err = add(arg, window_pane(w, id), &in);
	}
	if (err)
		return err;
	in.part = false;
	make_part(s, v, all, all, false);
	err = add(arg, last, &in);
	return err;
}

const char *
spread_add(struct spread *s, spread_fn *add, void *arg)
{
	struct window *w = s->window;
	struct expr_input in = run_input(w->run);
	struct window_pane *pane = window_take(w);
	const char *err = NULL;
	int64_t first = INT64_MAX;

	if (!pane)
		return NULL;
	if (s->on)
		err = begins(s, in.v, &first);
	if (err)
		return err;
	if (first >= window_start(w))
		return add(arg, pane, &in);
	if (!s->v) {
		s->n_slots = w->run->schema.n_slots;
		s->v = xcalloc(s->n_slots, sizeof *s->v);
	}
	return add_parts(s, pane, first, add, arg);
}
