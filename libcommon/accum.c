/* SPDX-License-Identifier: MIT */
/* long file: small functions, and the table of them */
#include "libcommon/accum.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/counts.h"
#include "libcommon/die.h"
#include "libcommon/hash.h"
#include "libcommon/hll.h"
#include "libcommon/key.h"
#include "libcommon/quant.h"
#include "libcommon/xalloc.h"

/* The key bytes of a value; *heap is what to free, or NULL. */
static struct slice
bytes_of(const struct value *v, char *room, size_t size, char **heap)
{
	size_t need = key_room(v);

	*heap = need > size ? xmalloc(need) : NULL;
	if (*heap)
		room = *heap;
	return slice_of(room, key_put(room, v));
}

static bool
is_number(const struct value *v)
{
	i128 nano;

	return value_nano(v, &nano);
}

static bool
is_whole(const struct value *v)
{
	return v->type == VALUE_INT;
}

static void
set_int(struct value *out, uint64_t n)
{
	*out = (struct value){ .type = VALUE_INT, .i = n };
}

/* ---- count ---- */

static void
count_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	(void)a;
	++*(uint64_t *)state;
}

static void
count_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	(void)s;
	(void)arena;
	set_int(out, *(const uint64_t *)state);
}

/* ---- sum, avg: exact, in units of 10^-9 ---- */

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
		die("a sum does not fit in 128 bits");
	sum_set(sum, total);
	sum->n++;
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

static void
sum_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	const struct accum_sum *sum = state;

	(void)s;
	(void)arena;
	out->type = VALUE_NONE;
	if (sum->n)
		from_nano(out, sum_get(sum));
}

static void
avg_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	const struct accum_sum *sum = state;

	(void)s;
	(void)arena;
	*out = (struct value){ .type = sum->n ? VALUE_REAL : VALUE_NONE };
	if (sum->n)
		out->d = (double)sum_get(sum) / NUM_NANO / (double)sum->n;
}

/* ---- stddev: of the sample; sums of values and of squares are exact ---- */

struct stddev {
	struct accum_sum sum;
	uint64_t squares[4]; /* 256 bits, little end first */
};

static void
add_square(uint64_t s[4], u128 v)
{
	uint64_t lo = (uint64_t)v, hi = (uint64_t)(v >> 64);
	u128 ll = (u128)lo * lo, lh = (u128)lo * hi, hh = (u128)hi * hi, t;
	uint64_t part[4];

	t = (ll >> 64) + (uint64_t)lh + (uint64_t)lh;
	part[0] = (uint64_t)ll;
	part[1] = (uint64_t)t;
	t = (t >> 64) + (lh >> 64) + (lh >> 64) + (uint64_t)hh;
	part[2] = (uint64_t)t;
	part[3] = (uint64_t)((t >> 64) + (hh >> 64));
	t = 0;
	for (int i = 0; i < 4; i++) {
		t += (u128)s[i] + part[i];
		s[i] = (uint64_t)t;
		t >>= 64;
	}
}

static void
stddev_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	struct stddev *d = state;
	i128 nano;

	accum_sum_add(&d->sum, s, a);
	value_nano(a->v, &nano);
	add_square(d->squares, (u128)(nano < 0 ? -nano : nano));
}

static void
stddev_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	const struct stddev *d = state;
	long double n = (long double)d->sum.n, var = 0;
	uint64_t product[5], square[5] = { 0 };
	i128 sum = sum_get(&d->sum);
	u128 t = 0;

	(void)s;
	(void)arena;
	out->type = VALUE_NONE;
	if (d->sum.n < 2)
		return;
	/* n * sum of squares - square of sum, exactly, in 320 bits. */
	add_square(square, (u128)(sum < 0 ? -sum : sum));
	for (int i = 0; i < 5; i++) {
		t += (u128)(i < 4 ? d->squares[i] : 0) * d->sum.n;
		product[i] = (uint64_t)t;
		t >>= 64;
	}
	for (int i = 0; i < 5; i++) {
		t = (u128)product[i] - square[i] - (uint64_t)t;
		product[i] = (uint64_t)t;
		t = (uint64_t)(t >> 64) != 0;
	}
	for (int i = 4; i >= 0; i--)
		var = var * 0x1p64L + (long double)product[i];
	out->type = VALUE_REAL;
	out->d = (double)(sqrtl(var / n / (n - 1)) / NUM_NANO);
}

