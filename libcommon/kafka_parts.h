/* SPDX-License-Identifier: MIT */
/*
 * kafka_parts: the partitions of a source's topics: where each begins, how far
 * it was read, and where it is to end.
 */
#ifndef KAFKA_PARTS_H
#define KAFKA_PARTS_H

#include "libcommon/kafka.h"

struct kafka_part {
	const char *topic;
	int32_t id;
	int32_t leader;   /* when it was looked up; -1: not known */
	const char *name; /* topic[id] */
	int64_t next;     /* all before was handed out; -1: not known yet */
	int64_t end;      /* read no further; INT64_MAX */
	bool here;        /* ours to read */
	bool astray;      /* what comes is not what was committed last */
	bool reached;     /* the end */
	bool ended;       /* and all of it was worked off */
	int64_t position; /* here someone else was, before us */
	/* What was committed last. */
	int64_t told;
	char told_text[KAFKA_NOTE_ALL];
};

struct kafka_parts {
	struct kafka *kafka;
	const struct kafka_address *address;
	struct kafka_part *v;
	size_t n, cap;
};

/*
 * All partitions that the address names, and their ends.  A topic that does
 * not exist, or is not for us, ends the program.
 */
void kafka_parts_open(
    struct kafka_parts *p, struct kafka *kafka, const struct kafka_address *a);
void kafka_parts_close(struct kafka_parts *p);

/* A partition's index; one that is new is added. */
size_t kafka_parts_find(struct kafka_parts *p, const char *topic, int32_t id);

/*
 * The offset at which the address says to begin, within what the broker still
 * has.
 */
int64_t kafka_parts_start(struct kafka_parts *p, size_t i);

/* What the broker still has: [low, high). */
void kafka_parts_bounds(
    struct kafka_parts *p, size_t i, int64_t *low, int64_t *high);

/* Those that are ours; the caller's. */
rd_kafka_topic_partition_list_t *kafka_parts_here(const struct kafka_parts *p);

#endif
