/* SPDX-License-Identifier: MIT */
/*
 * vectors: records in, connections out: a record of one direction each, or two
 * that were paired (see pairing.h), with the vector of their features.
 *
 * Of a direction that was not seen all features are 0.  A feature that cannot
 * be told (a member is missing, x/0) is NaN, and such a connection is near to
 * nothing.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "cmd/flowmatch/pattern.h"
#include "libcommon/agg.h"
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
	struct output blob;
	struct connection c;
};

/* Before the schema is complete; agg: has the keys. */
void vectors_open(struct vectors *v, const struct pattern_set *set,
    struct agg *agg, const struct expr_context *context, const char *label,
    connection_fn *put, void *arg);

/*
 * A record that passes the filter and is a connection; reverse: of the other
 * direction, if it has that, or NULL; time: its event time.  NULL or a message
 * about a field.
 */
const char *vectors_take(struct vectors *v, const struct json_val *values,
    const struct json_val *reverse, int64_t time);

/* A feature of a record; *whole: it is an integer. */
const char *vectors_number(struct expr *feature, int slot,
    const struct json_val *values, double *to, bool *whole);

/* Its key and what is counted, at the end of the output; their lengths. */
const char *vectors_names(struct vectors *v, const struct json_val *values,
    struct output *to, uint32_t *key_n, uint32_t *count_n);

/* The latter alone. */
const char *vectors_count(struct vectors *v, const struct json_val *values,
    struct output *to, uint32_t *n);

/* The label of a record; empty: none. */
struct slice vectors_label(
    const struct vectors *v, const struct json_val *values);

#endif
