/* SPDX-License-Identifier: MIT */
/* accum_num: count, sum, avg, stddev, bits: states of a few numbers. */
#include "libcommon/accum.h"

#include <math.h>

#include "libcommon/accum_fns.h"
#include "libcommon/accum_text.h"
#include "libcommon/die.h"

static void
set_int(struct value *out, uint64_t n)
{
	*out = (struct value){ .type = VALUE_INT, .i = n };
}

/* ---- count ---- */

void
accum_count_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	(void)a;
	++*(uint64_t *)state;
}

void
accum_count_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	(void)s;
	(void)arena;
	set_int(out, *(const uint64_t *)state);
}

void
accum_count_merge(void *state, const struct accum_spec *s, const void *other)
{
	(void)s;
	*(uint64_t *)state += *(const uint64_t *)other;
}

void
accum_count_subtract(void *state, const struct accum_spec *s, const void *other)
{
	(void)s;
	*(uint64_t *)state -= *(const uint64_t *)other;
}

void
accum_count_save(const void *state, struct output *out)
{
	const uint64_t *n = state;

	if (*n)
		text_put_u64(out, *n);
}

const char *
accum_count_load(void *state, const struct accum_spec *s, struct slice text)
{
	uint64_t n = 0;

	(void)s;
	*(uint64_t *)state = 0;
	if (text.n && !text_count(text, &n))
		return "count state: not a count";
	*(uint64_t *)state = n;
	return NULL;
}

/* ---- sum of counts ---- */

static void
total_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	accum_total_plus(state, (uint64_t)a->v->i);
}

static void
total_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	accum_count_result(state, s, out, arena);
	if (!out->i)
		out->type = VALUE_NONE;
}

static void
total_merge(void *state, const struct accum_spec *s, const void *other)
{
	(void)s;
	accum_total_plus(state, *(const uint64_t *)other);
}

static void
total_subtract(void *state, const struct accum_spec *s, const void *other)
{
	if (*(const uint64_t *)state != UINT64_MAX)
		accum_count_subtract(state, s, other);
}

const struct accum_fn accum_total = {
	.name = "sum",
	.size = sizeof(uint64_t),
	.args = 1,
	.add = total_add,
	.result = total_result,
	.merge = total_merge,
	.subtract = total_subtract,
	.save = accum_count_save,
	.load = accum_count_load,
};

/* ---- sum, avg: exact, in units of 10^-9 ---- */

_Noreturn void
accum_overflow(void)
{
	die("a sum does not fit in 128 bits");
}

static i128
sum_get(const struct accum_sum *s)
{
	return (i128)((u128)s->hi << 64 | s->lo);
}

static void
sum_set(struct accum_sum *s, i128 v)
{
	s->lo = (uint64_t)v;
	s->hi = (uint64_t)((u128)v >> 64);
}

void
accum_sum_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	struct accum_sum *sum = state;
	i128 nano, total;

	(void)s;
	value_nano(a->v, &nano);
	if (__builtin_add_overflow(sum_get(sum), nano, &total))
		accum_overflow();
	sum_set(sum, total);
	sum->n++;
}

bool
accum_is_sum(const struct accum_fn *fn)
{
	return fn->result == accum_sum_result;
}

void
accum_sum_merge(void *state, const struct accum_spec *s, const void *other)
{
	struct accum_sum *to = state;
	const struct accum_sum *from = other;
	i128 total;

	(void)s;
	if (__builtin_add_overflow(sum_get(to), sum_get(from), &total))
		accum_overflow();
	sum_set(to, total);
	to->n += from->n;
}

void
accum_sum_subtract(void *state, const struct accum_spec *s, const void *other)
{
	struct accum_sum *from = state;
	const struct accum_sum *what = other;
	i128 total;

	(void)s;
	if (__builtin_sub_overflow(sum_get(from), sum_get(what), &total))
		accum_overflow();
	sum_set(from, total);
	from->n -= what->n;
}

