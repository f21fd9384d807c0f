/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/samplers.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/hash.h"
#include "libcommon/xalloc.h"

/* Whose rate it is: the part that has its number; of all flows without one. */
enum { ALL = SAMPLING_RATE };

/* No rate: this selector takes all that match. */
enum { FILTER = SAMPLING_ALGORITHM };

/* IANA's psamp-parameters: property match; those of hashes take a share. */
enum { PROPERTY_MATCH = 5 };

static const uint64_t MOST = UINT32_MAX;

struct sampler {
	unsigned of;
	unsigned n_selectors;
	uint32_t next;         /* with the same hash */
	uint32_t older, newer; /* told before and after it */
	uint64_t key, rate;
	int64_t at;                         /* when it was told last, .. */
	uint64_t round;                     /* .. and in which round */
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
	if (part == SAMPLING_SELECTOR && s->n_selectors++ < SAMPLERS_CHAIN)
		s->selectors[s->n_selectors - 1] = v;
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

/*
 * ---- those of a domain ----
 *
 * They are known by their index in v, from 1 on.  v[0] is none: its neighbours
 * are the oldest and the newest.
 */

void
samplers_free(struct samplers *s)
{
	free(s->v);
	free(s->heads);
	*s = (struct samplers){ 0 };
}

static uint32_t *
head_of(const struct samplers *s, unsigned of, uint64_t key)
{
	uint64_t what[] = { of, key };

	return &s->heads[hash_bytes(what, sizeof what, hash_seed()) &
			 (s->room - 1)];
}

/* 0: not known. */
static uint32_t
find(const struct samplers *s, unsigned of, uint64_t key)
{
	uint32_t i = s->n_of[of] ? *head_of(s, of, key) : 0;

	while (i && (s->v[i].of != of || s->v[i].key != key))
		i = s->v[i].next;
	return i;
}

static void
leave_order(struct samplers *s, uint32_t i)
{
	s->v[s->v[i].older].newer = s->v[i].newer;
	s->v[s->v[i].newer].older = s->v[i].older;
}

static void
make_newest(struct samplers *s, uint32_t i)
{
	s->v[i].older = s->v[0].older;
	s->v[i].newer = 0;
	s->v[s->v[0].older].newer = i;
	s->v[0].older = i;
}

static void
put_by_hash(struct samplers *s, uint32_t i)
{
	uint32_t *head = head_of(s, s->v[i].of, s->v[i].key);

	s->v[i].next = *head;
	*head = i;
}

static void
grow(struct samplers *s)
{
	s->room = s->room ? 2 * s->room : 4;
	s->v = xreallocarray(s->v, s->room + 1, sizeof *s->v);
	if (!s->n)
		s->v[0] = (struct sampler){ 0 };
	free(s->heads);
	s->heads = xcalloc(s->room, sizeof *s->heads);
	for (uint32_t i = 1; i <= s->n; i++)
		put_by_hash(s, i);
}

/* What it was is free for another one. */
static uint32_t
forget_oldest(struct samplers *s)
{
	uint32_t i = s->v[0].newer;
	uint32_t *to = head_of(s, s->v[i].of, s->v[i].key);

	while (*to != i)
		to = &s->v[*to].next;
	*to = s->v[i].next;
	leave_order(s, i);
	s->n_of[s->v[i].of]--;
	return i;
}

/*
 * A selector is gone when others have been told in so many rounds without it.
 * A round ends where one of its selectors is told anew, at another time: some
 * tell a selector many times at once, for each interface.
 */
enum { ROUNDS = 4 };

static bool
is_gone(const struct samplers *s, const struct sampler *one)
{
	return s->round - one->round >= ROUNDS;
}

static void
note_round(struct samplers *s, struct sampler *one)
{
	bool again = one->round == s->round && one->at != s->at;

	if (again)
		s->round++;
	if (again || is_gone(s, one))
		s->common_known = false;
	one->round = s->round;
	one->at = s->at;
}

static uint32_t
add(struct samplers *s, unsigned of, uint64_t key)
{
	uint32_t i;

	if (s->n == s->room && s->n < SAMPLERS_MAX)
		grow(s);
	i = s->n < SAMPLERS_MAX ? ++s->n : forget_oldest(s);
	s->v[i] = (struct sampler){
		.of = of, .key = key, .at = s->at, .round = s->round
	};
	s->n_of[of]++;
	put_by_hash(s, i);
	s->common_known = false;
	return i;
}

static struct sampler *
set(struct samplers *s, unsigned of, uint64_t key, uint64_t rate)
{
	uint32_t i = find(s, of, key);
	struct sampler *one;

	if (i)
		leave_order(s, i);
	else
		i = add(s, of, key);
	make_newest(s, i);
	one = &s->v[i];
	if (one->rate != rate)
		s->common_known = false;
	if (of == SAMPLING_SELECTOR)
		note_round(s, one);
	one->rate = rate;
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
	if (!rate && has(said, SAMPLING_SELECTOR) &&
	    said->v[SAMPLING_ALGORITHM] == PROPERTY_MATCH)
		set(s, FILTER, said->v[SAMPLING_SELECTOR], 0);
	for (unsigned of = SAMPLING_SELECTOR; rate && of < SAMPLING_PARTS; of++)
		if (has(said, of)) {
			set(s, of, said->v[of], rate);
			of_all = false;
		}
	if (rate && of_all)
		samplers_set_all(s, rate);
}

/* ---- of a flow ---- */

/*
 * Of a sequence the product: each takes from what the one before left.  0 if
 * it is not known of each.
 */
static uint64_t
rate_of(const struct samplers *s, const struct sampler *one)
{
	uint64_t rate = 0;

	if (!one->n_selectors)
		return one->rate;
	if (one->n_selectors > SAMPLERS_CHAIN)
		return 0;
	for (unsigned i = 0; i < one->n_selectors; i++) {
		uint64_t selector = one->selectors[i];
		uint32_t k = find(s, SAMPLING_SELECTOR, selector);

		if (!k && find(s, FILTER, selector))
			continue;
		if (!k || s->v[k].rate > MOST)
			return 0;
		rate = (rate ? rate : 1) * s->v[k].rate;
		if (rate > MOST)
			return 0;
	}
	return rate;
}

/* Many announce a selector, and do not name it in their flows. */
static uint64_t
rate_of_all_selectors(const struct samplers *s)
{
	uint64_t rate = 0;

	if (!s->n_of[SAMPLING_SELECTOR])
		return 0;
	for (uint32_t i = s->v[0].older; i; i = s->v[i].older) {
		const struct sampler *one = &s->v[i];

		if (one->of != SAMPLING_SELECTOR)
			continue;
		if (is_gone(s, one)) /* as all that are older */
			break;
		if (rate && one->rate != rate)
			return 0;
		rate = one->rate;
	}
	return rate;
}

uint64_t
samplers_rate(struct samplers *s, const struct sampling *flow)
{
	uint32_t all;

	for (unsigned of = SAMPLING_SELECTOR; of < SAMPLING_PARTS; of++) {
		uint32_t i = has(flow, of) ? find(s, of, flow->v[of]) : 0;

		if (i)
			return rate_of(s, &s->v[i]);
		/* That sampler's rate was not told, or it has none. */
		if (has(flow, of) && of <= SAMPLING_SEQUENCE && s->n_of[of])
			return 0;
	}
	all = find(s, ALL, 0);
	if (all)
		return s->v[all].rate;
	if (!s->common_known)
		s->common = rate_of_all_selectors(s);
	s->common_known = true;
	return s->common;
}
