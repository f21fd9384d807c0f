/* SPDX-License-Identifier: MIT */
#include "libcommon/counts.h"

#include <malloc.h>
#include <math.h>

#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { PARTS = 700000, STEPS = 20000, WINDOW = 8, EACH = 10 };

static void
add_text(struct counts *c, const char *text, uint64_t times)
{
	counts_add(c, text, strlen(text), times);
}

static bool
is_empty(const struct counts *c)
{
	return !c->map && !c->total && !c->beyond;
}

static bool
top_is(const struct counts *c, const char *text)
{
	return slice_is(counts_top(c), text);
}

static uint64_t
times_of(const struct counts *c, const char *text)
{
	size_t n;
	struct counts_item *items = counts_items(c, &n);
	uint64_t times = 0;

	for (size_t i = 0; i < n; i++)
		if (slice_is(items[i].key, text))
			times = items[i].times;
	free(items);
	return times;
}

static void
test_merge(void)
{
	struct counts a = { 0 }, b = { 0 };

	add_text(&a, "x", 2);
	add_text(&a, "y", 3);
	add_text(&b, "x", 2);
	add_text(&b, "z", 0);
	counts_merge(&a, &b);
	OK(a.total == 7 && times_of(&a, "x") == 4 && top_is(&a, "x"));
	OK(b.total == 2 && times_of(&b, "x") == 2 && !times_of(&b, "z"));
	counts_subtract(&a, &b);
	OK(a.total == 5 && times_of(&a, "x") == 2 && top_is(&a, "y"));
	counts_subtract(&a, &b);
	OK(a.total == 3 && top_is(&a, "y") && counts_entropy(&a) == 0);
	add_text(&a, "x", 3);
	OK(a.total == 6 && top_is(&a, "x") && counts_entropy(&a) == 1);
	counts_subtract(&a, &(struct counts){ 0 });
	OK(a.total == 6);
	counts_free(&b);
	counts_merge(&b, &a);
	counts_subtract(&a, &b);
	OK(is_empty(&a) && !counts_top(&a).n && counts_entropy(&a) == 0);
	counts_free(&b);
}

/* Of what was never merged: no more than there is. */
static void
test_clamp(void)
{
	struct counts a = { 0 }, b = { 0 };

	add_text(&a, "x", 2);
	add_text(&a, "y", 1);
	add_text(&b, "x", 5);
	add_text(&b, "z", 5);
	counts_subtract(&a, &b);
	OK(a.total == 1 && top_is(&a, "y"));
	counts_free(&a);
	add_text(&a, "x", UINT64_MAX - 1);
	counts_merge(&a, &b);
	OK(a.total == UINT64_MAX && times_of(&a, "x") == UINT64_MAX);
	OK(!times_of(&a, "z"));
	counts_subtract(&a, &a);
	OK(is_empty(&a));
	counts_free(&b);
}

static void
test_long_key(void)
{
	char *key = calloc(1, COUNTS_MAX_KEY + 1);
	struct counts a = { 0 }, b = { 0 };

	counts_add(&a, key, COUNTS_MAX_KEY + 1, 2);
	OK(a.total == 2 && a.beyond == 2 && !counts_top(&a).n);
	counts_add(&b, key, COUNTS_MAX_KEY, 2);
	OK(b.total == 2 && b.beyond == 0 && counts_top(&b).n);
	counts_merge(&a, &b);
	OK(a.total == 4 && a.beyond == 2 && counts_entropy(&a) == 1);
	counts_subtract(&a, &b);
	OK(a.total == 2 && a.beyond == 2);
	counts_free(&a);
	counts_free(&b);
	free(key);
}

static void
fill(struct counts *c, uint32_t from, uint32_t n)
{
	for (uint32_t i = from; i < from + n; i++)
		counts_add(c, (const char *)&i, sizeof i, 1);
}

/* Which values are counted together depends on the order, no total does. */
static void
test_beyond(void)
{
	struct counts a = { 0 }, b = { 0 }, all = { 0 };

	fill(&a, 0, PARTS);
	fill(&b, PARTS, PARTS);
	counts_merge(&all, &a);
	counts_merge(&all, &b);
	OK(all.total == 2 * PARTS && all.beyond == 2 * PARTS - COUNTS_MAX);
	counts_subtract(&all, &a);
	OK(all.total == PARTS && all.beyond == 2 * PARTS - COUNTS_MAX);
	counts_merge(&all, &a);
	OK(all.total == 2 * PARTS);
	counts_subtract(&all, &b);
	OK(all.total == PARTS && counts_entropy(&all) > 0);
	counts_subtract(&all, &a);
	OK(is_empty(&all));
	counts_free(&a);
	counts_free(&b);
}

/* A window over values that never come again. */
static void
test_memory(void)
{
	struct counts panes[WINDOW] = { 0 }, window = { 0 };
	size_t most = 0, late = 0;
	bool good = true;

	for (uint32_t step = 0; step < STEPS; step++) {
		struct counts *pane = &panes[step % WINDOW];
		size_t bytes;

		counts_subtract(&window, pane);
		counts_free(pane);
		fill(pane, step * EACH, EACH);
		add_text(pane, "again", 1);
		counts_merge(&window, pane);
		bytes = mallinfo2().uordblks;
		if (step < 100 && bytes > most)
			most = bytes;
		if (step > STEPS / 2 && bytes > late)
			late = bytes;
		good &=
		    step < WINDOW || (window.total == WINDOW * (EACH + 1) &&
					 times_of(&window, "again") == WINDOW);
	}
	OK(good);
	OK(late <= 2 * most); /* both 0 under a sanitizer */
	for (size_t i = 0; i < WINDOW; i++) {
		counts_subtract(&window, &panes[i]);
		counts_free(&panes[i]);
	}
	OK(is_empty(&window));
}

int
main(void)
{
	test_merge();
	test_clamp();
	test_long_key();
	test_beyond();
	test_memory();
	return DONE();
}
