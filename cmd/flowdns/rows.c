/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/key.h"
#include "libcommon/xalloc.h"

enum { MAX_CELLS = 32, MAX_COLUMNS = 2 * MAX_CELLS + 8, NO_CELL = MAX_CELLS };

/* The columns of one table. */
struct sheet {
	struct tally *tally;
	struct row_column columns[MAX_COLUMNS];
	size_t n;
	uint8_t from[MAX_COLUMNS];  /* its cell, or NO_CELL */
	uint8_t named[MAX_COLUMNS]; /* the cell whose name it has, or NO_CELL */
	int base[MAX_COLUMNS]; /* its cell of 'from' in inner rows, or -1 */
	int by[2];             /* cells of 'from' that order inner rows */
	size_t own, host; /* keys of 'from': the row's, the host's within it */
	bool asked[MAX_CELLS]; /* cells of 'from' that choose inner rows */
	size_t counted;        /* column with the number of hosts */
	struct row_out *out;
};

/* A host within a row. */
struct inner {
	i128 by[2];
	struct slice key;
	const void *block;
};

/* How many hosts a row has, and those of them that are to be listed. */
struct found {
	size_t hosts, listed, cap;
	struct inner *first;
};

struct rows {
	struct tallies *tallies;
	struct run *run;
	struct window *window;
	uint64_t limit, n_inner;
	struct sheet sheets[TABLES_MAX];
	size_t n_sheets, n_head; /* of columns: window and type */
	struct value row[MAX_COLUMNS], cells[MAX_CELLS], base[MAX_CELLS];
	char names[MAX_COLUMNS][16]; /* TYPE65280 */
	struct arena arena;
	struct found *found; /* of each row */
	struct sheet *sheet; /* at hand */
	uint64_t written;
	bool started; /* something was written, in any window */
};

/* ---- columns ---- */

static size_t
column(struct sheet *s, const char *name, size_t cell, size_t named)
{
	s->columns[s->n] =
	    (struct row_column){ name, field_find(slice_str(name)) };
	s->from[s->n] = (uint8_t)cell;
	s->named[s->n] = (uint8_t)named;
	return s->n++;
}

/* A column of the same name in the table that this one is made from. */
static int
base_cell(const struct tally *from, const char *name)
{
	const struct agg *a = &from->agg->agg;

	for (size_t i = 0; i < a->cells.n; i++)
		if (strcmp(a->cell_names[i] + (*a->cell_names[i] == '_'),
			name) == 0)
			return (int)i;
	return -1;
}

/* What a cell of a row sums up, or the one of the same name. */
static int
summed_cell(const struct tally *t, size_t cell)
{
	const struct agg *a = &t->agg->agg;
	int call = cell < a->n_keys ? -1 : a->cell_from[cell].call;

	return call >= 0 && a->calls[call].cell >= 0
		   ? a->calls[call].cell
		   : base_cell(t->from, a->cell_names[cell]);
}

static void
ask(struct sheet *s)
{
	s->asked[s->host] = true;
	for (int i = 0; i < 2; i++)
		if (s->by[i] >= 0)
			s->asked[s->by[i]] = true;
	if (s->tally->hosts)
		expr_cells(s->tally->hosts, s->asked);
	agg_want(&s->tally->from->agg->agg, s->asked);
}

static void
inner_columns(struct sheet *s)
{
	const struct analysis *t = s->tally->table;
	const struct agg *a = &s->tally->agg->agg;
	const char *sort = t->sort;
	struct slice part;

	for (size_t i = 0; i < s->n; i++)
		if (s->from[i] != NO_CELL)
			s->base[i] = summed_cell(s->tally, s->from[i]);
	for (int i = 0; i < 2; i++)
		s->by[i] = agg_split(&sort, &part)
			       ? summed_cell(s->tally,
				     agg_cell(a, part.p, part.n, "sort"))
			       : -1;
	s->own = (size_t)s->tally->agg->agg.keys[0].cell;
	s->host = (size_t)base_cell(s->tally->from, t->inner);
	ask(s);
	s->counted = column(s, t->counted, NO_CELL, NO_CELL);
}

static bool
lists_hosts(const struct rows *r, const struct analysis *t)
{
	return t->inner && !t->unlisted && r->n_inner;
}

