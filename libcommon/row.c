/* SPDX-License-Identifier: MIT */
#include "libcommon/row.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libcommon/bulk.h"
#include "libcommon/die.h"
#include "libcommon/near.h"
#include "libcommon/opts.h"
#include "libcommon/xalloc.h"

enum { CELL_ROOM = 4096 };

struct row_out {
	struct output *out;
	enum row_format format;
	const struct row_column *columns;
	size_t n;
	const struct tstamp_zone *zone;
	bool headed;
	struct table *table;  /* line and table */
	const char **names;   /* of its columns */
	struct slice *labels; /* json: "name": */
	struct output labels_text;
	size_t n_fixed; /* json: cells that are in 'fixed', behind its '{' */
	struct output fixed;
	/* es-bulk */
	struct bulk bulk;
	size_t time, n_identity; /* columns; time is n if there is none */
	struct output identity;
};

static struct row_style style;

void
row_set_style(const struct row_style *s)
{
	style = *s;
}

const struct row_style *
row_get_style(void)
{
	return &style;
}

static const struct {
	const char *name;
	enum row_format format;
} formats[] = {
	{ "json", ROW_JSON },
	{ "ndjson", ROW_JSON },
	{ "line", ROW_LINE },
	{ "table", ROW_TABLE },
	{ "csv", ROW_CSV },
	{ "tsv", ROW_TSV },
	{ "es-bulk", ROW_BULK },
};

const char *
row_format_parse(const char *name, enum row_format *format)
{
	static char message[160];
	struct near near = near_to(slice_str(name));

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		near_look(&near, formats[i].name);
		if (strcmp(name, formats[i].name) == 0) {
			*format = formats[i].format;
			return NULL;
		}
	}
	snprintf(message, sizeof message,
	    "the formats are json, line, table, csv, tsv and es-bulk%s",
	    near_hint(&near));
	return message;
}

enum row_format
row_resolve(enum row_format format, const struct output *out,
    enum row_format for_people)
{
	if (format != ROW_AUTO)
		return format;
	return isatty(out->fd) ? for_people : ROW_JSON;
}

/* A column's name as it stands in every row; returns its length. */
static size_t
put_label(struct row_out *r, const char *name)
{
	struct output *o = &r->labels_text;
	size_t before = o->n;

	out_char(o, '"');
	out_json_string(o, slice_str(name));
	out_put(o, "\":", 2);
	return o->n - before;
}

static void
open_bulk(struct row_out *r)
{
	const char *err = bulk_open(&r->bulk, style.index);

	if (err)
		opts_usage("--index %s: %s", style.index, err);
	while (r->time < r->n &&
	       strcmp(r->columns[r->time].name, "window_end") != 0)
		r->time++;
	if (r->time == r->n && r->bulk.timed)
		opts_usage("--index %s: rows without a window have no time",
		    style.index);
}

static void
open_table(struct row_out *r)
{
	r->names = xcalloc(r->n, sizeof *r->names);
	for (size_t i = 0; i < r->n; i++)
		r->names[i] = r->columns[i].name;
	r->table = table_open(r->out, r->names, r->n, &style.table);
}

void
row_check(const struct row_column *columns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(columns[i].name, columns[k].name) == 0)
				die("two columns are called '%s'",
				    columns[i].name);
}

struct row_out *
row_open(struct output *out, enum row_format format,
    const struct row_column *columns, size_t n, const struct tstamp_zone *zone)
{
	struct row_out *r = xcalloc(1, sizeof *r);

	*r = (struct row_out){ .out = out,
		.format = format,
		.columns = columns,
		.n = n,
		.zone = zone };
	r->labels = xcalloc(n, sizeof *r->labels);
	out_memory(&r->labels_text);
	out_memory(&r->fixed);
	out_memory(&r->identity);
	for (size_t i = 0; i < n; i++)
		r->labels[i].n = put_label(r, columns[i].name);
	for (size_t i = 0, at = 0; i < n; at += r->labels[i++].n)
		r->labels[i].p = r->labels_text.buf + at;
	if (format == ROW_BULK)
		open_bulk(r);
	if (format == ROW_TABLE || format == ROW_LINE)
		open_table(r);
	return r;
}

/* Members of the cells from..to. */
static void
put_members(struct row_out *r, struct output *out, const struct value *cells,
    size_t from, size_t to)
{
	char before = from ? ',' : '{';

	for (size_t i = from; i < to; i++) {
		if (cells[i].type == VALUE_NONE)
			continue;
		out_char(out, before);
		out_slice(out, r->labels[i]);
		value_json(out, &cells[i], r->columns[i].field);
		before = ',';
	}
	if (before == '{')
		out_char(out, '{');
}

void
row_fix(struct row_out *r, const struct value *cells, size_t n)
{
	r->n_fixed = n;
	r->fixed.n = 0;
	if (n && (r->format == ROW_JSON || r->format == ROW_BULK))
		put_members(r, &r->fixed, cells, 0, n);
	out_room(&r->fixed, ROW_PIECE);
}

struct slice
row_fixed(const struct row_out *r)
{
	return slice_of(r->fixed.buf, r->fixed.n);
}

struct slice
row_label(const struct row_out *r, size_t column)
{
	return r->labels[column];
}

static void
put_json(struct row_out *r, const struct value *cells)
{
	out_put(r->out, r->fixed.buf, r->fixed.n);
	put_members(r, r->out, cells, r->n_fixed, r->n);
	out_put(r->out, "}\n", 2);
}

void
row_identify(struct row_out *r, size_t n)
{
	r->n_identity = n;
}

