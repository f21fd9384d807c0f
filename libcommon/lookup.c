/* SPDX-License-Identifier: MIT */
#include "libcommon/lookup.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/csv.h"
#include "libcommon/die.h"
#include "libcommon/groups.h"
#include "libcommon/lookup_key.h"
#include "libcommon/output.h"
#include "libcommon/rangemap.h"
#include "libcommon/xalloc.h"

enum { FIELD_NAME = 64 }; /* longer ones are no fields */

enum { MAX_ROWS = 1 << 28, NO_ROW = RANGEMAP_NONE };

/* What keys are: the field says it, or the table's first key that fits. */
enum kind { KIND_ADDRESS, KIND_NUMBER, KIND_TEXT };

struct key {
	struct lookup_key key;
	unsigned line;
};

struct lookup {
	const struct field *field;
	enum kind kind;
	size_t n_keys; /* leading columns: 1 or 2 */
	struct slice *columns;
	const struct field **fields; /* of the columns, or NULL */
	size_t n_columns;
	struct key *keys; /* while it is read */
	size_t n_rows, cap_keys, cap_cells;
	struct slice *cells;        /* n_columns of each row */
	uint32_t fallback;          /* the row of '*', or NO_ROW */
	struct rangemap *ranges[2]; /* of addresses [1] those of IPv4 */
	struct groups texts;        /* of n_rows, with 1 more */
	struct arena run;
	struct output json; /* memory */
	char what[160];
};

struct lookup *
lookup_new(const struct field *field)
{
	struct lookup *l = xcalloc(1, sizeof *l);

	l->field = field;
	l->fallback = NO_ROW;
	groups_init(&l->texts, sizeof(uint64_t));
	out_memory(&l->json);
	return l;
}

/* ---- the table ---- */

/* "from,to", "start_ip,end_ip": the header says that keys are ranges. */
static bool
names_range(const struct csv *c)
{
	static const char *const names[][2] = { { "from", "to" },
		{ "first", "last" }, { "start", "end" } };

	for (size_t i = 0; i < 3 && c->n > 1; i++) {
		bool both = true;

		for (size_t j = 0; j < 2; j++) {
			struct slice s = c->cells[j].s;
			size_t n = strlen(names[i][j]);

			both = both && slice_starts(s, names[i][j]) &&
			       (s.n == n || s.p[n] == '_');
		}
		if (both)
			return true;
	}
	return false;
}

static bool
is_utf8(struct slice s)
{
	const char *end = s.p + s.n;
	unsigned n;

	while (s.p < end && (n = utf8_len(s.p, end)))
		s.p += n;
	return s.p == end;
}

/* A name in which '*' stands for src or dst: that of src. */
static struct slice
of_a_side(struct slice s, char room[FIELD_NAME + 3])
{
	if (!s.n || *s.p != '*' || s.n > FIELD_NAME)
		return s;
	memcpy(room, "src", 3);
	memcpy(room + 3, s.p + 1, s.n - 1);
	return slice_of(room, s.n + 2);
}

static const char *
read_header(struct lookup *l, const struct csv *c)
{
	l->n_keys = names_range(c) ? 2 : 1;
	if (c->n <= l->n_keys)
		return "expected a header: the key's name, then members";
	l->n_columns = c->n - l->n_keys;
	l->columns = xcalloc(l->n_columns, sizeof *l->columns);
	l->fields = xcalloc(l->n_columns, sizeof *l->fields);
	for (size_t i = 0; i < l->n_columns; i++) {
		char room[FIELD_NAME + 3];
		struct slice s = c->cells[l->n_keys + i].s;
		const struct field *f;

		if (!s.n || !is_utf8(s))
			return s.n ? "not UTF-8" : "a column has no name";
		for (size_t j = 0; j < i; j++)
			if (slice_eq(s, l->columns[j]))
				return "two columns have the same name";
		l->columns[i] = arena_slice(&l->run, s);
		s = of_a_side(s, room);
		f = field_find(s);
		if (f && slice_is(s, f->name))
			l->fields[i] = f;
	}
	return NULL;
}

static const char *
field_cell(const struct field *f, struct slice s, struct value *v)
{
	const struct value_reading how = { 0 };
	const char *err = value_parse(s, f->type, f->set, &how, v);

	if (!err && f->type == FIELD_INT && v->type != VALUE_INT)
		return "a whole number expected";
	if (!err && f->type == FIELD_REAL && isnan(value_double(v)))
		return "a number expected";
	return err;
}

/* Of a field: as its type is written; else a number, true, false or text. */
static const char *
cell_json(struct lookup *l, size_t column, const struct csv_cell *cell,
    struct slice *json)
{
	const struct field *f = l->fields[column];
	struct value v = { .type = VALUE_STR, .s = cell->s };
	enum json_kind kind = json_scalar(cell->s.p, cell->s.n);
	const char *err = NULL;

