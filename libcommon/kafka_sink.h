/* SPDX-License-Identifier: MIT */
/*
 * kafka_sink: lines out, messages of a topic in.
 *
 * A line is a message, or with lines=N so many are (fewer where the tool is
 * about to wait).  With a partition key a line goes to the partition that its
 * key's murmur2 hash says, as Java's producers do, so that records of a key
 * meet wherever they come from.
 *
 * A message that cannot be delivered ends the program (exit 2) with the
 * broker's reason; in a transaction that may be tried again, it fails with it.
 */
#ifndef KAFKA_SINK_H
#define KAFKA_SINK_H

#include "libcommon/kafka.h"
#include "libcommon/value.h"

enum { KAFKA_MAX_HEADERS = 32 };

struct kafka_sink_opts {
	const char *key;                        /* see kafka_key.h */
	const char *const *members;             /* the same */
	const char *headers[KAFKA_MAX_HEADERS]; /* "name=value" */
	size_t n_headers;
	bool exactly_once;
};

struct kafka_sink;

struct kafka_sink *kafka_sink_open(const char *address,
    const struct kafka_sink_opts *opts, const struct value_reading *how);

/*
 * When the options are complete: lines will come; whether they are JSON; the
 * address of the group that transactions are for, or NULL.
 */
void kafka_sink_start(struct kafka_sink *s, bool json, const char *source);

/* Bytes of lines, cut anywhere. */
void kafka_sink_write(struct kafka_sink *s, const char *p, size_t n);

/* The tool will wait: what is complete is sent. */
void kafka_sink_push(struct kafka_sink *s);

/* Waits until everything is delivered. */
void kafka_sink_drain(struct kafka_sink *s);

/*
 * One transaction: all that was written since the last, and the offsets.
 * False: nothing of it counts, and what led to it has to be done again.
 */
bool kafka_sink_commit(struct kafka_sink *s,
    const rd_kafka_topic_partition_list_t *offsets,
    const rd_kafka_consumer_group_metadata_t *group);
/* Whether something was written since. */
bool kafka_sink_pending(const struct kafka_sink *s);
/* What was written since the last commit never was. */
void kafka_sink_abort(struct kafka_sink *s);

/* Drains; returns how many messages were delivered. */
uint64_t kafka_sink_close(struct kafka_sink *s);

#endif
