/* SPDX-License-Identifier: MIT */
#include "libcommon/winspec.h"

#include "libcommon/num.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

enum { RANDOM = 20000, PANES = 40 };

/* ---- texts ---- */

/* From a copy that ends with its block: a sanitizer sees reads beyond. */
static const char *
parse(struct winspec *s, const char *text, const char *zone)
{
	char *copy = strdup(text);
	const char *err = winspec_parse(s, copy, zone);

	free(copy);
	return err;
}

static const struct good {
	const char *text;
	int64_t size, slide, pane, panes, step;
} times[] = {
	{ "5m", 5 * MINUTE, 5 * MINUTE, 5 * MINUTE, 1, 1 },
	{ "5m/10s", 5 * MINUTE, 10 * SECOND, 10 * SECOND, 30, 1 },
	{ "1h30m", 90 * MINUTE, 90 * MINUTE, 90 * MINUTE, 1, 1 },
	{ "1h30m/1m30s", 90 * MINUTE, 90 * SECOND, 90 * SECOND, 60, 1 },
	{ "10s/10s", 10 * SECOND, 10 * SECOND, 10 * SECOND, 1, 1 },
	{ "5m/7s", 5 * MINUTE, 7 * SECOND, SECOND, 300, 7 },
	{ "100ms/40ms", SECOND / 10, SECOND / 25, SECOND / 50, 5, 2 },
	{ "1.5s", SECOND * 3 / 2, SECOND * 3 / 2, SECOND * 3 / 2, 1, 1 },
	{ "5", 5 * SECOND, 5 * SECOND, 5 * SECOND, 1, 1 },
	{ "1w/1d", 7 * DAY, DAY, DAY, 7, 1 },
	{ "1us", 1000, 1000, 1000, 1, 1 },
	{ "1s/1us", SECOND, 1000, 1000, 1000000, 1 },
	{ "1s/999999us", SECOND, SECOND - 1000, 1000, 1000000, 999999 },
	{ "9223372036854775807ns", INT64_MAX, INT64_MAX, INT64_MAX, 1, 1 },
	{ "9223372036854775806ns/4611686018427387903ns", INT64_MAX - 1,
	    INT64_MAX / 2, INT64_MAX / 2, 2, 1 },
	{ "15250w", 15250 * 7 * DAY, 15250 * 7 * DAY, 15250 * 7 * DAY, 1, 1 },
}, counts[] = {
	{ "count:1000", 1000, 1000, 1000, 1, 1 },
	{ "count:1000/100", 1000, 100, 100, 10, 1 },
	{ "count:1k/300", 1000, 300, 100, 10, 3 },
	{ "count:1", 1, 1, 1, 1, 1 },
	{ "count:9223372036854775807", INT64_MAX, INT64_MAX, INT64_MAX, 1, 1 },
};

static bool
are_good(enum window_kind kind, const struct good *g, size_t n)
{
	struct winspec s;
	bool all = true, good;

	for (; n > 0; n--, g++) {
		memset(&s, 0xa5, sizeof s);
		good = !parse(&s, g->text, NULL) && s.kind == kind &&
		       s.size == g->size && s.slide == g->slide &&
		       s.pane == g->pane && s.panes == g->panes &&
		       s.step == g->step && !s.shift && !s.zone;
		if (!good)
			printf("# %s\n", g->text);
		all &= good;
	}
	return all;
}

static bool
is_session(const char *text, int64_t gap, int64_t max)
{
	struct winspec s;

	return !parse(&s, text, NULL) && s.kind == WINDOW_SESSION &&
	       s.gap == gap && s.max == max && !s.panes;
}

static const char *const bad[] = { "", "0", "0s", "0ns", "5m/0s", "10s/1m",
	"-5m", "5m/-1s", "+5m", "/", "/5m", "5m/", "5m//1m", "5m/1m/1m", " 5m",
	"5m ", "5 m", "5m /1m", "5x", "m", "5M", "1e9", "0x5", "nan", "1ms1",
	"0.5ns", "5m,1m", "5m:1m", "9223372036854775808ns", "15251w",
	"99999999999999999999999s", "5m/99999999999999999999999s",
	"9223372036854775807ns1ns", "1ms/0.9ns", "1001ms/1us", "1h/1us", "1ns",
	"999ns", "1us/999ns", "1ms/999999ns", "session",
	"session:", "session:0s", "session:-1s", "session:30s/",
	"session:30s/0s", "session:/1h", "session:30s/1h/1h", "session:15251w",
	"session:session:30s", "session:30s/15251w", "session 30s",
	"session::30s", "session:count:5", "Session:30s", "sessions:30s",
	"count", "count:", "count:0", "count:10/0", "count:10/20", "count:-1",
	"count:1.5", "count:10s", "count:10/1s", "count:100/", "count:/100",
	"count:10/5/5", "count:9223372036854775808",
	"count:18446744073709551616", "count:99999999999999999999999999",
	"count:10/18446744073709551616", "count:1000001/1", "count: 5",
	"count:5m", "COUNT:5", NULL };

static bool
none_is_read(const char *const *text)
{
	struct winspec s;
	const char *err;
	bool none = true;

	for (; *text; text++) {
		err = parse(&s, *text, NULL);
		if (!err || !*err)
			printf("# \"%s\" was read\n", *text);
		none &= err && *err;
	}
	return none;
}

/* What the message tells. */
static bool
says(const char *text, const char *zone, const char *what)
{
	struct winspec s;
	const char *err = parse(&s, text, zone);
	bool good = err && strstr(err, what);

	if (!good)
		printf("# %s: %s\n", text, err ? err : "was read");
	return good;
}

