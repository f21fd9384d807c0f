/* SPDX-License-Identifier: MIT */
/* accum_sketch: distinct and quantiles: hll and quant as aggregates. */
#include "libcommon/accum.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/accum_fns.h"
#include "libcommon/hash.h"
#include "libcommon/hll.h"
#include "libcommon/key.h"
#include "libcommon/quant.h"
#include "libcommon/xalloc.h"

/* ---- distinct ---- */

void
accum_distinct_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	char room[256], *heap;
	struct slice key = key_bytes(a->v, room, sizeof room, &heap);

	(void)s;
	hll_add(state, hash_fixed(key.p, key.n));
	free(heap);
}

void
accum_distinct_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	(void)s;
	(void)arena;
	*out = (struct value){ .type = VALUE_INT, .i = hll_count(state) };
}

void
accum_distinct_free(void *state)
{
	hll_free(state);
}

double
accum_distinct_error(const void *state)
{
	return hll_is_exact(state) ? 0 : 1.04 / sqrt(1 << HLL_BITS);
}

void
accum_distinct_merge(void *state, const struct accum_spec *s, const void *other)
{
	(void)s;
	hll_merge(state, other);
}

void
accum_distinct_save(const void *state, struct output *out)
{
	const struct hll *h = state;
	char *text;

	if (!h->n)
		return;
	text = xmalloc(hll_text_room(h));
	out_put(out, text, hll_put(text, h));
	free(text);
}

const char *
accum_distinct_load(void *state, const struct accum_spec *s, struct slice text)
{
	struct hll *h = state;
	const char *err;

	(void)s;
	*h = (struct hll){ 0 };
	if (!text.n)
		return NULL;
	err = hll_parse(text, h);
	return !err && !h->n ? "distinct state: no values" : err;
}

/* ---- quantiles ---- */

void
accum_quantile_add(
    void *state, const struct accum_spec *s, const struct accum_arg *a)
{
	(void)s;
	quant_add(state, value_double(a->v));
}

void
accum_quantile_result(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena)
{
	double d = quant_value(state, s->quantile);

	(void)arena;
	*out = (struct value){ .type = isnan(d) ? VALUE_NONE : VALUE_REAL,
		.d = d };
}

void
accum_quantile_free(void *state)
{
	quant_free(state);
}

double
accum_quantile_error(const void *state)
{
	(void)state;
	return QUANT_ERROR;
}

void
accum_quantile_merge(void *state, const struct accum_spec *s, const void *other)
{
	(void)s;
	quant_merge(state, other);
}

void
accum_quantile_subtract(
    void *state, const struct accum_spec *s, const void *other)
{
	struct quant *q = state;

	(void)s;
	quant_subtract(q, other);
	if (!q->count)
		quant_free(q);
}

void
accum_quantile_save(const void *state, struct output *out)
{
	const struct quant *q = state;
	char *text;

	if (!q->count)
		return;
	text = xmalloc(quant_text_room(q));
	out_put(out, text, quant_put(text, q));
	free(text);
}

const char *
accum_quantile_load(void *state, const struct accum_spec *s, struct slice text)
{
	(void)s;
	return quant_parse(text, state);
}
