/* SPDX-License-Identifier: MIT */
/* Records, for the sets that want them. */
#include "cmd/flowmatch/match.h"

/* For sets that pair directions. */
static const char *
take_direction(struct matches *a, const struct json_val *v, uint64_t sets)
{
	struct biflow_flow flow;
	bool both = false;
	const char *bad = NULL, *err = biflow_read(&a->fields, v,
				    a->engines[0]->window.now, &flow, &both);

	if (err)
		return err;
	for (size_t i = 0; i < a->n_engines; i++) {
		struct engine *e = a->engines[i];

		for (size_t k = 0; sets & e->bits && k < e->n_pairings; k++) {
			uint64_t of = sets & e->pairings[k]->sets;

			err = of ? pairing_take(
				       e->pairings[k], v, &flow, both, of)
				 : NULL;
			bad = err ? err : bad;
		}
	}
	return bad;
}

/* The record at hand for these sets; NULL or the last message. */
static const char *
take(struct matches *a, const struct json_val *v, uint64_t sets)
{
	const struct expr_input in = { .v = v };
	int64_t now = a->engines[0]->window.now;
	const char *bad = NULL, *err;
	uint64_t paired = 0, ask;

	for (sets &= expr_many_may(a->may, v, &ask); sets; sets &= sets - 1) {
		size_t i = (size_t)__builtin_ctzll(sets);
		struct match *m = &a->sets[i];
		bool yes = true;

		err = ask >> i & 1 ? expr_test(a->filters[i], &in, &yes) : NULL;
		if (!err && yes && m->pairing)
			paired |= sets & -sets;
		else if (!err && yes)
			err = vectors_take(&m->vectors, v, NULL, now);
		bad = err ? err : bad;
	}
	err = paired ? take_direction(a, v, paired) : NULL;
	return err ? err : bad;
}

void
matches_take(struct matches *a)
{
	struct window *first = &a->engines[0]->window;
	const char *bad = NULL;
	uint64_t sets = 0;

	for (size_t i = 0; i < a->n_engines; i++) {
		struct engine *e = a->engines[i];

		/* Too late for one, it may be in time for another. */
		if (i ? window_take_at(&e->window, first->now) != NULL
		      : window_take(&e->window) != NULL)
			sets |= e->bits;
		else if (!first->timed)
			return;
	}
	if (sets)
		bad = take(a, a->run->reader.rec.v, sets);
	if (bad)
		run_reject(a->run, bad);
}
