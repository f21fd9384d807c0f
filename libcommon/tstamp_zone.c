/* SPDX-License-Identifier: MIT */
#include "libcommon/tstamp_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "libcommon/xalloc.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, NANO = 1000000000 };

/* Seconds that can be said in 64 bits of nanoseconds. */
static const int64_t first = INT64_MIN / NANO, last = INT64_MAX / NANO;

/* The clock's offset (seconds, east positive) from an instant on. */
struct span {
	int64_t from;
	int offset;
};

struct tstamp_zone {
	struct span *spans; /* the first from the beginning */
	size_t n, cap;
};

/* ---- which zone ---- */

static const char *
two_digits(const char *p, const char *end, int max, int *out)
{
	unsigned tens, ones;

	if (end - p < 2)
		return NULL;
	tens = (unsigned char)(p[0] - '0');
	ones = (unsigned char)(p[1] - '0');
	if (tens > 9 || ones > 9)
		return NULL;
	*out = (int)(10 * tens + ones);
	return *out > max ? NULL : p + 2;
}

bool
tstamp_zone_offset(const char *p, const char *end, int *offset)
{
	int hour = 0, minute = 0;
	char sign;

	*offset = 0;
	if (p == end)
		return false;
	sign = *p++;
	if ((sign | 0x20) == 'z')
		return p == end;
	if (sign != '+' && sign != '-')
		return false;
	p = two_digits(p, end, 23, &hour);
	if (p && p < end) {
		p += *p == ':';
		p = two_digits(p, end, 59, &minute);
	}
	*offset = hour * HOUR + minute * MINUTE;
	*offset = sign == '-' ? -*offset : *offset;
	return p == end;
}

static void
add_span(struct tstamp_zone *z, int64_t from, int offset)
{
	z->spans = xgrow(z->spans, &z->cap, z->n, sizeof *z->spans);
	z->spans[z->n++] = (struct span){ from, offset };
}

static int
library_offset(int64_t secs)
{
	time_t t = (time_t)secs;
	struct tm tm;

	return localtime_r(&t, &tm) ? (int)tm.tm_gmtoff : 0;
}

/* The change between two instants: none has come sooner than a week. */
static void
add_change(struct tstamp_zone *z, int64_t before, int64_t after)
{
	int offset = library_offset(after);

	while (after - before > 1) {
		int64_t mid = before + (after - before) / 2;

		if (library_offset(mid) == offset)
			after = mid;
		else
			before = mid;
	}
	add_span(z, after, offset);
}

/* All that the C library knows of the zone that TZ names. */
static void
ask_library(struct tstamp_zone *z)
{
	tzset();
	add_span(z, INT64_MIN, library_offset(first));
	for (int64_t t = first, next; t < last; t = next) {
		next = last - t < 7 * DAY ? last : t + 7 * DAY;
		if (library_offset(next) != z->spans[z->n - 1].offset)
			add_change(z, t, next);
	}
}

static void
ask_library_as(struct tstamp_zone *z, const char *tz)
{
	const char *now = getenv("TZ");
	char *before = now ? xstrdup(now) : NULL;

	setenv("TZ", tz, 1);
	ask_library(z);
	if (before)
		setenv("TZ", before, 1);
	else
		unsetenv("TZ");
	tzset();
	free(before);
}

/* The C library takes what it does not know for UTC. */
static bool
is_known(const char *name)
{
	const char *dir = getenv("TZDIR");
	char path[512], magic[4] = "";
	FILE *in;
	int n;

	if (!*name || *name == '/' || strstr(name, ".."))
		return false;
	n = snprintf(path, sizeof path, "%s/%s",
	    dir && *dir ? dir : "/usr/share/zoneinfo", name);
	in = n < (int)sizeof path ? fopen(path, "re") : NULL;
	if (!in)
		return false;
	n = fread(magic, sizeof magic, 1, in) == 1 &&
	    memcmp(magic, "TZif", sizeof magic) == 0;
	fclose(in);
	return n;
}

