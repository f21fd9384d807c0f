/* SPDX-License-Identifier: MIT */
#include "libcommon/recout.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/bulk.h"
#include "libcommon/die.h"
#include "libcommon/opts.h"
#include "libcommon/xalloc.h"

enum { MAX_COLUMNS = 256, LACKING = 5 };

struct recout {
	struct output *out;
	enum row_format format;
	struct row_column columns[MAX_COLUMNS];
	struct slice names[MAX_COLUMNS];
	struct value cells[MAX_COLUMNS];
	size_t n;
	struct slice also[MAX_COLUMNS];
	size_t n_also;
	struct row_out *rows; /* once the columns are known */
	const struct tstamp_zone *zone;
	struct value_reading how;
	struct arena scratch, run;
	bool flexible; /* line, or table if the first record is no flow */
	bool fixed;    /* the user named the columns */
	struct slice lacking[LACKING]; /* members that were told of */
	size_t n_lacking;
	bool headed;
	struct bulk bulk;
	char message[128];
};

/* The line format: what stands where. */
enum {
	FIRST,
	DURATION,
	PROTO,
	SRC,
	DST,
	SPORT,
	DPORT,
	TYPE,
	CODE,
	FLAGS,
	TOS,
	PACKETS,
	BYTES,
	FLOWS,
	LINE_FIELDS
};

static const char *const line_fields[] = {
	[FIRST] = "date_first_seen",
	[DURATION] = "duration",
	[PROTO] = "protocol",
	[SRC] = "src_ip_addr",
	[DST] = "dst_ip_addr",
	[SPORT] = "src_port",
	[DPORT] = "dst_port",
	[TYPE] = "icmp_type",
	[CODE] = "icmp_code",
	[FLAGS] = "flags",
	[TOS] = "tos",
	[PACKETS] = "packets",
	[BYTES] = "bytes",
	[FLOWS] = "flows",
};

/* es-bulk: what is looked at; the first that there is is the record's time. */
enum { STAMP, BULK_FIELDS = 4 };

static const char *const bulk_fields[BULK_FIELDS] = { [STAMP] = "@timestamp",
	"window_end",
	"date_last_seen",
	"date_first_seen" };

/* A member, as it is called in records. */
static void
insert_column(struct recout *r, size_t at, struct slice name)
{
	size_t behind = r->n - at;

	if (r->n == MAX_COLUMNS)
		return;
	memmove(r->names + at + 1, r->names + at, behind * sizeof *r->names);
	memmove(
	    r->columns + at + 1, r->columns + at, behind * sizeof *r->columns);
	r->names[at] = arena_slice(&r->run, name);
	r->columns[at].name = r->names[at].p;
	r->columns[at].field = field_named(name);
	r->n++;
}

static void
add_column(struct recout *r, struct slice name)
{
	insert_column(r, r->n, name);
}

static void
open_bulk(struct recout *r)
{
	const char *index = row_get_style()->index;
	const char *err = bulk_open(&r->bulk, index);

	if (err)
		opts_usage("--index %s: %s", index, err);
	for (size_t i = 0; i < BULK_FIELDS; i++)
		add_column(r, slice_str(bulk_fields[i]));
}

struct recout *
recout_open(struct output *out, enum row_format format,
    const struct slice *names, size_t n, const struct tstamp_zone *zone)
{
	struct recout *r = xcalloc(1, sizeof *r);

	r->out = out;
	r->format = format;
	r->zone = zone;
	r->how = (struct value_reading){ zone, &r->scratch };
	r->fixed = (names && n) || format == ROW_BULK;
	for (size_t i = 0; i < n && format != ROW_LINE && format != ROW_BULK;
	     i++)
		add_column(r, names[i]);
	for (size_t i = 0; i < LINE_FIELDS && format == ROW_LINE; i++)
		add_column(r, slice_str(line_fields[i]));
	if (format == ROW_BULK)
		open_bulk(r);
	return r;
}

void
recout_guess(struct recout *r)
{
	r->flexible = r->format == ROW_LINE;
}

void
recout_also(struct recout *r, struct slice name)
{
	if (r->n_also < MAX_COLUMNS)
		r->also[r->n_also++] = arena_slice(&r->run, name);
}

static struct slice
key_text(struct recout *r, const struct json_val *key)
{
	struct slice s = json_slice(key);
	char *p;

	if (!key->escaped)
		return s;
	p = arena_alloc(&r->scratch, s.n);
	return slice_of(p, json_unescape(s, p));
}

/* The column of a member: most often the one behind the last one's. */
static size_t
find_column(const struct recout *r, struct slice name, size_t hint)
{
	if (hint < r->n && slice_eq(r->names[hint], name))
		return hint;
	for (size_t i = 0; i < r->n; i++)
		if (slice_eq(r->names[i], name))
			return i;
	return r->n;
}

