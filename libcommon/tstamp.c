/* SPDX-License-Identifier: MIT */
/* long file: the C library reads zones only by changing TZ for all. */
#include "libcommon/tstamp.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/load.h"
#include "libcommon/num.h"
#include "libcommon/xalloc.h"

static const char expected[] = "time expected";
static const char beyond[] = "time beyond the years 1677 to 2262";

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400,
	TO_1970 = 719468, /* days from 0000-03-01 */
	ERA = 146097,     /* days in 400 years */
	FIRST_YEAR = 1677,
	LAST_YEAR = 2262,
	FILE_MAX = 1 << 16, /* bytes; the largest known has 4 KiB */
};

/* Before all that can be said in 64 bits of nanoseconds. */
static const int64_t long_ago = -((int64_t)1 << 40);

/* The clock's offset (seconds, east positive) from an instant on. */
struct span {
	int64_t from;
	int32_t offset;
};

struct tstamp_zone {
	struct span *spans; /* the first from long_ago */
	size_t n, cap;
};

/* ---- days and clocks ---- */

static inline bool
is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static inline bool
is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 || year % 400 == 0);
}

/* Days since 1970; years begin with March, so that leap days come last. */
static inline int64_t
days_of(unsigned year, unsigned month, unsigned day)
{
	unsigned early = month <= 2, y = year + 400 - early;
	unsigned m = month + 12 * early - 3;

	return (int64_t)(365 * y + y / 4 - y / 100 + y / 400) +
	       (153 * m + 2) / 5 + day - 1 - ERA - TO_1970;
}

struct date {
	unsigned year, month, day;
};

static inline struct date
date_of(int64_t days)
{
	unsigned n = (unsigned)(days + TO_1970 + ERA); /* since -0400-03-01 */
	unsigned era = n / ERA, in_era = n % ERA;
	unsigned y =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * y + y / 4 - y / 100);
	unsigned m = (5 * in_year + 2) / 153, late = m >= 10;

	return (struct date){ y + era * 400 - 400 + late, m + 3 - 12 * late,
		in_year - (153 * m + 2) / 5 + 1 };
}

static inline int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * "2015-07-18T18:07:33", 19 bytes, in seconds as if the zone were UTC.  Digits
 * and marks are checked eight at once: with the expected mark or '0' taken off
 * by xor, a digit leaves 0 to 9 and a mark 0; adding 0x76 or 0x7f sets the
 * high bit of all else.
 */
