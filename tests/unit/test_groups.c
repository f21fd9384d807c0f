/* SPDX-License-Identifier: MIT */
#include "libcommon/groups.h"

#include <stdlib.h>

#include "libcommon/die.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { MANY = 1000000, SOME = 20000, LONG = 3000, CHUNK = 1 << 20 };

/* The i-th key: short ones of all lengths, zeros in them, no two equal. */
static size_t
make_key(char *key, uint32_t i)
{
	size_t n = 4 + i % 29;

	memset(key, 0, n);
	memcpy(key + n - 4, &i, 4);
	return n;
}

static bool
is_zero(const char *p, size_t n)
{
	while (n--)
		if (p[n])
			return false;
	return true;
}

/* Bytes of keys, blocks and everything else. */
static size_t
memory_of(const struct groups *g)
{
	size_t n = ((size_t)g->mask + 1) * sizeof *g->table +
		   g->cap_chunks * sizeof *g->chunks;

	for (size_t i = 0; i < g->n_chunks; i++)
		n += (size_t)g->chunks[i].units * 8;
	return n;
}

static void
test_many(void)
{
	uint32_t **blocks = malloc(MANY * sizeof *blocks), wrong = 0;
	bool fresh, found = true, stale = true;
	size_t n, keys = 0;
	struct groups g;
	char key[64];
	void **all;

	groups_init(&g, 24);
	for (uint32_t i = 0; i < MANY; i++) {
		n = make_key(key, i);
		keys += n;
		blocks[i] = groups_get(&g, key, n, &fresh);
		wrong += !fresh || !is_zero((char *)blocks[i], 24);
		memset(blocks[i], 0xff, 24);
		blocks[i][0] = i;
	}
	OK(wrong == 0 && g.n == MANY);
	for (uint32_t i = MANY; i-- > 0;) {
		n = make_key(key, i);
		found &= groups_find(&g, key, n) == blocks[i];
		found &= groups_get(&g, key, n, &fresh) == blocks[i];
		stale &= !fresh && blocks[i][0] == i;
	}
	OK(found && stale && g.n == MANY);
	for (uint32_t i = MANY; i < 2 * MANY; i++)
		found &= !groups_find(&g, key, make_key(key, i));
	OK(found && g.n == MANY);
	all = groups_all(&g);
	wrong = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		n = make_key(key, i);
		wrong += all[i] != blocks[i];
		wrong += !slice_eq(groups_key(&g, all[i]), slice_of(key, n));
	}
	OK(wrong == 0); /* all, and in the order of their making */
	n = memory_of(&g) - keys;
	printf("# %.1f bytes a group\n", (double)n / MANY - 24);
	OK(n <= (size_t)MANY * (24 + 64));
	free(all);
	free(blocks);
	groups_free(&g);
}

/* After every key, at every size: what was there is there. */
static void
test_growth(void)
{
	struct groups g;
	bool good = true, fresh;
	void **all;
	char key[64];

	groups_init(&g, 8);
	all = groups_all(&g);
	OK(g.n == 0);
	free(all);
	for (uint32_t i = 0; i < 600; i++) {
		uint32_t *p = groups_get(&g, key, make_key(key, i), &fresh);

		good &= fresh && *p == 0;
		*p = i + 1;
		all = groups_all(&g);
		for (uint32_t j = 0; j <= i; j++) {
			p = groups_find(&g, key, make_key(key, j));
			good &= p && *p == j + 1 && p == all[j];
		}
		free(all);
	}
	OK(good && g.n == 600);
	groups_free(&g);
}

/* Any length, and a key is not one that it begins with or ends with. */
static void
test_lengths(void)
{
	static char key[LONG];
	struct groups g;
	uint32_t wrong = 0;
	bool fresh;
	void **all;

	memset(key, 'k', sizeof key);
	groups_init(&g, 1);
	for (uint32_t n = 0; n < LONG; n++) {
		groups_get(&g, key, n, &fresh);
		wrong += !fresh;
	}
	OK(wrong == 0 && g.n == LONG);
	all = groups_all(&g);
	for (uint32_t n = 0; n < LONG; n++) {
		wrong += groups_find(&g, key, n) != all[n];
		wrong += groups_key(&g, all[n]).n != n;
	}
	OK(wrong == 0);
	free(all);
	groups_free(&g);
}

/* No accumulators; large ones; keys up to a chunk. */
static void
test_sizes(void)
{
	char *key = calloc(CHUNK, 1);
	struct groups g;
	bool fresh, good = true;
	char *p;

	groups_init(&g, 0);
	groups_get(&g, "", 0, &fresh);
	OK(fresh && g.n == 1 && groups_find(&g, "", 0));
	groups_get(&g, "", 1, &fresh);
	OK(fresh && g.n == 2 && groups_find(&g, "", 1));
	groups_free(&g);

	groups_init(&g, 10000);
	for (uint32_t i = 0; i < 500; i++) {
		memcpy(key, &i, 4);
		p = groups_get(&g, key, 1000 + i * 100, &fresh);
		good &= fresh && is_zero(p, 10000);
		memset(p, 1, 10000);
	}
	for (uint32_t i = 0; i < 500; i++) {
		memcpy(key, &i, 4);
		p = groups_find(&g, key, 1000 + i * 100);
		good &= p && p[0] == 1 && p[9999] == 1;
		good &= groups_key(&g, p).n == 1000 + i * 100;
	}
	OK(good && g.n == 500);
	groups_free(&g);

	groups_init(&g, 16);
	p = groups_get(&g, key, CHUNK - 20, &fresh);
	OK(fresh && p == groups_find(&g, key, CHUNK - 20));
	OK(groups_key(&g, p).n == CHUNK - 20);
	groups_get(&g, key, 3, &fresh);
	OK(fresh && g.n == 2);
	groups_free(&g);
	free(key);
}

/* The look-up in steps is the look-up at once. */
static void
test_steps(void)
{
	struct groups a, b;
	bool good = true, fresh[2];
	char key[64];

	groups_init(&a, 8);
	groups_init(&b, 8);
	for (uint32_t i = 0; i < SOME; i++) {
		size_t n = make_key(key, sample_below(SOME / 2));
		uint32_t hash = groups_hash(&a, key, n);
		uint64_t *x, *y;

		groups_hint_table(&a, hash);
		groups_hint_block(&a, hash);
		x = groups_get_hashed(&a, key, n, hash, &fresh[0]);
		y = groups_get(&b, key, n, &fresh[1]);
		good &= fresh[0] == fresh[1] && *x == *y;
		good &= groups_find(&a, key, n) == x;
		++*x;
		++*y;
	}
	OK(good && a.n == b.n && a.n > SOME / 4);
	groups_free(&a);
	groups_free(&b);
}

int
main(void)
{
	test_growth();
	test_many();
	test_lengths();
	test_sizes();
	test_steps();
	return DONE();
}
