/* SPDX-License-Identifier: MIT */
/*
 * biflow: the two directions of a conversation, brought together in event
 * time.
 *
 * Two flows are a pair if their addresses, ports and protocol mirror each
 * other, their starts lie less than 'starts' apart and their ends at most
 * 'ends'.  A flow waits until the watermark passes its end, then it gets the
 * partner whose start is nearest, of those that have none yet and to whose
 * start no other is nearer that ends by then and 'ends'.  One that began and
 * ended at the very same time is no matter of waiting: exporters that meter
 * both directions at once give all pairs so.
 *
 * So the pairs depend on the flows alone, not on the order in which they come,
 * as long as all that end up to 'ends' after the watermark have come before it
 * is told.  But of flows of one direction with the same start and the same end
 * the first to come is the first to get a partner with the same times.  A flow
 * is part of one pair at most, however often its ports are used.
 *
 * The initiator is who sent SYN without ACK; else who began first; else who
 * has the higher (the ephemeral) port.
 *
 * Several users can share one: each flow says for whom it is, and the pairs
 * of a user are those that its flows alone would give.
 *
 * At most 'max' flows of a user wait, and 64 of a conversation: then the one
 * that ends first is settled before its time, which is counted.  For 'max' that
 * is the first of all, whoever its users are.  A flow that waits costs its data
 * and about 200 bytes.
 */
#ifndef BIFLOW_H
#define BIFLOW_H

#include "libcommon/eventtime.h"
#include "libcommon/ip.h"
#include "libcommon/schema.h"

enum {
	BIFLOW_USERS = 64,
	BIFLOW_TOGETHER = 64, /* flows of a conversation that wait */
};

/* What both directions share but for the order of the two. */
struct biflow_ends {
	struct ip ip[2];
	uint16_t port[2]; /* 0 where there is none */
	uint8_t protocol;
	uint8_t pad;
};

/* One direction. */
struct biflow_flow {
	struct biflow_ends ends; /* source, destination */
	uint16_t flags;          /* TCP flags, 0 if they are not known */
	uint64_t users;          /* bits; 1 from biflow_read() */
	int64_t first, last;     /* ns */
	struct slice data;       /* the owner's: copied, valid in put() */
};

/*
 * A pair, initiator first, or a flow without partner (NULL), of these users;
 * the flows' own may be more.
 */
typedef void biflow_fn(void *arg, const struct biflow_flow *flow,
    const struct biflow_flow *answer, uint64_t users);

struct biflow_opts {
	int64_t starts, ends; /* ns */
	size_t max;
	biflow_fn *put;
	void *arg;
};

struct biflow;

struct biflow *biflow_new(const struct biflow_opts *opts);

/* What still waits is forgotten. */
void biflow_free(struct biflow *b);

void biflow_add(struct biflow *b, const struct biflow_flow *flow);

/* Settles all flows that end at or before the watermark. */
void biflow_expire(struct biflow *b, int64_t watermark);

/* How many of a user (0 ..) were settled before their time. */
uint64_t biflow_early(const struct biflow *b, size_t user);

/* A flow alone that looks like an answer: from the lower port, no first SYN. */
bool biflow_answers(const struct biflow_flow *flow);

/* ---- flows from records: biflow_read.c ---- */

/* Members that are read, besides the start. */
enum {
	BIFLOW_SRC,
	BIFLOW_DST,
	BIFLOW_SRC_PORT,
	BIFLOW_DST_PORT,
	BIFLOW_PROTOCOL,
	BIFLOW_FLAGS,
	BIFLOW_REVERSE, /* packets; one of both tells */
	BIFLOW_REVERSE_BYTES,
	BIFLOW_MEMBERS
};

struct biflow_fields {
	int slots[BIFLOW_MEMBERS];
	struct eventtime first;
	struct value_reading how;
	struct arena scratch;
	char what[96];
};

/* Before the schema is complete; *f stays where it is. */
void biflow_fields_open(struct biflow_fields *f, struct schema *schema,
    const struct tstamp_zone *zone);

/*
 * Everything but 'last' and 'data'; without a start it is the given end.
 * *both: the record has both directions already.  NULL, or a message that
 * names the field.
 */
const char *biflow_read(struct biflow_fields *f, const struct json_val *v,
    int64_t last, struct biflow_flow *flow, bool *both);

#endif
