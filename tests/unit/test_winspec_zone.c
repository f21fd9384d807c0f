/* SPDX-License-Identifier: MIT */
/* --align: panes by the clocks of a zone. */
#include <time.h>

#include "libcommon/num.h"
#include "libcommon/winspec.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

enum { RANDOM = 5000, EDGE = 300 };

static struct winspec
spec_of(const char *text, const char *zone)
{
	struct winspec s;
	const char *err = winspec_parse(&s, text, zone);

	if (err) {
		printf("Bail out! %s: %s\n", text, err);
		exit(1);
	}
	return s;
}

static const char *const zones[] = { "Europe/Prague", "America/Havana",
	"Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu",
	"America/New_York", "Pacific/Apia", "Africa/Casablanca" };

enum { ZONES = sizeof zones / sizeof *zones };

static int64_t
at(const char *text)
{
	int64_t ns = INT64_MIN;

	if (tstamp_parse(slice_str(text), NULL, &ns))
		printf("Bail out! %s\n", text);
	return ns;
}

/* [text, + hours) is one pane. */
static bool
is_pane(const struct winspec *s, const char *text, int hours)
{
	int64_t start = at(text), end = start + hours * HOUR;
	int64_t id = winspec_pane(s, start);
	bool good =
	    winspec_start(s, id) == start && winspec_start(s, id + 1) == end &&
	    winspec_pane(s, start - 1) == id - 1 &&
	    winspec_pane(s, end - 1) == id && winspec_pane(s, end) == id + 1;

	if (!good)
		printf("# %s\n", text);
	return good;
}

static void
test_days(void)
{
	struct winspec s = spec_of("1d", "Europe/Prague");

	OK(is_pane(&s, "2015-03-27T23:00Z", 24) &&
	    is_pane(&s, "2015-03-28T23:00Z", 23) &&
	    is_pane(&s, "2015-03-29T22:00Z", 24));
	OK(is_pane(&s, "2015-10-23T22:00Z", 24) &&
	    is_pane(&s, "2015-10-24T22:00Z", 25) &&
	    is_pane(&s, "2015-10-25T23:00Z", 24));
	OK(is_pane(&s, "1969-12-31T23:00Z", 24) && winspec_pane(&s, 0) == 0 &&
	    winspec_pane(&s, -HOUR - 1) == -1);
	/* Clocks are set forward at midnight, and back to midnight. */
	s = spec_of("1d", "America/Sao_Paulo");
	OK(is_pane(&s, "2015-10-18T03:00Z", 23) &&
	    is_pane(&s, "2015-02-21T02:00Z", 25));
	s = spec_of("1d", "America/Havana");
	OK(is_pane(&s, "2015-03-08T05:00Z", 23) &&
	    is_pane(&s, "2015-11-01T04:00Z", 25));
	s = spec_of("12h", "Europe/Prague");
	OK(is_pane(&s, "2015-03-28T23:00Z", 11) &&
	    is_pane(&s, "2015-03-29T10:00Z", 12) &&
	    is_pane(&s, "2015-10-24T22:00Z", 13));
	s = spec_of("1d/6h", "Europe/Prague");
	OK(s.panes == 4 && s.step == 1 && is_pane(&s, "2015-03-28T23:00Z", 5) &&
	    is_pane(&s, "2015-10-24T22:00Z", 7));
}

static void
test_hours(void)
{
	static const char *const texts[] = { "1h", "1h/10m", "30m", "15m" };
	struct winspec s;
	bool good = true;

	for (int i = 0; i < 4 * 1000; i++) {
		int64_t t = (int64_t)sample_next() / 4, start;

		s = spec_of(texts[i % 4], "Asia/Kathmandu");
		start = winspec_start(&s, winspec_pane(&s, t));
		good &= (start + 5 * HOUR + 45 * MINUTE) % s.pane == 0;
		good &= start <= t && t - start < s.pane && !s.zone;
	}
	OK(good);
	s = spec_of("1h", "Asia/Kathmandu");
	OK(is_pane(&s, "2015-07-18T17:15Z", 1));
	s = spec_of("1d", "Asia/Kathmandu");
	OK(is_pane(&s, "2015-07-18T18:15Z", 24));
	s = spec_of("1h", "Asia/Kolkata");
	OK(is_pane(&s, "2015-07-18T17:30Z", 1));
	s = spec_of("1h", "America/St_Johns");
	OK(is_pane(&s, "2015-07-18T17:30Z", 1));
	s = spec_of("2h", "+05:45");
	OK(is_pane(&s, "2015-07-18T16:15Z", 2));
	s = spec_of("5m", "-00:01");
	OK(winspec_start(&s, winspec_pane(&s, at("2015-07-18T17:05:59Z"))) ==
	    at("2015-07-18T17:01Z"));
}

