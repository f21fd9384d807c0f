/* SPDX-License-Identifier: MIT */
/*
 * vectors: records in, connections out: a record of one direction each, or two
 * that were paired, with the vector of their features.
 *
 * Of a direction that was not seen all features are 0.  A feature that cannot
 * be told (a member is missing, x/0) is NaN, and such a connection is near to
 * nothing.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "cmd/flowmatch/pattern.h"
#include "libcommon/agg.h"
#include "libcommon/biflow.h"
#include "libcommon/key.h"

/*
 * How much later than the other the end of a direction may be, ns: a host that
 * is gone is asked again for seconds.  Windows stay open for that time.
 */
extern const int64_t vectors_linger;

struct connection {
	struct slice key;   /* as agg makes it, of the initiator */
	struct slice count; /* a value's key bytes; empty: unknown */
	struct slice label; /* text; empty: none */
	int64_t first;      /* event time of the direction that ended first */
	int64_t time;       /* and of the other */
	double v[PATTERN_DIMENSIONS];
	uint64_t whole; /* bit i: v[i] is an integer */
};

typedef void connection_fn(void *arg, const struct connection *c);

struct vectors {
	const struct pattern_set *set;
	connection_fn *put;
	void *arg;
	int label_slot; /* or SCHEMA_NONE */
	bool all;       /* also those that cannot be worth anything */

	/* Private. */
	struct agg *agg;
	int slots[PATTERN_FEATURES]; /* of plain members */
	struct biflow_fields fields;
	struct value_reading how;
	struct output blob;
	struct reverse *reverse;
	struct connection c;
	char key[2 * KEY_ROOM]; /* of a pair */
};

/* Before the schema is complete; agg: has the keys. */
void vectors_open(struct vectors *v, const struct pattern_set *set,
    struct agg *agg, const struct expr_context *context, const char *label,
    connection_fn *put, void *arg);

/* When it is complete. */
void vectors_seal(struct vectors *v, const struct schema *schema);

/* What pairs the directions; NULL where there is nothing to pair. */
struct biflow *vectors_pairs(struct vectors *v, size_t max);

/*
 * A record that passes the filter; time: its event time.  NULL or a message
 * about a field.
 */
const char *vectors_take(struct vectors *v, const struct json_val *values,
    int64_t time, struct biflow *pairs);

#endif
