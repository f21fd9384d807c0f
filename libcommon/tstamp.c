/* SPDX-License-Identifier: MIT */
#include "libcommon/tstamp.h"

#include "libcommon/ascii.h"
#include "libcommon/load.h"
#include "libcommon/num.h"

static const char expected[] = "time expected";
static const char beyond[] = "time beyond the years 1677 to 2262";

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400,
	TO_1970 = 719468, /* days from 0000-03-01 */
	ERA = 146097,     /* days in 400 years */
};

/* ---- days and clocks ---- */

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

	for (; p < stop && ascii_is_digit(*p); p++)
		v = v * 10 + (uint32_t)(*p - '0');
	if (p == start)
		return NULL;
	*nano = (int64_t)v * scale[p - start];
	while (p < end && ascii_is_digit(*p))
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
	if (p == end)
		secs = tstamp_zone_reads(zone, secs);
	else if (!tstamp_zone_offset(p, end, &offset))
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

	return put(out, tstamp_zone_shows(zone, secs), milli, ' ');
}