static void
lay_out(struct rows *r, struct sheet *s)
{
	const struct analysis *t = s->tally->table;
	const struct agg *a = &s->tally->agg->agg;

	s->n = window_columns(r->window, s->columns);
	memset(s->from, NO_CELL, sizeof s->from);
	memset(s->named, NO_CELL, sizeof s->named);
	memset(s->base, -1, sizeof s->base);
	r->n_head = s->n + 1;
	column(s, "type", NO_CELL, NO_CELL);
	if (t->kind == ANALYSIS_DETECTION) {
		alerts_columns(s->columns + r->n_head - 1, "type");
		s->n = r->n_head - 1 + ALERT_COLUMNS;
	}
	for (size_t i = 0; i < a->cells.n; i++) {
		const char *name = a->cell_names[i];
		const struct field *f = field_find(slice_str(name));

		if (*name == '_')
			continue;
		column(s, name, i, NO_CELL);
		/* Other formats write the name in place of the number. */
		if (f && f->type == FIELD_NAMED && r->run->format == ROW_JSON) {
			char *long_name = xmalloc(strlen(name) + 6);

			sprintf(long_name, "%s_name", name);
			column(s, long_name, NO_CELL, i);
		}
		if (lists_hosts(r, t) && i == a->n_keys - 1)
			column(s, t->inner, NO_CELL, NO_CELL);
	}
	if (t->inner)
		inner_columns(s);
}

/* The inner key has a column, but no cell: it is the last of 'from'. */
static void
set_inner_key(struct sheet *s)
{
	const char *inner = s->tally->table->inner;

	for (size_t i = 0; inner && i < s->n; i++)
		if (s->from[i] == NO_CELL &&
		    strcmp(s->columns[i].name, inner) == 0)
			s->base[i] = base_cell(s->tally->from, inner);
}

struct rows *
rows_new(struct tallies *t, struct run *run, struct window *w, uint64_t limit,
    uint64_t inner)
{
	struct rows *r = xcalloc(1, sizeof *r);

	r->tallies = t;
	r->run = run;
	r->window = w;
	r->limit = limit;
	r->n_inner = inner;
	for (int kind = ANALYSIS_STATISTIC; kind <= ANALYSIS_DETECTION; kind++)
		for (size_t i = 0; i < t->n; i++) {
			struct sheet *s = &r->sheets[r->n_sheets];

			if (!t->v[i].written ||
			    (int)t->v[i].table->kind != kind)
				continue;
			s->tally = &t->v[i];
			lay_out(r, s);
			set_inner_key(s);
			r->n_sheets++;
		}
	return r;
}

/* ---- rows ---- */

/* The name of a number that has none of its own, RFC 3597, is its number's. */
static void
set_name(struct rows *r, size_t column, const struct field *f,
    const struct value *number)
{
	struct value *to = &r->row[column];
	const char *name = NULL;
	char *text = r->names[column];

	to->type = VALUE_NONE;
	if (number->type != VALUE_INT)
		return;
	if (number->i >= 0 && number->i < 65536)
		name = names_name(f->set, (unsigned)number->i);
	if (!name) {
		snprintf(text, sizeof r->names[column], "%s%u",
		    f->set == NAMES_DNS_TYPE ? "TYPE" : "RCODE",
		    (unsigned)number->i);
		name = text;
	}
	*to = (struct value){ .type = VALUE_STR, .s = slice_str(name) };
}

static void
put(struct rows *r, const struct sheet *s, const int *base)
{
	for (size_t i = 0; i < s->n; i++) {
		if (base && i >= r->n_head)
			r->row[i] = base[i] >= 0
					? r->base[base[i]]
					: (struct value){ .type = VALUE_NONE };
		else if (s->from[i] != NO_CELL)
			r->row[i] = r->cells[s->from[i]];
		else if (s->named[i] != NO_CELL)
			set_name(r, i, s->columns[i - 1].field,
			    &r->cells[s->named[i]]);
		else if (s->base[i] >= 0)
			r->row[i].type = VALUE_NONE;
	}
	row_put(s->out, r->row);
	r->written++;
}

static void
begin(struct rows *r, struct sheet *s)
{
	if (s->out)
		return;
	if (r->run->format != ROW_JSON && r->started)
		out_char(&r->run->out, '\n');
	r->started = true;
	s->out = row_open(
	    &r->run->out, r->run->format, s->columns, s->n, r->run->zone);
}

/* Of several tables each has its own header, behind an empty line. */
static void
end(struct rows *r, struct sheet *s)
{
	if (!s->out)
		return;
	row_flush(s->out);
	if (r->n_sheets > 1 && r->run->format != ROW_JSON) {
		row_close(s->out);
		s->out = NULL;
	}
}

/* ---- hosts within rows ---- */

static i128
measure(const struct rows *r, int cell)
{
	i128 nano = 0;

	if (cell >= 0)
		value_nano(&r->base[cell], &nano);
	return nano;
}

static bool
is_before(const struct inner *a, const struct inner *b)
{
	for (int i = 0; i < 2; i++)
		if (a->by[i] != b->by[i])
			return a->by[i] > b->by[i];
	return slice_cmp(a->key, b->key) < 0;
}

/* Among the first of its row, if it is one of them. */
static void
insert(struct rows *r, size_t row, const struct inner *found)
{
	struct found *f = &r->found[row];
	struct inner *first = f->first;
	size_t n = f->listed, i;

	if (n == r->n_inner && !is_before(found, &first[n - 1]))
		return;
	if (n == f->cap && n < r->n_inner) {
		f->cap = n ? 2 * n : 1; /* most rows have one or two */
		f->first = first = xreallocarray(first, f->cap, sizeof *first);
	}
	f->listed = n += n < r->n_inner;
	for (i = n - 1; i > 0 && is_before(found, &first[i - 1]); i--)
		first[i] = first[i - 1];
	first[i] = *found;
}

