/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/connections.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/num_put.h"
#include "libcommon/xalloc.h"

enum { TIME, TYPE, KEY, VECTOR, PATTERN, DISTANCES, COLUMNS };

static const char *const names[COLUMNS] = { "date_last_seen", "type", "key",
	"vector", "pattern", "distances" };

struct connections {
	struct matches *matches;
	struct row_out *out;
	struct row_column columns[COLUMNS];
	struct output key, vector, pattern, distances;
	struct arena arena;
};

static void
put_number(struct output *out, double d)
{
	char text[NUM_ROOM];

	out_put(out, text, num_put_double(text, d));
}

/* The values of the key, as a list. */
static void
put_key(struct connections *c, const struct agg *a, struct slice key)
{
	struct value v;
	const char *p = key.p;

	out_char(&c->key, '[');
	for (size_t i = 0; i < a->n_keys; i++) {
		p += key_get(p, &v, &c->arena);
		if (i)
			out_char(&c->key, ',');
		value_json(&c->key, &v, a->cell_types[i]);
	}
	out_char(&c->key, ']');
	arena_reset(&c->arena);
}

/* {"NAME":DISTANCE,..}, and the names of the nearest. */
static void
put_distances(struct connections *c, const struct pattern_set *s,
    const struct tally_verdict *v)
{
	out_char(&c->distances, '{');
	for (size_t i = 0; i < s->n; i++) {
		out_str(&c->distances, i ? ",\"" : "\"");
		out_str(&c->distances, s->patterns[i].name);
		out_str(&c->distances, "\":");
		put_number(&c->distances, v->distances[i]);
		if (v->distances[i] != v->least || !isfinite(v->least))
			continue;
		if (c->pattern.n)
			out_char(&c->pattern, ',');
		out_str(&c->pattern, s->patterns[i].name);
	}
	out_char(&c->distances, '}');
}

static struct value
as_json(const struct output *text)
{
	return (struct value){ .type = VALUE_JSON,
		.s = slice_of(text->buf, text->n) };
}

static void
put_row(void *arg, struct match *m, const struct connection *con,
    const struct tally_verdict *v)
{
	struct connections *c = arg;
	struct value row[COLUMNS];

	c->key.n = c->vector.n = c->pattern.n = c->distances.n = 0;
	put_key(c, &m->agg->agg, con->key);
	for (size_t i = 0; i < m->set->dimensions; i++) {
		out_char(&c->vector, i ? ',' : '[');
		put_number(&c->vector, con->v[i]);
	}
	out_char(&c->vector, ']');
	put_distances(c, m->set, v);
	row[TIME] = (struct value){ .type = VALUE_TIME, .i = con->time };
	row[TYPE] =
	    (struct value){ .type = VALUE_STR, .s = slice_str(m->set->name) };
	row[KEY] = as_json(&c->key);
	row[VECTOR] = as_json(&c->vector);
	row[PATTERN] = as_json(&c->pattern);
	row[PATTERN].type = c->pattern.n ? VALUE_STR : VALUE_NONE;
	row[DISTANCES] = as_json(&c->distances);
	row_put(c->out, row);
	c->matches->written++;
}

struct connections *
connections_new(struct matches *matches, struct match_watch *watch)
{
	struct connections *c = xcalloc(1, sizeof *c);

	c->matches = matches;
	watch->arg = c;
	watch->connection = put_row;
	watch->alert = match_no_alert;
	for (size_t i = 0; i < COLUMNS; i++)
		c->columns[i] = (struct row_column){ names[i],
			field_find(slice_str(names[i])) };
	out_memory(&c->key);
	out_memory(&c->vector);
	out_memory(&c->pattern);
	out_memory(&c->distances);
	return c;
}

void
connections_open(struct connections *c)
{
	struct run *run = c->matches->run;

	c->out =
	    row_open(&run->out, run->format, c->columns, COLUMNS, run->zone);
}

void
connections_close(struct connections *c)
{
	row_flush(c->out);
	row_close(c->out);
}
