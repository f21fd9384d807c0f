/* SPDX-License-Identifier: MIT */
/* accum_many: set, top, entropy: states that keep many values. */
#include "libcommon/accum.h"

#include <stdlib.h>

#include "libcommon/accum_fns.h"
#include "libcommon/accum_text.h"
#include "libcommon/counts.h"
#include "libcommon/key.h"
#include "libcommon/xalloc.h"

/* ---- set: the first cap values in their order ---- */

static void
drop(struct slice key)
{
	free((char *)key.p);
}

static struct slice
copied(struct slice key)
{
	return slice_of(xstrndup(key.p, key.n), key.n);
}

/* The place of a key, or where it belongs; *there: it is in the set. */
static uint32_t
place_of(const struct accum_set *set, struct slice key, bool *there)
{
	uint32_t low = 0, high = set->n;

	*there = false;
	while (low < high && !*there) {
		uint32_t middle = low + (high - low) / 2;
		int c = slice_cmp(set->keys[middle], key);

		*there = c == 0;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return high;
}

/* One more at place i; the key is the set's from now on. */
static void
insert(struct accum_set *set, uint32_t i, struct slice key)
{
	struct slice *at;

	if (set->n == set->room) {
		set->room = set->room ? set->room * 2 : 4;
		set->keys =
		    xreallocarray(set->keys, set->room, sizeof *set->keys);
	}
	at = set->keys + i;
	memmove(at + 1, at, (set->n - i) * sizeof *at);
	*at = key;
	set->n++;
}

void
accum_set_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	struct accum_set *set = state;
	char room[256], *heap;
	struct slice key = key_bytes(a->v, room, sizeof room, &heap);
	bool there;
	uint32_t i = place_of(set, key, &there);

	if (!there && i < s->param) {
		if (set->n == s->param)
			drop(set->keys[--set->n]);
		insert(set, i, copied(key));
	}
	free(heap);
}

void
accum_set_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	const struct accum_set *set = state;
	struct output text;
	struct value v;

	out->type = VALUE_NONE;
	if (!set->n)
		return;
	out_memory(&text);
	for (uint32_t i = 0; i < set->n; i++) {
		key_get(set->keys[i].p, &v, arena);
		out_char(&text, i ? ',' : '[');
		value_json(&text, &v, s->field);
	}
	out_char(&text, ']');
	*out = (struct value){ .type = VALUE_JSON };
	out->s = arena_slice(arena, slice_of(text.buf, text.n));
	out_close(&text);
}

void
accum_set_free(void *state)
{
	struct accum_set *set = state;

	for (uint32_t i = 0; i < set->n; i++)
		drop(set->keys[i]);
	free(set->keys);
	*set = (struct accum_set){ 0 };
}

/* Both ascend: a new array takes the lesser of the heads. */
void
accum_set_merge(void *state, const struct accum_spec *s, const void *other)
{
	struct accum_set *to = state, all = { 0 };
	const struct accum_set *from = other;
	uint32_t i = 0, j = 0;

	if (!from->n)
		return;
	all.room = to->n + from->n;
	if (all.room > s->param)
		all.room = s->param;
	all.keys = xreallocarray(NULL, all.room, sizeof *all.keys);
	while (all.n < all.room && (i < to->n || j < from->n)) {
		int c = i == to->n ? 1 : -1;

		if (i < to->n && j < from->n)
			c = slice_cmp(to->keys[i], from->keys[j]);
		all.keys[all.n++] =
		    c > 0 ? copied(from->keys[j]) : to->keys[i++];
		j += c >= 0;
	}
	while (i < to->n)
		drop(to->keys[i++]);
	free(to->keys);
	*to = all;
}

void
accum_set_save(const void *state, struct output *out)
{
	const struct accum_set *set = state;

	for (uint32_t i = 0; i < set->n; i++) {
		if (i)
			out_char(out, ',');
		text_put_key(out, set->keys[i]);
	}
}

