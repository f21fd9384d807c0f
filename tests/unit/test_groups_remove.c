/* SPDX-License-Identifier: MIT */
/* groups_remove(), groups_init_for() and groups_entries(). */
#include "libcommon/groups.h"

#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum {
	STEPS = 100000,
	LONG = 3000,
	ROOM = 3072, /* bytes of a key at most */
	MANY = 300000,
	HOMES = 40
};

/* ---- keys: the i-th of a kind, no two of a kind equal ---- */

typedef size_t key_fn(char *key, uint32_t i);

/* Four to thirty-two bytes. */
static size_t
short_key(char *key, uint32_t i)
{
	size_t n = 4 + i % 29;

	memset(key, 0, n);
	memcpy(key + n - 4, &i, 4);
	return n;
}

static size_t
number_key(char *key, uint32_t i)
{
	memcpy(key, &i, 4);
	return 4;
}

/* Each is what the next ones begin with: i bytes, up to LONG. */
static size_t
prefix_key(char *key, uint32_t i)
{
	memset(key, 'p', i);
	return i;
}

/* A long beginning in common, and any length. */
static size_t
long_key(char *key, uint32_t i)
{
	size_t n = 8 + (size_t)i * 2654435761u % (LONG - 8);

	memset(key, 'l', n);
	memcpy(key + n - 4, &i, 4);
	return n;
}

/* ---- a model: what each key should have ---- */

struct entry {
	char *block; /* or NULL: not there */
	uint64_t value;
};

struct model {
	struct groups g;
	key_fn *key;
	struct entry *entries;
	uint32_t n, live;
	size_t block;
	bool good;
};

static bool
is_zero(const char *p, size_t n)
{
	while (n--)
		if (p[n])
			return false;
	return true;
}

/* The same in each run: the seed is ours. */
static struct model
model_new(key_fn *key, uint32_t n, size_t block)
{
	struct model m = { .key = key, .n = n, .good = true };

	m.entries = calloc(n, sizeof *m.entries);
	m.block = block;
	groups_init(&m.g, block);
	m.g.seed = 42;
	return m;
}

static void
model_free(struct model *m)
{
	groups_free(&m->g);
	free(m->entries);
}

/* The block is that of key i, and holds what was put there. */
static bool
is_kept(const struct model *m, uint32_t i, const char *key, size_t n)
{
	const struct entry *e = &m->entries[i];
	uint64_t value = e->value;

	if (!slice_eq(groups_key(&m->g, e->block), slice_of(key, n)))
		return false;
	return m->block < 8 || memcmp(e->block, &value, 8) == 0;
}

static void
model_add(struct model *m, uint32_t i)
{
	struct entry *e = &m->entries[i];
	char key[ROOM];
	size_t n = m->key(key, i);
	bool fresh;
	char *p = groups_get(&m->g, key, n, &fresh);

	m->good &= fresh == !e->block;
	if (fresh) {
		m->good &= is_zero(p, m->g.block);
		memset(p, 0xff, m->g.block);
		m->live++;
	} else {
		m->good &= p == e->block && is_kept(m, i, key, n);
	}
	e->block = p;
	e->value = sample_next();
	if (m->block >= 8)
		memcpy(p, &e->value, 8);
}

static void
model_remove(struct model *m, uint32_t i)
{
	struct entry *e = &m->entries[i];
	char key[ROOM];
	size_t n = m->key(key, i);

	m->good &= groups_find(&m->g, key, n) == e->block;
	if (!e->block)
		return;
	m->good &= is_kept(m, i, key, n);
	groups_remove(&m->g, e->block);
	m->good &= !groups_find(&m->g, key, n);
	e->block = NULL;
	m->live--;
}

static int
by_block(const void *a, const void *b)
{
	const struct groups_entry *x = a, *y = b;

	return (x->block > y->block) - (x->block < y->block);
}

/* groups_entries() are all that are there, each once, with its hash. */
static bool
entries_are_right(struct model *m)
{
	struct groups_entry *all = groups_entries(&m->g), *found, want = { 0 };
	uint32_t wrong = 0, live = 0;
	char key[ROOM];

	qsort(all, m->g.n, sizeof *all, by_block);
	for (uint32_t i = 1; i < m->g.n; i++)
		wrong += all[i].block == all[i - 1].block;
	for (uint32_t i = 0; i < m->n; i++) {
		size_t n = m->key(key, i);

		want.block = m->entries[i].block;
		wrong += groups_find(&m->g, key, n) != want.block;
		if (!want.block)
			continue;
		live++;
		wrong += !is_kept(m, i, key, n);
		found = bsearch(&want, all, m->g.n, sizeof *all, by_block);
		wrong += !found || found->hash != groups_hash(&m->g, key, n);
	}
	free(all);
	return wrong == 0 && live == m->g.n && live == m->live;
}

