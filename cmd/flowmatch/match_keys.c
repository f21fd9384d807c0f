/* SPDX-License-Identifier: MIT */
/*
 * --max-keys: of the panes that are not in the window yet, the keys with the
 * least score are given up, until half of what is possible is left.  Which
 * ones does not depend on anything but the records so far.
 */
#include <stdlib.h>

#include "cmd/flowmatch/match.h"
#include "libcommon/xalloc.h"

struct entry {
	double score;
	int64_t connections, pane;
	struct slice key;
	char *block;
};

static int
strongest_first(const void *p, const void *q)
{
	const struct entry *a = p, *b = q;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	if (a->connections != b->connections)
		return a->connections > b->connections ? -1 : 1;
	if (a->pane != b->pane)
		return a->pane > b->pane ? -1 : 1;
	return slice_cmp(a->key, b->key);
}

/* The pane's groups with those that are kept (score not negative). */
static void
rebuild(struct match *m, struct groups *g, const struct entry *all, size_t n,
    int64_t pane)
{
	struct groups kept;
	bool fresh;

	if (!g->table)
		return; /* the pane has nothing of the set */
	groups_init(&kept, g->block);
	kept.head = g->head;
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &all[i];

		if (e->pane != pane)
			continue;
		if (e->score < 0)
			agg_free_block(&m->agg->agg, e->block + g->head);
		else
			memcpy(groups_get(&kept, e->key.p, e->key.n, &fresh),
			    e->block, g->block);
	}
	groups_free(g);
	*g = kept;
}

void
match_trim(struct match *m, struct match_unit *u, size_t max)
{
	const struct unit *unit = m->engine->window.u;
	struct entry *all = xcalloc(u->keys + 1, sizeof *all);
	size_t n = 0, keep;

	for (size_t i = unit->n_entered; i < unit->n_panes; i++) {
		struct groups *g =
		    (struct groups *)unit->panes[i]->state + m->index;
		struct groups_entry *blocks = groups_entries(g);

		for (uint32_t k = 0; k < g->n; k++) {
			char *states = (char *)blocks[k].block + g->head;

			all[n++] = (struct entry){ match_score(m, states),
				match_tally(m, states)->connections,
				unit->panes[i]->id,
				groups_key(g, blocks[k].block),
				blocks[k].block };
		}
		free(blocks);
	}
	qsort(all, n, sizeof *all, strongest_first);
	keep = max > u->entered ? (max - u->entered + 1) / 2 : 1;
	for (size_t i = keep; i < n; i++)
		all[i].score = -1;
	for (size_t i = unit->n_entered; i < unit->n_panes; i++)
		rebuild(m, (struct groups *)unit->panes[i]->state + m->index,
		    all, n, unit->panes[i]->id);
	m->given_up += n > keep ? n - keep : 0;
	u->keys -= n > keep ? n - keep : 0;
	free(all);
}