static inline bool
read_clock(const char *p, int64_t *secs)
{
	static const uint8_t month_days[] = { 31, 29, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	uint64_t a = load8(p) ^ 0x2d30302d30303030;
	uint64_t b = (load8(p + 8) ^ 0x30303a3030003030) & ~0xff0000ull;
	uint64_t c = load8(p + 11) >> 40 ^ 0x30303a, bad;
	unsigned year, month, day, hour, minute, second;

	bad = (a | (a + 0x7f76767f76767676)) | (b | (b + 0x76767f7676007676)) |
	      (c | (c + 0x76767f));
	if (bad & 0x8080808080808080 || (p[10] != ' ' && (p[10] | 32) != 't'))
		return false;
	a = a * 10 + (a >> 8);
	b = b * 10 + (b >> 8);
	c = c * 10 + (c >> 8);
	year = (a & 0xff) * 100 + (a >> 16 & 0xff);
	month = a >> 40 & 0xff;
	day = b & 0xff;
	hour = b >> 24 & 0xff;
	minute = b >> 48 & 0xff;
	second = c >> 8 & 0xff;
	if ((month - 1 > 11) | (hour > 23) | (minute > 59) | (second > 60) ||
	    day - 1 >= month_days[month - 1] ||
	    (month == 2 && day == 29 && !is_leap(year)))
		return false;
	*secs = days_of(year, month, day) * DAY +
		(int64_t)(hour * HOUR + minute * MINUTE + second);
	return true;
}

/* ---- offsets and zones ---- */

static inline const char *
two_digits(const char *p, const char *end, int max, int *out)
{
	if (end - p < 2 || !is_digit(p[0]) || !is_digit(p[1]))
		return NULL;
	*out = (p[0] - '0') * 10 + (p[1] - '0');
	return *out > max ? NULL : p + 2;
}

/* All of "Z", "+02:00", "+0200", "+02". */
static inline bool
read_offset(const char *p, const char *end, int *out)
{
	int hour = 0, minute = 0;
	char sign = *p++;

	*out = 0;
	if ((sign | 0x20) == 'z')
		return p == end;
	if (sign != '+' && sign != '-')
		return false;
	p = two_digits(p, end, 23, &hour);
	if (p && p < end) {
		p += *p == ':';
		p = two_digits(p, end, 59, &minute);
	}
	*out = hour * HOUR + minute * MINUTE;
	*out = sign == '-' ? -*out : *out;
	return p == end;
}

static void
add_span(struct tstamp_zone *z, int64_t from, int offset)
{
	if (z->n && z->spans[z->n - 1].from >= from) {
		z->spans[z->n - 1].offset = offset;
		return;
	}
	z->spans = xgrow(z->spans, &z->cap, z->n, sizeof *z->spans);
	z->spans[z->n++] = (struct span){ from, offset };
}

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

static int
offset_at(const struct tstamp_zone *z, int64_t secs)
{
	return z->spans[span_at(z, secs)].offset;
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

static int64_t
from_local(const struct tstamp_zone *z, int64_t local)
{
	const struct span *s = z->spans + span_of_local(z, local);
	int64_t t = local - s->offset;

	return s > z->spans && t < s->from ? local - s[-1].offset : t;
}

/* ---- rules: "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX, TZ) ---- */

/* Functions return where they stopped, NULL at an error, and accept NULL. */

static const char *
rule_number(const char *p, int max, int *out)
{
	int v = 0;

	if (!p || !is_digit(*p))
		return NULL;
	for (; is_digit(*p); p++) {
		v = v * 10 + (*p - '0');
		if (v > max)
			return NULL;
	}
	*out = v;
	return p;
}

static const char *
rule_name(const char *p)
{
	const char *start = p;

	if (p && *p == '<') {
		p = strchr(p, '>');
		return p ? p + 1 : NULL;
	}
	while (p && (*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')
		p++;
	return p && p - start >= 3 ? p : NULL;
}

/* [+-]h[:mm[:ss]] in seconds */
static const char *
rule_clock(const char *p, int *out)
{
	int part[3] = { 0 }, neg = p && *p == '-';

	if (p && (*p == '-' || *p == '+'))
		p++;
	p = rule_number(p, 167, &part[0]);
	for (int i = 1; i < 3 && p && *p == ':'; i++)
		p = rule_number(p + 1, 59, &part[i]);
	*out = part[0] * HOUR + part[1] * MINUTE + part[2];
	*out = neg ? -*out : *out;
	return p;
}

struct rule {
	char kind; /* M: week and weekday of a month, J: no leap day, 0 */
	int month, week, day;
	int secs;
};

static const char *
rule_day(const char *p, struct rule *r)
{
	*r = (struct rule){ .kind = '0', .secs = 2 * HOUR };
	if (!p || *p++ != ',')
		return NULL;
	if (*p == 'M') {
		r->kind = 'M';
		p = rule_number(p + 1, 12, &r->month);
		p = p && *p == '.' ? rule_number(p + 1, 5, &r->week) : NULL;
		p = p && *p == '.' ? rule_number(p + 1, 6, &r->day) : NULL;
		if (!r->month || !r->week)
			return NULL;
	} else {
		if (*p == 'J')
			r->kind = *p++;
		p = rule_number(p, 365, &r->day);
	}
	return p && *p == '/' ? rule_clock(p + 1, &r->secs) : p;
}

/* On the local clock of that year. */
static int64_t
rule_instant(const struct rule *r, unsigned year)
{
	int64_t day = days_of(year, 1, 1) + r->day, next;

	if (r->kind == 'J')
		day += (is_leap(year) && r->day >= 60) - 1;
	if (r->kind == 'M') {
		unsigned month = (unsigned)r->month;

		day = days_of(year, month, 1);
		next = month == 12 ? days_of(year + 1, 1, 1)
				   : days_of(year, month + 1, 1);
		day += (r->day - (day + 4) % 7 + 14) % 7 + 7 * (r->week - 1);
		while (day >= next)
			day -= 7;
	}
	return day * DAY + r->secs;
}

static void
add_rules(struct tstamp_zone *z, const struct rule rule[2], int std, int dst)
{
	int64_t since = z->spans[z->n - 1].from;

	for (unsigned year = FIRST_YEAR; year <= LAST_YEAR; year++) {
		int64_t on = rule_instant(&rule[0], year) - std;
		int64_t off = rule_instant(&rule[1], year) - dst;

		if (on > since && on <= off)
			add_span(z, on, dst);
		if (off > since)
			add_span(z, off, std);
		if (on > since && on > off)
			add_span(z, on, dst);
	}
}

/* A zone's future, or all of it where it has no spans yet. */
static bool
read_rules(struct tstamp_zone *z, const char *p)
{
	struct rule rule[2];
	int std, dst;

	p = rule_clock(rule_name(p), &std);
	if (!p)
		return false;
	std = -std;
	if (!z->n)
		add_span(z, long_ago, std);
	if (!*p)
		return true;
	p = rule_name(p);
	dst = std + HOUR;
	if (p && *p && *p != ',') {
		p = rule_clock(p, &dst);
		dst = -dst;
	}
	if (p && !*p)
		p = ",M3.2.0,M11.1.0";
	p = rule_day(p, &rule[0]);
	p = rule_day(p, &rule[1]);
	if (!p || *p)
		return false;
	add_rules(z, rule, std, dst);
	return true;
}

/* ---- files of the tz database (RFC 8536) ---- */

enum { IS_UT, IS_STD, LEAPS, TIMES, TYPES, CHARS, COUNTS };

struct tzif {
	const uint8_t *p, *end;
	size_t time_size; /* bytes of an instant */
	size_t count[COUNTS];
};

static int64_t
big_endian(const uint8_t *p, size_t n)
{
	uint64_t v = *p & 0x80 ? UINT64_MAX : 0;

	while (n--)
		v = v << 8 | *p++;
	return (int64_t)v;
}

/* Moves from a header to the data behind it; returns where that ends or NULL.
 */
static const uint8_t *
tzif_header(struct tzif *f, size_t time_size)
{
	enum { SIZE = 44, FIRST_COUNT = 20, LARGEST = 1 << 14 };
	const size_t *n = f->count;
	size_t size;

	if (f->end - f->p < SIZE || memcmp(f->p, "TZif", 4) != 0)
		return NULL;
	f->time_size = time_size;
	for (int i = 0; i < COUNTS; i++) {
		f->count[i] = (size_t)big_endian(f->p + FIRST_COUNT + 4 * i, 4);
		if (f->count[i] > LARGEST)
			return NULL;
	}
	f->p += SIZE;
	size = n[TIMES] * (time_size + 1) + n[TYPES] * 6 + n[CHARS] +
	       n[LEAPS] * (time_size + 4) + n[IS_STD] + n[IS_UT];
	return (size_t)(f->end - f->p) >= size ? f->p + size : NULL;
}

static bool
tzif_spans(const struct tzif *f, struct tstamp_zone *z)
{
	const uint8_t *type = f->p + f->count[TIMES] * f->time_size;
	const uint8_t *types = type + f->count[TIMES];
	int64_t at = long_ago;

	for (size_t i = 0, id = 0;; i++) {
		int64_t offset;

		if (id >= f->count[TYPES])
			return false;
		offset = big_endian(types + 6 * id, 4);
		if (offset < -2 * DAY || offset > 2 * DAY)
			return false;
		add_span(z, at, (int)offset);
		if (i == f->count[TIMES])
			break;
		at = big_endian(f->p + i * f->time_size, f->time_size);
		id = type[i];
	}
	return f->count[LEAPS] == 0;
}

static bool
tzif_footer(const uint8_t *p, const uint8_t *end, struct tstamp_zone *z)
{
	char *text, *line_end;
	bool ok;

	if (p == end || *p++ != '\n')
		return false;
	text = xstrndup((const char *)p, (size_t)(end - p));
	line_end = strchr(text, '\n');
	if (line_end)
		*line_end = '\0';
	ok = line_end && (!*text || read_rules(z, text));
	free(text);
	return ok;
}

static bool
tzif_read(const uint8_t *p, size_t n, struct tstamp_zone *z)
{
	struct tzif f = { .p = p, .end = p + n };
	const uint8_t *data_end = tzif_header(&f, 4);

	if (!data_end || p[4] < '2')
		return data_end && tzif_spans(&f, z);
	f.p = data_end;
	data_end = tzif_header(&f, 8);
	return data_end && tzif_spans(&f, z) && tzif_footer(data_end, f.end, z);
}

static bool
read_file(struct tstamp_zone *z, const char *path)
{
	uint8_t *buf;
	size_t n = 0;
	FILE *in = fopen(path, "re");
	bool ok;

	if (!in)
		return false;
	buf = xmalloc(FILE_MAX);
	n = fread(buf, 1, FILE_MAX, in);
	ok = tzif_read(buf, n, z);
	fclose(in);
	free(buf);
	return ok;
}

static bool
read_named(struct tstamp_zone *z, const char *name)
{
	const char *dir = getenv("TZDIR");
	char path[512];
	int n;

	if (!*name || *name == '/' || strstr(name, ".."))
		return false;
	n = snprintf(path, sizeof path, "%s/%s",
	    dir && *dir ? dir : "/usr/share/zoneinfo", name);
	return n < (int)sizeof path && read_file(z, path);
}

/* What the C library takes TZ for. */
static bool
read_local(struct tstamp_zone *z)
{
	const char *tz = getenv("TZ");

	if (!tz && read_file(z, "/etc/localtime"))
		return true;
	z->n = 0;
	if (!tz || !*tz || !strcmp(tz, ":")) {
		add_span(z, long_ago, 0);
		return true;
	}
	tz += *tz == ':';
	if (*tz == '/' ? read_file(z, tz) : read_named(z, tz))
		return true;
	z->n = 0;
	return read_rules(z, tz);
}

struct tstamp_zone *
tstamp_zone(const char *name)
{
	struct tstamp_zone *z = xcalloc(1, sizeof *z);
	int offset = 0;
	bool ok = true;

	if (!strcasecmp(name, "UTC") ||
	    (*name && read_offset(name, name + strlen(name), &offset)))
		add_span(z, long_ago, offset);
	else if (!strcmp(name, "local"))
		ok = read_local(z);
	else
		ok = read_named(z, name);
	if (ok)
		return z;
	free(z->spans);
	free(z);
	return NULL;
}

/* ---- instants from text ---- */

/* Completes the prefix of a time and reads it; NULL, or what comes behind. */
static const char *
read_prefix(struct slice s, int64_t *secs)
{
	static const char first[] = "0000-01-01T00:00:00";
	static const uint32_t lengths =
	    1 << 4 | 1 << 7 | 1 << 10 | 1 << 13 | 1 << 16;
	char text[sizeof first];
	size_t n = s.n;

	if (n > 13)
		n = s.p[13] == ':' && n >= 16 ? 16 : 13;
	if (!(lengths >> n & 1))
		return NULL;
	memcpy(text, first, sizeof text);
	memcpy(text, s.p, n);
	return read_clock(text, secs) ? s.p + n : NULL;
}

/* From the point on; digits beyond the ninth are cut. */
static inline const char *
read_fraction(const char *p, const char *end, int64_t *nano)
{
	static const uint32_t scale[] = { 1000000000, 100000000, 10000000,
		1000000, 100000, 10000, 1000, 100, 10, 1 };
	const char *start = ++p;
	const char *stop = end - p > 9 ? p + 9 : end;
	uint32_t v = 0;

	for (; p < stop && is_digit(*p); p++)
		v = v * 10 + (uint32_t)(*p - '0');
	if (p == start)
		return NULL;
	*nano = (int64_t)v * scale[p - start];
	while (p < end && is_digit(*p))
		p++;
	return p;
}

const char *
tstamp_parse(struct slice s, const struct tstamp_zone *zone, int64_t *ns)
{
	const char *end = s.p + s.n, *p;
	int64_t secs, nano = 0;
	int offset = 0;

	if (s.n >= 19 && read_clock(s.p, &secs)) {
		p = s.p + 19;
		if (p < end && (*p == '.' || *p == ','))
			p = read_fraction(p, end, &nano);
	} else {
		p = read_prefix(s, &secs);
	}
	if (!p)
		return expected;
	if (p == end && zone)
		secs = from_local(zone, secs);
	else if (p < end && !read_offset(p, end, &offset))
		return expected;
	secs -= offset;
	if (secs < 0) { /* no product below the lowest sum */
		secs++;
		nano -= NUM_NANO;
	}
	if (__builtin_mul_overflow(secs, NUM_NANO, ns) ||
	    __builtin_add_overflow(*ns, nano, ns))
		return beyond;
	return NULL;
}

static const struct {
	int64_t below; /* what TSTAMP_GUESS takes for this unit */
	int64_t ns;
} units[] = {
	[TSTAMP_S] = { 100000000000, 1000000000 },
	[TSTAMP_MS] = { 100000000000000, 1000000 },
	[TSTAMP_US] = { 100000000000000000, 1000 },
	[TSTAMP_NS] = { INT64_MAX, 1 },
};

static enum tstamp_unit
guess(uint64_t magnitude)
{
	int u = TSTAMP_S;

	while (u < TSTAMP_NS && magnitude >= (uint64_t)units[u].below)
		u++;
	return (enum tstamp_unit)u;
}

const char *
tstamp_number(struct slice s, enum tstamp_unit unit, int64_t *ns)
{
	const char *err;
	uint64_t whole;
	i128 nano, per, magnitude;

	if (!num_u64(s, &whole)) {
		if (unit == TSTAMP_GUESS)
			unit = guess(whole);
		if (whole > INT64_MAX / (uint64_t)units[unit].ns)
			return beyond;
		*ns = (int64_t)whole * units[unit].ns;
		return NULL;
	}
	err = num_nano(s, &nano);
	if (err)
		return err;
	if (unit == TSTAMP_GUESS) {
		magnitude = (nano < 0 ? -nano : nano) / NUM_NANO;
		unit = guess(
		    magnitude > INT64_MAX ? INT64_MAX : (uint64_t)magnitude);
	}
	per = NUM_NANO / units[unit].ns;
	if (per > 1)
		nano = nano / per - (nano % per < 0);
	if (nano > INT64_MAX || nano < INT64_MIN)
		return beyond;
	*ns = (int64_t)nano;
	return NULL;
}

/* ---- text ---- */

static inline void
put_2(char *out, unsigned v)
{
	out[0] = (char)('0' + v / 10);
	out[1] = (char)('0' + v % 10);
}

/* "2015-07-18T17:07:33.475" */
static size_t
put(char *out, int64_t secs, unsigned milli, char mark)
{
	int64_t days = floor_div(secs, DAY);
	unsigned rest = (unsigned)(secs - days * DAY);
	struct date d = date_of(days);

	put_2(out, d.year / 100);
	put_2(out + 2, d.year % 100);
	put_2(out + 5, d.month);
	put_2(out + 8, d.day);
	put_2(out + 11, rest / HOUR);
	put_2(out + 14, rest / MINUTE % 60);
	put_2(out + 17, rest % 60);
	put_2(out + 20, milli / 10);
	out[4] = out[7] = '-';
	out[10] = mark;
	out[13] = out[16] = ':';
	out[19] = '.';
	out[22] = (char)('0' + milli % 10);
	return 23;
}

/* Rounded down. */
static inline int64_t
seconds(int64_t ns, unsigned *milli)
{
	int64_t rest = ns % NUM_NANO;

	rest += rest < 0 ? NUM_NANO : 0;
	*milli = (unsigned)rest / 1000000;
	return floor_div(ns, NUM_NANO);
}

size_t
tstamp_put(char *out, int64_t ns)
{
	unsigned milli;
	int64_t secs = seconds(ns, &milli);
	size_t n = put(out, secs, milli, 'T');

	out[n] = 'Z';
	return n + 1;
}

size_t
tstamp_put_local(char *out, int64_t ns, const struct tstamp_zone *zone)
{
	unsigned milli;
	int64_t secs = seconds(ns, &milli);

	return put(out, secs + (zone ? offset_at(zone, secs) : 0), milli, ' ');
}

int64_t
tstamp_to_local(int64_t ns, const struct tstamp_zone *zone)
{
	int64_t secs = floor_div(ns, NUM_NANO), local = ns;

	if (zone && __builtin_add_overflow(
			ns, (int64_t)offset_at(zone, secs) * NUM_NANO, &local))
		return ns;
	return local;
}

int64_t
tstamp_from_local(int64_t ns, const struct tstamp_zone *zone)
{
	int64_t secs = floor_div(ns, NUM_NANO), utc = ns;

	if (zone && __builtin_add_overflow(
			ns, (from_local(zone, secs) - secs) * NUM_NANO, &utc))
		return ns;
	return utc;
}

int64_t
tstamp_clock(int64_t ns, const struct tstamp_zone *zone)
{
	int64_t local = tstamp_to_local(ns, zone), secs, shown;
	size_t i;

	if (!zone)
		return local;
	secs = floor_div(ns, NUM_NANO);
	i = span_at(zone, secs);
	/* What was shown last before this span. */
	if (!i || __builtin_mul_overflow(
		      zone->spans[i].from + zone->spans[i - 1].offset,
		      (int64_t)NUM_NANO, &shown))
		return local;
	return local < shown ? shown - 1 : local;
}

int64_t
tstamp_clock_reaches(int64_t ns, const struct tstamp_zone *zone)
{
	int64_t secs = floor_div(ns, NUM_NANO), from;
	const struct span *s;

	if (!zone)
		return ns;
	s = zone->spans + span_of_local(zone, secs);
	if (s > zone->spans && secs - s->offset < s->from &&
	    !__builtin_mul_overflow(s->from, (int64_t)NUM_NANO, &from))
		return from;
	return tstamp_from_local(ns, zone);
}
