/* SPDX-License-Identifier: MIT */
#include "libcommon/watermark.h"

#include "libcommon/num.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { RUN = WATERMARK_RUN, LEAP = 1000, STEPS = 3000, ROUNDS = 300 };

static const int64_t unknown = INT64_MIN;

/* One that is known to be at t. */
static struct watermark
mark_at(int64_t t, int64_t leap)
{
	struct watermark w;

	watermark_init(&w, leap);
	watermark_see(&w, t);
	watermark_see(&w, t);
	return w;
}

/* The same time again and again: how many did not move it. */
static int
stays(struct watermark *w, int64_t t, int times)
{
	int64_t max = w->max;
	int n = 0;

	while (times--)
		n += !watermark_see(w, t) && w->max == max;
	return n;
}

/* Moves to 'max', and says so. */
static bool
moves(struct watermark *w, int64_t t, int64_t max)
{
	int64_t before = w->max;
	bool moved = watermark_see(w, t);

	if (w->max != max)
		printf("# %lld, not %lld\n", (long long)w->max, (long long)max);
	return moved && w->max == max && before != max;
}

/* ---- in the middle ---- */

static void
test_steps(void)
{
	struct watermark w = mark_at(5000, LEAP);

	OK(w.max == 5000);
	OK(moves(&w, 5001, 5001) && moves(&w, 6001, 6001));
	OK(stays(&w, 6001, 50) == 50 && stays(&w, 6000, 50) == 50 &&
	    stays(&w, -6000, 50) == 50 && stays(&w, INT64_MIN, 50) == 50);
	OK(stays(&w, 7002, 1) == 1 && moves(&w, 7001, 7001));
}

static void
test_run(void)
{
	struct watermark w = mark_at(5000, LEAP);
	bool good = true;

	OK(stays(&w, 90000, RUN - 1) == RUN - 1 && moves(&w, 90000, 90000));
	OK(stays(&w, 5000, 50) == 50);
	/* The least of them, wherever it was. */
	for (int place = 0; place < RUN; place++) {
		w = mark_at(0, LEAP);
		for (int i = 0; i < RUN - 1; i++)
			good &= stays(&w, i == place ? 7777 : 9000 + i, 1) == 1;
		good &= moves(&w, place == RUN - 1 ? 7777 : 9999, 7777);
	}
	OK(good);
	/* Each by itself far from all others. */
	w = mark_at(0, LEAP);
	for (int i = RUN; i > 1; i--)
		stays(&w, i * 100000, 1);
	OK(w.max == 0 && moves(&w, 100000, 100000));
	/* The next run begins anew. */
	OK(stays(&w, 200000, RUN - 1) == RUN - 1 && moves(&w, 300000, 200000));
}

/* A run is broken by any record that is not far ahead. */
static void
test_broken_runs(void)
{
	static const int64_t others[] = { 5000, 4999, 0, INT64_MIN };
	struct watermark w = mark_at(5000, LEAP);
	bool good = true;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		good &= stays(&w, 90000, RUN - 1) == RUN - 1;
		good &= stays(&w, others[i], 1) == 1;
	}
	OK(good);
	OK(stays(&w, 90000, RUN - 1) == RUN - 1 && moves(&w, 5500, 5500) &&
	    stays(&w, 90000, RUN - 1) == RUN - 1 && moves(&w, 90000, 90000));
	/* The least of an old run counts no more. */
	w = mark_at(0, LEAP);
	stays(&w, 2000, RUN - 1);
	stays(&w, 0, 1);
	OK(stays(&w, 9000, RUN - 1) == RUN - 1 && moves(&w, 9500, 9000));
}

