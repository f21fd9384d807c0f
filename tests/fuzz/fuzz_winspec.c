/* SPDX-License-Identifier: MIT */
/*
 * fuzz_winspec: a line of text as -w has it, a byte that chooses a zone, then
 * instants of eight bytes each.  What is read is whole panes; every instant
 * lies in its pane, and the first window with that pane is the first.
 */
#include <stdbool.h>
#include <string.h>

#include "libcommon/num.h"
#include "libcommon/winspec.h"
#include "tests/fuzz/fuzz.h"

enum {
	MAX_TEXT = 128,
	MAX_PANES = 1000000,
	MAX_ZONES = 1000000, /* of a run, since they are never freed */
	FIXED = 192
};

static void
check_spec(const struct winspec *s)
{
	if (s->kind == WINDOW_SESSION) {
		MUST(s->gap > 0 && s->max > 0);
		return;
	}
	MUST(s->kind == WINDOW_TIME || s->kind == WINDOW_COUNT);
	MUST(s->slide > 0 && s->slide <= s->size && s->pane > 0);
	MUST(s->pane <= s->slide && s->panes <= MAX_PANES);
	MUST((i128)s->panes * s->pane == s->size);
	MUST((i128)s->step * s->pane == s->slide);
	MUST((s->panes == 1) == (s->size == s->slide));
}

static void
check_instant(const struct winspec *s, int64_t t)
{
	int64_t pane = winspec_pane(s, t), start = winspec_start(s, pane);
	/* Local clocks end with the years that can be told. */
	int64_t first = s->zone ? INT64_MIN / 4 * 3 : INT64_MIN;
	int64_t behind = pane < INT64_MAX ? winspec_start(s, pane + 1) : 0;

	MUST(start <= t);
	MUST(pane == INT64_MAX || t < behind || behind == INT64_MAX);
	MUST(start <= first || winspec_pane(s, start) == pane);
	MUST(start <= first || winspec_pane(s, start - 1) < pane);
}

/* The pane as a number: any is one. */
static void
check_window(const struct winspec *s, int64_t pane)
{
	int64_t end = winspec_first_end(s, pane);

	if (end == INT64_MAX)
		return;
	MUST(end > pane && (i128)end - s->panes <= pane);
	MUST((i128)end - s->step <= pane);
	MUST(((i128)end - s->panes) % s->step == 0);
}

/* NULL: none; local clocks of that offset, or (*prague) those of a zone. */
static const char *
zone_of(uint8_t choice, bool *prague)
{
	static char name[8];
	static int zones;
	int minutes = ((int)choice - FIXED / 2) * 15;

	if (choice == 0 || zones == MAX_ZONES)
		return NULL;
	zones++;
	*prague = choice >= FIXED + 32;
	if (choice >= FIXED)
		return "UTC";
	snprintf(name, sizeof name, "%c%02u:%02u", minutes < 0 ? '-' : '+',
	    (unsigned)abs(minutes) / 60 % 24, (unsigned)abs(minutes) % 60);
	return name;
}

/* The same for all inputs. */
static bool
use_prague(struct winspec *s)
{
	static const struct tstamp_zone *prague;

	if (!prague)
		prague = tstamp_zone("Europe/Prague");
	if (!prague || !s->zone)
		return false;
	s->zone = prague;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *end = n ? memchr(data, '\n', n) : NULL;
	size_t len = end ? (size_t)(end - data) : n;
	char text[MAX_TEXT + 1];
	struct winspec s;
	const char *err, *zone;
	bool prague = false;
	int64_t t;

	if (len > MAX_TEXT)
		return 0;
	if (len)
		memcpy(text, data, len);
	text[len] = '\0';
	n -= len + (end != NULL);
	data += len + (end != NULL);
	zone = zone_of(n ? *data : 0, &prague);
	err = winspec_parse(&s, text, zone);
	MUST(!err || *err);
	if (err)
		return 0;
	check_spec(&s);
	MUST(!zone || s.kind == WINDOW_TIME);
	if (s.kind == WINDOW_SESSION || (prague && !use_prague(&s)))
		return 0;
	for (size_t i = 1; i + 8 <= n; i += 8) {
		memcpy(&t, data + i, 8);
		check_window(&s, t);
		check_instant(&s, s.zone ? t / 2 : t);
	}
	return 0;
}