static void
put_bulk(struct row_out *r, const struct value *cells)
{
	bool timed = r->time < r->n && cells[r->time].type == VALUE_TIME;
	int64_t time = timed ? (int64_t)cells[r->time].i : 0;

	r->identity.n = 0;
	if (timed && r->n_identity)
		put_members(r, &r->identity, cells, 0, r->n_identity);
	bulk_action(
	    &r->bulk, r->out, time, slice_of(r->identity.buf, r->identity.n));
	out_put(r->out, r->fixed.buf, r->fixed.n);
	put_members(r, r->out, cells, r->n_fixed, r->n);
	if (timed)
		bulk_end(r->out, time);
	else
		out_put(r->out, "}\n", 2);
}

/* RFC 4180: quotes where a quote, comma, newline or edge blank asks for it. */
static void
put_csv(struct output *out, struct slice s)
{
	bool quote = s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' ');

	for (size_t i = 0; i < s.n && !quote; i++)
		quote = memchr("\",\n\r", s.p[i], 4) != NULL;
	if (!quote) {
		out_slice(out, s);
		return;
	}
	out_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			out_char(out, '"');
		out_char(out, s.p[i]);
	}
	out_char(out, '"');
}

/* Tabs, newlines and backslashes as \t, \n, \\, as Miller and databases. */
static void
put_tsv(struct output *out, struct slice s)
{
	static const char from[] = "\t\n\r\\", to[] = "tnr\\";

	for (size_t i = 0; i < s.n; i++) {
		const char *c = s.p[i] ? strchr(from, s.p[i]) : NULL;

		if (c) {
			out_char(out, '\\');
			out_char(out, to[c - from]);
		} else {
			out_char(out, s.p[i]);
		}
	}
}

static bool
ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n >= k && strcmp(name + n - k, suffix) == 0;
}

/* A cell for a person: names of numbers, times in the zone. */
static struct slice
pretty(
    const struct row_out *r, size_t column, const struct value *v, char *room)
{
	const struct field *f = r->columns[column].field;
	const char *name = NULL;
	double d;

	if (f && f->type == FIELD_NAMED && v->type == VALUE_INT && v->i >= 0 &&
	    v->i < 1 << 20)
		name = names_name(f->set, (unsigned)v->i);
	if (name)
		return slice_str(name);
	if (v->type == VALUE_TIME)
		return slice_of(
		    room, tstamp_put_local(room, (int64_t)v->i, r->zone));
	if (v->type == VALUE_NONE)
		return slice_of(room, 0);
	/* Greater ones have an exponent: 309 digits are no help. */
	d = value_double(v);
	if ((v->type == VALUE_REAL || v->type == VALUE_NANO) && d < 1e17 &&
	    d > -1e17)
		return slice_of(room,
		    (size_t)snprintf(room, 64, "%.*f",
			ends_with(r->columns[column].name, "_pct") ? 2 : 3, d));
	return slice_of(room, value_text(room, CELL_ROOM, v, f));
}

/* NULL: the header alone. */
static void
put_separated(struct row_out *r, const struct value *cells)
{
	void (*put)(struct output * out, struct slice s) =
	    r->format == ROW_CSV ? put_csv : put_tsv;
	char between = r->format == ROW_CSV ? ',' : '\t';
	char room[CELL_ROOM];

	for (size_t i = 0; !r->headed && i < r->n; i++) {
		if (i)
			out_char(r->out, between);
		put(r->out, slice_str(r->columns[i].name));
	}
	if (!r->headed)
		out_char(r->out, '\n');
	r->headed = true;
	for (size_t i = 0; cells && i < r->n; i++) {
		const struct value *v = &cells[i];

		if (i)
			out_char(r->out, between);
		if (v->type == VALUE_STR || v->type == VALUE_JSON)
			put(r->out, v->s);
		else if (v->type != VALUE_NONE)
			put(r->out,
			    slice_of(room, value_text(room, sizeof room, v,
					       r->columns[i].field)));
	}
	if (cells)
		out_char(r->out, '\n');
}

static enum table_kind
kind_of(const struct value *v, const struct field *f)
{
	switch (v->type) {
	case VALUE_INT:
	case VALUE_REAL:
	case VALUE_NANO:
		return f && (f->type == FIELD_FLAGS || f->type == FIELD_NAMED)
			   ? TABLE_FIXED
			   : TABLE_NUMBER;
	case VALUE_STR:
	case VALUE_JSON:
		return TABLE_TEXT;
	default:
		return TABLE_FIXED;
	}
}

static void
put_table(struct row_out *r, const struct value *cells)
{
	char room[CELL_ROOM];

	for (size_t i = 0; i < r->n; i++)
		table_put(r->table, pretty(r, i, &cells[i], room),
		    kind_of(&cells[i], r->columns[i].field));
}

void
row_put(struct row_out *r, const struct value *cells)
{
	if (r->format == ROW_JSON)
		put_json(r, cells);
	else if (r->format == ROW_BULK)
		put_bulk(r, cells);
	else if (r->format == ROW_CSV || r->format == ROW_TSV)
		put_separated(r, cells);
	else
		put_table(r, cells);
}

void
row_flush(struct row_out *r)
{
	if (r->table)
		table_flush(r->table);
}

void
row_close(struct row_out *r)
{
	if (r->table)
		table_close(r->table);
	if (r->format == ROW_CSV || r->format == ROW_TSV)
		put_separated(r, NULL);
	free(r->names);
	free(r->labels);
	out_close(&r->labels_text);
	out_close(&r->fixed);
	out_close(&r->identity);
	free(r);
}