static void
test_texts(void)
{
	struct winspec s;

	OK(are_good(WINDOW_TIME, times, sizeof times / sizeof *times));
	OK(are_good(WINDOW_COUNT, counts, sizeof counts / sizeof *counts));
	OK(is_session("session:30s", 30 * SECOND, INT64_MAX) &&
	    is_session("session:30s/1h", 30 * SECOND, HOUR) &&
	    is_session("session:1h30m/1d", 90 * MINUTE, DAY) &&
	    is_session("session:9223372036854775807ns", INT64_MAX, INT64_MAX));
	OK(!winspec_parse(&s, NULL, NULL) && s.kind == WINDOW_WHOLE &&
	    s.panes == 0);
	OK(none_is_read(bad));
	OK(says("0s", NULL, "positive") && says("5m/0s", NULL, "positive") &&
	    says("session:0s", NULL, "positive") &&
	    says("session:5s/0s", NULL, "positive") &&
	    says("count:0", NULL, "positive") &&
	    says("count:5/0", NULL, "positive"));
	OK(says("10s/1m", NULL, "slide is longer") &&
	    says("count:10/11", NULL, "slide is longer") &&
	    says("1h/1us", NULL, "too many") &&
	    says("count:1000001/1", NULL, "too many") &&
	    says("count:1s", NULL, "number of records") &&
	    says("count:9223372036854775808", NULL, "number of records"));
	OK(says("5m", "Europe/Atlantis", "no such time zone") &&
	    says("5m", "", "no such time zone") &&
	    says("5m", "+25:00", "no such time zone"));
	OK(says("session:30s", "UTC", "only windows of a length") &&
	    says("count:10", "UTC", "only windows of a length"));
}

/* ---- arithmetic ---- */

/* Of any length: records are counted as nanoseconds are. */
static struct winspec
pane_of(int64_t n)
{
	char text[32];
	struct winspec s;

	snprintf(text, sizeof text, "count:%lld", (long long)n);
	if (parse(&s, text, NULL)) {
		printf("Bail out! %s\n", text);
		exit(1);
	}
	return s;
}

/* Step by step, without a division. */
static void
test_small(void)
{
	static const int64_t panes[] = { 1, 2, 3, 7, 60, 1000 };
	bool good = true;

	for (size_t i = 0; i < sizeof panes / sizeof *panes; i++) {
		struct winspec s = pane_of(panes[i]);
		int64_t start = -3000 * panes[i], id = -3000;

		for (int64_t t = -2500; t <= 2500; t++) {
			for (; start + panes[i] <= t; id++)
				start += panes[i];
			good &= winspec_pane(&s, t) == id;
			good &= winspec_start(&s, id) == start;
		}
	}
	OK(good);
}

static int64_t
any_time(void)
{
	uint64_t bits = sample_next(), cut = sample_below(64);
	int64_t edges[] = { INT64_MIN, INT64_MAX, 0, -1 };

	if (sample_below(8) == 0)
		return edges[sample_below(4)];
	if (sample_below(8) == 0)
		return sample_below(2) ? INT64_MAX - sample_below(100)
				       : INT64_MIN + sample_below(100);
	bits >>= cut;
	return sample_below(2) ? (int64_t)bits : (int64_t)~bits;
}

static int64_t
clamped(i128 v)
{
	return v > INT64_MAX   ? INT64_MAX
	       : v < INT64_MIN ? INT64_MIN
			       : (int64_t)v;
}

/* Any length, any time: start <= t < end in 128 bits, where they end, too. */
static void
test_large(void)
{
	bool within = true, starts = true;

	for (int i = 0; i < RANDOM; i++) {
		int64_t t = any_time(), ns = any_time(), id;
		struct winspec s;

		ns = ns < 0 ? ~ns : ns;
		s = pane_of(ns + !ns);
		id = winspec_pane(&s, t);
		within &=
		    (i128)id * s.pane <= t && t < (i128)(id + (i128)1) * s.pane;
		starts &= winspec_start(&s, id) == clamped((i128)id * s.pane);
		id = any_time();
		starts &= winspec_start(&s, id) == clamped((i128)id * s.pane);
	}
	OK(within && starts);
}

/* The first window [end - panes, end) with the pane in it, by trying all. */
static int64_t
find_end(const struct winspec *s, int64_t pane)
{
	int64_t begin = -20 * PANES * s->step;

	while (begin + s->panes <= pane)
		begin += s->step;
	return begin + s->panes;
}

static void
test_first_end(void)
{
	struct winspec s = { .kind = WINDOW_TIME, .pane = 1 };
	bool good = true, extreme = true;

	for (s.panes = 1; s.panes <= PANES; s.panes++)
		for (s.step = 1; s.step <= s.panes; s.step++)
			for (int64_t pane = -100; pane <= 100; pane++)
				good &= winspec_first_end(&s, pane) ==
					find_end(&s, pane);
	OK(good);
	for (int i = 0; i < RANDOM; i++) {
		int64_t pane = any_time(), end;

		s.panes = 1 + sample_below(1000000);
		s.step = 1 + sample_below((unsigned)s.panes);
		end = winspec_first_end(&s, pane);
		if (end == INT64_MAX && pane >= INT64_MAX - s.step)
			continue;
		extreme &= pane < end && (i128)end - pane <= s.step &&
			   ((i128)end - s.panes) % s.step == 0;
	}
	OK(extreme);
}

int
main(void)
{
	test_texts();
	test_small();
	test_large();
	test_first_end();
	return DONE();
}
