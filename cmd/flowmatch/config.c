/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/config.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/die.h"

/* A struct config is a json_t. */
static json_t *
json_of(const struct config *c)
{
	return (json_t *)(uintptr_t)c;
}

static struct config *
of_json(json_t *j)
{
	if (!j)
		die("out of memory");
	return (struct config *)(void *)j;
}

struct config *
config_parse(const char *text, size_t n, char *error, size_t room)
{
	json_error_t e;
	json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);

	if (!j)
		snprintf(error, room, "%d:%d: %s", e.line, e.column, e.text);
	return (struct config *)(void *)j;
}

enum config_kind
config_kind(const struct config *c)
{
	static const enum config_kind kinds[] = {
		[JSON_OBJECT] = CONFIG_OBJECT,
		[JSON_ARRAY] = CONFIG_ARRAY,
		[JSON_STRING] = CONFIG_TEXT,
		[JSON_INTEGER] = CONFIG_INTEGER,
		[JSON_REAL] = CONFIG_REAL,
		[JSON_TRUE] = CONFIG_OTHER,
		[JSON_FALSE] = CONFIG_OTHER,
		[JSON_NULL] = CONFIG_OTHER,
	};

	return c ? kinds[json_typeof(json_of(c))] : CONFIG_NONE;
}

size_t
config_count(const struct config *c)
{
	return json_is_array(json_of(c)) ? json_array_size(json_of(c))
					 : json_object_size(json_of(c));
}

struct config *
config_at(const struct config *array, size_t i)
{
	return (struct config *)(void *)json_array_get(json_of(array), i);
}

struct config *
config_get(const struct config *object, const char *name)
{
	return (struct config *)(void *)json_object_get(json_of(object), name);
}

const char *
config_text(const struct config *c)
{
	const char *text = json_string_value(json_of(c));

	return text ? text : "";
}

double
config_number(const struct config *c)
{
	return json_number_value(json_of(c));
}

const char *
config_name(const struct config *object, const char *behind)
{
	json_t *j = json_of(object);
	void *iter =
	    behind ? json_object_iter_next(j, json_object_iter_at(j, behind))
		   : json_object_iter(j);

	return iter ? json_object_iter_key(iter) : NULL;
}

struct config *
config_object(void)
{
	return of_json(json_object());
}

struct config *
config_array(void)
{
	return of_json(json_array());
}

struct config *
config_of_text(const char *text)
{
	return of_json(json_string(text));
}

struct config *
config_of_number(double d)
{
	char text[32];

	snprintf(text, sizeof text, "%.6g", d);
	d = strtod(text, NULL);
	if (d == floor(d) && fabs(d) < 1e15)
		return of_json(json_integer((json_int_t)d));
	return of_json(json_real(d));
}

struct config *
config_share(struct config *c)
{
	return of_json(json_incref(json_of(c)));
}

void
config_set(struct config *object, const char *name, struct config *v)
{
	if (v)
		json_object_set_new(json_of(object), name, json_of(v));
	else
		json_object_del(json_of(object), name);
}

void
config_append(struct config *array, struct config *v)
{
	json_array_append_new(json_of(array), json_of(v));
}

/* ---- writing ---- */

static void
put_line(struct output *out, int depth)
{
	out_char(out, '\n');
	for (int i = 0; i < depth; i++)
		out_char(out, '\t');
}

/* A number, word or text, as jansson has it. */
static void
put_scalar(struct output *out, json_t *j)
{
	char *text = json_dumps(j, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

	if (text)
		out_str(out, text);
	else
		die("a pattern cannot be written");
	free(text);
}

static void put(struct output *out, json_t *j, int depth);

/* On a line of its own, or (depth < 0) on the same line. */
static void
begin_line(struct output *out, int depth, bool first)
{
	if (!first)
		out_str(out, depth < 0 ? ", " : ",");
	if (depth >= 0)
		put_line(out, depth + 1);
}

static void
put_inside(struct output *out, json_t *j, int depth)
{
	int inner = depth < 0 ? depth : depth + 1;
	const struct config *c = of_json(j);
	const char *name;

	for (size_t i = 0; i < json_array_size(j); i++) {
		begin_line(out, depth, i == 0);
		put(out, json_array_get(j, i), inner);
	}
	for (name = config_name(c, NULL); name; name = config_name(c, name)) {
		begin_line(out, depth, name == config_name(c, NULL));
		out_char(out, '"');
		out_json_string(out, slice_str(name));
		out_str(out, "\": ");
		put(out, json_of(config_get(c, name)), inner);
	}
	if (depth >= 0)
		put_line(out, depth);
}

/* In one line if it fits into the rest of one; a file is never one line. */
static bool
put_short(struct output *out, json_t *j, int depth)
{
	size_t room = 100 - 8 * (size_t)depth, n = out->n;
	bool array = json_is_array(j);

	out_char(out, array ? '[' : '{');
	put_inside(out, j, -1);
	out_char(out, array ? ']' : '}');
	if (depth && depth < 8 && out->n - n <= room)
		return true;
	out->n = n;
	return false;
}

static void
put(struct output *out, json_t *j, int depth)
{
	bool array = json_is_array(j);

	if (!array && !json_is_object(j)) {
		put_scalar(out, j);
		return;
	}
	if (depth >= 0 && put_short(out, j, depth))
		return;
	out_char(out, array ? '[' : '{');
	put_inside(out, j, depth);
	out_char(out, array ? ']' : '}');
}

void
config_put(struct output *out, const struct config *c)
{
	struct output text;

	out_memory(&text);
	put(&text, json_of(c), 0);
	out_char(&text, '\n');
	out_put(out, text.buf, text.n);
	out_close(&text);
}
