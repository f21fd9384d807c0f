/* SPDX-License-Identifier: MIT */
/*
 * dialect: how other programs call what flowrec(5) names.  A dialect is data:
 * how it is recognised, and rows of (source member, canonical field,
 * conversion).  The first row of a field that yields a value wins.
 */
#ifndef DIALECT_H
#define DIALECT_H

#include <stdbool.h>

#include "libcommon/slice.h"

enum dialect_id {
	DIALECT_NONE,
	DIALECT_CANONICAL,
	DIALECT_IPFIX, /* see collect.h */
	DIALECT_NFDUMP,
	DIALECT_IPFIXCOL2,
	DIALECT_IPFIXCOL1,
	DIALECT_GOFLOW2,
	DIALECT_PMACCT,
	DIALECT_SURICATA,
	DIALECT_ZEEK,
	DIALECT_UNIREC,
	DIALECT_ARGUS,
	DIALECTS,
};

/* How a member's value becomes a field's: see conversions[] in convert.c. */
enum conversion {
	AS_INT,      /* a number, also as text */
	AS_PORT,     /* the same, also hexadecimal or a service's name */
	AS_KNOWN,    /* the same, 0 means unknown */
	AS_SEVERAL,  /* the same, 0 and 1 say nothing */
	AS_TEXT,     /* "" means unknown */
	AS_SERVICE,  /* so do "failed" and "unknown" */
	AS_NAME,     /* the same of a domain name: without its last dot */
	AS_RDATA,    /* hexadecimal octets; the type decides */
	AS_HEX_TEXT, /* hexadecimal digits of a text's bytes */
	AS_HASH,     /* hexadecimal octets of a hash */
	AS_CIPHERS,  /* hexadecimal octets: a TLS client's offers */
	AS_ADDRESS,  /* "", 0.0.0.0 as text too means unknown where said so */
	AS_PREFIX,   /* with its length, 0 means unknown */
	AS_PREFIX_LENGTH, /* of a prefix, or a number */
	AS_HOP,           /* an address; zeros mean unknown */
	AS_MAC,           /* zeros mean unknown */
	AS_PROTOCOL,      /* number or name */
	AS_FLAGS,         /* any form */
	AS_HEX_FLAGS,     /* "1b" */
	AS_HISTORY,       /* Zeek's letters: both directions' flags */
	AS_TIME,          /* text, or a number by magnitude */
	AS_TIME_S,        /* numbers in that unit; text as it says */
	AS_TIME_MS,
	AS_TIME_NS,
	AS_RECEIVED, /* milliseconds: of the flow, if nothing else says when */
	AS_SECONDS,  /* a duration */
	AS_SECONDS_MS, /* the same in that unit */
	AS_SECONDS_US,
	AS_DNS_TYPE,
	AS_DNS_CLASS,
	AS_DNS_RCODE,
	AS_DNS_FLAGS, /* also dns_qr, dns_opcode, dns_rcode */
	AS_HEX_DNS_FLAGS,
	AS_DNS_QR, /* "query", "answer", "request", "response" */
	AS_JSON,   /* an array as it is; empty ones mean nothing */
	AS_RDATAS, /* of each of an array's objects; null where it has none */
	AS_RTYPES, /* the same of other members */
	AS_TTLS,
	AS_GROUPED, /* all elements of an object's arrays; how many; their types
		     */
	AS_GROUPED_COUNT,
	AS_GROUPED_RTYPES,
	AS_COUNT,           /* the number of an array's elements */
	AS_ICMP_PAIR,       /* type * 256 + code */
	AS_ICMP_PAIR_KNOWN, /* the same, 0 means unknown */
	AS_TLS,             /* a version's number or name */
	AS_DSCP,            /* the first six bits of the type of service */
	AS_SAMPLING_TAKEN,  /* parts of a sampling rate, see rates.h */
	AS_SAMPLING_LEFT,
	AS_SAMPLING_SIZE,
	AS_SAMPLING_POPULATION,
	AS_SAMPLING_PROBABILITY,
	AS_DIRECTION, /* 0 ingress, 1 egress; or their first letters */
	AS_DEGREES,   /* 0 means unknown */
};

struct rule {
	const char *source;
	const char *target;
	enum conversion as;
	bool extra; /* of the metering, not of the flow: with --keep only */
};

/* What tells a dialect: a member, and perhaps its value. */
struct sign {
	enum dialect_id id;
	const char *member;
	const char *value; /* NULL: any */
};

extern const char *const dialect_names[DIALECTS];
/* What tells whether a record of Zeek is of a log of flows, see zeek_marks. */
struct mark {
	const char *member;
	const char *begins; /* its value */
	bool flow;
};

extern const struct mark zeek_marks[]; /* the first one decides; ends with {} */

extern const struct sign signs[]; /* in order of precedence; ends with {} */
extern const struct rule *const dialect_rules[DIALECTS];

/* IPFIX elements under the names that its collectors give them. */
struct element {
	unsigned id;
	const char *name;
	const char *target;
	enum conversion as;
	bool extra;
};

extern const struct element elements[]; /* ends with {} */

#endif
