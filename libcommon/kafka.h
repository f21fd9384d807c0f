/* SPDX-License-Identifier: MIT */
/*
 * kafka: what consumers and producers share: the client of librdkafka, and how
 * a failure is told.
 */
#ifndef KAFKA_H
#define KAFKA_H

#include "libcommon/kafka_address.h"

int64_t kafka_now(void); /* of the monotonic clock, ms */

/*
 * A client of librdkafka, and what it last complained of.  Its callbacks get
 * the struct that begins with it.
 */
struct kafka {
	rd_kafka_t *rk;
	const char *name; /* the address, for messages */
	rd_kafka_resp_err_t last;
	char reason[KAFKA_REASON];
	/* Is told of errors, too, if set. */
	void (*error)(void *arg, rd_kafka_resp_err_t err, const char *reason);
	void *error_arg;
	int64_t down_since; /* no broker answers, ms; 0: one does */
};

/* Takes a->conf. Errors end the program. */
void kafka_new(struct kafka *k, struct kafka_address *a, rd_kafka_type_t type);

/*
 * Ends the program: what, the reason, and the properties that may be wrong.
 */
_Noreturn void kafka_die(const struct kafka *k, rd_kafka_resp_err_t err,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * While no broker answers: asks again, and ends the program when that has
 * lasted too long.  To be called now and then.
 */
void kafka_check(struct kafka *k);

/*
 * What the brokers know of a topic, or of all (NULL); they are asked until
 * they answer.  Freed by rd_kafka_metadata_destroy().
 */
const struct rd_kafka_metadata *kafka_topics(
    struct kafka *k, const char *topic);

#endif