/* Groups come and go; 'fill' of 8 steps make one. */
static void
churn(struct model *m, int steps, unsigned fill)
{
	for (int i = 0; i < steps; i++) {
		uint32_t which = sample_below(m->n);

		if (sample_below(8) < fill)
			model_add(m, which);
		else
			model_remove(m, which);
		m->good &= m->g.n == m->live;
	}
}

/* Up and down, so that tables fill, empty and grow. */
static bool
like_model(key_fn *key, uint32_t n, size_t block, int steps)
{
	static const unsigned fills[] = { 6, 4, 1, 7, 4 };
	struct model m = model_new(key, n, block);
	bool right = true, good;

	for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
		churn(&m, steps / 5, fills[i]);
		right &= entries_are_right(&m);
	}
	for (uint32_t i = 0; i < n; i++)
		model_remove(&m, i);
	right &= entries_are_right(&m) && m.g.n == 0;
	churn(&m, steps / 5, 5);
	right &= entries_are_right(&m);
	good = m.good && right;
	if (!good)
		printf("# %u keys, blocks of %zu\n", n, block);
	model_free(&m);
	return good;
}

static void
test_random(void)
{
	OK(like_model(short_key, 1, 24, 1000) &&
	    like_model(short_key, 7, 24, STEPS));
	OK(like_model(short_key, 100, 24, STEPS) &&
	    like_model(short_key, 30000, 24, STEPS));
	OK(like_model(short_key, 1000, 0, STEPS) &&
	    like_model(short_key, 1000, 1, STEPS) &&
	    like_model(short_key, 300, 600, STEPS));
	OK(like_model(prefix_key, LONG, 16, STEPS / 2) &&
	    like_model(prefix_key, 40, 0, STEPS));
	OK(like_model(long_key, 1000, 16, STEPS / 2));
}

/* ---- keys that collide ---- */

static uint32_t homes[HOMES];

/* Keys whose slots are the last and the first ones of a table of 128. */
static size_t
home_key(char *key, uint32_t i)
{
	return short_key(key, homes[i]);
}

static void
test_clusters(void)
{
	struct groups g;
	char key[ROOM];
	size_t n = 0;

	groups_init(&g, 8);
	g.seed = 42;
	for (uint32_t i = 0; n < HOMES; i++) {
		uint32_t hash = groups_hash(&g, key, short_key(key, i));

		if ((hash & 127) >= 126 || (hash & 127) < 2)
			homes[n++] = i;
	}
	groups_free(&g);
	OK(like_model(home_key, HOMES, 8, STEPS));
}

struct hashed {
	uint32_t hash, i;
};

static int
by_hash(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Pairs of keys with the same hash: each goes without the other. */
static void
test_same_hash(void)
{
	struct model m = model_new(number_key, MANY, 8);
	struct hashed *all = malloc(MANY * sizeof *all);
	uint32_t pairs = 0;
	char key[ROOM];

	for (uint32_t i = 0; i < MANY; i++)
		all[i] =
		    (struct hashed){ groups_hash(&m.g, key, number_key(key, i)),
			    i };
	qsort(all, MANY, sizeof *all, by_hash);
	for (uint32_t i = 1; i < MANY; i++) {
		uint32_t a = all[i - 1].i, b = all[i].i;

		if (all[i].hash != all[i - 1].hash)
			continue;
		pairs++;
		for (int k = 0; k < 4; k++) {
			model_add(&m, k & 1 ? a : b);
			model_add(&m, k & 1 ? b : a);
			model_remove(&m, k & 2 ? a : b);
			model_add(&m, k & 2 ? b : a);
			model_remove(&m, k & 2 ? b : a);
		}
	}
	free(all);
	printf("# %u pairs of the same hash\n", pairs);
	OK(pairs > 0 && m.good && m.g.n == 0);
	model_free(&m);
}

/* ---- memory ---- */

static size_t
units_of(const struct groups *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_chunks; i++)
		n += g->chunks[i].used;
	return n;
}