/* One broken clock among others, as often as they. */
static void
test_interleaved(void)
{
	static const int64_t broken[] = { INT64_MAX, 90000000, 0, INT64_MIN };
	bool good = true;

	for (size_t k = 0; k < sizeof broken / sizeof *broken; k++) {
		struct watermark w = mark_at(5000, LEAP);

		for (int64_t t = 5001; t < 5001 + STEPS; t++) {
			good &= stays(&w, broken[k], 1) == 1;
			good &= moves(&w, t, t);
		}
		/* Most records have it, but never so many in a row. */
		for (int64_t t = w.max + 1; t < 5001 + 2 * STEPS; t++) {
			good &= stays(&w, broken[k], RUN - 1) == RUN - 1;
			good &= moves(&w, t, t);
		}
	}
	OK(good);
}

/* ---- at the beginning ---- */

static bool
begins(int64_t leap, int64_t a, int64_t b, int64_t max)
{
	struct watermark w;

	watermark_init(&w, leap);
	if (w.max != unknown || watermark_see(&w, a) || w.max != unknown)
		return false;
	if (max == unknown)
		return !watermark_see(&w, b) && w.max == unknown;
	return moves(&w, b, max);
}

/* Every other record is of a broken clock, from the second on. */
static bool
alternates(int64_t broken)
{
	struct watermark w;
	bool good = true;

	watermark_init(&w, LEAP);
	for (int i = 0; i < STEPS; i++) {
		watermark_see(&w, i % 2 ? broken : 5000 + i);
		good &= w.max == unknown || w.max <= 5000 + i;
	}
	return good && w.max >= 5000 + STEPS - 2;
}

static void
test_first(void)
{
	struct watermark w;

	OK(begins(LEAP, 5000, 5000, 5000) && begins(LEAP, 5000, 5500, 5500) &&
	    begins(LEAP, 5500, 5000, 5500) && begins(LEAP, -1, 1, 1));
	OK(begins(LEAP, 5000, 6000, 6000) && begins(LEAP, 6000, 5000, 6000) &&
	    begins(LEAP, 5000, 6001, unknown) &&
	    begins(LEAP, 6001, 5000, unknown));
	/* The first clock is the broken one. */
	watermark_init(&w, LEAP);
	OK(stays(&w, 90000, 1) == 1 && stays(&w, 5000, 1) == 1 &&
	    moves(&w, 5100, 5100) && stays(&w, 90000, RUN - 1) == RUN - 1);
	watermark_init(&w, LEAP);
	OK(stays(&w, 0, 1) == 1 && stays(&w, 5000, 1) == 1 &&
	    moves(&w, 4900, 5000) && stays(&w, 0, 50) == 50);
	OK(alternates(90000000) && alternates(INT64_MAX));
	/* What was doubted at first counts no more in a run. */
	watermark_init(&w, LEAP);
	stays(&w, 90000, 1);
	stays(&w, 5000, 1);
	moves(&w, 5000, 5000);
	OK(stays(&w, 95000, RUN - 1) == RUN - 1 && moves(&w, 95000, 95000));
}

/* No two are close: it does not stay unknown for ever. */
static void
test_first_run(void)
{
	bool good = true, found = false;
	struct watermark w;

	watermark_init(&w, LEAP);
	for (int i = 0; i < RUN - 1; i++)
		good &= stays(&w, (i * 7 % RUN) * 10000, 1) == 1;
	good &= watermark_see(&w, 70000 + LEAP + 1);
	for (int i = 0; i < RUN; i++)
		found |= w.max == i * 10000;
	OK(good && (found || w.max == 70000 + LEAP + 1));
}

/* ---- the ends ---- */