/* ---- min, max, first, last: one value, as key bytes ---- */

struct best {
	char *key; /* malloc */
	uint32_t n, room;
	int64_t time;
};

static void
best_set(struct best *b, struct slice key, int64_t time)
{
	if (key.n > b->room) {
		b->key = xreallocarray(b->key, key.n, 1);
		b->room = (uint32_t)key.n;
	}
	memcpy(b->key, key.p, key.n);
	b->n = (uint32_t)key.n;
	b->time = time;
}

static void
best_free(void *state)
{
	free(((struct best *)state)->key);
}

static void
best_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	const struct best *b = state;

	(void)s;
	out->type = VALUE_NONE;
	if (b->n)
		key_get(b->key, out, arena);
}

/* sign 1: greater is better, in the order of keys.  By time first if timed. */
static void
best_add(struct best *b, const struct accum_arg *a, int sign, bool timed)
{
	char room[64], *heap;
	struct slice key = bytes_of(a->v, room, sizeof room, &heap);
	int c = sign;

	if (b->n && timed && a->time != b->time) {
		c = a->time > b->time ? 1 : -1;
		/* An unknown time is neither early nor late. */
		if (a->time == INT64_MIN || b->time == INT64_MIN)
			c = b->time == INT64_MIN ? sign : -sign;
	} else if (b->n) {
		c = slice_cmp(key, slice_of(b->key, b->n));
	}
	if (c * sign > 0)
		best_set(b, key, a->time);
	free(heap);
}

static void
min_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	best_add(state, a, -1, false);
}

static void
max_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	best_add(state, a, 1, false);
}

static void
first_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	best_add(state, a, -1, true);
}

static void
last_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	best_add(state, a, 1, true);
}

/* ---- distinct ---- */

static void
distinct_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	char room[256], *heap;
	struct slice key = bytes_of(a->v, room, sizeof room, &heap);

	(void)s;
	hll_add(state, hash_fixed(key.p, key.n));
	free(heap);
}

static void
distinct_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	(void)s;
	(void)arena;
	set_int(out, hll_count(state));
}

static void
distinct_free(void *state)
{
	hll_free(state);
}

static double
distinct_error(const void *state)
{
	return hll_is_exact(state) ? 0 : 1.04 / sqrt(1 << HLL_BITS);
}

/* ---- quantiles ---- */

static void
quantile_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	quant_add(state, value_double(a->v));
}

static void
quantile_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	double d = quant_value(state, s->quantile);

	(void)arena;
	*out = (struct value){ .type = isnan(d) ? VALUE_NONE : VALUE_REAL,
		.d = d };
}

static void
quantile_free(void *state)
{
	quant_free(state);
}

static double
quantile_error(const void *state)
{
	(void)state;
	return QUANT_ERROR;
}

/* ---- set: the first cap values in their order ---- */

struct set_state {
	struct slice *keys; /* malloc, each too; sorted */
	uint32_t n, room;
};

static void
set_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	struct set_state *set = state;
	char room[256], *heap;
	struct slice key = bytes_of(a->v, room, sizeof room, &heap);
	uint32_t i = 0;
	int c = -1;

	while (i < set->n && (c = slice_cmp(set->keys[i], key)) < 0)
		i++;
	if ((i < set->n && c == 0) || i == s->param) {
		free(heap);
		return;
	}
	if (set->n == set->room) {
		set->room = set->room ? set->room * 2 : 4;
		set->keys =
		    xreallocarray(set->keys, set->room, sizeof *set->keys);
	}
	if (set->n == s->param)
		free((char *)set->keys[--set->n].p);
	memmove(
	    set->keys + i + 1, set->keys + i, (set->n - i) * sizeof *set->keys);
	set->keys[i] = slice_of(xstrndup(key.p, key.n), key.n);
	set->n++;
	free(heap);
}

static void
set_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	const struct set_state *set = state;
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

static void
set_free(void *state)
{
	struct set_state *set = state;

	for (uint32_t i = 0; i < set->n; i++)
		free((char *)set->keys[i].p);
	free(set->keys);
}

/* ---- top, entropy ---- */

static void
counts_of_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	char room[256], *heap;
	struct slice key = bytes_of(a->v, room, sizeof room, &heap);

	(void)s;
	counts_add(state, key.p, key.n, 1);
	free(heap);
}

