/* SPDX-License-Identifier: MIT */
/* Rows of alerts: the keys of all sets side by side. */
#include <math.h>
#include <stdlib.h>

#include "cmd/flowmatch/match.h"
#include "libcommon/xalloc.h"

enum {
	MOST_KEYS = 64,
	COLUMNS = 2 + ALERT_COLUMNS + MOST_KEYS + 5,
	CELLS = AGG_MAX_KEYS + 2
};

/* Behind the keys. */
enum { PATTERN, CERTAINTY, CONNECTIONS, VALUES, DISTANCES, OWN };

struct match_rows {
	struct matches *all;
	struct row_out *out;
	struct row_column columns[COLUMNS];
	struct value row[COLUMNS];
	size_t head, n_keys; /* columns in front of the keys; keys */
	struct output pattern, distances;
	struct arena arena;
};

/* The column of a key, which may be another set's already. */
static size_t
key_column(const struct match_rows *r, const char *name)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (strcmp(r->columns[r->head + i].name, name) == 0)
			return r->head + i;
	return r->head + r->n_keys;
}

static void
add_keys(struct match_rows *r, const struct agg *a)
{
	for (size_t i = 0; i < a->n_keys; i++) {
		size_t at = key_column(r, a->cell_names[i]);

		if (r->n_keys == MOST_KEYS)
			opts_usage("the patterns have too many keys");
		r->n_keys += at == r->head + r->n_keys;
		r->columns[at] =
		    (struct row_column){ a->cell_names[i], a->cell_types[i] };
	}
}

struct match_rows *
match_rows_open(struct matches *a)
{
	static const char *const own[OWN] = { "pattern", "certainty",
		"connections", "values", "distances" };
	struct match_rows *r = xcalloc(1, sizeof *r);

	r->all = a;
	r->head = window_columns(&a->engines[0]->window, r->columns);
	alerts_columns(r->columns + r->head, "type");
	r->head += ALERT_COLUMNS;
	for (size_t i = 0; i < a->n; i++)
		add_keys(r, &a->sets[i].agg->agg);
	for (size_t i = 0; i < OWN; i++)
		r->columns[r->head + r->n_keys + i] =
		    (struct row_column){ own[i], NULL };
	r->out = row_open(&a->run->out, a->run->format, r->columns,
	    r->head + r->n_keys + OWN, a->run->zone);
	out_memory(&r->pattern);
	out_memory(&r->distances);
	return r;
}

static struct value
number(int64_t n)
{
	return (struct value){ .type = VALUE_INT, .i = n };
}

static void
fill_own(struct match_rows *r, const struct match *m,
    const struct alert_row *row, double score, struct value *own)
{
	const struct tally *t = match_tally(m, row->states);
	double certainty = pattern_certainty(m->set, score);

	r->pattern.n = r->distances.n = 0;
	tally_nearest(m->set, t, &r->pattern);
	tally_distances(m->set, t, &r->distances);
	own[PATTERN] = (struct value){ .type = VALUE_STR,
		.s = slice_of(r->pattern.buf, r->pattern.n) };
	own[CERTAINTY] = (struct value){ .type = VALUE_REAL,
		.d = round(certainty * 1000) / 1000 };
	own[CONNECTIONS] = number(t->connections);
	own[VALUES].type = VALUE_NONE;
	if (m->set->n_count)
		own[VALUES] = number(
		    llround(match_score(m, row->states) * m->set->worth.limit));
	own[DISTANCES] = (struct value){ .type = VALUE_JSON,
		.s = slice_of(r->distances.buf, r->distances.n) };
}

void
match_rows_put(struct match_rows *r, struct match *m,
    const struct alert_row *row, double score)
{
	struct agg *a = &m->agg->agg;
	struct value cells[CELLS];

	window_values(&m->engine->window, &row->bounds, r->row);
	memcpy(r->row + r->head - ALERT_COLUMNS, row->cells, sizeof row->cells);
	for (size_t i = 0; i < r->n_keys; i++)
		r->row[r->head + i].type = VALUE_NONE;
	agg_cells(a, row->key, row->states, cells, &r->arena, NULL);
	for (size_t i = 0; i < a->n_keys; i++)
		r->row[key_column(r, a->cell_names[i])] = cells[i];
	fill_own(r, m, row, score, r->row + r->head + r->n_keys);
	row_put(r->out, r->row);
	r->all->written++;
	arena_reset(&r->arena);
}

void
match_rows_flush(struct match_rows *r)
{
	row_flush(r->out);
}

void
match_rows_close(struct match_rows *r)
{
	row_close(r->out);
}
