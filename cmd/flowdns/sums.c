/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/sums.h"

#include "libcommon/key.h"
#include "libcommon/xalloc.h"

enum { PLACES = 512, KEY = 80 }; /* longer keys are not held */

struct place {
	struct window_pane *pane; /* NULL: nothing is held */
	uint32_t ids[SUMS_KEYS];
	uint32_t n;
	char key[KEY];
	uint64_t sums[];
};

struct sums {
	struct winagg *agg;
	size_t i;
	enum fact keys[SUMS_KEYS];
	size_t n_keys;
	size_t call[SUMS_MAX];  /* of each sum */
	uint8_t fact[SUMS_MAX]; /* less F_KEYS */
	size_t n_sums;
	size_t size; /* of a place */
	char *places;
	struct value cells[SUMS_KEYS];
	uint64_t *totals; /* of each call */
};

struct sums *
sums_new(struct winagg *a, size_t i, bool partly)
{
	const struct agg *agg = &a->agg;
	struct sums *s = xcalloc(1, sizeof *s);

	s->agg = a;
	s->i = i;
	s->n_keys = agg->n_keys;
	if (a->from || agg->n_keys > SUMS_KEYS)
		return NULL;
	for (size_t k = 0; k < agg->n_keys; k++) {
		if (agg->keys[k].cell < 0 ||
		    !(FACTS_WITH_ID >> agg->keys[k].cell & 1))
			return NULL;
		s->keys[k] = (enum fact)agg->keys[k].cell;
	}
	for (size_t k = 0; k < agg->n_calls && s->n_sums < SUMS_MAX; k++) {
		const struct agg_call *c = &agg->calls[k];

		if (c->spec.fn != &accum_total)
			continue;
		s->call[s->n_sums] = k;
		s->fact[s->n_sums++] = (uint8_t)(c->cell - F_KEYS);
	}
	if (s->n_sums < agg->n_calls && !partly)
		return NULL;
	s->totals = xcalloc(agg->n_calls, sizeof *s->totals);
	s->size = sizeof(struct place) + s->n_sums * sizeof(uint64_t);
	s->size = (s->size + 15) / 16 * 16;
	s->places = xcalloc(PLACES, s->size);
	return s;
}

static void
give(struct sums *s, struct window_pane *pane, struct slice key,
    const uint64_t *sums)
{
	for (size_t k = 0; k < s->n_sums; k++)
		s->totals[s->call[k]] = sums[k];
	winagg_add_made(s->agg, pane, s->i, key, s->totals);
}

static void
give_place(struct sums *s, struct place *p)
{
	if (p->pane)
		give(s, p->pane, slice_of(p->key, p->n), p->sums);
	p->pane = NULL;
}

/* Its key is made, and it is held from now on; false if that is too long. */
static bool
take_over(
    struct sums *s, struct place *p, struct facts_reader *r, struct facts *f)
{
	give_place(s, p);
	for (size_t k = 0; k < s->n_keys; k++)
		facts_cell(r, f, s->keys[k], &s->cells[k]);
	p->n = 0;
	for (size_t k = 0; k < s->n_keys; k++) {
		const struct value *v = &s->cells[k];

		if (p->n + key_room(v) > sizeof p->key)
			return false;
		p->n += (uint32_t)key_put(p->key + p->n, v);
		p->ids[k] = f->ids[s->keys[k]];
	}
	memset(p->sums, 0, s->n_sums * sizeof *p->sums);
	return true;
}

static void
add_alone(struct sums *s, struct window_pane *pane, struct facts *f)
{
	char key[SUMS_KEYS * (2 * SEEN_NAME + KEY_ROOM)];
	uint64_t sums[SUMS_MAX];
	size_t n = 0;

	for (size_t k = 0; k < s->n_keys; k++)
		n += key_put(key + n, &s->cells[k]);
	for (size_t k = 0; k < s->n_sums; k++)
		sums[k] = f->numbers[s->fact[k]];
	give(s, pane, slice_of(key, n), sums);
}

void
sums_add(struct sums *s, struct window_pane *pane, struct facts_reader *r,
    struct facts *f)
{
	uint64_t mixed = 0;
	bool same = true;
	struct place *p;

	for (size_t k = 0; k < s->n_keys; k++)
		mixed = (mixed ^ f->ids[s->keys[k]]) * 0x9e3779b97f4a7c15;
	p = (struct place *)(s->places + (mixed >> 40) % PLACES * s->size);
	for (size_t k = 0; k < s->n_keys; k++)
		same &= p->ids[k] == f->ids[s->keys[k]];
	if (p->pane != pane || !same) {
		if (!take_over(s, p, r, f)) {
			add_alone(s, pane, f);
			return;
		}
		p->pane = pane;
	}
	for (size_t k = 0; k < s->n_sums; k++)
		accum_total_plus(&p->sums[k], f->numbers[s->fact[k]]);
}

void
sums_flush(struct sums *s)
{
	for (size_t k = 0; k < PLACES; k++)
		give_place(s, (struct place *)(s->places + k * s->size));
}
