/* SPDX-License-Identifier: MIT */
/* What clocks show, and back. */
#include <stdlib.h>
#include <time.h>

#include "libcommon/tstamp.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { RANDOM = 20000 };

static const int64_t second = 1000000000;

/* Of a rule, so that no database is needed. */
static const struct tstamp_zone *
central(void)
{
	const struct tstamp_zone *z;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	z = tstamp_zone("local");
	unsetenv("TZ");
	return z;
}

/* What clocks show, and back: the same instant or the earlier of two. */
static bool
shows(const char *name)
{
	const struct tstamp_zone *z = tstamp_zone(name);
	char text[TSTAMP_ROOM];

	setenv("TZ", name, 1);
	tzset();
	for (int i = 0; z && i < RANDOM; i++) {
		time_t t = (time_t)(sample_next() % (60ull * 31556952));
		int64_t ns =
		    t * second + (int64_t)(sample_next() % 1000) * 1000000;
		int64_t clock = tstamp_to_local(ns, z), back, read;
		struct tm tm;
		size_t n;

		localtime_r(&t, &tm);
		back = tstamp_from_local(clock, z);
		if (clock != ns + tm.tm_gmtoff * second || back > ns ||
		    tstamp_to_local(back, z) != clock)
			return false;
		n = tstamp_put_local(text, ns, z);
		if (tstamp_parse(slice_of(text, n), z, &read) || read != back)
			return false;
	}
	return z != NULL;
}

/* Before 1970: London, 1960-04-10 and 1960-10-02. */
static bool
london(void)
{
	const struct tstamp_zone *z = tstamp_zone("Europe/London");
	const int64_t hour = 3600 * second, early = -306972000 * second;
	const int64_t late = -291852000 * second;

	return tstamp_to_local(early - 1, z) == early - 1 &&
	       tstamp_to_local(early, z) == early + hour &&
	       tstamp_from_local(early - 1, z) == early - 1 &&
	       tstamp_from_local(late + hour - 1, z) == late - 1;
}

/* From one clock to instants and the other way round, at both changes. */
static void
test_clocks(void)
{
	const struct tstamp_zone *z = central();
	const struct tstamp_zone *west = tstamp_zone("-23:59");
	const int64_t hour = 3600 * second, spring = 1427590800 * second;
	const int64_t autumn = 1445734800 * second; /* 2015, both */

	OK(tstamp_to_local(INT64_MIN, NULL) == INT64_MIN &&
	    tstamp_from_local(INT64_MAX, NULL) == INT64_MAX);
	OK(tstamp_to_local(-1, z) == hour - 1 &&
	    tstamp_from_local(hour - 1, z) == -1);
	OK(tstamp_to_local(spring - 1, z) == spring + hour - 1 &&
	    tstamp_to_local(spring, z) == spring + 2 * hour);
	/* Left out: as the old offset says. */
	OK(tstamp_from_local(spring + hour - 1, z) == spring - 1 &&
	    tstamp_from_local(spring + hour, z) == spring &&
	    tstamp_from_local(spring + hour + 7, z) == spring + 7 &&
	    tstamp_from_local(spring + 2 * hour - 1, z) == spring + hour - 1 &&
	    tstamp_from_local(spring + 2 * hour, z) == spring);
	/* Twice: the earlier. */
	OK(tstamp_to_local(autumn - 1, z) == autumn + 2 * hour - 1 &&
	    tstamp_to_local(autumn, z) == autumn + hour &&
	    tstamp_from_local(autumn + hour, z) == autumn - hour &&
	    tstamp_from_local(autumn + 2 * hour - 1, z) == autumn - 1 &&
	    tstamp_from_local(autumn + 2 * hour, z) == autumn + hour);
	OK(tstamp_to_local(INT64_MAX, west) == INT64_MAX - 86340 * second &&
	    tstamp_from_local(INT64_MIN, west) == INT64_MIN + 86340 * second);
	if (tstamp_zone("Europe/Prague"))
		OK(london() && shows("Europe/Prague") &&
		    shows("America/Havana") && shows("Australia/Lord_Howe") &&
		    shows("Asia/Kathmandu"));
}

int
main(void)
{
	test_clocks();
	return DONE();
}