static void
test_weeks(void)
{
	struct winspec s = spec_of("1w", "Europe/Prague");

	OK(is_pane(&s, "2015-07-12T22:00Z", 7 * 24) &&
	    is_pane(&s, "2015-03-22T23:00Z", 7 * 24 - 1) &&
	    is_pane(&s, "2015-10-18T22:00Z", 7 * 24 + 1));
	OK(winspec_pane(&s, at("1970-01-04T23:00Z")) == 0 &&
	    winspec_pane(&s, at("1970-01-04T22:59Z")) == -1);
	s = spec_of("1w", "UTC");
	OK(is_pane(&s, "2015-07-13", 7 * 24) && is_pane(&s, "1969-12-22", 168));
	s = spec_of("2w/1w", "+05:45");
	OK(s.panes == 2 && is_pane(&s, "2015-07-12T18:15Z", 7 * 24));
	s = spec_of("2w", "UTC");
	OK(is_pane(&s, "1970-01-05", 14 * 24) &&
	    is_pane(&s, "1969-12-22", 14 * 24));
	/* Panes of days, and without a zone weeks from the epoch on. */
	s = spec_of("1w/1d", "UTC");
	OK(is_pane(&s, "2015-07-18", 24) && s.shift == 0);
	s = spec_of("1w", NULL);
	OK(is_pane(&s, "1970-01-01", 7 * 24) && is_pane(&s, "2015-07-16", 168));
}

/* Panes that do not divide an hour: by the clocks of that time of the year. */
static void
test_odd(void)
{
	static const char *const texts[] = { "25m", "90m", "7m", "11h" };
	int64_t winter = at("2015-01-15T12:00Z");
	int64_t summer = at("2015-07-18T12:00Z");
	bool good = true;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct winspec s = spec_of(texts[i], "Europe/Prague");

		for (int64_t t = 0; t < DAY; t += 7 * MINUTE) {
			good &= winspec_pane(&s, winter + t) ==
				(winter + t + HOUR) / s.pane;
			good &= winspec_pane(&s, summer + t) ==
				(summer + t + 2 * HOUR) / s.pane;
		}
	}
	OK(good);
}

/* Boundaries that are shifted, as far as time goes. */
static void
test_ends(void)
{
	static const int64_t times[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1,
		INT64_MAX - 1, INT64_MAX };
	static const char *const offsets[] = { "+05:45", "-05:45", "+00:01" };
	bool good = true;

	for (int i = 0; i < 7 * 3; i++) {
		struct winspec s = spec_of("1h", offsets[i % 3]);
		int64_t t = times[i / 3], id = winspec_pane(&s, t);
		i128 start = (i128)id * s.pane + s.shift;

		good &= start <= t && t < start + s.pane && s.shift;
		good &= winspec_start(&s, id) <= t;
		good &= winspec_start(&s, id) ==
			(start < INT64_MIN ? INT64_MIN : (int64_t)start);
	}
	OK(good);
}

/* ---- zones against the C library ---- */

static struct tm
clock_at(int64_t t)
{
	time_t seconds = (time_t)(t / SECOND - (t % SECOND < 0));
	struct tm tm;

	localtime_r(&seconds, &tm);
	return tm;
}

static int64_t
offset_at(int64_t t)
{
	return clock_at(t).tm_gmtoff * SECOND;
}

/* Where an offset changes in [from, to): the first instant of the new one. */
static int64_t
change_in(int64_t from, int64_t to)
{
	int64_t old = offset_at(from);

	while (to - from > SECOND) {
		int64_t mid = from + (to - from) / SECOND / 2 * SECOND;

		if (offset_at(mid) == old)
			from = mid;
		else
			to = mid;
	}
	return to;
}

/* Changes of 1975 to 2036: how many. */
static size_t
find_changes(int64_t *changes, size_t room)
{
	int64_t t = at("1975"), end = at("2037");
	size_t n = 0;

	for (; t < end && n < room; t += DAY)
		if (offset_at(t) != offset_at(t + DAY))
			changes[n++] = change_in(t, t + DAY);
	return n;
}

/* Instants of those years, many of them near a change. */
static int64_t
near_change(const int64_t *changes, size_t n)
{
	int64_t t = at("1975"), span = at("2037") - t;

	if (!n || sample_below(4) == 0)
		return t + (int64_t)(sample_next() % (uint64_t)span);
	t = changes[sample_below((unsigned)n)];
	if (sample_below(4) == 0)
		return t + (int)sample_below(3) - 1;
	return t + (int64_t)(sample_next() % (uint64_t)(2 * DAY)) - DAY;
}

/* start(pane) <= t < start(pane + 1), and time never goes backwards. */
static bool
holds(const struct winspec *s, int64_t t)
{
	int64_t id = winspec_pane(s, t), start = winspec_start(s, id);
	int64_t later = t + (int64_t)(sample_next() % (uint64_t)DAY);

	return start <= t && t < winspec_start(s, id + 1) &&
	       winspec_pane(s, start) == id &&
	       winspec_pane(s, start - 1) < id && winspec_pane(s, later) >= id;
}

