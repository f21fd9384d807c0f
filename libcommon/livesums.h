/* SPDX-License-Identifier: MIT */
/*
 * livesums: the groups that live in a window of several panes, where all that
 * is asked of them are plain sums of members and count().
 *
 * What live.h does for all aggregates, as far as panes have logs (panelog.h)
 * in place of groups: a key is looked up once for each record, among all that
 * live, and has whole numbers in one line of the cache, to which a slide adds
 * the entries of the pane that enters and from which it subtracts those of the
 * one that leaves.
 *
 * Records that do not fit into a log (decimals, great numbers, members that are
 * absent) are in groups of their pane as everywhere else.  A key that has some
 * has states besides its numbers; its sums are those of both.
 */
#ifndef LIVESUMS_H
#define LIVESUMS_H

#include "libcommon/agg.h"
#include "libcommon/arena.h"
#include "libcommon/panelog.h"

enum { LIVESUMS_CHUNK_BITS = 12 };

/* In front of the states of a group of a pane, for live.h, too. */
struct live_part {
	void *group;
	struct live_part *next; /* in front: of the same key, in a newer pane */
};

/* What of a key is in the window. */
struct livesums_group {
	struct panelog_key *key;
	struct livesums_more *more; /* states of panes' groups, or NULL */
	uint32_t changed;           /* it is among the changes */
	uint32_t entry;             /* the owner's business, 0 at first */
	uint64_t records;           /* of logs */
	uint64_t sums[];            /* of theirs, one a call */
};

struct livesums {
	struct panelog_room room;

	/* Private. */
	const struct agg *agg;
	uint32_t newest; /* pane that has entered */
	int64_t first;   /* pane, which has the number FIRST */
	bool begun;
	size_t size;   /* of a group */
	char **chunks; /* of groups, by id */
	size_t n_chunks, cap_chunks;
	struct arena arena;              /* has them */
	uint32_t n_ids, n_freed, *freed; /* ids */
	size_t cap_ids;
	struct livesums_group **changes;
	size_t n_changes, seen, dead, cap_changes;
	char *composed[4];
	unsigned next;
};

struct livesums *livesums_new(const struct agg *a, struct groups *keys);
void livesums_free(struct livesums *s);

static inline struct livesums_group *
livesums_group(const struct livesums *s, uint32_t id)
{
	return (void *)(s->chunks[id >> LIVESUMS_CHUNK_BITS] +
			(id & ((1u << LIVESUMS_CHUNK_BITS) - 1)) * s->size);
}

/*
 * The log of a pane, all zero, begins.  False: it is too far from others, some
 * two thousand million of them, and has none.
 */
bool livesums_begin(struct livesums *s, struct panelog *log, int64_t pane);

/* As in live.h. */
void livesums_enter(
    struct livesums *s, const struct groups *pane, struct panelog *log);
void livesums_leave(
    struct livesums *s, const struct groups *pane, struct panelog *log);
struct livesums_group *livesums_change(struct livesums *s);
void livesums_settle(struct livesums *s);
const char *livesums_states(struct livesums *s, const struct livesums_group *g);

static inline bool
livesums_has(const struct livesums_group *g)
{
	return g->records || g->more;
}

#endif