	*json = slice_of(NULL, 0);
	if (!cell->s.n)
		return NULL;
	if (!is_utf8(cell->s))
		return "not UTF-8";
	if (f && f->type != FIELD_ANY)
		err = field_cell(f, cell->s, &v);
	else if (!cell->quoted && kind != JSON_NONE && kind != JSON_NULL)
		v.type = VALUE_JSON;
	if (err) {
		snprintf(l->what, sizeof l->what, "%s: %s", f->name, err);
		return l->what;
	}
	l->json.n = 0;
	value_json(&l->json, &v, f);
	*json = arena_slice(&l->run, slice_of(l->json.buf, l->json.n));
	return NULL;
}

static const char *
read_row(struct lookup *l, const struct csv *c)
{
	struct key *k;
	const char *err;

	if (c->n != l->n_keys + l->n_columns) {
		snprintf(l->what, sizeof l->what,
		    "%zu cells, but the header has %zu", c->n,
		    l->n_keys + l->n_columns);
		return l->what;
	}
	if (l->n_rows == MAX_ROWS)
		return "too many rows";
	l->keys = xgrow(l->keys, &l->cap_keys, l->n_rows, sizeof *l->keys);
	k = &l->keys[l->n_rows];
	*k = (struct key){ { c->cells[0].s, { 0 } }, c->line };
	if (l->n_keys == 2)
		k->key.to = c->cells[1].s;
	while ((l->n_rows + 1) * l->n_columns > l->cap_cells)
		l->cells = xgrow(
		    l->cells, &l->cap_cells, l->cap_cells, sizeof *l->cells);
	for (size_t i = 0; i < l->n_columns; i++) {
		err = cell_json(l, i, &c->cells[l->n_keys + i],
		    &l->cells[l->n_rows * l->n_columns + i]);
		if (err)
			return err;
	}
	l->n_rows++;
	return NULL;
}

/* ---- keys ---- */

static bool
is_fallback(const struct key *k)
{
	return slice_is(k->key.from, "*") && !k->key.to.n;
}

/* Whether all keys, but that of the other rows, are of the kind. */
static bool
all_are(const struct lookup *l, enum kind kind)
{
	u128 from, to;
	bool v4;

	for (size_t i = 0; i < l->n_rows; i++) {
		const struct key *k = &l->keys[i];

		if (!is_fallback(k) &&
		    !(kind == KIND_ADDRESS
			    ? lookup_addresses(&k->key, &from, &to, &v4)
			    : lookup_numbers(&k->key, l->field, &from, &to)))
			return false;
	}
	return true;
}

static const char *
find_kind(struct lookup *l)
{
	switch (l->field ? l->field->type : FIELD_ANY) {
	case FIELD_IP:
		l->kind = KIND_ADDRESS;
		return NULL;
	case FIELD_INT:
	case FIELD_NAMED:
	case FIELD_FLAGS:
		l->kind = KIND_NUMBER;
		return NULL;
	case FIELD_STR:
		l->kind = KIND_TEXT;
		return NULL;
	case FIELD_ANY:
		l->kind = all_are(l, KIND_ADDRESS)  ? KIND_ADDRESS
			  : all_are(l, KIND_NUMBER) ? KIND_NUMBER
						    : KIND_TEXT;
		return NULL;
	default:
		return "only numbers, addresses and text can be looked up";
	}
}

static const char *
again(struct lookup *l, size_t row)
{
	snprintf(l->what, sizeof l->what, "the key of line %u again",
	    l->keys[row].line);
	return l->what;
}

static const char *
add_text(struct lookup *l, size_t row)
{
	bool fresh;
	uint64_t *place;

	if (l->n_keys == 2)
		return "a range of text";
	place = groups_get(&l->texts, l->keys[row].key.from.p,
	    l->keys[row].key.from.n, &fresh);
	if (!fresh)
		return again(l, (size_t)*place);
	*place = row;
	return NULL;
}

static const char *
add_key(struct lookup *l, size_t row)
{
	const struct key *k = &l->keys[row];
	u128 from = 0, to = 0;
	bool v4 = false;

	if (is_fallback(k)) {
		if (l->fallback != NO_ROW)
			return again(l, l->fallback);
		l->fallback = (uint32_t)row;
		return NULL;
	}
	if (l->kind == KIND_TEXT)
		return add_text(l, row);
	if (l->kind == KIND_ADDRESS &&
	    !lookup_addresses(&k->key, &from, &to, &v4))
		return "expected an address, a prefix or a range of addresses";
	if (l->kind == KIND_NUMBER &&
	    !lookup_numbers(&k->key, l->field, &from, &to))
		return "expected a number or a range of numbers";
	rangemap_add(l->ranges[v4], from, to, (uint32_t)row);
	return NULL;
}

