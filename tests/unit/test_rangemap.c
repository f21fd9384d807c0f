/* SPDX-License-Identifier: MIT */
#include "libcommon/rangemap.h"

#include <stdlib.h>

#include "tests/unit/t.h"

enum { RANGES = 60, SPACE = 512 };

struct range {
	unsigned from, to;
};

/* The smallest of those around a key; they do not cross. */
static uint32_t
naive(const struct range *r, size_t n, unsigned key)
{
	uint32_t best = RANGEMAP_NONE;

	for (uint32_t i = 0; i < n; i++)
		if (r[i].from <= key && key <= r[i].to &&
		    (best == RANGEMAP_NONE ||
			r[i].to - r[i].from < r[best].to - r[best].from))
			best = i;
	return best;
}

static bool
fits(const struct range *r, size_t n, struct range new)
{
	for (size_t i = 0; i < n; i++) {
		bool apart = new.to < r[i].from || new.from > r[i].to;
		bool within = new.from >= r[i].from &&new.to <= r[i].to;
		bool around = new.from <= r[i].from &&new.to >= r[i].to;

		if (!apart && within == around)
			return false;
	}
	return true;
}

static bool
random_agrees(void)
{
	struct range r[RANGES];
	struct rangemap *m = rangemap_new();
	uint32_t clash[2];
	size_t n = 0;
	bool good;

	while (n < RANGES) {
		unsigned a = (unsigned)rand() % SPACE;
		unsigned b = a + (unsigned)rand() % (rand() % 4 ? 8 : 200);

		b = b < SPACE ? b : SPACE - 1;
		if (!fits(r, n, (struct range){ a, b }))
			continue;
		r[n] = (struct range){ a, b };
		rangemap_add(m, a, b, (uint32_t)n++);
	}
	good = rangemap_seal(m, clash);
	for (unsigned key = 0; key < SPACE + 2; key++)
		good &= rangemap_find(m, key) == naive(r, n, key);
	rangemap_free(m);
	return good;
}

static bool
clashes(u128 a, u128 b, u128 c, u128 d)
{
	struct rangemap *m = rangemap_new();
	uint32_t clash[2] = { 0 };
	bool good;

	rangemap_add(m, c, d, 8);
	rangemap_add(m, a, b, 7);
	good = !rangemap_seal(m, clash) && clash[0] == 7 && clash[1] == 8;
	rangemap_free(m);
	return good;
}

int
main(void)
{
	const u128 last = ~(u128)0;
	struct rangemap *m = rangemap_new();
	uint32_t clash[2];
	bool good = true;

	OK(rangemap_seal(m, clash));
	OK(rangemap_find(m, 0) == RANGEMAP_NONE);
	rangemap_free(m);

	m = rangemap_new();
	rangemap_add(m, 0, last, 1);
	rangemap_add(m, last, last, 2);
	rangemap_add(m, 0, 0, 3);
	OK(rangemap_seal(m, clash));
	OK(rangemap_find(m, 0) == 3);
	OK(rangemap_find(m, 1) == 1);
	OK(rangemap_find(m, last - 1) == 1);
	OK(rangemap_find(m, last) == 2);
	rangemap_free(m);

	OK(clashes(1, 5, 3, 8));
	OK(clashes(1, 5, 1, 5));
	for (int i = 0; i < 50; i++)
		good &= random_agrees();
	OK(good);
	return DONE();
}
