/* SPDX-License-Identifier: MIT */
/*
 * seen: addresses and names that were seen lately, and what is known of them.
 *
 * They are looked up by their text in tables of fixed size, whose places are
 * taken over by what comes: most hosts and names come again soon, and what they
 * are need not be found out anew each time.  What is given out is valid until
 * the next record.
 */
#ifndef SEEN_H
#define SEEN_H

#include <libpsl.h>

#include "cmd/flowdns/lists.h"

enum {
	SEEN_NAME = 1016, /* 254 bytes of a name, each escaped as \DDD */
	/* Bytes in front of the registrable domain that a host seldom has. */
	SEEN_LONG = 24,
	SEEN_ADDRESS = 41 /* longer texts of addresses are not kept */
};

/* A line of the cache. */
struct address {
	uint32_t serial; /* another one, perhaps of the same address */
	uint8_t n;
	bool local;
	bool group; /* multicast: RFC 1112, RFC 4291 */
	char text[SEEN_ADDRESS];
	struct ip ip;
};

struct name {
	uint32_t serial;
	uint16_t n;
	uint16_t domain; /* where the registrable domain begins; n: none */
	bool split;      /* it is known where */
	bool plain;      /* no NUL in it */
	bool ordinary;   /* not on the whitelist */
	bool has_long_sub;
	const char *listed; /* the entry of the blacklist, or NULL */
	const char *text;   /* lower case, no dot at the end */
};

struct seen;

/* splits: has_long_sub will be asked for. */
struct seen *seen_new(const struct lists *lists, bool splits);

/* Of a record, in this order. */
enum seen_value { SEEN_SRC, SEEN_DST, SEEN_QNAME, SEEN_VALUES };

/*
 * To be called first: all places are fetched at once, for each may be a miss.
 * Seven bytes behind each value must be readable.
 */
void seen_hint(struct seen *s, const struct json_val *const v[SEEN_VALUES]);

/*
 * NULL or a message; *out is NULL where there is none.  taken: another address
 * that must stay valid, or NULL.
 */
const char *seen_address(struct seen *s, enum seen_value which,
    const struct json_val *v, const struct address *taken,
    const struct address **out);
const char *seen_name(
    struct seen *s, const struct json_val *v, struct name **out);

/* Finds the registrable domain; names of address space (arpa) have none. */
void seen_split(struct seen *s, struct name *name);

/* The lists are others now. */
void seen_forget(struct seen *s);

#endif
