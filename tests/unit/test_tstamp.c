/* SPDX-License-Identifier: MIT */
#include "libcommon/tstamp.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/t.h"

static const int64_t second = 1000000000;

static uint64_t seed = 1;

static uint64_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* From a copy that ends with its block: a sanitizer sees reads beyond. */
static const char *
parse(const char *text, const struct tstamp_zone *zone, int64_t *ns)
{
	size_t n = strlen(text);
	char *p = malloc(n ? n : 1);
	const char *err;

	memcpy(p, text, n);
	err = tstamp_parse(slice_of(p, n), zone, ns);
	free(p);
	return err;
}

static bool
is_in(const char *text, const struct tstamp_zone *zone, int64_t want)
{
	int64_t ns = 0;
	const char *err = parse(text, zone, &ns);

	if (err || ns != want)
		printf(
		    "# \"%s\": %s %lld\n", text, err ? err : "", (long long)ns);
	return !err && ns == want;
}

static bool
is(const char *text, int64_t want)
{
	return is_in(text, NULL, want);
}

/* Two texts of the same instant. */
static bool
same(const char *text, const struct tstamp_zone *zone, const char *utc)
{
	int64_t want;

	return !parse(utc, NULL, &want) && is_in(text, zone, want);
}

static const char *const no_times[] = { "", "2", "201", "20155", "2015-",
	"2015-7", "2015-07-", "2015-07-1", "2015-07-18T", "2015-07-18T1",
	"2015-07-18T18:", "2015-07-18T18:0",
	"2015-07-18T18:07:", "2015-07-18T18:07:3", "2015-07-18T18:07:33.",
	"2015-07-18T18:07:33.Z", "2015-07-18T18:07:33.5.5",
	"2015-07-18T18:07:33.-5", "2015-07-18T18:07:33z ",
	"2015-07-18T18:07:33ZZ", "2015-07-18T18:07:33 Z",
	"2015-07-18T18:07:33+", "2015-07-18T18:07:33+1",
	"2015-07-18T18:07:33+01:", "2015-07-18T18:07:33+01:0",
	"2015-07-18T18:07:33+010", "2015-07-18T18:07:33+01:000",
	"2015-07-18T18:07:33+24:00", "2015-07-18T18:07:33+01:60",
	"2015-07-18T18:07:33+-1:00", "2015-07-18T18:07:33~01:00",
	"2015-00-18T18:07:33Z", "2015-13-18T18:07:33Z", "2015-07-00T18:07:33Z",
	"2015-07-32T18:07:33Z", "2015-04-31T18:07:33Z", "2015-02-29T18:07:33Z",
	"1900-02-29T00:00:00Z", "2015-07-18T24:00:00Z", "2015-07-18T18:60:00Z",
	"2015-07-18T18:07:61Z", "2015/07/18T18:07:33Z", "2015-07-18_18:07:33Z",
	"2015-07-18T18.07.33Z", "2015-07-18T18:07-33Z", "20150718T180733Z",
	" 2015-07-18", "2015-07-18 ", "+2015-07-18", "-015-07-18",
	"2015-07-18Z", "2015-07-18+02:00", "2015-07Z", "2015Z", "2o15",
	"2015-0:", "2015-07-18T18:07:3/Z", "\xb2\xb0\xb1\xb5-07-18T18:07:33Z",
	"2015-07-18\xd4"
	"18:07:33Z",
	"1437239253", "now", NULL };

static bool
none_is_read(const char *const *text)
{
	int64_t ns;

	for (; *text; text++)
		if (!parse(*text, NULL, &ns)) {
			printf("# \"%s\" was read\n", *text);
			return false;
		}
	return true;
}

/* A byte that cannot stand there, at every place. */
static bool
every_byte_is_checked(void)
{
	static const char good[] = "2015-07-18T18:07:33.475+01:00";
	static const char bad[] = "/;-:\x80\xff\xb0\xbd,~";
	char text[sizeof good];
	int64_t ns;

	for (size_t i = 0; i < sizeof good - 1; i++)
		for (size_t k = 0; k < sizeof bad - 1; k++) {
			memcpy(text, good, sizeof good);
			if (text[i] == bad[k] || (bad[k] == ',' && i == 19) ||
			    (bad[k] == '-' && i == 23))
				continue;
			text[i] = bad[k];
			if (!parse(text, NULL, &ns)) {
				printf("# \"%s\" was read\n", text);
				return false;
			}
		}
	return true;
}