void
accum_sum_save(const void *state, struct output *out)
{
	const struct accum_sum *s = state;

	if (!s->n)
		return;
	text_put_u64(out, s->n);
	out_char(out, ':');
	text_put_i128(out, sum_get(s));
}

static bool
sum_parse(struct slice count, struct slice total, struct accum_sum *s)
{
	uint64_t n;
	i128 v;

	if (!text_count(count, &n) || !text_i128(total, &v))
		return false;
	sum_set(s, v);
	s->n = n;
	return true;
}

const char *
accum_sum_load(void *state, const struct accum_spec *s, struct slice text)
{
	struct accum_sum *sum = state;
	struct slice count;

	(void)s;
	*sum = (struct accum_sum){ 0 };
	if (!text.n)
		return NULL;
	count = text_part(&text, ':');
	return sum_parse(count, text, sum)
		   ? NULL
		   : "sum state: not a count and a total";
}

/* A whole number stays one. */
static void
from_nano(struct value *out, i128 nano)
{
	i128 whole;

	/* Nearly all fit in 64 bits, which divide ten times as fast. */
	if (nano >= 0 && nano <= UINT64_MAX)
		whole = (uint64_t)nano / NUM_NANO;
	else
		whole = nano / NUM_NANO;
	if (whole * NUM_NANO == nano) {
		*out = (struct value){ .type = VALUE_INT };
		out->i = whole;
	} else {
		*out = (struct value){ .type = VALUE_NANO };
		out->i = nano;
	}
}

void
accum_sum_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	const struct accum_sum *sum = state;

	(void)s;
	(void)arena;
	out->type = VALUE_NONE;
	if (sum->n)
		from_nano(out, sum_get(sum));
}

void
accum_avg_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	const struct accum_sum *sum = state;
	i128 total = sum_get(sum), n = (i128)sum->n * NUM_NANO;
	const i128 exact = (i128)1 << 53; /* of a double */

	(void)s;
	(void)arena;
	*out = (struct value){ .type = sum->n ? VALUE_REAL : VALUE_NONE };
	if (sum->n && total < exact && total > -exact)
		out->d = (double)total / (double)n;
	else if (sum->n) /* whole means stay whole */
		out->d = (double)(total / n) + (double)(total % n) / (double)n;
}

/* ---- stddev: of the sample; sums of values and of squares are exact ---- */

static void
square(i128 of, uint64_t out[4])
{
	u128 v = of < 0 ? -(u128)of : (u128)of;
	uint64_t lo = (uint64_t)v, hi = (uint64_t)(v >> 64);
	u128 ll = (u128)lo * lo, lh = (u128)lo * hi, hh = (u128)hi * hi, t;

	t = (ll >> 64) + (uint64_t)lh + (uint64_t)lh;
	out[0] = (uint64_t)ll;
	out[1] = (uint64_t)t;
	t = (t >> 64) + (lh >> 64) + (lh >> 64) + (uint64_t)hh;
	out[2] = (uint64_t)t;
	out[3] = (uint64_t)((t >> 64) + (hh >> 64));
}

static void
add_squares(uint64_t to[4], const uint64_t what[4])
{
	u128 t = 0;

	for (int i = 0; i < 4; i++) {
		t += (u128)to[i] + what[i];
		to[i] = (uint64_t)t;
		t >>= 64;
	}
	if (t)
		die("a sum of squares does not fit in 256 bits");
}

/* Of n words; returns whether it went below zero. */
static bool
subtract_words(uint64_t *from, const uint64_t *what, size_t n)
{
	u128 t = 0;

	for (size_t i = 0; i < n; i++) {
		t = (u128)from[i] - what[i] - (uint64_t)t;
		from[i] = (uint64_t)t;
		t = (uint64_t)(t >> 64) != 0;
	}
	return t;
}

