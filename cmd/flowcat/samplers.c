/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/samplers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/xalloc.h"

/* Whose rate it is: the part that has its number; of all flows without one. */
enum { ALL = SAMPLING_RATE };

static const uint64_t MOST = UINT32_MAX;

struct sampler {
	unsigned of;
	unsigned n_selectors;
	uint64_t key, rate, told;
	uint64_t selectors[SAMPLERS_CHAIN]; /* of a sequence without a rate */
};

static bool
has(const struct sampling *s, unsigned part)
{
	return s->has >> part & 1;
}

void
sampling_say(struct sampling *s, enum sampling_part part, uint64_t v)
{
	if (part == SAMPLING_RATE && !v) /* another element may know it */
		return;
	s->v[part] = v;
	s->has |= 1u << part;
	if (part == SAMPLING_SELECTOR && s->n_selectors < SAMPLERS_CHAIN)
		s->selectors[s->n_selectors++] = v;
}

/* Of so many packets part were taken; to the nearest rate. */
static uint64_t
ratio(uint64_t all, uint64_t part)
{
	return part && all / part <= MOST
		   ? all / part + (all % part >= part - all % part)
		   : 0;
}

uint64_t
sampling_rate(const struct sampling *s)
{
	uint64_t taken = s->v[SAMPLING_TAKEN], left = s->v[SAMPLING_LEFT];

	if (s->v[SAMPLING_RATE])
		return s->v[SAMPLING_RATE];
	if (taken && has(s, SAMPLING_LEFT) && taken + left >= taken)
		return ratio(taken + left, taken);
	if (s->v[SAMPLING_SIZE] && s->v[SAMPLING_POPULATION])
		return ratio(s->v[SAMPLING_POPULATION], s->v[SAMPLING_SIZE]);
	if (s->probability > 0 && s->probability <= 1 &&
	    1 / s->probability <= (double)MOST)
		return (uint64_t)(1 / s->probability + 0.5);
	return 0;
}

/* ---- those of a domain ---- */

void
samplers_free(struct samplers *s)
{
	free(s->v);
	*s = (struct samplers){ 0 };
}

/* Where it is, or belongs. */
static uint32_t
place_of(const struct samplers *s, unsigned of, uint64_t key)
{
	uint32_t from = 0, to = s->n;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;
		const struct sampler *one = &s->v[mid];

		if (one->of < of || (one->of == of && one->key < key))
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static const struct sampler *
find(const struct samplers *s, unsigned of, uint64_t key)
{
	uint32_t i = place_of(s, of, key);

	return i < s->n && s->v[i].of == of && s->v[i].key == key ? &s->v[i]
								  : NULL;
}

static void
forget_oldest(struct samplers *s)
{
	uint32_t oldest = 0;

	for (uint32_t i = 1; i < s->n; i++)
		if (s->v[i].told < s->v[oldest].told)
			oldest = i;
	memmove(
	    &s->v[oldest], &s->v[oldest + 1], (--s->n - oldest) * sizeof *s->v);
}

static struct sampler *
get(struct samplers *s, unsigned of, uint64_t key)
{
	struct sampler *one = (struct sampler *)find(s, of, key);
	uint32_t i;

	if (one)
		return one;
	if (s->n == SAMPLERS_MAX)
		forget_oldest(s);
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 4;
		s->v = xreallocarray(s->v, s->room, sizeof *s->v);
	}
	i = place_of(s, of, key);
	one = &s->v[i];
	memmove(one + 1, one, (s->n++ - i) * sizeof *one);
	*one = (struct sampler){ .of = of, .key = key };
	return one;
}

static struct sampler *
set(struct samplers *s, unsigned of, uint64_t key, uint64_t rate)
{
	struct sampler *one = get(s, of, key);

	one->rate = rate;
	one->told = ++s->clock;
	one->n_selectors = 0;
	return one;
}

void
samplers_set_all(struct samplers *s, uint64_t rate)
{
	set(s, ALL, 0, rate);
}

void
samplers_learn(struct samplers *s, const struct sampling *said)
{
	uint64_t rate = sampling_rate(said);
	bool of_all = true;

	if (!rate && has(said, SAMPLING_SEQUENCE) && said->n_selectors) {
		/* RFC 5476 6.5.1: which selectors it goes through. */
		struct sampler *one =
		    set(s, SAMPLING_SEQUENCE, said->v[SAMPLING_SEQUENCE], 0);

		one->n_selectors = said->n_selectors;
		memcpy(one->selectors, said->selectors, sizeof one->selectors);
	}
	for (unsigned of = SAMPLING_SELECTOR; rate && of < SAMPLING_PARTS; of++)
		if (has(said, of)) {
			set(s, of, said->v[of], rate);
			of_all = false;
		}
	if (rate && of_all)
		samplers_set_all(s, rate);
}

/* ---- of a flow ---- */

/* Of a sequence the product: each takes from what the one before left. */
static uint64_t
rate_of(const struct samplers *s, const struct sampler *one)
{
	uint64_t rate = 0;

	if (!one || !one->n_selectors)
		return one ? one->rate : 0;
	for (unsigned i = 0; i < one->n_selectors; i++) {
		const struct sampler *selector =
		    find(s, SAMPLING_SELECTOR, one->selectors[i]);

		if (selector && selector->rate <= MOST)
			rate = (rate ? rate : 1) * selector->rate;
		if (rate > MOST)
			return 0;
	}
	return rate;
}

static bool
knows_any(const struct samplers *s, unsigned of)
{
	uint32_t i = place_of(s, of, 0);

	return i < s->n && s->v[i].of == of;
}

/* Many announce a selector, and do not name it in their flows. */
static uint64_t
rate_of_all_selectors(const struct samplers *s)
{
	uint32_t i = place_of(s, SAMPLING_SELECTOR, 0);
	uint64_t rate = 0;

	for (; i < s->n && s->v[i].of == SAMPLING_SELECTOR; i++) {
		if (rate && s->v[i].rate != rate)
			return 0;
		rate = s->v[i].rate;
	}
	return rate;
}

uint64_t
samplers_rate(const struct samplers *s, const struct sampling *flow)
{
	for (unsigned of = SAMPLING_SELECTOR; of < SAMPLING_PARTS; of++) {
		const struct sampler *one =
		    has(flow, of) ? find(s, of, flow->v[of]) : NULL;

		if (one)
			return rate_of(s, one);
		/* That sampler's rate was not told, or it has none. */
		if (has(flow, of) && of <= SAMPLING_SEQUENCE &&
		    knows_any(s, of))
			return 0;
	}
	return find(s, ALL, 0) ? rate_of(s, find(s, ALL, 0))
			       : rate_of_all_selectors(s);
}
