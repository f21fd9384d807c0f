/* SPDX-License-Identifier: MIT */
/* winrows and livesums: rows of windows that slide, beside a model. */
#include "libcommon/winrows.h"

#include <stdlib.h>

#include "libcommon/key.h"
#include "tests/unit/t.h"

enum { UNITS = 2, PANES = 60, WINDOW = 6, KEYS = 400, CALLS = 2, ODD = 20 };

/* Keys of one network; the last ones are of another, and of other types. */
static char keys[KEYS][KEY_ROOM];
static size_t sizes[KEYS];

/* What each pane of a unit has of each key. */
static struct cell {
	uint64_t records, sums[CALLS];
} model[UNITS][PANES][KEYS];

static struct unit {
	struct live live;
	struct winrows_live rows;
	struct panelog logs[PANES];
	struct groups groups[PANES];
} units[UNITS], *at;

static struct agg agg;
static struct winrows rows;
static uint64_t state = 7;

static uint32_t
any(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

static void
make_keys(void)
{
	for (uint32_t i = 0; i < KEYS; i++) {
		struct value v = { .type = VALUE_IP };

		memset(v.ip.b + 10, 255, 2);
		v.ip.b[12] = 10;
		v.ip.b[14] = (uint8_t)(i * 7);
		v.ip.b[15] = (uint8_t)(i * 31 >> 4);
		v.ip.b[13] = (uint8_t)(i % 3);
		if (i >= KEYS - ODD)
			v.ip.b[2] = (uint8_t)i;
		if (i >= KEYS - ODD / 2)
			v = (struct value){ .type = VALUE_INT, .i = i };
		sizes[i] = key_put(keys[i], &v);
	}
}

static struct slice
key_of(void *arg, const void *block)
{
	(void)arg;
	return live_key(&at->live, block);
}

static void
cells_of(void *arg, const void *block, struct value *cells, struct arena *arena)
{
	(void)arg;
	agg_cells(&agg, live_key(&at->live, block),
	    live_states(&at->live, block), cells, arena, NULL);
}

/* A number that does not fit into a log is in a group of the pane. */
static void
put(int u, int pane, uint32_t key)
{
	struct cell *c = &model[u][pane][key];
	uint32_t numbers[CALLS] = { (uint32_t)any(1000), (uint32_t)any(7) };
	struct groups *g = &at->groups[pane];
	bool fresh;

	c->records++;
	for (int i = 0; i < CALLS; i++)
		c->sums[i] += numbers[i];
	if (any(20) && livesums_begin(at->live.sums, &at->logs[pane], pane)) {
		void *block =
		    groups_get(&at->live.groups, keys[key], sizes[key], &fresh);

		panelog_put(&at->logs[pane], block, fresh, numbers);
		return;
	}
	if (!g->table) {
		g->head = sizeof(struct live_part);
		groups_init(g, g->head + agg.block);
		g->head = sizeof(struct live_part);
	}
	for (int i = 0; i < CALLS; i++)
		accum_sum_nano(
		    (char *)groups_get(g, keys[key], sizes[key], &fresh) +
			g->head + agg.calls[i].offset,
		    (i128)numbers[i] * NUM_NANO, 1);
}

/* Those of a later pane, too, so that keys live that are in no window. */
static void
fill(int u, int pane)
{
	uint32_t most = u == 1 && pane >= PANES / 3 ? KEYS : KEYS - ODD;

	for (uint32_t n = any(400); n--;)
		put(u, any(8) || pane + 2 >= PANES ? pane : pane + 2,
		    any(any(most) + 1));
}

static struct cell
wanted(int u, int pane, uint32_t key)
{
	struct cell sum = { 0 };

	for (int p = pane - WINDOW + 1; p <= pane; p++) {
		if (p < 0)
			continue;
		sum.records += model[u][p][key].records;
		for (int i = 0; i < CALLS; i++)
			sum.sums[i] += model[u][p][key].sums[i];
	}
	return sum;
}

static bool
is_right(int u, int pane, const void *block)
{
	struct slice key = live_key(&at->live, block);
	struct value cells[1 + CALLS];
	struct arena arena = { 0 };
	struct cell want;
	uint32_t k = 0;

	while (k < KEYS && !slice_eq(slice_of(keys[k], sizes[k]), key))
		k++;
	if (k == KEYS)
		return false;
	want = wanted(u, pane, k);
	cells_of(NULL, block, cells, &arena);
	arena_free(&arena);
	return want.records && (uint64_t)cells[1].i == want.sums[0] &&
	       (uint64_t)cells[2].i == want.sums[1];
}

static bool
is_in_order(const struct order_entry *e)
{
	const struct livesums_group *a = e[0].block, *b = e[1].block;
	struct value cells[2][1 + CALLS];
	struct arena arena = { 0 };

	cells_of(NULL, a, cells[0], &arena);
	cells_of(NULL, b, cells[1], &arena);
	arena_free(&arena);
	if (rows.order.n && cells[0][1].i != cells[1][1].i)
		return cells[0][1].i > cells[1][1].i;
	return slice_cmp(key_of(NULL, a), key_of(NULL, b)) < 0;
}

static bool
rows_are_right(int u, int pane)
{
	size_t n = 0;
	bool good = true;

	for (uint32_t k = 0; k < KEYS; k++)
		n += wanted(u, pane, k).records > 0;
	good &= rows.groups == n;
	good &= rows.n == (rows.limit && rows.limit < n ? rows.limit : n) ||
		(rows.order.n && rows.limit >= n / 4 && rows.n == n);
	for (size_t i = 0; i < rows.n; i++) {
		good &= is_right(u, pane, rows.v[i].block);
		good &= i == 0 || is_in_order(&rows.v[i - 1]);
	}
	return good;
}

static void
leave(int pane)
{
	if (pane < 0)
		return;
	live_leave(&at->live, &at->groups[pane], &at->logs[pane]);
	groups_free(&at->groups[pane]);
}

static bool
slides(const char *sort, size_t limit)
{
	bool good = true;

	memset(model, 0, sizeof model);
	memset(units, 0, sizeof units);
	memset(&rows, 0, sizeof rows);
	winrows_open(&rows, &agg, sort, NULL);
	rows.limit = limit;
	rows.order.key = key_of;
	rows.order.cells = cells_of;
	for (int u = 0; u < UNITS; u++)
		live_open(&units[u].live, &agg, true);
	for (int pane = 0; pane < PANES; pane++)
		for (int u = 0; u < UNITS; u++) {
			at = &units[u];
			fill(u, pane);
			live_enter(
			    &at->live, &at->groups[pane], &at->logs[pane]);
			winrows_of_live(&rows, &at->rows, &at->live);
			good &= rows_are_right(u, pane);
			leave(pane - WINDOW + 1);
		}
	for (int u = 0; u < UNITS; u++) {
		at = &units[u];
		for (int pane = PANES - WINDOW + 1; pane < PANES; pane++)
			leave(pane);
		winrows_of_live(&rows, &at->rows, &at->live);
		good &= rows.n == 0 && at->live.groups.n == 0;
		live_close(&at->live);
		free(at->rows.v);
	}
	return good;
}

int
main(void)
{
	struct schema schema;
	struct expr_context context = { .schema = &schema };

	schema_init(&schema);
	agg_init(&agg, "src_ip_addr", "a=sum(packets),b=sum(bytes)",
	    "date_last_seen", &context);
	make_keys();
	OK(agg.n_calls == CALLS && agg.quick);
	OK(slides(NULL, 0));
	OK(slides(NULL, 10));
	OK(slides("a", 0));
	OK(slides("a", 10));
	OK(slides("a:d", 1000));
	return DONE();
}