static const char *
add_keys(struct lookup *l, unsigned *line)
{
	const char *err = find_kind(l);
	uint32_t clash[2];

	for (size_t i = 0; i < 2; i++)
		l->ranges[i] = rangemap_new();
	*line = 0;
	for (size_t i = 0; i < l->n_rows && !err; i++) {
		*line = l->keys[i].line;
		err = add_key(l, i);
	}
	for (size_t i = 0; i < 2; i++) {
		if (rangemap_seal(l->ranges[i], clash) || err)
			continue;
		*line = l->keys[clash[1]].line;
		snprintf(l->what, sizeof l->what,
		    "the key of line %u again, or a range that crosses it",
		    l->keys[clash[0]].line);
		err = l->what;
	}
	return err;
}

const char *
lookup_read(struct lookup *l, char *text, size_t n, unsigned *line)
{
	struct csv c;
	const char *err;

	csv_open(&c, text, n);
	err = csv_next(&c);
	if (!err)
		err = read_header(l, &c);
	while (!err) {
		err = csv_next(&c);
		if (err || c.n == 0)
			break;
		err = read_row(l, &c);
	}
	*line = c.line;
	if (!err)
		err = add_keys(l, line);
	free(l->keys);
	l->keys = NULL;
	return err;
}

void
lookup_read_file(struct lookup *l, const char *file)
{
	FILE *f = fopen(file, "r");
	char *text = NULL;
	size_t n = 0, cap = 0, got;
	unsigned line;
	const char *err;

	if (!f)
		die_errno("%s", file);
	out_keep(file);
	do {
		if (n + BUFSIZ > cap)
			text = xreallocarray(text, cap = 2 * cap + BUFSIZ, 1);
		n += got = fread(text + n, 1, cap - n, f);
	} while (got);
	if (ferror(f))
		die_errno("%s", file);
	fclose(f);
	err = lookup_read(l, text, n, &line);
	if (err && line)
		die("%s:%u: %s", file, line, err);
	if (err)
		die("%s: %s", file, err);
	free(text);
}

size_t
lookup_columns(const struct lookup *l)
{
	return l->n_columns;
}

struct slice
lookup_column(const struct lookup *l, size_t i)
{
	return l->columns[i];
}

/* ---- looking up ---- */

static uint32_t
find_text(
    const struct lookup *l, const struct json_val *v, struct arena *scratch)
{
	struct slice s = json_slice(v);
	const uint64_t *place;
	char *p;

	if (v->kind == JSON_STRING && v->escaped) {
		p = arena_alloc(scratch, s.n);
		s = slice_of(p, json_unescape(s, p));
	}
	place = groups_find(&l->texts, s.p, s.n);
	return place ? (uint32_t)*place : NO_ROW;
}

static uint32_t
find_value(const struct lookup *l, const struct value *v)
{
	if (v->type == VALUE_IP)
		return rangemap_find(
		    l->ranges[ip_is_v4(&v->ip)], lookup_ip_number(&v->ip));
	if (v->type == VALUE_INT && v->i >= 0)
		return rangemap_find(l->ranges[0], (u128)v->i);
	return NO_ROW;
}

const char *
lookup_find(const struct lookup *l, const struct json_val *v,
    struct arena *scratch, const struct slice **row)
{
	const struct value_reading how = { NULL, scratch };
	const struct field *f = l->field;
	enum field_type type = f && f->type != FIELD_ANY ? f->type
			       : l->kind == KIND_ADDRESS ? FIELD_IP
							 : FIELD_INT;
	enum json_kind kind = json_kind_of(v);
	struct value value;
	uint32_t n;

	*row = NULL;
	if (kind == JSON_NONE || kind == JSON_NULL)
		return NULL;
	if (l->kind == KIND_TEXT) {
		n = find_text(l, v, scratch);
	} else {
		const char *err =
		    value_read(v, type, f ? f->set : 0, &how, &value);

		if (err && f && f->type != FIELD_ANY)
			return err;
		n = err ? NO_ROW : find_value(l, &value);
	}
	n = n == NO_ROW ? l->fallback : n;
	if (n != NO_ROW)
		*row = l->cells + n * l->n_columns;
	return NULL;
}

void
lookup_free(struct lookup *l)
{
	groups_free(&l->texts);
	rangemap_free(l->ranges[0]);
	rangemap_free(l->ranges[1]);
	arena_free(&l->run);
	free(l->columns);
	free(l->fields);
	free(l->cells);
	free(l->json.buf);
	free(l);
}
