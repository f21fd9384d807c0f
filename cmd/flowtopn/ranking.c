/* SPDX-License-Identifier: MIT */
#include "cmd/flowtopn/ranking.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/key.h"
#include "libcommon/xalloc.h"

enum { MAX_CELLS = AGG_MAX_KEYS + 2 * AGG_MAX };

/* The rows of a ranking: its columns, and where each value comes from. */
struct sheet {
	struct row_column columns[MAX_CELLS + 8];
	struct value row[MAX_CELLS + 8];
	struct value cells[MAX_CELLS];
	struct value rest[MAX_CELLS]; /* of the total, what was not ranked */
	bool seen[MAX_CELLS];         /* in what was not ranked: known */
	size_t n_unseen;
	size_t from[MAX_CELLS + 8]; /* cell of a column */
	size_t n, rank, share;      /* columns */
	bool approximate;
	double total, cumulated;
	uint64_t written;
	struct row_out *out;
};

bool
ranking_is_sum(const struct agg_call *call)
{
	const char *name = call->spec.fn->name;

	return strcmp(name, "sum") == 0 || strcmp(name, "count") == 0;
}

bool
ranking_is_additive(const struct agg *a, size_t cell)
{
	for (size_t i = 0; i < a->n_calls; i++)
		if (slice_is(a->calls[i].name, a->cell_names[cell]))
			return ranking_is_sum(&a->calls[i]);
	return false;
}

/* ---- columns ---- */

static size_t
column(struct sheet *s, const char *name, const struct field *f, size_t from)
{
	s->columns[s->n] = (struct row_column){ name, f };
	s->from[s->n] = from;
	return s->n++;
}

static char *
suffixed(const char *name, const char *suffix)
{
	char *s = xmalloc(strlen(name) + strlen(suffix) + 1);

	strcpy(s, name);
	return strcat(s, suffix);
}

static void
lay_out(const struct ranking *r, struct sheet *s)
{
	const struct agg *a = &r->agg->agg;
	const char *measure = a->cell_names[r->measure];

	s->n = window_columns(r->window, s->columns);
	for (size_t i = 0; i < s->n; i++)
		s->from[i] = MAX_CELLS;
	if (r->name)
		s->row[column(s, "ranking", NULL, MAX_CELLS)] =
		    (struct value){ .type = VALUE_STR,
			    .s = slice_str(r->name) };
	s->rank = column(s, "rank", NULL, MAX_CELLS);
	for (size_t i = 0; i < a->cells.n; i++)
		if (!agg_is_hidden(a, i) &&
		    (!s->approximate || i < a->n_keys || i == r->measure))
			column(s, a->cell_names[i], a->cell_types[i], i);
	s->share = s->n;
	if (r->additive) {
		column(s, suffixed(measure, "_pct"), NULL, MAX_CELLS);
		column(s, suffixed(measure, "_cum_pct"), NULL, MAX_CELLS);
	}
	if (s->approximate)
		column(s, suffixed(measure, "_error"), NULL, MAX_CELLS);
	if (r->others)
		column(s, "others", NULL, MAX_CELLS);
}

void
ranking_open(struct ranking *r, const struct window *w, bool approximate)
{
	r->window = w;
	r->sheet = xcalloc(1, sizeof *r->sheet);
	r->sheet->approximate = approximate;
	lay_out(r, r->sheet);
	row_check(r->sheet->columns, r->sheet->n);
}

/* ---- rows ---- */

static struct value
percent(double part, double total)
{
	/* Two decimals, as nfdump and SiLK print. */
	double d = total > 0 ? round(part / total * 10000) / 100 : NAN;

	return (struct value){ .type = isfinite(d) ? VALUE_REAL : VALUE_NONE,
		.d = d };
}

static void
put_row(const struct ranking *r, const struct value *cells, struct value rank)
{
	struct sheet *s = r->sheet;
	double measure = value_double(&cells[r->measure]);
	bool known = r->additive && cells[r->measure].type != VALUE_NONE;

	for (size_t i = 0; i < s->n; i++)
		if (s->from[i] < MAX_CELLS)
			s->row[i] = cells[s->from[i]];
	s->row[s->rank] = rank;
	if (r->additive)
		s->row[s->share] = s->row[s->share + 1] =
		    (struct value){ .type = VALUE_NONE };
	if (known) {
		s->cumulated += measure;
		s->row[s->share] = percent(measure, s->total);
		s->row[s->share + 1] = percent(s->cumulated, s->total);
	}
	row_put(s->out, s->row);
	s->written++;
}

