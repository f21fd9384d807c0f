/* SPDX-License-Identifier: MIT */
/*
 * kafka_batch: messages as they come from librdkafka, as lines.
 *
 * A message may hold many lines; one that does not end in a newline gets one.
 * Messages of partitions that are not ours any more, and of those that were
 * read to their end, are passed over.
 *
 * librdkafka before 2.2 looks only once a second whether its queue of fetched
 * messages has been emptied after it was full; any answer of the broker makes
 * it look at once.  So, when a queue that was full is down to half, a question
 * is asked: flowagg -k src_ip_addr -w 10s on messages of 100 records went from
 * 7.2 s to 1.3 s (2 M records; a queue of 1 GiB instead: 1.4 s and 320 MB).
 *
 * Beside a client that only counts messages, on 2 cores with the broker
 * (bench/kafka): flowfilter -c 1.09 of its rate, flowagg -w 10s 1.11; with 100
 * records a message 1.07 and 0.84.
 */
#ifndef KAFKA_BATCH_H
#define KAFKA_BATCH_H

#include "libcommon/kafka_parts.h"

struct kafka_mark;

struct kafka_batch {
	struct kafka *kafka;
	struct kafka_parts *parts;
	size_t part;    /* of the last read */
	int64_t offset; /* of its first message */
	bool grouped;   /* whether errors of the group count */
	bool lost;      /* messages that could not be read */

	/* Private. */
	rd_kafka_message_t **msgs;
	size_t at, n;  /* not handed out: [at, n) */
	size_t copied; /* bytes of the one at 'at' */
	size_t bytes;  /* of the last read */
	struct kafka_mark *marks;
	size_t n_marks;
	uint64_t messages, payload; /* so far: to guess what the queue holds */
	int64_t room, least; /* it is full: bytes, messages; 0: see above */
	int64_t peak;        /* messages, since the last question */
	int64_t gone_since, looked; /* a topic may not be there, ms; 0: it is */
	const rd_kafka_topic_t *topic; /* of 'part', NULL: to be looked up */
};

/* room: bytes that librdkafka fetches in advance, least: and messages. */
void kafka_batch_open(struct kafka_batch *b, struct kafka *kafka,
    struct kafka_parts *parts, int64_t room, int64_t least);
void kafka_batch_close(struct kafka_batch *b);

/*
 * Ends the program when a topic has been away for too long.  To be called when
 * nothing comes.
 */
void kafka_batch_check(struct kafka_batch *b);

/* Takes what is there; false: nothing. The last batch must be used up. */
bool kafka_batch_fill(struct kafka_batch *b, rd_kafka_queue_t *queue);

/*
 * Lines of one partition, as they lie in the batch: how many bytes; 0: the
 * batch is used up.
 */
size_t kafka_batch_read(struct kafka_batch *b, char *buf, size_t n);

/* The offset of the message that has this byte of the last read. */
int64_t kafka_batch_offset(const struct kafka_batch *b, size_t at);

/* Only so many bytes of the last read were used. */
void kafka_batch_unread(struct kafka_batch *b, size_t used);

#endif
