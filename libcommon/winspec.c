/* SPDX-License-Identifier: MIT */
#include "libcommon/winspec.h"

#include "libcommon/num.h"
#include "libcommon/num_units.h"

static const int64_t second = 1000000000;
static const int64_t hour = 3600 * second;
static const int64_t week = 7 * 24 * hour;

enum { MAX_PANES = 1000000 };

static int64_t
gcd(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static i128
floor_div(i128 a, i128 b)
{
	return a / b - (a % b < 0);
}

static int64_t
clamp(i128 v)
{
	if (v > INT64_MAX)
		return INT64_MAX;
	return v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

static const char *
parse_size(struct winspec *s, struct slice text, int64_t *out)
{
	uint64_t n;

	if (s->kind != WINDOW_COUNT)
		return num_duration(text, out);
	if (num_quantity(text, &n) || n > INT64_MAX)
		return "expected a number of records";
	*out = (int64_t)n;
	return NULL;
}

/* "SIZE" or "SIZE/SLIDE"; *second stays as it is where there is none. */
static const char *
parse_pair(struct winspec *s, struct slice text, int64_t *first, int64_t *other)
{
	const char *slash = memchr(text.p, '/', text.n);
	size_t n = slash ? (size_t)(slash - text.p) : text.n;
	const char *err = parse_size(s, slice_of(text.p, n), first);

	if (!err && *first <= 0)
		err = "must be positive";
	if (err || !slash)
		return err;
	err = parse_size(s, slice_of(slash + 1, text.n - n - 1), other);
	return err || *other > 0 ? err : "must be positive";
}

/* Where boundaries lie by the clocks of a zone. */
static const char *
align(struct winspec *s, const char *name)
{
	static const int64_t monday = 4 * 24; /* 1970-01-05, in hours */
	const struct tstamp_zone *zone = tstamp_zone(name);
	const int64_t any_day = 980000000 * second; /* of this century */

	if (!zone)
		return TSTAMP_NO_ZONE;
	if (s->kind != WINDOW_TIME)
		return "only windows of a length are aligned";
	s->local = zone;
	if (s->pane % week == 0)
		s->shift = monday * hour;
	if (hour % s->pane)
		s->zone = zone;
	else
		s->shift =
		    -(tstamp_to_local(any_day, zone) - any_day) % s->pane;
	return NULL;
}

const char *
winspec_parse(struct winspec *s, const char *text, const char *zone)
{
	struct slice rest = slice_str(text ? text : "");
	const char *err;

	*s = (struct winspec){ .kind = WINDOW_WHOLE, .max = INT64_MAX };
	if (!text)
		return NULL;
	s->kind = WINDOW_TIME;
	if (slice_starts(rest, "session:"))
		s->kind = WINDOW_SESSION;
	else if (slice_starts(rest, "count:"))
		s->kind = WINDOW_COUNT;
	if (s->kind != WINDOW_TIME) {
		size_t n = strcspn(text, ":") + 1;

		rest = slice_of(rest.p + n, rest.n - n);
	}
	if (s->kind == WINDOW_SESSION)
		return zone ? "only windows of a length are aligned"
			    : parse_pair(s, rest, &s->gap, &s->max);
	err = parse_pair(s, rest, &s->size, &s->slide);
	if (err)
		return err;
	if (!s->slide)
		s->slide = s->size;
	if (s->slide > s->size)
		return "the slide is longer than the window";
	s->pane = gcd(s->size, s->slide);
	s->panes = s->size / s->pane;
	s->step = s->slide / s->pane;
	if (s->panes > MAX_PANES)
		return "too many slides in a window";
	if (s->kind == WINDOW_TIME && s->pane < 1000)
		return "shorter than a microsecond";
	return zone ? align(s, zone) : NULL;
}

int64_t
winspec_pane(const struct winspec *s, int64_t t)
{
	if (s->zone)
		t = tstamp_clock(t, s->zone);
	return (int64_t)floor_div((i128)t - s->shift, s->pane);
}

int64_t
winspec_start(const struct winspec *s, int64_t pane)
{
	int64_t t = clamp((i128)pane * s->pane + s->shift);

	return s->zone ? tstamp_clock_reaches(t, s->zone) : t;
}

int64_t
winspec_first_end(const struct winspec *s, int64_t pane)
{
	/* The least end > pane with end = panes (mod step). */
	i128 steps = floor_div((i128)pane - s->panes, s->step) + 1;

	return clamp(steps * s->step + s->panes);
}