/*
 * What a flow may have or not, by its protocol: a column also where the first
 * record lacks it.
 */
static void
add_usual(struct recout *r)
{
	static const char *const flow[] = { "date_first_seen", "src_ip_addr",
		"dst_ip_addr", "protocol" };
	static const struct {
		const char *name, *behind;
	} usual[] = { { "src_port", "dst_ip_addr" }, { "dst_port", "src_port" },
		{ "flags", "protocol" } };

	for (size_t i = 0; i < sizeof flow / sizeof *flow; i++)
		if (find_column(r, slice_str(flow[i]), r->n) == r->n)
			return;
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
		struct slice name = slice_str(usual[i].name);
		size_t at = find_column(r, slice_str(usual[i].behind), r->n);

		if (find_column(r, name, r->n) == r->n)
			insert_column(r, at + 1, name);
	}
}

static const char *
set_cell(struct recout *r, size_t column, const struct json_val *v)
{
	const struct field *f = r->columns[column].field;
	struct value *cell = &r->cells[column];
	const char *err = value_read(
	    v, f ? f->type : FIELD_ANY, f ? f->set : 0, &r->how, cell);

	if (err && f) {
		snprintf(r->message, sizeof r->message, "%s: %s", f->name, err);
		return r->message;
	}
	if (!err)
		return NULL;
	/* A number beyond 64 bits that nobody asked about: as it is. */
	*cell = (struct value){ .type = VALUE_JSON };
	cell->s = json_slice(v);
	return NULL;
}

/* Once of each of the first few; of the others once that there are some. */
static void
tell_lacking(struct recout *r, struct slice name)
{
	for (size_t i = 0; i < r->n_lacking && i < LACKING; i++)
		if (slice_eq(r->lacking[i], name))
			return;
	if (r->n_lacking > LACKING)
		return;
	if (r->n_lacking++ == LACKING) {
		warn("no columns for more members");
		return;
	}
	warn("no column for '%.*s', which the first record lacks%s",
	    (int)name.n, name.p,
	    r->n_lacking == 1 ? "; flowfilter --fields names columns" : "");
	r->lacking[r->n_lacking - 1] = arena_slice(&r->run, name);
}

static const char *
read_members(struct recout *r, const char *p, size_t n, bool first)
{
	struct json_in in = { .p = p, .end = p + n };
	struct json_iter it;
	const char *err;
	size_t column = (size_t)-1;

	json_space(&in);
	err = json_open(&in, &it);
	while (!err) {
		struct json_val key, v;
		struct slice name;
		bool done;

		err = json_member(&in, &it, &key, &done);
		if (err || done)
			break;
		err = json_value(&in, &v);
		name = key_text(r, &key);
		if (first && find_column(r, name, r->n) == r->n)
			add_column(r, name);
		if (first)
			continue;
		column = find_column(r, name, column + 1);
		if (!err && column < r->n)
			err = set_cell(r, column, &v);
		if (column == r->n && !r->fixed && r->format != ROW_LINE)
			tell_lacking(r, name);
	}
	return err;
}

/* 1234 as it is, 12.3 M from ten million on, as nfdump does. */
static size_t
scaled(char *out, const struct value *v)
{
	double d = value_double(v);
	static const char unit[] = " MGTPE";
	int i = 0;

	if (v->type == VALUE_NONE)
		return 0;
	if (d < 10e6)
		return value_text(out, 64, v, NULL);
	for (d /= 1e6, i = 1; d >= 1000 && unit[i + 1]; i++)
		d /= 1000;
	return (size_t)sprintf(out, "%.1f %c", d, unit[i]);
}

static size_t
endpoint(const struct recout *r, char *out, size_t ip, size_t port, bool icmp)
{
	size_t n = value_text(out, 64, &r->cells[ip], NULL);

	out[n++] = ':';
	if (r->cells[port].type != VALUE_NONE)
		return n + value_text(out + n, 64, &r->cells[port], NULL);
	if (!icmp || r->cells[TYPE].type == VALUE_NONE) {
		out[n++] = '0';
		return n;
	}
	n += value_text(out + n, 64, &r->cells[TYPE], NULL);
	out[n++] = '.';
	return n + value_text(out + n, 64, &r->cells[CODE], NULL);
}

static void
put_head(struct recout *r)
{
	char line[256];
	int n = snprintf(line, sizeof line,
	    "%-23s %10s %-5s %21s    %21s %9s %3s %8s %9s %5s",
	    "Date first seen", "Duration", "Proto", "Src IP Addr:Port",
	    "Dst IP Addr:Port", "Flags", "Tos", "Packets", "Bytes", "Flows");

	table_heading(
	    r->out, slice_of(line, (size_t)n), row_get_style()->table.colour);
}

