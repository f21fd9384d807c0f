/* SPDX-License-Identifier: MIT */
/*
 * kafka_key: the key of a record on its way to Kafka, as text: values of
 * expressions, or members as they are written, with a unit separator (0x1f)
 * between them.
 */
#ifndef KAFKA_KEY_H
#define KAFKA_KEY_H

#include "libcommon/expr.h"
#include "libcommon/reader.h"

enum { KAFKA_KEYS = 32, KAFKA_KEY_TEXT = 1024 };

struct kafka_key {
	size_t n; /* 0: no key */

	/* Private. */
	struct expr *exprs[KAFKA_KEYS];
	int slots[KAFKA_KEYS]; /* where no expression is */
	struct schema schema;
	struct reader reader;
	struct output line; /* with what may be read behind it */
	char text[KAFKA_KEY_TEXT];
};

/*
 * list: expressions, separated by commas; else members: names up to NULL (of
 * none all records have the same key); both NULL: no key.
 */
void kafka_key_open(struct kafka_key *k, const char *list,
    const char *const *members, const struct value_reading *how);

/* The key of a line, valid until the next call; empty: nothing is known. */
struct slice kafka_key_of(struct kafka_key *k, struct slice line);
void kafka_key_close(struct kafka_key *k);

#endif
