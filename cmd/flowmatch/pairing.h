/* SPDX-License-Identifier: MIT */
/*
 * pairing: directions brought together once for all sets that let them be as
 * far apart: a flow waits once, with the features, keys and counted values of
 * the sets that took it, each evaluated and kept once.  Each set gets the pairs
 * that its own flows give (see biflow.h).
 *
 * Keys and counted values that are addresses and ports are not kept but made of
 * those of the conversation.
 */
#ifndef PAIRING_H
#define PAIRING_H

#include "cmd/flowmatch/reverse.h"
#include "cmd/flowmatch/vectors.h"
#include "libcommon/biflow.h"

enum {
	PAIRING_FEATURES = 64,
	PAIRING_PARTS = PATTERN_COUNTED /* of a key that is made of ends */
};

/* What is made of the ends: e.g. "source address" is 0. */
struct pairing_parts {
	unsigned char part[PAIRING_PARTS];
	size_t n;
};

/* A user's key and counted values. */
struct pairing_names {
	struct vectors *of; /* the first one with them */
	bool made;          /* of the ends, */
	bool ports;         /* among them ports, which must be plain then */
	struct pairing_parts key, count;
};

struct pairing_user {
	struct vectors *vectors;
	size_t names;
	unsigned char features[PATTERN_FEATURES];
};

struct pairing {
	int64_t tolerance;
	uint64_t sets;        /* bits: the users that there are */
	struct biflow *flows; /* of the unit at hand */

	/* Private. */
	struct pairing_user users[BIFLOW_USERS];
	struct pairing_names names[BIFLOW_USERS];
	size_t n_names;
	struct pattern_feature features[PAIRING_FEATURES];
	int slots[PAIRING_FEATURES];
	size_t n_features;
	const struct biflow_fields *fields;
	struct reverse *reverse;
	struct output blob, texts, made;
	struct connection c;
};

/* Before the schema is complete. */
struct pairing *pairing_new(int64_t tolerance,
    const struct expr_context *context, const struct biflow_fields *fields);

/* Also for this set, from 0; false: it has no room for its features. */
bool pairing_add(struct pairing *p, struct vectors *v, size_t set);

/* When the schema is complete. */
void pairing_seal(struct pairing *p, const struct schema *schema);

/* What flows of a unit wait in; max: of each set. */
struct biflow *pairing_flows(struct pairing *p, size_t max);

/*
 * A record, as biflow_read() has read it, for these sets of all.  NULL or a
 * message about a field.
 */
const char *pairing_take(struct pairing *p, const struct json_val *values,
    const struct biflow_flow *flow, bool both, uint64_t sets);

#endif
