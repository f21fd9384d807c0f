/* SPDX-License-Identifier: MIT */
/*
 * kafka_address: where in Kafka, and the properties of librdkafka.
 *
 *	kafka://host[:port][,host..]/topic[,topic..][?name=value&..]
 *
 * Names with a meaning of our own are those of struct kafka_address; any other
 * is a property of librdkafka.  Percent signs escape bytes (%26 is &).  Of
 * properties the later counts: defaults, the file (-F, else the file that
 * $PIPE4FLOW_KAFKA names), -X, the address.
 */
#ifndef KAFKA_ADDRESS_H
#define KAFKA_ADDRESS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KAFKA_MAX_PAIRS = 64, KAFKA_REASON = 256 };

/* Bytes of a note behind an offset, see kafka_source.h; with all around it. */
enum { KAFKA_NOTE = 400, KAFKA_NOTE_ALL = KAFKA_NOTE + 40 };

/* What the command line says of Kafka, for all addresses. */
struct kafka_opts {
	const char *file;    /* -F */
	const char *timeout; /* --timeout, a duration; NULL: 30 s */
	const char *pairs[KAFKA_MAX_PAIRS]; /* -X, "prop=value" */
	size_t n_pairs;
};

struct kafka_address {
	const char *text;   /* without what stands behind '?' */
	const char *hosts;  /* or "" */
	const char *topics; /* see kafka_topic() */
	/* A source: */
	const char *group;  /* NULL: all partitions */
	const char *offset; /* beginning end stored N -N s@TIME */
	const char *until;  /* e@TIME, without the e@ */
	bool exit_eof;
	int64_t partition; /* only this one; -1: all */
	/* A sink: */
	int64_t partitions; /* of a topic to be created; 0: must exist */
	int64_t lines;      /* a message */

	bool backs_off; /* fetching goes on soon after the queue was full */
	rd_kafka_conf_t *conf; /* given away to rd_kafka_new() */
};

bool kafka_is_address(const char *name);

/* Before the first address.  Usage errors end the program. */
void kafka_setup(const struct kafka_opts *opts);

/* How long anything may take, ms. */
int kafka_timeout(void);

enum kafka_use { KAFKA_SOURCE = 1, KAFKA_SINK = 2, KAFKA_TRANSACTIONS = 4 };

/* Reads an address and its properties; errors end the program. */
void kafka_address(
    struct kafka_address *a, const char *text, enum kafka_use use);

/*
 * The next of the topics, which commas separate; ^ begins a pattern.  NULL: no
 * more.  The caller's.
 */
char *kafka_topic(const char **topics);

/* The value of a property; "" where there is none, 0 where it is no number. */
void kafka_property(
    const struct kafka_address *a, const char *name, char value[KAFKA_REASON]);
int64_t kafka_number(const struct kafka_address *a, const char *name);

#endif