void
accum_stddev_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	struct accum_stddev *d = state;
	uint64_t squares[4];
	i128 nano;

	accum_sum_add(&d->sum, s, a);
	value_nano(a->v, &nano);
	square(nano, squares);
	add_squares(d->squares, squares);
}

void
accum_stddev_merge(void *state, const struct accum_spec *s, const void *other)
{
	struct accum_stddev *to = state;
	const struct accum_stddev *from = other;

	accum_sum_merge(&to->sum, s, &from->sum);
	add_squares(to->squares, from->squares);
}

void
accum_stddev_subtract(
    void *state, const struct accum_spec *s, const void *other)
{
	struct accum_stddev *from = state;
	const struct accum_stddev *what = other;

	accum_sum_subtract(&from->sum, s, &what->sum);
	subtract_words(from->squares, what->squares, 4);
}

/*
 * n * sum of squares - square of sum, exactly, in 320 bits; false if it is
 * negative, as it is of no values.
 */
static bool
spread(const struct accum_stddev *d, uint64_t out[5])
{
	uint64_t squared[5] = { 0 };
	u128 t = 0;

	square(sum_get(&d->sum), squared);
	for (int i = 0; i < 5; i++) {
		t += (u128)(i < 4 ? d->squares[i] : 0) * d->sum.n;
		out[i] = (uint64_t)t;
		t >>= 64;
	}
	return !subtract_words(out, squared, 5);
}

void
accum_stddev_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	const struct accum_stddev *d = state;
	long double n = (long double)d->sum.n, var = 0;
	uint64_t words[5];

	(void)s;
	(void)arena;
	out->type = VALUE_NONE;
	if (d->sum.n < 2)
		return;
	spread(d, words);
	for (int i = 4; i >= 0; i--)
		var = var * 0x1p64L + (long double)words[i];
	out->type = VALUE_REAL;
	out->d = (double)(sqrtl(var / n / (n - 1)) / NUM_NANO);
}

void
accum_stddev_save(const void *state, struct output *out)
{
	const struct accum_stddev *d = state;

	if (!d->sum.n)
		return;
	accum_sum_save(&d->sum, out);
	out_char(out, ':');
	text_put_hex(out, d->squares, 4);
}

const char *
accum_stddev_load(void *state, const struct accum_spec *s, struct slice text)
{
	struct accum_stddev *d = state;
	struct slice count, total;
	uint64_t words[5];

	(void)s;
	*d = (struct accum_stddev){ 0 };
	if (!text.n)
		return NULL;
	count = text_part(&text, ':');
	total = text_part(&text, ':');
	if (sum_parse(count, total, &d->sum) && text_hex(text, d->squares, 4) &&
	    spread(d, words))
		return NULL;
	*d = (struct accum_stddev){ 0 };
	return "stddev state: not a count, a total and its squares";
}

/* ---- bits: or of all ---- */

void
accum_bits_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	struct accum_bits *b = state;

	(void)s;
	b->all |= (uint64_t)a->v->i;
	b->any = 1;
}

void
accum_bits_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	const struct accum_bits *b = state;

	(void)s;
	(void)arena;
	out->type = VALUE_NONE;
	if (b->any)
		set_int(out, b->all);
}

void
accum_bits_merge(void *state, const struct accum_spec *s, const void *other)
{
	struct accum_bits *to = state;
	const struct accum_bits *from = other;

	(void)s;
	to->all |= from->all;
	to->any |= from->any;
}

void
accum_bits_save(const void *state, struct output *out)
{
	const struct accum_bits *b = state;

	if (b->any)
		text_put_hex(out, &b->all, 1);
}

const char *
accum_bits_load(void *state, const struct accum_spec *s, struct slice text)
{
	struct accum_bits *b = state, in = { 0, text.n > 0 };

	(void)s;
	*b = (struct accum_bits){ 0 };
	if (text.n && !text_hex(text, &in.all, 1))
		return "bits state: not a hexadecimal number";
	*b = in;
	return NULL;
}
