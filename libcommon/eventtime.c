/* SPDX-License-Identifier: MIT */
#include "libcommon/eventtime.h"

#include <stdlib.h>
#include <time.h>

#include "libcommon/source.h"
#include "libcommon/xalloc.h"

enum { PEEK = 256 * 1024, PEEK_LINES = 64 };

void
eventtime_open(struct eventtime *e, const char *name, struct schema *schema,
    const struct tstamp_zone *zone)
{
	const struct field *f;

	name = name ? name : "date_last_seen";
	f = field_find(slice_str(name));
	*e = (struct eventtime){ .name = f ? f->name : name, .zone = zone };
	e->text_n = SIZE_MAX;
	e->arrival = strcmp(name, "arrival") == 0;
	e->row_end = strcmp(name, "window_end") == 0;
	e->slot = schema_add(schema, slice_str(e->name));
	e->end_slot = schema_add(schema, SLICE_LIT("window_end"));
}

void
eventtime_close(struct eventtime *e)
{
	arena_free(&e->scratch);
}

static const char *
read_time(struct eventtime *e, const struct json_val *text, int64_t *ns)
{
	struct value_reading how = { e->zone, &e->scratch };
	struct value v;
	const char *err = value_read(text, FIELD_TIME, 0, &how, &v);

	arena_reset(&e->scratch);
	if (!err && v.type != VALUE_TIME)
		err = "missing";
	*ns = err ? 0 : (int64_t)v.i;
	return err;
}

/* The field if it is there, else the end of a window. */
static const char *
choose(struct eventtime *e, const struct json_val *field,
    const struct json_val *end, int64_t *ns)
{
	const char *err;

	if (!e->row_end && (!json_is_absent(field) || json_is_absent(end)))
		return read_time(e, field, ns);
	err = read_time(e, end, ns);
	*ns -= *ns > INT64_MIN;
	return err;
}

enum { MINUTE = 17, BEHIND = 23 }; /* places in the text */

static inline unsigned
digit(char c)
{
	return (unsigned char)(c - '0');
}

/* Seconds and milliseconds at p; false if they are none, or a leap second. */
static inline bool
read_seconds(const char *p, int64_t *ns)
{
	unsigned s10 = digit(p[0]), s = digit(p[1]), m100 = digit(p[3]),
		 m10 = digit(p[4]), m = digit(p[5]);

	if ((s10 > 5) | (s > 9) | (p[2] != '.') | (m100 > 9) | (m10 > 9) |
	    (m > 9))
		return false;
	*ns = (int64_t)(s10 * 10 + s) * NUM_NANO +
	      (int64_t)(m100 * 100 + m10 * 10 + m) * 1000000;
	return true;
}

static inline uint64_t
eight(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* Text that differs from the last in its seconds alone. */
static inline bool
same_minute(const struct eventtime *e, const struct json_val *text, int64_t *ns)
{
	const char *p = text->p, *last = e->text;
	uint64_t differ;

	if (text->n != e->text_n)
		return false;
	differ =
	    (eight(p) ^ eight(last)) | (eight(p + 8) ^ eight(last + 8)) |
	    (uint64_t)(p[16] != last[16]) |
	    ((eight(p + text->n - 8) ^ eight(last + text->n - 8)) & e->behind);
	if (differ || !read_seconds(p + MINUTE, ns))
		return false;
	*ns += e->minute;
	return true;
}

/* To be the last one, if it has three decimals and all its minute can be. */
static void
remember(struct eventtime *e, const struct json_val *text, int64_t ns)
{
	const int64_t end = INT64_MAX - 60 * (int64_t)NUM_NANO;
	unsigned char behind[8];
	int64_t seconds;

	e->text_n = SIZE_MAX; /* of no text */
	if (ns < -end || ns > end || text->n < BEHIND ||
	    text->n > BEHIND + sizeof behind || text->n > EVENTTIME_TEXT ||
	    !read_seconds(text->p + MINUTE, &seconds) ||
	    (text->n > BEHIND && digit(text->p[BEHIND]) < 10))
		return;
	for (size_t i = 0; i < sizeof behind; i++)
		behind[i] = text->n - sizeof behind + i < BEHIND ? 0 : 255;
	memcpy(&e->behind, behind, sizeof behind);
	memcpy(e->text, text->p, text->n);
	e->text_n = text->n;
	e->minute = ns - seconds;
}

const char *
eventtime_of(struct eventtime *e, const struct json_val *v, int64_t *ns)
{
	const struct json_val *text = &v[e->slot];
	struct timespec now;

	if (e->arrival) {
		clock_gettime(CLOCK_REALTIME, &now);
		*ns = now.tv_sec * (int64_t)NUM_NANO + now.tv_nsec;
		return NULL;
	}
	if (text->kind == JSON_STRING && !text->escaped && !e->row_end) {
		if (same_minute(e, text, ns))
			return NULL;
		if (!tstamp_parse(json_slice(text), e->zone, ns)) {
			remember(e, text, *ns);
			return NULL;
		}
	}
	return choose(e, text, &v[e->end_slot], ns);
}

static bool
time_of_line(struct eventtime *e, struct slice line, int64_t *ns)
{
	struct json_in in = { .p = line.p, .end = line.p + line.n };
	struct json_val v, end;

	json_space(&in);
	if (json_value(&in, &v) || v.kind != JSON_OBJECT)
		return false;
	json_find(line, slice_str(e->name), &v);
	json_find(line, SLICE_LIT("window_end"), &end);
	return !choose(e, &v, &end, ns);
}

static int
no_wait(void *arg)
{
	(void)arg;
	return -1;
}

/* Up to a line and some more; how many bytes. */
static size_t
read_begin(struct source *s, char *buf)
{
	size_t n = 0;
	ssize_t got;

	do {
		got = source_read(s, buf + n, PEEK - n, no_wait, NULL);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0 && n < PEEK && !memchr(buf, '\n', n));
	return n;
}

int64_t
eventtime_first(struct eventtime *e, const char *file)
{
	struct source *s = source_open(file, false, NULL, NULL);
	char *buf, *p, *newline;
	int64_t ns, least = INT64_MAX;
	size_t n;
	int lines = 0;

	if (!s)
		return INT64_MIN;
	p = buf = xmalloc(PEEK);
	n = read_begin(s, buf);
	while ((newline = memchr(p, '\n', n - (size_t)(p - buf))) &&
	       lines++ < PEEK_LINES) {
		if (time_of_line(e, slice_of(p, (size_t)(newline - p)), &ns) &&
		    ns < least)
			least = ns;
		p = newline + 1;
	}
	free(buf);
	source_close(s);
	return least == INT64_MAX ? INT64_MIN : least;
}