static bool
in_its_pane(const char *text, const char *zone)
{
	struct winspec s = spec_of(text, zone);
	int64_t changes[EDGE], t = 0;
	char when[TSTAMP_ROOM];
	bool good = true;
	size_t n;

	setenv("TZ", zone, 1);
	tzset();
	n = find_changes(changes, EDGE);
	for (int i = 0; i < RANDOM && good; i++) {
		t = near_change(changes, n);
		good = holds(&s, t);
	}
	if (!good)
		printf("# %s in %s at %.*s\n", text, zone,
		    (int)tstamp_put(when, t), when);
	return good;
}

/* Clocks of some are set back over midnight, or in steps of half an hour. */
static void
test_instants(void)
{
	static const char *const texts[] = { "1d", "1w", "12h", "1d/6h", "2h",
		"1h", "15m", "2w", "1m", "3d", "90m", "25m", "7h", "3h" };
	static const char *const odd[] = { "America/St_Johns",
		"Antarctica/Casey", "Antarctica/Troll", "Pacific/Chatham" };
	bool good = true;

	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
		for (size_t i = 0; i < ZONES; i++)
			good &= in_its_pane(texts[k], zones[i]);
		for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
			good &= in_its_pane(texts[k], odd[i]);
	}
	OK(good);
}

/* Clocks are set over a boundary: no pane overlaps another, none is twice. */
static void
test_jumps(void)
{
	struct winspec s = spec_of("25m", "Europe/Prague");
	int64_t spring = at("2015-03-29T01:00Z");
	int64_t autumn = at("2015-10-25T01:00Z"), id;

	id = winspec_pane(&s, spring - 1);
	OK(winspec_start(&s, id) == at("2015-03-29T00:45Z") &&
	    winspec_start(&s, id + 1) == spring &&
	    winspec_pane(&s, spring) == id + 3 &&
	    winspec_start(&s, id + 2) == spring &&
	    winspec_start(&s, id + 3) == spring &&
	    winspec_start(&s, id + 4) == at("2015-03-29T01:25Z"));
	id = winspec_pane(&s, autumn - 1);
	OK(winspec_start(&s, id) == at("2015-10-25T00:35Z") &&
	    winspec_pane(&s, autumn) == id &&
	    winspec_pane(&s, at("2015-10-25T01:59:59Z")) == id &&
	    winspec_start(&s, id + 1) == at("2015-10-25T02:00Z"));
	s = spec_of("1d", "America/St_Johns");
	OK(is_pane(&s, "2008-11-02T02:30Z", 25) &&
	    is_pane(&s, "2008-11-01T02:30Z", 24));
}

static bool
same_day(int64_t a, int64_t b)
{
	struct tm x = clock_at(a), y = clock_at(b);

	return x.tm_year == y.tm_year && x.tm_yday == y.tm_yday;
}

/* A pane is one date; a week begins with a Monday. */
static bool
are_dates(const char *zone)
{
	struct winspec day = spec_of("1d", zone), week = spec_of("1w", zone);
	int64_t changes[EDGE];
	bool good = true;
	size_t n;

	setenv("TZ", zone, 1);
	tzset();
	n = find_changes(changes, EDGE);
	for (int i = 0; i < RANDOM; i++) {
		int64_t t = near_change(changes, n);
		int64_t id = winspec_pane(&day, t);
		int64_t start = winspec_start(&day, id);
		int64_t end = winspec_start(&day, id + 1);

		good &= same_day(start, t) && same_day(t, end - 1);
		good &= !same_day(start - 1, t) && !same_day(t, end);
		start = winspec_start(&week, winspec_pane(&week, t));
		good &= clock_at(start).tm_wday == 1;
		good &= clock_at(start - 1).tm_wday == 0;
	}
	if (!good)
		printf("# %s\n", zone);
	return good;
}

/* Boundaries lie at multiples of the pane on local clocks since 1970. */
static bool
by_the_clock(const char *text, const char *zone)
{
	struct winspec s = spec_of(text, zone);
	bool good = true;

	setenv("TZ", zone, 1);
	tzset();
	for (int i = 0; i < RANDOM; i++) {
		int64_t t = at("1990") + (int64_t)(sample_next() >> 3);
		int64_t local = t + offset_at(t);

		/* Count from a Monday; there is nothing before 1970 here. */
		if (s.pane % (7 * DAY) == 0)
			local -= 4 * DAY;
		good &= winspec_pane(&s, t) == local / s.pane;
	}
	if (!good)
		printf("# %s in %s\n", text, zone);
	return good;
}

static void
test_zones(void)
{
	bool dates = true, clocks = true;

	for (size_t i = 0; i < ZONES; i++) {
		dates &= are_dates(zones[i]);
		clocks &= by_the_clock("1d", zones[i]);
		clocks &= by_the_clock("1w", zones[i]);
		clocks &= by_the_clock("6h", zones[i]);
	}
	OK(dates);
	OK(clocks);
}

int
main(void)
{
	if (access("/usr/share/zoneinfo/Europe/Prague", R_OK) != 0) {
		OK(!tstamp_zone("Europe/Prague"));
		return DONE();
	}
	test_days();
	test_hours();
	test_weeks();
	test_odd();
	test_ends();
	test_instants();
	test_jumps();
	test_zones();
	return DONE();
}
