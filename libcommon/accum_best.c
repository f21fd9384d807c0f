/* SPDX-License-Identifier: MIT */
/* accum_best: min, max, first, last: the one value that beats the others. */
#include "libcommon/accum.h"

#include <stdlib.h>

#include "libcommon/accum_fns.h"
#include "libcommon/accum_text.h"
#include "libcommon/key.h"
#include "libcommon/xalloc.h"

enum sign { LOW = -1, HIGH = 1 };

static void
keep(struct accum_best *b, struct slice key, int64_t time)
{
	if (key.n > b->room) {
		b->key = xreallocarray(b->key, key.n, 1);
		b->room = (uint32_t)key.n;
	}
	memcpy(b->key, key.p, key.n);
	b->n = (uint32_t)key.n;
	b->time = time;
}

/*
 * By time, then in the order of keys.  An unknown time is neither early nor
 * late; without the time all are unknown.
 */
static void
offer(struct accum_best *b, struct slice key, int64_t time, enum sign sign)
{
	bool later = time > b->time, better = true;
	int c;

	if (b->n && time != b->time) {
		better = later == (sign == HIGH);
		if (time == INT64_MIN || b->time == INT64_MIN)
			better = b->time == INT64_MIN;
	} else if (b->n) {
		c = slice_cmp(key, slice_of(b->key, b->n));
		better = sign == HIGH ? c > 0 : c < 0;
	}
	if (better)
		keep(b, key, time);
}

static void
add(struct accum_best *b, const struct value *v, int64_t time, enum sign sign)
{
	char room[64], *heap;

	offer(b, key_bytes(v, room, sizeof room, &heap), time, sign);
	free(heap);
}

void
accum_min_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	add(state, a->v, INT64_MIN, LOW);
}

void
accum_max_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	add(state, a->v, INT64_MIN, HIGH);
}

void
accum_first_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	add(state, a->v, a->time, LOW);
}

void
accum_last_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	add(state, a->v, a->time, HIGH);
}

static void
merge(struct accum_best *to, const struct accum_best *from, enum sign sign)
{
	if (from->n)
		offer(to, slice_of(from->key, from->n), from->time, sign);
}

void
accum_low_merge(void *state, const struct accum_spec *s, const void *other)
{
	(void)s;
	merge(state, other, LOW);
}

void
accum_high_merge(void *state, const struct accum_spec *s, const void *other)
{
	(void)s;
	merge(state, other, HIGH);
}

void
accum_best_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	const struct accum_best *b = state;

	(void)s;
	out->type = VALUE_NONE;
	if (b->n)
		key_get(b->key, out, arena);
}

void
accum_best_free(void *state)
{
	struct accum_best *b = state;

	free(b->key);
	*b = (struct accum_best){ 0 };
}

void
accum_best_save(const void *state, struct output *out)
{
	const struct accum_best *b = state;

	if (!b->n)
		return;
	if (b->time != INT64_MIN)
		text_put_i128(out, b->time);
	out_char(out, ':');
	text_put_key(out, slice_of(b->key, b->n));
}

static bool
parse_time(struct slice s, int64_t *time)
{
	i128 v = INT64_MIN;

	if (s.n && (!text_i128(s, &v) || v <= INT64_MIN || v > INT64_MAX))
		return false;
	*time = (int64_t)v;
	return true;
}

const char *
accum_timed_load(void *state, const struct accum_spec *s, struct slice text)
{
	struct accum_best *b = state;
	struct slice time;
	size_t n;

	(void)s;
	*b = (struct accum_best){ 0 };
	if (!text.n)
		return NULL;
	time = text_part(&text, ':');
	if (parse_time(time, &b->time))
		b->key = text_key(text, &n);
	if (!b->key) {
		*b = (struct accum_best){ 0 };
		return "state of one value: not a time and a value";
	}
	b->n = b->room = (uint32_t)n;
	return NULL;
}

const char *
accum_untimed_load(void *state, const struct accum_spec *s, struct slice text)
{
	if (!text.n || *text.p == ':')
		return accum_timed_load(state, s, text);
	*(struct accum_best *)state = (struct accum_best){ 0 };
	return "state of one value: a time before it";
}
