/* SPDX-License-Identifier: MIT */
/*
 * conversions: how one member's value becomes a field's.  Private to
 * convert.c, which calls them through their table, and mend.c.
 */
#ifndef CONVERSIONS_H
#define CONVERSIONS_H

#include "cmd/flowcat/convert.h"
#include "cmd/flowcat/samplers.h"

enum {
	MAX_RULES = 512,
	MAX_FIELDS = 128,
	ZEEK_BITS = 4,
	MAX_MARKS = 48,
	MS = 1000000
};

struct bound {
	int slot;
	int field; /* index in fields[] */
	enum conversion as;
	struct slice member;
	bool part; /* inside a member: --keep keeps that whole */
};

struct convert {
	struct bound rules[DIALECTS][MAX_RULES];
	size_t n_rules[DIALECTS];
	struct {
		int slot;
		enum dialect_id id;
		const char *value;
	} signs[64];
	size_t n_signs;
	enum dialect_id only;
	bool keep, unsample;
	int type_slot, event_slot;         /* "@type", "event_type" */
	int etype_slots[2];                /* of goflow2, old and new */
	int zeek_slots[ZEEK_BITS], zeek_z; /* of DNS: bits, the next three */
	int zeek_marks[MAX_MARKS];
	struct value_reading how;
	struct arena scratch;
	/* Of the record at hand. */
	struct value fields[MAX_FIELDS];
	struct value received;
	struct sampling said;
	bool not_ip; /* it names a protocol that is none of IP's */
	uint64_t clamped, unscaled;
	char what[160];
};

/* Fields that the code itself looks at, by name once in set-up. */
enum known {
	FIRST,
	LAST,
	DURATION,
	SRC_IP,
	DST_IP,
	SRC_PORT,
	DST_PORT,
	PROTO,
	FLAGS,
	TOS,
	TOS_REV,
	PACKETS,
	BYTES,
	ICMP_TYPE,
	ICMP_CODE,
	IP_VERSION,
	TTL_MIN,
	TTL_MAX,
	SRC_MASK,
	DST_MASK,
	FLAGS_REV,
	DNS_ID,
	DNS_QR,
	DNS_FLAGS,
	DNS_OPCODE,
	DNS_RCODE,
	DNS_QNAME,
	DNS_QTYPE,
	DNS_QCLASS,
	DNS_ANSWERS,
	DNS_RNAME,
	DNS_RTYPE,
	DNS_TTL,
	PACKETS_REV,
	BYTES_REV,
	SAMPLING_EVERY,
	SAMPLING,
	TLS_JA3,
	TLS_JA3S,
	TLS_JA4,
	KNOWN
};

extern int known_index[KNOWN]; /* filled by convert_new() */

static inline struct value *
field_of(struct convert *c, enum known k)
{
	return &c->fields[known_index[k]];
}

/* NULL or a message; *out stays unknown where the value says nothing. */
typedef const char *convert_fn(
    struct convert *c, const struct json_val *v, struct value *out);

extern convert_fn *const conversions[];

bool convert_says(const struct json_val *v, const char *text);

#endif
