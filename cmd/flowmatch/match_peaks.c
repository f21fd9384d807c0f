/* SPDX-License-Identifier: MIT */
/*
 * The highest score that the key of an alert had in a window since it began.
 * Certainties are counted by that (see sample_peaks()), so they are told by it;
 * the sum of windows that last is another number.
 */
#include <math.h>

#include "cmd/flowmatch/match.h"

void
match_see_peaks(struct match *m, struct match_unit *u)
{
	const struct winrows *rows = &m->agg->rows;

	if (!u->peaks.block)
		groups_init(&u->peaks, sizeof(double));
	for (size_t i = 0; i < rows->n; i++) {
		const void *block = rows->v[i].block;
		struct slice key = winagg_key(m->agg, block);
		bool fresh;
		double *peak = groups_get(&u->peaks, key.p, key.n, &fresh);

		*peak =
		    fmax(*peak, match_score(m, winagg_states(m->agg, block)));
	}
}

double
match_peak(struct match_unit *u, const struct alert_row *row)
{
	double *found = groups_find(&u->peaks, row->key.p, row->key.n),
	       peak = *found;

	if (slice_is(row->cells[ALERT_COLUMNS - 1].s, "end"))
		groups_remove(&u->peaks, found);
	return peak;
}