/* What is removed is what comes next: not a byte more is used. */
static void
test_reuse(void)
{
	static const size_t sizes[] = { 0, 8, 100, 2000 };
	bool good = true;

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		struct model m = model_new(prefix_key, LONG, sizes[s]);
		size_t before;

		for (uint32_t i = 0; i < m.n; i++)
			model_add(&m, i);
		before = units_of(&m.g);
		for (int k = 0; k < STEPS / 4; k++) {
			uint32_t i = sample_below(m.n), j = sample_below(m.n);

			model_remove(&m, i);
			model_remove(&m, j);
			model_add(&m, i);
			model_add(&m, j);
		}
		good &= m.good && units_of(&m.g) == before;
		for (uint32_t i = 0; i < m.n; i++)
			model_remove(&m, i);
		for (uint32_t i = m.n; i-- > 0;)
			model_add(&m, i);
		good &= m.good && units_of(&m.g) == before;
		model_free(&m);
	}
	OK(good);
}

/* Other keys all the time, as a window slides: as much as live at once. */
static void
test_slide(void)
{
	enum { WIDTH = 500, ALL = 40 * WIDTH };
	struct model m = model_new(long_key, ALL, 32);
	size_t before = 0;
	uint32_t mask = 0;

	for (uint32_t i = 0; i < ALL; i++) {
		model_add(&m, i);
		if (i >= WIDTH)
			model_remove(&m, i - WIDTH);
		if (i == 10 * WIDTH) {
			before = units_of(&m.g);
			mask = m.g.mask;
		}
	}
	OK(m.good && m.g.n == WIDTH && m.g.mask == mask);
	printf("# %zu units, later %zu\n", before, units_of(&m.g));
	OK(units_of(&m.g) <= before + before / 2);
	model_free(&m);
}

/* ---- groups_init_for() ---- */

/* A table for n groups is large enough, and not more than it must be. */
static bool
is_room_for(uint32_t n)
{
	struct groups g;
	uint32_t mask;
	char key[ROOM];
	bool fresh, good;

	groups_init_for(&g, 8, n);
	mask = g.mask;
	for (uint32_t i = 0; i < n; i++)
		groups_get(&g, key, short_key(key, i), &fresh);
	good = g.n == n && g.mask == mask;
	good &= mask == 15 || mask / 8 * 3 < n;
	for (uint32_t i = n; i < 2 * n + 20; i++)
		groups_get(&g, key, short_key(key, i), &fresh);
	good &= g.n == 2 * n + 20 && g.mask > mask && g.n <= g.mask / 4 * 3;
	for (uint32_t i = 0; i < g.n; i++)
		good &= groups_find(&g, key, short_key(key, i)) != NULL;
	groups_free(&g);
	return good;
}

static void
test_room(void)
{
	bool good = true;

	for (uint32_t n = 0; n < 600; n++)
		good &= is_room_for(n);
	OK(good);
	OK(is_room_for(65535) && is_room_for(65536) && is_room_for(100000));
}

/* As many groups as another table has, in few pieces; then more. */
static void
test_like(void)
{
	enum { N = 200000 };
	struct groups first, second;
	char key[ROOM];
	bool fresh, good = true;
	size_t pieces;
	uint32_t mask;

	groups_init(&first, 24);
	for (uint32_t i = 0; i < N; i++)
		groups_get(&first, key, short_key(key, i), &fresh);
	groups_init_like(&second, 24, &first);
	mask = second.mask;
	for (uint32_t i = 0; i < N; i++)
		groups_get(&second, key, short_key(key, i), &fresh);
	pieces = second.n_chunks;
	OK(second.mask == mask && pieces < 8 && first.n_chunks > 2 * pieces);
	for (uint32_t i = N; i < 2 * N; i++)
		groups_get(&second, key, short_key(key, i), &fresh);
	for (uint32_t i = 0; i < 2 * N; i++)
		good &= groups_find(&second, key, short_key(key, i)) != NULL;
	OK(good && second.n == 2 * N);
	groups_free(&first);
	groups_init(&first, 8);
	groups_free(&second);
	groups_init_like(&second, 8, &first);
	groups_get(&second, "a", 1, &fresh);
	OK(fresh && second.n == 1 && second.chunks[0].units < 100);
	groups_free(&first);
	groups_free(&second);
}

static void
test_empty(void)
{
	struct groups_entry *all;
	struct groups g;
	bool fresh;

	groups_init(&g, 8);
	all = groups_entries(&g);
	OK(g.n == 0);
	free(all);
	groups_remove(&g, groups_get(&g, "", 0, &fresh));
	OK(fresh && g.n == 0 && !groups_find(&g, "", 0));
	groups_get(&g, "", 0, &fresh);
	OK(fresh && g.n == 1 && groups_find(&g, "", 0));
	groups_free(&g);
}

int
main(void)
{
	test_empty();
	test_random();
	test_clusters();
	test_same_hash();
	test_reuse();
	test_slide();
	test_room();
	test_like();
	return DONE();
}