static const char *
set_parse(struct accum_set *set, struct slice item, unsigned cap)
{
	struct slice key = { 0 };

	key.p = text_key(item, &key.n);
	if (!key.p)
		return "set state: not a value";
	if (set->n && slice_cmp(set->keys[set->n - 1], key) >= 0) {
		drop(key);
		return "set state: values out of order";
	}
	insert(set, set->n, key);
	return set->n > cap ? "set state: more values than the cap" : NULL;
}

const char *
accum_set_load(void *state, const struct accum_spec *s, struct slice text)
{
	struct accum_set *set = state;
	const char *err = NULL;

	*set = (struct accum_set){ 0 };
	for (bool more = text.n > 0; more && !err; more = text.p != NULL)
		err = set_parse(set, text_part(&text, ','), s->param);
	if (err)
		accum_set_free(set);
	return err;
}

/* ---- top, entropy ---- */

void
accum_counts_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	char room[256], *heap;
	struct slice key = key_bytes(a->v, room, sizeof room, &heap);

	(void)s;
	counts_add(state, key.p, key.n, 1);
	free(heap);
}

void
accum_top_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	struct slice key = counts_top(state);

	(void)s;
	out->type = VALUE_NONE;
	if (key.n)
		key_get(arena_slice(arena, key).p, out, arena);
}

void
accum_entropy_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	(void)s;
	(void)arena;
	*out = (struct value){ .type = VALUE_NONE };
	if (((const struct counts *)state)->total)
		*out = (struct value){ .type = VALUE_REAL,
			.d = counts_entropy(state) };
}

void
accum_counts_free(void *state)
{
	counts_free(state);
}

void
accum_counts_merge(void *state, const struct accum_spec *s, const void *other)
{
	(void)s;
	counts_merge(state, other);
}

void
accum_counts_subtract(
    void *state, const struct accum_spec *s, const void *other)
{
	(void)s;
	counts_subtract(state, other);
}

static void
put_item(struct output *out, struct slice key, uint64_t times, bool first)
{
	if (!first)
		out_char(out, ',');
	text_put_key(out, key);
	out_char(out, ':');
	text_put_u64(out, times);
}

/* No key is less than any: what is counted together comes first. */
void
accum_counts_save(const void *state, struct output *out)
{
	const struct counts *c = state;
	struct counts_item *items;
	size_t n;

	if (!c->total)
		return;
	if (c->beyond)
		put_item(out, slice_of(NULL, 0), c->beyond, true);
	items = counts_items(c, &n);
	for (size_t i = 0; i < n; i++)
		put_item(
		    out, items[i].key, items[i].times, i == 0 && !c->beyond);
	free(items);
}

/* *last is the key before, to be freed; none only in the first item. */
static const char *
counts_parse(struct counts *c, struct slice item, struct slice *last)
{
	struct slice name = text_part(&item, ':'), key = { 0 };
	uint64_t beyond = c->beyond, times;

	if (!text_count(item, &times) || times > UINT64_MAX - c->total)
		return "state of counts: not a count of 64 bits";
	if (!c->total && !name.n) {
		c->total = c->beyond = times;
		return NULL;
	}
	key.p = text_key(name, &key.n);
	if (!key.p)
		return "state of counts: not a value";
	if (slice_cmp(*last, key) >= 0) {
		drop(key);
		return "state of counts: values out of order";
	}
	drop(*last);
	*last = key;
	counts_add(c, key.p, key.n, times);
	return c->beyond == beyond ? NULL : "state of counts: too many values";
}

const char *
accum_counts_load(void *state, const struct accum_spec *s, struct slice text)
{
	struct counts *c = state;
	struct slice last = { 0 };
	const char *err = NULL;

	(void)s;
	*c = (struct counts){ 0 };
	for (bool more = text.n > 0; more && !err; more = text.p != NULL)
		err = counts_parse(c, text_part(&text, ','), &last);
	drop(last);
	if (err)
		counts_free(c);
	return err;
}
