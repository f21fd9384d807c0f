/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/sums.h"

#include "libcommon/key.h"
#include "libcommon/xalloc.h"

enum { PLACES = 512, LINE = 64, KEY = 80 }; /* longer keys are not held */

/* Behind the sums, so that these stand in the first line: the key. */
struct place {
	struct window_pane *pane; /* NULL: nothing is held */
	uint64_t ids[2];          /* of three cells */
	size_t n;                 /* bytes of the key */
	uint64_t sums[];
};

struct sums {
	struct winagg *agg;
	size_t i;
	enum fact keys[SUMS_KEYS]; /* F_KEYS, whose id is 0: there is none */
	size_t n_keys;
	size_t call[SUMS_MAX];  /* of each sum */
	uint8_t fact[SUMS_MAX]; /* less F_KEYS */
	size_t n_sums;
	size_t size; /* of a place */
	char *places;
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
	for (size_t k = 0; k < SUMS_KEYS; k++)
		s->keys[k] = F_KEYS;
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
	s->size = sizeof(struct place) + s->n_sums * sizeof(uint64_t) + KEY;
	s->size = (s->size + LINE - 1) / LINE * LINE;
	s->places = xzeros(PLACES * s->size);
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

static char *
key_of(const struct sums *s, struct place *p)
{
	return (char *)&p->sums[s->n_sums];
}

static void
give_place(struct sums *s, struct place *p)
{
	if (p->pane)
		give(s, p->pane, slice_of(key_of(s, p), p->n), p->sums);
	p->pane = NULL;
}

/* The key of the record at hand; 0: there is not enough room. */
static size_t
make_key(const struct sums *s, struct facts_reader *r, struct facts *f,
    char *key, size_t room)
{
	size_t n = 0, more = 1;

	for (size_t k = 0; k < s->n_keys && more; k++)
		n += more = facts_key(r, f, s->keys[k], key + n, room - n);
	return more ? n : 0;
}

static void
add_alone(struct sums *s, struct window_pane *pane, struct facts_reader *r,
    struct facts *f)
{
	char key[SUMS_KEYS * (2 * SEEN_NAME + KEY_ROOM)];
	uint64_t sums[SUMS_MAX];

	for (size_t k = 0; k < s->n_sums; k++)
		sums[k] = f->numbers[s->fact[k]];
	give(s, pane, slice_of(key, make_key(s, r, f, key, sizeof key)), sums);
}

/* Where the sums of a record are held. */
struct spot {
	struct place *place;
	uint64_t ids[2];
};

static inline struct spot
find(const struct sums *s, const struct facts *f)
{
	struct spot spot = { .ids = { f->ids[s->keys[0]] |
					  (uint64_t)f->ids[s->keys[1]] << 32,
				 f->ids[s->keys[2]] } };
	uint64_t mixed = spot.ids[0] ^ spot.ids[1] * 0xc2b2ae3d27d4eb4f;

	mixed *= 0x9e3779b97f4a7c15;
	mixed = (mixed ^ mixed >> 32) * 0x9e3779b97f4a7c15;
	spot.place =
	    (struct place *)(s->places + (mixed >> 40) % PLACES * s->size);
	__builtin_prefetch(spot.place, 1);
	return spot;
}

static inline void
add(struct sums *s, const struct spot *spot, struct window_pane *pane,
    struct facts_reader *r, struct facts *f)
{
	struct place *p = spot->place;

	if (p->pane != pane || p->ids[0] != spot->ids[0] ||
	    p->ids[1] != spot->ids[1]) {
		give_place(s, p);
		p->n = make_key(s, r, f, key_of(s, p), KEY);
		if (!p->n) {
			add_alone(s, pane, r, f);
			return;
		}
		p->pane = pane;
		memcpy(p->ids, spot->ids, sizeof p->ids);
		memset(p->sums, 0, s->n_sums * sizeof *p->sums);
	}
	for (size_t k = 0; k < s->n_sums; k++)
		accum_total_plus(&p->sums[k], f->numbers[s->fact[k]]);
}

void
sums_add(struct sums *const *v, size_t n, struct window_pane *pane,
    struct facts_reader *r, struct facts *f)
{
	struct spot spots[SUMS_TABLES];

	for (size_t i = 0; i < n; i++)
		spots[i] = find(v[i], f);
	for (size_t i = 0; i < n; i++)
		add(v[i], &spots[i], pane, r, f);
}

void
sums_flush(struct sums *s)
{
	for (size_t k = 0; k < PLACES; k++)
		give_place(s, (struct place *)(s->places + k * s->size));
}