/* TZ names a zone or a file, or tells an offset: digits. */
static bool
is_local_known(void)
{
	const char *tz = getenv("TZ");

	tz = tz && *tz == ':' ? tz + 1 : tz;
	return !tz || !*tz || *tz == '/' || !strcasecmp(tz, "UTC") ||
	       strpbrk(tz, "0123456789") || is_known(tz);
}

struct tstamp_zone *
tstamp_zone(const char *name)
{
	struct tstamp_zone *z = xcalloc(1, sizeof *z);
	int offset = 0;

	if (!strcasecmp(name, "UTC") ||
	    tstamp_zone_offset(name, name + strlen(name), &offset))
		add_span(z, INT64_MIN, offset);
	else if (!strcmp(name, "local") && is_local_known())
		ask_library(z);
	else if (is_known(name))
		ask_library_as(z, name);
	if (z->n)
		return z;
	free(z);
	return NULL;
}

/* ---- its clocks ---- */

static size_t
span_at(const struct tstamp_zone *z, int64_t secs)
{
	size_t low = 0, high = z->n;

	while (high - low > 1) {
		size_t mid = (low + high) / 2;

		if (z->spans[mid].from <= secs)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/*
 * The span that a clock's reading belongs to is the first that ends later on
 * that clock; where it only begins after the reading, there is a gap.
 */
static size_t
span_of_local(const struct tstamp_zone *z, int64_t local)
{
	const struct span *s = z->spans;
	size_t low = 0, high = z->n - 1;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (local - s[mid].offset < s[mid + 1].from)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

int64_t
tstamp_zone_shows(const struct tstamp_zone *zone, int64_t secs)
{
	return zone ? secs + zone->spans[span_at(zone, secs)].offset : secs;
}

int64_t
tstamp_zone_reads(const struct tstamp_zone *zone, int64_t local)
{
	const struct span *s;
	int64_t t;

	if (!zone)
		return local;
	s = zone->spans + span_of_local(zone, local);
	t = local - s->offset;
	return s > zone->spans && t < s->from ? local - s[-1].offset : t;
}

static int64_t
floor_seconds(int64_t ns)
{
	return ns / NANO - (ns % NANO < 0);
}

/* Moved by seconds, or as it was where that is beyond 64 bits. */
static int64_t
moved(int64_t ns, int64_t secs)
{
	int64_t v;

	return __builtin_add_overflow(ns, secs * NANO, &v) ? ns : v;
}

int64_t
tstamp_to_local(int64_t ns, const struct tstamp_zone *zone)
{
	int64_t secs = floor_seconds(ns);

	return moved(ns, tstamp_zone_shows(zone, secs) - secs);
}

int64_t
tstamp_from_local(int64_t ns, const struct tstamp_zone *zone)
{
	int64_t secs = floor_seconds(ns);

	return moved(ns, tstamp_zone_reads(zone, secs) - secs);
}

int64_t
tstamp_clock(int64_t ns, const struct tstamp_zone *zone)
{
	int64_t local = tstamp_to_local(ns, zone), shown;
	const struct span *s;

	if (!zone)
		return local;
	s = zone->spans + span_at(zone, floor_seconds(ns));
	/* What was shown last before this span. */
	if (s == zone->spans || __builtin_mul_overflow(s->from + s[-1].offset,
				    (int64_t)NANO, &shown))
		return local;
	return local < shown ? shown - 1 : local;
}

int64_t
tstamp_clock_reaches(int64_t ns, const struct tstamp_zone *zone)
{
	int64_t secs = floor_seconds(ns);
	const struct span *s;

	if (!zone)
		return ns;
	s = zone->spans + span_of_local(zone, secs);
	if (s > zone->spans && secs - s->offset < s->from)
		return s->from * NANO;
	return tstamp_from_local(ns, zone);
}
