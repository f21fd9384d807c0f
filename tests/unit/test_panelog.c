/* SPDX-License-Identifier: MIT */
/* panelog: what is packed adds up to what was put. */
#include "libcommon/panelog.h"

#include <stdlib.h>

#include "tests/unit/t.h"

enum { KEYS = 300, CALLS = 3, PANES = 5, PUTS = 40000 };

struct sums {
	uint64_t records, v[CALLS];
};

static struct panelog_key keys[KEYS];
static uint32_t named;

static void
name(void *arg, struct panelog_key *key)
{
	(void)arg;
	key->id = named++;
}

static void
open_room(struct panelog_room *room)
{
	struct panelog_room of = { .name = name, .calls = CALLS };

	named = 0;
	memset(keys, 0, sizeof keys);
	panelog_open(room, &of);
	panelog_ids(room, KEYS);
}

static struct panelog
begin(struct panelog_room *room, uint32_t pane)
{
	return (struct panelog){ .room = room, .pane = pane };
}

/* A record of a key, which is named with its first one. */
static void
put(struct panelog *log, uint32_t key, const uint32_t *numbers)
{
	bool fresh = key >= named;

	while (key > named)
		panelog_put(log, &keys[named], true, (uint32_t[CALLS]){ 0 });
	panelog_put(log, &keys[key], fresh, numbers);
}

static void
add_up(const struct panelog *log, struct sums *sums)
{
	memset(sums, 0, KEYS * sizeof *sums);
	for (uint32_t i = 0; i < log->n; i++) {
		const struct panelog_entry *e = panelog_at(log, i);

		sums[e->id].records += e->records;
		for (int k = 0; k < CALLS; k++)
			sums[e->id].v[k] += e->sums[k];
	}
}

/* Some keys are frequent, some numbers great. */
static void
put_some(struct panelog *logs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t x = i * 2654435761u;
		uint32_t key = x >> 8 & 1 ? x >> 16 & 7 : (x >> 16) % KEYS;
		uint32_t great = (x >> 10 & 3) ? x % 1500 : UINT32_MAX - x % 9;

		put(&logs[x % PANES], key, (uint32_t[CALLS]){ 1, great, x });
	}
}

static void
test_pack(void)
{
	static struct sums before[KEYS], after[KEYS];
	struct panelog logs[PANES];
	struct panelog_room room;

	open_room(&room);
	for (int p = 0; p < PANES; p++)
		logs[p] = begin(&room, (uint32_t)p);
	put_some(logs, PUTS);
	for (int p = 0; p < PANES; p++) {
		uint32_t n = logs[p].n;

		add_up(&logs[p], before);
		panelog_pack(&logs[p]);
		panelog_enter(&logs[p]);
		add_up(&logs[p], after);
		/* Most of the newest pane's were added at once. */
		OK((logs[p].n < n || p == PANES - 1) && logs[p].n >= KEYS / 2);
		OK(memcmp(before, after, sizeof before) == 0);
	}
	for (int p = PANES; p-- > 0;)
		panelog_free(&logs[p]);
	OK(room.taken == 0);
	panelog_close(&room);
}

/* One entry a key, however many records. */
static void
test_small(void)
{
	struct panelog_room room;
	struct panelog log;

	open_room(&room);
	log = begin(&room, 7);
	for (uint32_t i = 0; i < PUTS; i++)
		put(&log, i % 3, (uint32_t[CALLS]){ 1, i % 2, 3 });
	OK(log.n == 3);
	panelog_pack(&log);
	OK(log.n == 3);
	OK(panelog_at(&log, 1)->records == (PUTS + 1) / 3);
	OK(panelog_at(&log, 1)->sums[2] == 3 * ((PUTS + 1) / 3));
	OK(keys[1].last == 7);
	panelog_pack(&log);
	OK(log.n == 3);
	panelog_free(&log);
	panelog_close(&room);
}

/* Where packing has moved entries, a key does not find another one's. */
static void
test_moved(void)
{
	static struct sums sums[KEYS];
	static const uint32_t turns[][2] = { { 0, 0 }, { 1, 0 }, { 0, 0 },
		{ 0, 1 }, { 0, 2 } };
	const uint32_t numbers[CALLS] = { 1, 2, 3 };
	struct panelog_room room;
	struct panelog logs[2];

	open_room(&room);
	for (uint32_t p = 0; p < 2; p++)
		logs[p] = begin(&room, 5 + p);
	for (size_t i = 0; i < sizeof turns / sizeof *turns; i++)
		put(&logs[turns[i][0]], turns[i][1], numbers);
	OK(logs[0].n == 4 && logs[0].loose == 1);
	panelog_pack(&logs[0]);
	OK(logs[0].n == 3 && keys[1].at == 2);
	put(&logs[0], 1, numbers);
	put(&logs[0], 2, numbers);
	add_up(&logs[0], sums);
	for (int k = 0; k < 3; k++)
		OK(sums[k].records == 2 && sums[k].v[2] == 6);
	for (int p = 0; p < 2; p++)
		panelog_free(&logs[p]);
	panelog_close(&room);
}

/* A full room is packed, and grows where that gains little. */
static void
test_room(void)
{
	static struct sums sums[KEYS];
	struct panelog_room room;
	struct panelog logs[PANES];
	uint64_t records = 0;

	open_room(&room);
	room.most = PANES + 1;
	for (int p = 0; p < PANES; p++)
		logs[p] = begin(&room, (uint32_t)p);
	for (uint32_t i = 0; i < 20 * PUTS; i++)
		put(&logs[i % PANES], i % KEYS, (uint32_t[CALLS]){ 1, 2, 3 });
	OK(room.taken <= PANES + 1);
	for (int p = 0; p < PANES; p++) {
		add_up(&logs[p], sums);
		for (int k = 0; k < KEYS; k++)
			records += sums[k].records;
	}
	OK(records == 20 * PUTS);
	room.most = 1;
	put_some(logs, PUTS);
	OK(room.most >= PANES);
	for (int p = 0; p < PANES; p++)
		panelog_free(&logs[p]);
	panelog_close(&room);
}

int
main(void)
{
	test_pack();
	test_small();
	test_moved();
	test_room();
	return DONE();
}