static const int64_t at = 1437239253; /* 2015-07-18T17:07:33Z */

static void
test_forms(void)
{
	int64_t ms475 = at * second + 475000000;
	int64_t ns = 7;

	OK(is("2015-07-18T18:07:33.475+01:00", ms475));
	OK(is("2015-07-18T17:07:33.475Z", ms475) &&
	    is("2015-07-18t17:07:33.475z", ms475) &&
	    is("2015-07-18 17:07:33,475", ms475));
	OK(is("2015-07-18T17:07:33", at * second) &&
	    is("2015-07-18T17:07:33Z", at * second));
	OK(is("2015-07-18 18:07:33+0100", at * second) &&
	    is("2015-07-18 18:07:33+01", at * second) &&
	    is("2015-07-18T12:37:33-04:30", at * second) &&
	    is("2015-07-18T17:07:33-00:00", at * second));
	OK(is("2015-07-18T18:07+01:00", (at - 33) * second) &&
	    is("2015-07-18T17:07Z", (at - 33) * second) &&
	    is("2015-07-18T17Z", (at - 7 * 60 - 33) * second));
	OK(is("2015-07-18T17:07:33.1Z", at * second + 100000000) &&
	    is("2015-07-18T17:07:33.123456789Z", at * second + 123456789) &&
	    is("2015-07-18T17:07:33.12345678999999999Z",
		at * second + 123456789));
	OK(is("1969-12-31T23:59:59.9999999999Z", -1) &&
	    is("1969-12-31T23:59:59.25Z", -750000000));
	OK(same("2015", NULL, "2015-01-01T00:00:00Z") &&
	    same("2015-07", NULL, "2015-07-01T00:00:00Z") &&
	    same("2015-07-18", NULL, "2015-07-18T00:00:00Z") &&
	    same("2015-07-18T18", NULL, "2015-07-18T18:00:00Z") &&
	    same("2015-07-18 18:07", NULL, "2015-07-18T18:07:00Z"));
	OK(same("2016-12-31T23:59:60Z", NULL, "2017-01-01T00:00:00Z") &&
	    same("2016-12-31T23:59:60.5Z", NULL, "2017-01-01T00:00:00.5Z") &&
	    same("2017-01-01T00:59:60+01:00", NULL, "2017-01-01T00:00:00Z"));
	OK(same("2016-02-29T00:00:00-00:30", NULL, "2016-02-29T00:30:00Z"));
	OK(!parse("2000-02-29", NULL, &ns) && !parse("2004-02-29", NULL, &ns) &&
	    parse("2100-02-29", NULL, &ns) && parse("2001-02-29", NULL, &ns));
	OK(none_is_read(no_times));
	OK(every_byte_is_checked());
}

static void
test_limits(void)
{
	static const char beyond[] = "time beyond the years 1677 to 2262";
	int64_t ns = 7;

	OK(is("1677-09-21T00:12:43.145224192Z", INT64_MIN) &&
	    is("2262-04-11T23:47:16.854775807Z", INT64_MAX));
	OK(parse("1677-09-21T00:12:43.145224191Z", NULL, &ns) &&
	    parse("2262-04-11T23:47:16.854775808Z", NULL, &ns));
	OK(!strcmp(parse("0000", NULL, &ns), beyond) &&
	    !strcmp(parse("9999", NULL, &ns), beyond) &&
	    !strcmp(parse("1676-12-31T23:59:59Z", NULL, &ns), beyond));
}