static void
test_leaps(void)
{
	struct watermark w;

	/* 0: whatever is ahead is too far ahead. */
	OK(begins(0, 7, 7, 7) && begins(0, 7, 8, unknown) &&
	    begins(0, 8, 7, unknown));
	w = mark_at(7, 0);
	OK(stays(&w, 7, 50) == 50 && stays(&w, 8, RUN - 1) == RUN - 1 &&
	    moves(&w, 9, 8));
	OK(begins(INT64_MAX, 0, INT64_MAX, INT64_MAX) &&
	    begins(INT64_MAX, -1, INT64_MAX - 1, INT64_MAX - 1) &&
	    begins(INT64_MAX, -1, INT64_MAX, unknown) &&
	    begins(INT64_MAX, INT64_MAX, INT64_MIN + 1, unknown));
	w = mark_at(-2, INT64_MAX);
	OK(stays(&w, INT64_MAX, RUN - 1) == RUN - 1 &&
	    moves(&w, INT64_MAX - 1, INT64_MAX - 1) &&
	    moves(&w, INT64_MAX, INT64_MAX));
	w = mark_at(-2, INT64_MAX);
	OK(moves(&w, INT64_MAX - 2, INT64_MAX - 2));
}

static void
test_extremes(void)
{
	struct watermark w = mark_at(INT64_MIN + 1, LEAP);

	OK(w.max == INT64_MIN + 1);
	OK(stays(&w, INT64_MAX, RUN - 1) == RUN - 1 &&
	    moves(&w, INT64_MAX, INT64_MAX));
	OK(stays(&w, INT64_MAX, 50) == 50 && stays(&w, INT64_MIN, 50) == 50);
	w = mark_at(INT64_MAX - LEAP, LEAP);
	OK(moves(&w, INT64_MAX, INT64_MAX));
	w = mark_at(INT64_MAX - LEAP - 1, LEAP);
	OK(stays(&w, INT64_MAX, RUN - 1) == RUN - 1);
	w = mark_at(INT64_MIN + 1, LEAP);
	OK(moves(&w, INT64_MIN + 1 + LEAP, INT64_MIN + 1 + LEAP) &&
	    stays(&w, INT64_MIN + 2 + 2 * LEAP, 1) == 1);
}

/* ---- against the rules in 128 bits ---- */

struct model {
	i128 max, leap;
	int64_t run[RUN];
	int n;
};

static bool
model_see(struct model *m, int64_t t)
{
	i128 before = m->max;

	if (t <= m->max + m->leap) {
		m->n = 0;
		m->max = t > m->max ? t : m->max;
		return m->max != before;
	}
	m->run[m->n++] = t;
	if (m->n < RUN)
		return false;
	m->max = m->run[0];
	for (m->n = 0; m->n < RUN; m->n++)
		m->max = m->run[m->n] < m->max ? m->run[m->n] : m->max;
	m->n = 0;
	return true;
}

static int64_t
some_time(int64_t near, int64_t leap)
{
	switch (sample_below(6)) {
	case 0:
		return (int64_t)sample_next();
	case 1:
		return sample_below(2) ? INT64_MIN : INT64_MAX;
	case 2:
		return (int64_t)((uint64_t)near + (uint64_t)leap +
				 sample_below(3) - 1);
	default:
		return (int64_t)((uint64_t)near + sample_below(40) - 20);
	}
}

static void
test_random(void)
{
	bool good = true;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t start = (int64_t)sample_next() >> sample_below(60);
		int64_t leap =
		    (int64_t)(sample_next() >> (1 + sample_below(63)));
		struct watermark w = mark_at(start, leap);
		struct model m = { .max = start, .leap = leap };
		unsigned wild = 1 + sample_below(40);

		for (int k = 0; k < STEPS; k++) {
			int64_t t = some_time(w.max, leap);

			if (sample_below(wild))
				t = m.max + m.leap < INT64_MAX
					? (int64_t)(m.max + m.leap) + 1 +
					      sample_below(2)
					: t;
			good &= watermark_see(&w, t) == model_see(&m, t);
			good &= w.max == m.max;
		}
	}
	OK(good);
}

int
main(void)
{
	test_steps();
	test_run();
	test_broken_runs();
	test_interleaved();
	test_first();
	test_first_run();
	test_leaps();
	test_extremes();
	test_random();
	return DONE();
}
