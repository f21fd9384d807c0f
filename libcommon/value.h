/* SPDX-License-Identifier: MIT */
/*
 * value: typed values, read from JSON, compared, written.
 *
 * A string's bytes are borrowed from the record, or from the arena that was
 * given to value_read() where they had to be decoded.
 */
#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>

#include "libcommon/arena.h"
#include "libcommon/field.h"
#include "libcommon/ip.h"
#include "libcommon/json.h"
#include "libcommon/num.h"
#include "libcommon/output.h"
#include "libcommon/tstamp.h"

enum value_type {
	VALUE_NONE, /* unknown: a missing member, x/0 */
	VALUE_BOOL,
	VALUE_INT,
	VALUE_REAL,
	VALUE_NANO, /* a sum of decimals: i units of 10^-9, exact */
	VALUE_TIME, /* i: nanoseconds since the epoch */
	VALUE_IP,
	VALUE_NET, /* an address prefix */
	VALUE_STR,
	VALUE_JSON, /* s: an array or object, as it was written */
};

struct value {
	enum value_type type;
	uint8_t net_len; /* VALUE_NET: of 128 */
	union {
		bool b;
		i128 i;
		double d;
		struct ip ip;
		struct slice s;
	};
};

/* How records are read: the zone of times without one. */
struct value_reading {
	const struct tstamp_zone *zone;
	struct arena *arena;
};

/*
 * The value of a member of that type; VALUE_NONE if it is absent or null.
 * The message names what was expected.
 */
const char *value_read(const struct json_val *v, enum field_type type,
    enum names_set set, const struct value_reading *how, struct value *out);

/* A type's constant written by a user: "10k", "2015-07-18", "tcp", "1.5s". */
const char *value_parse(struct slice text, enum field_type type,
    enum names_set set, const struct value_reading *how, struct value *out);

/*
 * Order: -1, 0, 1, or VALUE_UNORDERED where the types cannot be compared or
 * one is unknown.  A string that looks like the other side's type is that.
 */
enum { VALUE_UNORDERED = 2 };
int value_compare(const struct value *a, const struct value *b);

static inline bool
value_is_number(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_REAL ||
	       v->type == VALUE_NANO;
}

/* Text that is a number becomes that number. */
void value_as_number(struct value *v);

/* As a number; NaN if it is none. */
double value_double(const struct value *v);

/* In units of 10^-9; false if it is no number. */
bool value_nano(const struct value *v, i128 *out);

/* Text as in JSON, without quotes: at most room bytes. */
size_t value_text(
    char *out, size_t room, const struct value *v, const struct field *f);

/* As JSON.  The field (or NULL) decides how flags are written. */
void value_json(
    struct output *out, const struct value *v, const struct field *f);

#endif