static void
top_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	struct slice key = counts_top(state);

	(void)s;
	out->type = VALUE_NONE;
	if (key.n)
		key_get(arena_slice(arena, key).p, out, arena);
}

static void
entropy_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	(void)s;
	(void)arena;
	*out = (struct value){ .type = VALUE_NONE };
	if (((const struct counts *)state)->total)
		*out = (struct value){ .type = VALUE_REAL,
			.d = counts_entropy(state) };
}

static void
counts_of_free(void *state)
{
	counts_free(state);
}

/* ---- bits: or of all ---- */

static void
bits_add(void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	((uint64_t *)state)[0] |= (uint64_t)a->v->i;
	((uint64_t *)state)[1] = 1;
}

static void
bits_result(const void *state, const struct accum_spec *s, struct value *out,
    struct arena *arena)
{
	(void)s;
	(void)arena;
	out->type = VALUE_NONE;
	if (((const uint64_t *)state)[1])
		set_int(out, *(const uint64_t *)state);
}

const struct accum_fn accum_fns[] = {
	{ "count", "count(): records", 8, count_add, count_result, NULL, NULL,
	    0, 0, 0, false, NULL },
	{ "sum", "sum(x)", sizeof(struct accum_sum), accum_sum_add, sum_result,
	    NULL, NULL, 1, 0, 0, false, is_number },
	{ "avg", "avg(x): mean", sizeof(struct accum_sum), accum_sum_add,
	    avg_result, NULL, NULL, 1, 0, 0, false, is_number },
	{ "min", "min(x): least", sizeof(struct best), min_add, best_result,
	    best_free, NULL, 1, 0, 0, true, NULL },
	{ "max", "max(x): greatest", sizeof(struct best), max_add, best_result,
	    best_free, NULL, 1, 0, 0, true, NULL },
	{ "first", "first(x): of the record with the earliest time",
	    sizeof(struct best), first_add, best_result, best_free, NULL, 1, 0,
	    0, true, NULL },
	{ "last", "last(x): of the record with the latest time",
	    sizeof(struct best), last_add, best_result, best_free, NULL, 1, 0,
	    0, true, NULL },
	{ "stddev", "stddev(x): standard deviation of the sample",
	    sizeof(struct stddev), stddev_add, stddev_result, NULL, NULL, 1, 0,
	    0, false, is_number },
	{ "distinct", "distinct(x): number of different values",
	    sizeof(struct hll), distinct_add, distinct_result, distinct_free,
	    distinct_error, 1, 0, 0, false, NULL },
	{ "p", "p50(x) .. p99.9(x): quantile", sizeof(struct quant),
	    quantile_add, quantile_result, quantile_free, quantile_error, 1, 0,
	    0, false, is_number },
	{ "median", "median(x): p50(x)", sizeof(struct quant), quantile_add,
	    quantile_result, quantile_free, quantile_error, 1, 0, 0, false,
	    is_number },
	{ "set", "set(x, cap): values, the first cap in order",
	    sizeof(struct set_state), set_add, set_result, set_free, NULL, 1,
	    100000, 16, false, NULL },
	{ "top", "top(x): most frequent value", sizeof(struct counts),
	    counts_of_add, top_result, counts_of_free, NULL, 1, 0, 0, true,
	    NULL },
	{ "bits", "bits(flags): all bits that occur", 16, bits_add, bits_result,
	    NULL, NULL, 1, 0, 0, true, is_whole },
	{ "entropy", "entropy(x): of the values' frequencies, in bits",
	    sizeof(struct counts), counts_of_add, entropy_result,
	    counts_of_free, NULL, 1, 0, 0, false, NULL },
	{ 0 },
};

bool
accum_find(struct slice name, struct accum_spec *spec)
{
	double percent;

	*spec = (struct accum_spec){ .quantile = 0.5 };
	for (const struct accum_fn *f = accum_fns; f->name; f++)
		if (slice_is_nocase(name, f->name) && strcmp(f->name, "p")) {
			spec->fn = f;
			spec->param = f->param;
			return true;
		}
	if (name.n < 2 || (name.p[0] | 0x20) != 'p' ||
	    num_double(slice_of(name.p + 1, name.n - 1), &percent) ||
	    percent < 0 || percent > 100)
		return false;
	spec->quantile = percent / 100;
	for (spec->fn = accum_fns; strcmp(spec->fn->name, "p"); spec->fn++)
		continue;
	return true;
}