static void
put_line(struct recout *r)
{
	char text[64], from[160], to[160], proto[64], flags[64], tos[64],
	    packets[64], bytes[64], flows[64], duration[64], line[1024];
	const struct value *c = r->cells;
	const char *name =
	    c[PROTO].type == VALUE_INT
		? names_name(NAMES_PROTOCOL, (unsigned)c[PROTO].i)
		: NULL;
	size_t n;

	/* As nfdump: the registry's name is too long for the column. */
	if (name && c[PROTO].i == 58)
		name = "ICMP6";
	n = c[FIRST].type == VALUE_TIME
		? tstamp_put_local(text, (int64_t)c[FIRST].i, r->zone)
		: 0;

	if (!r->headed)
		put_head(r);
	r->headed = true;
	from[endpoint(r, from, SRC, SPORT, false)] = '\0';
	to[endpoint(r, to, DST, DPORT, true)] = '\0';
	proto[value_text(proto, 63, &c[PROTO], NULL)] = '\0';
	flags[value_text(flags, 63, &c[FLAGS], r->columns[FLAGS].field)] = '\0';
	tos[value_text(tos, 63, &c[TOS], NULL)] = '\0';
	*duration = '\0';
	if (c[DURATION].type != VALUE_NONE)
		snprintf(duration, sizeof duration, "%.3f",
		    value_double(&c[DURATION]));
	packets[scaled(packets, &c[PACKETS])] = '\0';
	bytes[scaled(bytes, &c[BYTES])] = '\0';
	flows[scaled(flows, &c[FLOWS])] = '\0';
	n = (size_t)snprintf(line, sizeof line,
	    "%-23.*s %10s %-5s %21s -> %21s %9s %3s %8s %9s %5s\n", (int)n,
	    text, duration, name ? name : proto, from, to, flags, tos, packets,
	    bytes, *flows ? flows : "1");
	out_put(r->out, line, n < sizeof line ? n : sizeof line - 1);
}

/* The record as it is, and behind its members the time. */
static const char *
put_bulk(struct recout *r, const char *p, size_t n)
{
	const struct value *time = r->cells + STAMP + 1;
	const struct value *end = r->cells + BULK_FIELDS;
	int64_t ns;

	while (time < end && time->type != VALUE_TIME)
		time++;
	if (time == end && r->bulk.timed)
		return "no time, of which --index has the day";
	ns = time < end ? (int64_t)time->i : 0;
	bulk_action(&r->bulk, r->out, ns, slice_of(p, 0));
	if (time == end || r->cells[STAMP].type != VALUE_NONE) {
		out_put(r->out, p, n);
		out_char(r->out, '\n');
		return NULL;
	}
	while (p[n - 1] != '}')
		n--;
	out_put(r->out, p, n - 1);
	bulk_end(r->out, ns);
	return NULL;
}

/* Rows of results are no lines of flows. */
static void
choose_format(struct recout *r, const char *p, size_t n)
{
	r->flexible = false;
	if (read_members(r, p, n, false) ||
	    (r->cells[SRC].type != VALUE_NONE &&
		r->cells[DST].type != VALUE_NONE))
		return;
	r->format = ROW_TABLE;
	r->n = 0;
}

const char *
recout_put(struct recout *r, const char *p, size_t n)
{
	const char *err = NULL;

	if (r->flexible)
		choose_format(r, p, n);
	arena_reset(&r->scratch);
	for (size_t i = 0; i < MAX_COLUMNS; i++)
		r->cells[i].type = VALUE_NONE;
	if (!r->n) {
		err = read_members(r, p, n, true);
		add_usual(r);
	}
	err = err ? err : read_members(r, p, n, false);
	if (err)
		return err;
	if (r->format == ROW_BULK)
		return put_bulk(r, p, n);
	if (r->format == ROW_LINE) {
		put_line(r);
		return NULL;
	}
	if (!r->rows) {
		for (size_t i = 0; i < r->n_also && !r->fixed; i++)
			if (find_column(r, r->also[i], r->n) == r->n)
				add_column(r, r->also[i]);
		r->rows =
		    row_open(r->out, r->format, r->columns, r->n, r->zone);
	}
	row_put(r->rows, r->cells);
	return NULL;
}

void
recout_close(struct recout *r)
{
	if (!r->rows && r->fixed && r->format != ROW_LINE &&
	    r->format != ROW_BULK)
		r->rows =
		    row_open(r->out, r->format, r->columns, r->n, r->zone);
	if (r->rows)
		row_close(r->rows);
	arena_free(&r->scratch);
	arena_free(&r->run);
	free(r);
}
