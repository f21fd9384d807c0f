/* SPDX-License-Identifier: MIT */
/*
 * exporters: what is known of each exporter's observation domain: templates,
 * sequence, sampling, and data that came before its template.
 *
 * All of it is bounded: exporters that never sent a flow are forgotten first,
 * then those heard of longest ago; templates and waiting data of each are
 * limited too.  What is thrown away is counted.
 */
#ifndef EXPORTERS_H
#define EXPORTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/flowcat/counters.h"
#include "cmd/flowcat/templates.h"
#include "libcommon/ip.h"

enum {
	EXPORTERS_MAX = 256,
	EXPORTERS_MAX_FIELDS = 32 * 1024, /* of all templates */
	WAITING_MAX = 32,                 /* sets of an exporter */
	WAITING_BYTES = 64 * 1024,        /* of an exporter */
	WAITING_ALL = 4 * 1024 * 1024,    /* of all */
};

/* What a message adds to its exporter's sequence. */
struct message_units {
	uint32_t flows, options; /* records; v9: one flow */
	bool known;              /* false: some had no template */
};

/* No padding: it is compared as bytes. */
struct exporter_key {
	struct ip ip;
	uint32_t domain;
	uint32_t link; /* a connection or file; 0: datagrams */
	uint16_t port, version;
};

struct exporter {
	struct exporter_key key;
	struct templates *templates; /* NULL until the first */
	/* Of the message before. */
	bool counting;
	uint32_t number;
	struct message_units units;
	unsigned style;           /* of sequence numbers */
	struct samplers samplers; /* as its options say */
	int64_t boot;             /* the same, ms, or INT64_MIN */
	uint64_t flows, used;
	struct shares *shares;   /* counters.h */
	struct waiting *waiting; /* oldest first */
	size_t n_waiting, waiting_bytes;
};

/* Never NULL: another one may be forgotten for it. */
struct exporter *exporter_find(const struct exporter_key *key);

/* Counts n more of it, see counters.h. */
void exporter_count(struct exporter *e, enum share what, uint64_t n);

bool exporter_add_template(struct exporter *e, uint16_t id, bool options,
    const struct spec *specs, size_t n);

/* Of a connection or file that has ended. */
void exporters_end(uint32_t link);

/* A data set whose template is not known yet. */
void exporter_wait(struct exporter *e, const uint8_t *set, size_t n,
    const struct message_context *context);

/* The oldest of them for that template, to be decoded and freed; or NULL. */
struct waiting {
	struct message_context context; /* without a head */
	size_t n;
	uint8_t *set; /* TEMPLATES_HEAD bytes may be written before it */
};
bool exporter_waited(struct exporter *e, uint16_t id, struct waiting *out);
void waiting_free(struct waiting *w);

/*
 * RFC 7011 3.1: the number counts the data records before this message.
 * softflowd counts those of the message too, and no options: which of these
 * an exporter means is learned from what fits.
 */
void exporter_sequence(
    struct exporter *e, uint32_t number, struct message_units units);

#endif
