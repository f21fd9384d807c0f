/* SPDX-License-Identifier: MIT */
#include "libcommon/eventtime.h"

#include <stdlib.h>
#include <time.h>

#include "libcommon/ascii.h"
#include "libcommon/column.h"
#include "libcommon/load.h"
#include "libcommon/source.h"
#include "libcommon/xalloc.h"

enum { PEEK = 256 * 1024, PEEK_LINES = 64 };

void
eventtime_open(struct eventtime *e, const char *name, struct schema *schema,
    const struct tstamp_zone *zone)
{
	bool arrival = name && strcmp(name, "arrival") == 0;

	name = name ? field_option(name) : "date_last_seen";
	*e = (struct eventtime){ .name = name, .zone = zone };
	e->text_n = SIZE_MAX;
	e->arrival = arrival; /* ".arrival" is a member */
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

enum { SECONDS = 15, BEHIND = 23 }; /* places in the text */

/*
 * Seconds and milliseconds of "m:ss.mmm", given as its 8 bytes less those of
 * "m:00.000"; false if they are none, or a leap second.
 */
static inline bool
read_seconds(uint64_t x, int64_t *ns)
{
	/* What would be too much of a byte sets its highest bit. */
	const uint64_t least = 0x7676767f767a7f7f;
	const uint64_t tops = 0x8080808080808080;
	const uint64_t low = 0x000000ff000000ff;
	uint64_t pairs = x * 10 + (x >> 8);

	/* ss, m and mm at the bytes 2, 4 and 6. */
	*ns = (int64_t)(((pairs >> 16 & low) * 0x000003e800000001 +
			    (pairs & low << 32) * 100) >>
			32) *
	      1000000;
	return !(((x + least) | x) & tops);
}

/* Text that differs from the last in its seconds alone. */
static inline bool
same_minute(const struct eventtime *e, struct slice text, int64_t *ns)
{
	const char *p = text.p, *last = e->text;
	uint64_t differ;

	if (text.n != e->text_n)
		return false;
	differ =
	    (load8(p) ^ load8(last)) | (load8(p + 8) ^ load8(last + 8)) |
	    ((load8(p + text.n - 8) ^ load8(last + text.n - 8)) & e->behind);
	if (differ || !read_seconds(load8(p + SECONDS) ^ e->seconds, ns))
		return false;
	*ns += e->minute;
	return true;
}

/* To be the last one, if it has three decimals and all its minute can be. */
static void
remember(struct eventtime *e, struct slice text, int64_t ns)
{
	const int64_t end = INT64_MAX - 60 * (int64_t)NUM_NANO;
	int64_t seconds;

	e->text_n = SIZE_MAX; /* of no text */
	if (ns < -end || ns > end || text.n < BEHIND ||
	    text.n > BEHIND + sizeof e->behind || text.n > EVENTTIME_TEXT ||
	    (text.n > BEHIND && ascii_is_digit(text.p[BEHIND])))
		return;
	memcpy(e->text, text.p, text.n);
	memcpy(e->text + SECONDS + 2, "00.000", 6);
	e->seconds = load8(e->text + SECONDS);
	if (!read_seconds(load8(text.p + SECONDS) ^ e->seconds, &seconds))
		return;
	/* Of the last bytes those in front belong to the seconds. */
	e->behind = text.n == BEHIND ? 0 : ~0ull << (8 * (BEHIND + 8 - text.n));
	e->text_n = text.n;
	e->minute = ns - seconds;
}

static inline bool
time_of_text(struct eventtime *e, struct slice text, int64_t *ns)
{
	if (same_minute(e, text, ns))
		return true;
	if (tstamp_parse(text, e->zone, ns))
		return false;
	remember(e, text, *ns);
	return true;
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
	if (text->kind == JSON_STRING && !text->escaped && !e->row_end &&
	    time_of_text(e, json_slice(text), ns))
		return NULL;
	return choose(e, text, &v[e->end_slot], ns);
}

uint32_t
eventtime_of_run(
    struct eventtime *e, const struct reader *r, uint32_t n, int64_t *ns)
{
	struct column c;
	uint32_t i = 0;

	if (e->arrival || e->row_end ||
	    column_of(r, e->slot, &c) != JSON_STRING)
		return 0;
	while (i < n && time_of_text(e, column_text(&c, i), &ns[i]))
		i++;
	return i;
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