/* The sums of the groups not ranked: of the total, without this one. */
static void
take_from_rest(const struct ranking *r)
{
	struct sheet *s = r->sheet;
	const struct agg *a = &r->agg->agg;
	i128 sum, nano;

	for (size_t i = a->n_keys; i < a->cells.n; i++)
		if (ranking_is_additive(a, i) &&
		    value_nano(&s->rest[i], &sum) &&
		    value_nano(&s->cells[i], &nano))
			s->rest[i] = saving_value(sum - nano);
}

/* What groups that are not ranked know of: of the rest a sum of it is known. */
static void
see_rest(const struct ranking *r, const void *block, struct arena *arena)
{
	struct sheet *s = r->sheet;

	if (!r->others || !s->n_unseen)
		return;
	winagg_cells(r->agg, block, s->cells, arena);
	for (size_t i = r->agg->agg.n_keys; i < r->agg->agg.cells.n; i++)
		if (!s->seen[i] && s->cells[i].type != VALUE_NONE) {
			s->seen[i] = true;
			s->n_unseen--;
		}
}

static void
forget_unseen(const struct ranking *r)
{
	struct sheet *s = r->sheet;

	for (size_t i = r->agg->agg.n_keys; i < r->agg->agg.cells.n; i++)
		if (!s->seen[i])
			s->rest[i].type = VALUE_NONE;
}

/* A row for what was not ranked: so many groups; how many may be unknown. */
static void
put_others(const struct ranking *r, uint64_t n, bool known)
{
	struct sheet *s = r->sheet;
	struct value none = { .type = VALUE_NONE };

	if (r->others && n) {
		if (known)
			s->row[s->n - 1] =
			    (struct value){ .type = VALUE_INT, .i = n };
		put_row(r, s->rest, none);
		s->row[s->n - 1] = none;
	}
	s->cumulated = 0;
}

bool
ranking_is_enough(const struct ranking *r, const struct value *measure)
{
	int c = r->min ? value_compare(measure, r->min) : 0;

	return c == 0 || c == 1;
}

/* ---- exact ---- */

/* The bytes of the key that belong to --group. */
static struct slice
group_of(const struct ranking *r, struct slice key, struct arena *arena)
{
	struct value v;
	size_t n = 0;

	for (size_t i = 0; i < r->n_group; i++)
		n += key_get(key.p + n, &v, arena);
	return slice_of(key.p, n);
}

/* Totals are in order of their keys. */
static const void *
find_total(const struct ranking *r, struct slice group)
{
	const struct winagg *t = r->totals;
	size_t low = 0, high = t->rows.n - 1;

	while (low < high && r->n_group) {
		size_t mid = (low + high) / 2;
		struct slice key = winagg_key(t, t->rows.v[mid].block);

		if (slice_cmp(key, group) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return t->rows.v[low].block;
}

/* The total of a group: what shares are of, and what others are left of. */
static void
begin_group(const struct ranking *r, struct slice group, struct arena *arena)
{
	struct sheet *s = r->sheet;
	const struct agg *a = &r->agg->agg;
	size_t shift = a->n_keys - r->n_group;

	winagg_cells(r->totals, find_total(r, group), s->cells, arena);
	for (size_t i = 0; i < a->cells.n; i++) {
		bool is_key = i < a->n_keys;

		s->rest[i].type = VALUE_NONE;
		if (is_key ? i < r->n_group : ranking_is_additive(a, i))
			s->rest[i] = s->cells[is_key ? i : i - shift];
	}
	s->n_unseen = a->cells.n - a->n_keys;
	memset(s->seen, 0, sizeof s->seen);
	s->total = 0;
	if (r->additive && s->rest[r->measure].type != VALUE_NONE)
		s->total = value_double(&s->rest[r->measure]);
}

/* Its cells are at hand then. */
static bool
is_enough(const struct ranking *r, const void *block, struct arena *arena)
{
	struct value *cells = r->sheet->cells;

	winagg_cells(r->agg, block, cells, arena);
	return ranking_is_enough(r, &cells[r->measure]);
}

/* The ranked rows of the group from row i on; behind the last of the group. */
static size_t
write_group(const struct ranking *r, size_t i, struct arena *arena)
{
	struct sheet *s = r->sheet;
	struct winagg *a = r->agg;
	struct slice group =
	    group_of(r, winagg_key(a, a->rows.v[i].block), arena);
	uint64_t ranked = 0, all = r->n_group ? 0 : a->rows.groups;

	begin_group(r, group, arena);
	for (; i < a->rows.n; i++) {
		const void *block = a->rows.v[i].block;
		struct slice key = winagg_key(a, block);

		if (r->n_group && !slice_eq(group_of(r, key, arena), group))
			break;
		all += r->n_group > 0;
		if ((r->limit && ranked == r->limit) ||
		    !is_enough(r, block, arena)) {
			see_rest(r, block, arena);
			continue;
		}
		put_row(r, s->cells,
		    (struct value){ .type = VALUE_INT, .i = ++ranked });
		take_from_rest(r);
	}
	forget_unseen(r);
	put_others(r, all - ranked, true);
	return i;
}

static void
write_exact(const struct ranking *r)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < r->agg->rows.n;) {
		i = write_group(r, i, &arena);
		arena_reset(&arena);
	}
	arena_free(&arena);
}