/* Key i of a group. */
static struct slice
part_of(const char *key, size_t i)
{
	while (i--)
		key += key_length(key);
	return slice_of(key, key_length(key));
}

/* A group of the table it is made from: of which row it is, if of any. */
static void
find_inner(struct rows *r, const struct sheet *s, const struct groups *keys,
    const void *block)
{
	struct winagg *a = s->tally->from->agg;
	struct slice key = winagg_key(a, block);
	struct slice own = part_of(key.p, s->own);
	const size_t *row = groups_find(keys, own.p, own.n);
	struct expr_input in = { .cells = r->base };
	struct inner found = { .key = key, .block = block };
	bool yes = true;

	if (!row)
		return;
	agg_cells(&a->agg, key, winagg_states(a, block), r->base, &r->arena,
	    s->asked);
	if (s->tally->hosts && (expr_test(s->tally->hosts, &in, &yes) || !yes))
		return;
	/* Nobody is known where the client is a multicast group. */
	if (r->base[s->host].type == VALUE_NONE)
		return;
	r->found[*row].hosts++;
	if (!lists_hosts(r, s->tally->table))
		return;
	for (int i = 0; i < 2; i++)
		found.by[i] = measure(r, s->by[i]);
	insert(r, *row, &found);
}

static void
find_all_inner(struct rows *r, const struct sheet *s, size_t n)
{
	struct winagg *a = s->tally->agg;
	struct groups keys;
	size_t n_all;
	void **all;
	bool fresh;

	if (!n || !s->tally->table->inner)
		return;
	r->found = xreallocarray(r->found, n, sizeof *r->found);
	memset(r->found, 0, n * sizeof *r->found);
	groups_init_for(&keys, sizeof(size_t), (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		struct slice key = winagg_key(a, a->rows.v[i].block);

		*(size_t *)groups_get(&keys, key.p, key.n, &fresh) = i;
	}
	all = winagg_all(s->tally->from->agg, &n_all);
	for (size_t i = 0; i < n_all; i++)
		find_inner(r, s, &keys, all[i]);
	free(all);
	groups_free(&keys);
}

static void
write_inner(struct rows *r, const struct sheet *s, size_t row)
{
	struct found *f = &r->found[row];

	for (size_t i = 0; i < f->listed; i++) {
		winagg_cells(
		    s->tally->from->agg, f->first[i].block, r->base, &r->arena);
		put(r, s, s->base);
	}
	free(f->first);
}

static void
write_statistic(struct rows *r, struct sheet *s)
{
	const char *inner = s->tally->table->inner;
	struct winagg *a = s->tally->agg;
	size_t n = r->limit && r->limit < a->rows.n ? r->limit : a->rows.n;

	find_all_inner(r, s, n);
	for (size_t i = 0; i < n; i++) {
		begin(r, s);
		winagg_cells(a, a->rows.v[i].block, r->cells, &r->arena);
		if (inner)
			r->row[s->counted] = (struct value){ .type = VALUE_INT,
				.i = (i128)r->found[i].hosts };
		put(r, s, NULL);
		if (inner)
			write_inner(r, s, i);
		arena_reset(&r->arena);
	}
}

static void
write_alert(void *arg, const struct alert_row *row)
{
	struct rows *r = arg;
	const struct sheet *s = r->sheet;

	if (r->window->muted)
		return;
	begin(r, r->sheet);
	window_values(r->window, &row->bounds, r->row);
	memcpy(r->row + r->n_head - 1, row->cells, sizeof row->cells);
	agg_cells(&s->tally->agg->agg, row->key, row->states, r->cells,
	    &r->arena, NULL);
	put(r, s, NULL);
	arena_reset(&r->arena);
}

uint64_t
rows_write(struct rows *r, const struct window_bounds *bounds)
{
	r->written = 0;
	for (size_t i = 0; i < r->n_sheets; i++) {
		struct sheet *s = r->sheet = &r->sheets[i];

		if (s->tally->alerts) {
			alerts_window(s->tally->alerts, bounds, write_alert, r);
		} else if (!r->window->muted) {
			window_values(r->window, bounds, r->row);
			r->row[r->n_head - 1] =
			    (struct value){ .type = VALUE_STR,
				    .s = slice_str(s->tally->table->name) };
			write_statistic(r, s);
		}
		end(r, s);
	}
	return r->written;
}

void
rows_close(struct rows *r)
{
	for (size_t i = 0; i < r->n_sheets; i++)
		if (r->sheets[i].out)
			row_close(r->sheets[i].out);
	arena_free(&r->arena);
}
