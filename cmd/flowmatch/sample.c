/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/sample.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/winspec.h"
#include "libcommon/xalloc.h"

void
sample_init(struct sample *s, const struct pattern_set *set)
{
	*s = (struct sample){ .set = set };
	s->size = sizeof(struct sample_item) + set->dimensions * sizeof(double);
	groups_init(&s->keys, sizeof(uint64_t));
}

void
sample_add(struct sample *s, const struct connection *c)
{
	struct sample_item *item;
	uint64_t *key;
	bool fresh, known = true;

	for (size_t i = 0; i < s->set->dimensions; i++)
		known &= isfinite(c->v[i]);
	if (!known || s->n == SAMPLE_MOST) {
		s->left_out++;
		return;
	}
	s->items = xgrow(s->items, &s->cap, s->n, s->size);
	item = (void *)(s->items + s->n * s->size);
	key = groups_get(&s->keys, c->key.p, c->key.n, &fresh);
	if (fresh)
		*key = s->n_keys++;
	item->key = (uint32_t)*key;
	item->order = s->n++;
	item->time = c->time;
	item->count = c->count.n ? hash_fixed(c->count.p, c->count.n) : 0;
	memcpy(item->v, c->v, s->set->dimensions * sizeof *c->v);
}

static int
by_key_and_time(const void *p, const void *q)
{
	const struct sample_item *a = p, *b = q;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* What a connection is worth: a share of the set's, from 1; 0: nothing. */
static unsigned
worth_of(const struct pattern_set *set, const struct sample_item *item)
{
	struct connection c;
	struct tally_verdict v;

	memcpy(c.v, item->v, set->dimensions * sizeof *c.v);
	c.whole = 0;
	tally_judge(set, &c, &v);
	return v.worth > 0 ? v.share + 1u : 0;
}

/* How often each value is in the window; whether it came, or has gone. */
static bool
count_in(struct groups *g, uint64_t value, int64_t step)
{
	bool fresh;
	int64_t *n = groups_get(g, (const char *)&value, sizeof value, &fresh);

	*n += step;
	if (*n)
		return step > 0 && fresh;
	groups_remove(g, n);
	return true;
}

/* Of the window at hand: what it has of each share, or of values. */
struct peak {
	const struct pattern_set *set;
	struct groups values;
	int64_t *counts, n_values;
};

static void
move(struct peak *p, const struct sample_item *item, unsigned worth, int step)
{
	if (!worth)
		return;
	p->counts[worth - 1] += step;
	if (item->count && p->set->n_count)
		p->n_values += step * count_in(&p->values, item->count, step);
}

static double
score(const struct peak *p)
{
	if (p->set->n_count)
		return (double)p->n_values / p->set->worth.limit;
	return tally_score(p->set, p->counts);
}

double *
sample_peaks(struct sample *s, const struct pattern_set *set)
{
	double *peaks = xcalloc(s->n_keys + 1, sizeof *peaks);
	unsigned *worth = xcalloc(s->n + 1, sizeof *worth);
	struct peak p = { .set = set };
	struct winspec spec = { 0 };
	size_t from = 0;

	if (winspec_parse(&spec, set->window, NULL) || !s->n)
		return peaks;
	groups_init(&p.values, sizeof(int64_t));
	p.counts = xcalloc(set->n_shares + 1, sizeof *p.counts);
	qsort(s->items, s->n, s->size, by_key_and_time);
	for (size_t i = 0; i < s->n; i++) {
		const struct sample_item *item = sample_at(s, i), *old;

		worth[i] = worth_of(set, item);
		for (; from < i; from++) {
			old = sample_at(s, from);
			if (old->key == item->key &&
			    item->time - old->time < spec.size)
				break;
			move(&p, old, worth[from], -1);
		}
		move(&p, item, worth[i], 1);
		peaks[item->key] = fmax(peaks[item->key], score(&p));
	}
	free(p.counts);
	groups_free(&p.values);
	free(worth);
	return peaks;
}
