/* SPDX-License-Identifier: MIT */
/*
 * facts: what a record says about DNS, once for all statistics and detections:
 * who asked whom for what, what was answered, and what that means.
 *
 * The client is who asks, the server who answers, whichever of them sent the
 * record.  A record is a query, a response, a transaction (both in one, as
 * Zeek has them), or a flow without DNS fields.
 */
#ifndef FACTS_H
#define FACTS_H

#include "cmd/flowdns/answers.h"
#include "cmd/flowdns/seen.h"
#include "libcommon/run.h"

/* What may hold of a record: a table counts those that have all of its bits. */
enum {
	D_DNS = 1 << 0,
	D_QUERY = 1 << 1,    /* the question was seen */
	D_RESPONSE = 1 << 2, /* the answer was seen */
	D_NAME = 1 << 3,
	D_TYPE = 1 << 4,
	D_RCODE = 1 << 5,
	D_NXDOMAIN = 1 << 6,
	D_ORDINARY = 1 << 7,  /* the name is not on the whitelist */
	D_STUB = 1 << 8,      /* recursion desired, as hosts do; or unknown */
	D_OUTWARD = 1 << 9,   /* a local client, a server elsewhere */
	D_INWARD = 1 << 10,   /* the other way round */
	D_RESOLVED = 1 << 11, /* by recursion: RA, no AA, answers */
	D_RESOLVER = 1 << 12, /* the server may be a resolver: RA or unknown */
	D_LISTED = 1 << 13,   /* the name is on the blacklist */
	D_LARGE = 1 << 14,    /* a response of FACTS_LARGE bytes or more */
	D_LONG = 1 << 15,     /* of the name SEEN_LONG bytes are a subdomain */
	D_FOREIGN = 1 << 16,  /* D_INWARD, and the name is not a local one */
	D_FLOW = 1 << 17,     /* no DNS fields */
	D_CONNECTION = 1 << 18, /* of TCP or UDP, from the client */
	D_ENCRYPTED = 1 << 19,  /* a flow to a resolver's port for DoT, .. */
};

/* The cells of a record, for the expressions of tables. */
enum fact {
	F_CLIENT,
	F_SERVER,
	F_NAME,
	F_DOMAIN, /* registrable */
	F_SUB,    /* what stands in front of it */
	F_LABEL,  /* its own first label */
	F_ASKED,  /* the name, or with --domain the domain */
	F_QTYPE,
	F_RCODE,
	F_SCOPE, /* enum scope */
	F_LISTED,
	F_SERVICE,
	F_LARGE, /* the name, of a large response */
	F_KEYS,
	F_QUERY = F_KEYS, /* from here on: numbers, absent where 0 */
	F_RESPONSE,
	F_NXDOMAIN,
	F_SERVFAIL,
	F_REFUSED,
	F_SERVED,     /* a response that is not REFUSED */
	F_RECURSIVE,  /* a query of D_STUB */
	F_RESOLUTION, /* a response of D_STUB */
	F_QUERY_BYTES,
	F_RESPONSE_BYTES,
	F_RESPONSE_PACKETS,
	F_FLOW,
	F_ALL
};

/* Where client and server are; 0 without -L. */
enum scope { SCOPE_UNKNOWN, SCOPE_LOCAL, SCOPE_OUT, SCOPE_IN, SCOPE_ELSEWHERE };

enum {
	/*
	 * Bytes of a response, with headers: more than a plain response over
	 * UDP may have (RFC 1035 4.2.1: 512), less its headers of 28.
	 */
	FACTS_LARGE = 480,
	FACTS_WITH_ID = 1 << F_CLIENT | 1 << F_SERVER | 1 << F_ASKED |
			1 << F_QTYPE | 1 << F_RCODE | 1 << F_SCOPE
};

struct facts {
	uint32_t bits;
	const struct address *client, *server;
	struct name *name;
	unsigned qtype, rcode;
	enum scope scope;
	const char *service;
	uint64_t numbers[F_ALL - F_KEYS];
	/*
	 * Of FACTS_WITH_ID: equal only if cells are.  The last one stays 0, as
	 * the owner made it.
	 */
	uint32_t ids[F_KEYS + 1];
	const struct json_val *v; /* the record */
};

struct facts_opts {
	struct lists_opts lists;
	bool by_domain; /* F_ASKED is the registrable domain */
	bool splits;    /* D_LONG, F_DOMAIN, F_SUB or F_LABEL are asked for */
};

struct facts_reader;

extern const char *const fact_names[F_ALL];

/* Before the schema is complete.  Unreadable lists end the program. */
struct facts_reader *facts_open(struct run *run, const struct facts_opts *o);

/* Of the record at hand; a message if a field cannot be read. */
const char *facts_read(
    struct facts_reader *r, const struct json_val *v, struct facts *f);

/* A cell; its text is valid until the next record. */
void facts_cell(
    struct facts_reader *r, struct facts *f, enum fact fact, struct value *out);

/* Its bytes as a key (key.h); 0, and nothing is written: there is no room. */
size_t facts_key(struct facts_reader *r, struct facts *f, enum fact fact,
    char *out, size_t room);

/* The addresses in its answer. */
void facts_answers(
    const struct facts_reader *r, const struct facts *f, struct answers *a);

/* Reads the lists of names anew if that was asked for (SIGHUP). */
void facts_reload(struct facts_reader *r);

#endif