/* ---- approximate ---- */

static struct saving **
saving_of(struct window_pane *pane, size_t i)
{
	return (struct saving **)pane->state + i;
}

const char *
ranking_save(struct ranking *r, struct window_pane *pane, size_t i,
    uint64_t counters, const struct expr_input *in)
{
	struct agg *a = &r->agg->agg;
	struct saving **s = saving_of(pane, i);
	size_t call = 0;

	if (!*s)
		*s = saving_new(counters);
	while (!slice_is(a->calls[call].name, a->cell_names[r->measure]))
		call++;
	return saving_add(*s, a, call, in);
}

void
ranking_enter(struct ranking *r, struct window_pane *pane, size_t i)
{
	r->saving = *saving_of(pane, i);
}

void
ranking_leave(struct ranking *r, struct window_pane *pane, size_t i)
{
	if (*saving_of(pane, i))
		saving_free(*saving_of(pane, i));
	r->saving = NULL;
}

static void
write_approximate(const struct ranking *r)
{
	struct sheet *s = r->sheet;
	struct value *error = &s->row[s->share + 2];
	struct arena arena = { 0 };
	size_t n = saving_sort(r->saving);
	i128 total = saving_total(r->saving), ranked = 0;
	uint64_t limit = r->limit ? r->limit : n;

	s->total = (double)total / NUM_NANO;
	for (size_t i = 0; i < n && i < limit; i++) {
		i128 nano = saving_get(
		    r->saving, i, &r->agg->agg, s->cells, error, &arena);

		s->cells[r->measure] = saving_value(nano);
		if (!ranking_is_enough(r, &s->cells[r->measure]))
			break;
		ranked += nano;
		put_row(r, s->cells,
		    (struct value){ .type = VALUE_INT, .i = i + 1 });
		arena_reset(&arena);
	}
	error->type = VALUE_NONE;
	memset(s->rest, 0, sizeof s->rest);
	s->rest[r->measure] = saving_value(total > ranked ? total - ranked : 0);
	/* How many keys have no counter is not known. */
	put_others(r, total > ranked, false);
	arena_free(&arena);
}

uint64_t
ranking_write(
    struct ranking *r, struct run *run, const struct window_bounds *bounds)
{
	struct sheet *s = r->sheet;

	s->written = 0;
	s->cumulated = 0;
	window_values(r->window, bounds, s->row);
	if (!s->out) {
		s->out = row_open(
		    &run->out, run->format, s->columns, s->n, run->zone);
		row_identify(s->out,
		    window_identity(r->window, s->rank + 1 + r->n_group));
	}
	if (s->approximate && r->saving)
		write_approximate(r);
	else if (!s->approximate)
		write_exact(r);
	row_flush(s->out);
	if (r->name) { /* each with a header of its own */
		row_close(s->out);
		s->out = NULL;
	}
	return s->written;
}

void
ranking_close(struct ranking *r)
{
	if (r->sheet->out)
		row_close(r->sheet->out);
	r->sheet->out = NULL;
}