static bool
against_timegm(void)
{
	char text[TSTAMP_ROOM + 1], want[80];

	for (int i = 0; i < 200000; i++) {
		time_t t = (time_t)(rnd() % (584ull * 31556952)) - 9214646400;
		int64_t ns = t * second + (int64_t)(rnd() % 1000) * 1000000;
		struct tm tm;

		gmtime_r(&t, &tm);
		snprintf(want, sizeof want,
		    "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		    (int)((ns - t * second) / 1000000));
		if (timegm(&tm) != t || !is(want, ns))
			return false;
		text[tstamp_put(text, ns + 999999)] = '\0';
		if (strcmp(text, want) != 0) {
			printf("# %s for %s\n", text, want);
			return false;
		}
	}
	return true;
}

static bool
local_is(int64_t ns, const struct tstamp_zone *zone, const char *want)
{
	char out[TSTAMP_ROOM];
	struct slice s = { out, tstamp_put_local(out, ns, zone) };

	if (!slice_is(s, want))
		printf("# %.*s for %s\n", (int)s.n, out, want);
	return slice_is(s, want);
}

static void
test_put(void)
{
	char out[TSTAMP_ROOM];

	OK(slice_is(
	    slice_of(out, tstamp_put(out, -1)), "1969-12-31T23:59:59.999Z"));
	OK(slice_is(slice_of(out, tstamp_put(out, INT64_MIN)),
	       "1677-09-21T00:12:43.145Z") &&
	    slice_is(slice_of(out, tstamp_put(out, INT64_MAX)),
		"2262-04-11T23:47:16.854Z"));
	OK(local_is(at * second + 475999999, NULL, "2015-07-18 17:07:33.475"));
	OK(local_is(
	       INT64_MIN, tstamp_zone("-23:59"), "1677-09-20 00:13:43.145") &&
	    local_is(
		INT64_MAX, tstamp_zone("+23:59"), "2262-04-12 23:46:16.854"));
}

static bool
number_is(const char *text, enum tstamp_unit unit, int64_t want)
{
	int64_t ns = 0;
	const char *err = tstamp_number(slice_str(text), unit, &ns);

	if (err || ns != want)
		printf(
		    "# \"%s\": %s %lld\n", text, err ? err : "", (long long)ns);
	return !err && ns == want;
}

static void
test_number(void)
{
	int64_t ns = at * second;

	OK(number_is("1437239253", TSTAMP_S, ns) &&
	    number_is("1437239253000", TSTAMP_MS, ns) &&
	    number_is("1437239253000000", TSTAMP_US, ns) &&
	    number_is("1437239253000000000", TSTAMP_NS, ns));
	OK(number_is("1437239253", TSTAMP_GUESS, ns) &&
	    number_is("1437239253000", TSTAMP_GUESS, ns) &&
	    number_is("1437239253000000", TSTAMP_GUESS, ns) &&
	    number_is("1437239253000000000", TSTAMP_GUESS, ns));
	OK(number_is("99999999999", TSTAMP_MS, 99999999999000000) &&
	    number_is("100000000000", TSTAMP_GUESS, 100000000000000000) &&
	    number_is("100000000000000", TSTAMP_GUESS, 100000000000000000) &&
	    number_is("100000000000000000", TSTAMP_GUESS, 100000000000000000));
	OK(number_is("1437239253.475", TSTAMP_GUESS, ns + 475000000) &&
	    number_is("1437239253475.5", TSTAMP_GUESS, ns + 475500000) &&
	    number_is("1437239253475123.5", TSTAMP_GUESS, ns + 475123500) &&
	    number_is("1437239253475123456.9", TSTAMP_GUESS, ns + 475123456));
	OK(number_is("-1", TSTAMP_S, -second) &&
	    number_is("-0.5", TSTAMP_GUESS, -second / 2) &&
	    number_is("-0.5", TSTAMP_NS, -1) &&
	    number_is("1.437239253e9", TSTAMP_GUESS, ns) &&
	    number_is("0", TSTAMP_GUESS, 0));
	OK(number_is("9223372036.854775807", TSTAMP_S, INT64_MAX) &&
	    number_is("-9223372036.854775808", TSTAMP_S, INT64_MIN));
	OK(tstamp_number(SLICE_LIT("9223372036.854775808"), TSTAMP_S, &ns) &&
	    tstamp_number(SLICE_LIT("99999999999"), TSTAMP_GUESS, &ns) &&
	    tstamp_number(SLICE_LIT("18446744073709551615"), TSTAMP_NS, &ns) &&
	    tstamp_number(SLICE_LIT("1e30"), TSTAMP_NS, &ns));
	OK(tstamp_number(SLICE_LIT(""), TSTAMP_S, &ns) &&
	    tstamp_number(SLICE_LIT("2015-07-18"), TSTAMP_S, &ns) &&
	    tstamp_number(SLICE_LIT("nan"), TSTAMP_S, &ns) &&
	    ns == at * second);
}

static struct tstamp_zone *
local(const char *tz)
{
	setenv("TZ", tz, 1);
	return tstamp_zone("local");
}

/* Both kinds of change, as text and back. */
static bool
is_prague(const struct tstamp_zone *z)
{
	return same("2015-03-29T01:59:59", z, "2015-03-29T00:59:59Z") &&
	       same("2015-03-29T02:00:00", z, "2015-03-29T01:00:00Z") &&
	       same("2015-03-29T02:30:00", z, "2015-03-29T01:30:00Z") &&
	       same("2015-03-29T03:00:00", z, "2015-03-29T01:00:00Z") &&
	       same("2015-10-25T01:59:59", z, "2015-10-24T23:59:59Z") &&
	       same("2015-10-25T02:00:00", z, "2015-10-25T00:00:00Z") &&
	       same("2015-10-25T02:59:59", z, "2015-10-25T00:59:59Z") &&
	       same("2015-10-25T03:00:00", z, "2015-10-25T02:00:00Z") &&
	       same("2015", z, "2014-12-31T23:00:00Z") &&
	       same("2015-07-18", z, "2015-07-17T22:00:00Z") &&
	       same("2250-07-18T12:00", z, "2250-07-18T10:00:00Z") &&
	       same("2015-07-18T12:00:00Z", z, "2015-07-18T12:00:00Z") &&
	       local_is(at * second, z, "2015-07-18 19:07:33.000") &&
	       local_is(1427590799 * second, z, "2015-03-29 01:59:59.000") &&
	       local_is(1427590800 * second, z, "2015-03-29 03:00:00.000") &&
	       local_is(1445734800 * second, z, "2015-10-25 02:00:00.000");
}

static void
test_rules(void)
{
	struct tstamp_zone *z;

	OK(is_prague(local("CET-1CEST,M3.5.0,M10.5.0/3")));
	OK(is_prague(local("<+01>-01:00:00<+02>-2,M3.5.0/2:00,M10.5.0/3")));
	/* South of the equator, and with half an hour. */
	z = local("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
	OK(z && same("2015-01-01", z, "2014-12-31T13:00:00Z") &&
	    same("2015-07-01", z, "2015-06-30T13:30:00Z") &&
	    same("2015-10-04T02:00", z, "2015-10-03T15:30:00Z"));
	/* Days of the year; without rules those of the United States. */
	z = local("AAA0BBB,J60/0,J305/0");
	OK(z && local_is(1456704000 * second, z, "2016-02-29 00:00:00.000") &&
	    local_is(1456790400 * second, z, "2016-03-01 01:00:00.000") &&
	    local_is(1425168000 * second, z, "2015-03-01 01:00:00.000"));
	z = local("AAA0BBB,59/0,304/0");
	OK(z && local_is(1456704000 * second, z, "2016-02-29 01:00:00.000") &&
	    local_is(1425168000 * second, z, "2015-03-01 01:00:00.000"));
	z = local("EST5EDT4");
	OK(z && local_is(at * second, z, "2015-07-18 13:07:33.000"));
	/* Summer all the year. */
	z = local("XXX3EDT4,0/0,J365/23");
	OK(z && local_is(at * second, z, "2015-07-18 13:07:33.000") &&
	    same("2015-01-01", z, "2015-01-01T04:00:00Z") &&
	    same("2015-12-31T23:30", z, "2016-01-01T03:30:00Z"));
	OK(!local("no/such zone") && !local("Europe/Nowhere") &&
	    !local("ABC") && local(":Europe/Prague") && local("UTC"));
	z = local("");
	OK(z && local_is(at * second, z, "2015-07-18 17:07:33.000"));
	unsetenv("TZ");
	OK(tstamp_zone("local"));
}

static void
test_fixed(void)
{
	OK(same("2015-07-18T20:07:33", tstamp_zone("+03:00"),
	    "2015-07-18T17:07:33Z"));
	OK(same("2015-07-18", tstamp_zone("-0330"), "2015-07-18T03:30:00Z") &&
	    same("2015-07-18", tstamp_zone("UTC"), "2015-07-18T00:00:00Z") &&
	    same("2015-07-18", tstamp_zone("utc"), "2015-07-18T00:00:00Z"));
	OK(!tstamp_zone("") && !tstamp_zone("+25:00") && !tstamp_zone("+1") &&
	    !tstamp_zone("../../etc/passwd") &&
	    !tstamp_zone("/etc/localtime") && !tstamp_zone("Europe") &&
	    !tstamp_zone("Europe/Atlantis"));
}

static bool
like_library(const char *name)
{
	const struct tstamp_zone *z = tstamp_zone(name);
	char want[80];

	setenv("TZ", name, 1);
	tzset();
	for (int i = 0; z && i < 20000; i++) {
		time_t t = (time_t)(rnd() % (380ull * 31556952)) - 2840140800;
		struct tm tm;
		int64_t ns;

		localtime_r(&t, &tm);
		snprintf(want, sizeof want, "%04d-%02d-%02d %02d:%02d:%02d.000",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		    tm.tm_min, tm.tm_sec);
		if (!local_is(t * second, z, want))
			return false;
		/* Read back it is the same, or the earlier of two. */
		if (parse(want, z, &ns) || ns > t * second ||
		    !local_is(ns, z, want))
			return false;
	}
	return z != NULL;
}

static void
test_database(void)
{
	const struct tstamp_zone *z = tstamp_zone("Europe/Prague");

	if (!z) {
		OK(access("/usr/share/zoneinfo/Europe/Prague", R_OK) != 0);
		return;
	}
	OK(is_prague(z) && is_prague(local("Europe/Prague")) &&
	    is_prague(local(":Europe/Prague")) &&
	    is_prague(local("/usr/share/zoneinfo/Europe/Prague")));
	OK(like_library("Europe/Prague") && like_library("Europe/Dublin"));
	OK(like_library("America/New_York") &&
	    like_library("Australia/Lord_Howe") &&
	    like_library("Africa/Casablanca"));
	OK(like_library("Asia/Kolkata") && like_library("Pacific/Apia") &&
	    like_library("Etc/GMT+5") && like_library("America/Sao_Paulo"));
	/* A day left out: 2011-12-30. */
	OK(same("2011-12-30T12:00", tstamp_zone("Pacific/Apia"),
	    "2011-12-30T22:00:00Z"));
}

/* What is no zone is none, though the C library takes it for UTC. */
static bool
other_file(void)
{
	char dir[] = "/tmp/test_tstamp.XXXXXX", path[64];
	bool none;
	FILE *f;

	if (!mkdtemp(dir))
		return false;
	snprintf(path, sizeof path, "%s/x", dir);
	f = fopen(path, "w");
	if (!f)
		return false;
	fputs("TZ", f);
	fclose(f);
	setenv("TZDIR", dir, 1);
	none = !tstamp_zone("x");
	unsetenv("TZDIR");
	unlink(path);
	rmdir(dir);
	return none;
}

/* The zone of the process is what it was. */
static bool
keeps_tz(void)
{
	setenv("TZ", "AAA-7", 1);
	tstamp_zone("Europe/Prague");
	return !strcmp(getenv("TZ"), "AAA-7") &&
	       local_is(0, tstamp_zone("local"), "1970-01-01 07:00:00.000");
}

int
main(void)
{
	test_forms();
	test_limits();
	OK(against_timegm());
	test_put();
	test_number();
	test_fixed();
	test_rules();
	test_database();
	OK(other_file());
	OK(keeps_tz());
	return DONE();
}
