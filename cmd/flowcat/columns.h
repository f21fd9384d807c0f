/* SPDX-License-Identifier: MIT */
/*
 * columns: the fields of a template, and a record that libfixbuf has taken
 * apart as a line: a JSON object whose members have the registry's names, or
 * ipfix_PEN_ID.  The rules of the dialect "ipfix" make a canonical record of
 * it.
 */
#ifndef COLUMNS_H
#define COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/flowcat/samplers.h"
#include "libcommon/output.h"

/* A field as a template record has it. */
struct spec {
	uint32_t pen;
	uint16_t id, len; /* 65535: of variable length */
};

/* What is true of all records of a message. */
struct message_context {
	int64_t exported; /* ns since the epoch */
	int64_t boot;     /* when uptimes began, ms; INT64_MIN: unknown */
	struct samplers *samplers;
	struct slice head; /* first members of each line */
};

/* What options records say. */
struct options_seen {
	int64_t boot; /* or INT64_MIN */
	struct samplers *samplers;
};

struct column {
	char *name; /* ,"name": */
	uint32_t n_name;
	uint32_t at; /* in the decoded record */
	uint16_t len;
	uint8_t type, role;
	uint8_t part; /* enum sampling_part */
	bool as_sent; /* its octets were not put in this machine's order */
};

void columns_make(struct column *v, const struct spec *specs, size_t n);
void columns_free(struct column *v, size_t n);

/* What an options record says about flows. */
void columns_look(const struct column *v, size_t n, const uint8_t *record,
    struct options_seen *seen);

void columns_put(const struct column *v, size_t n, const uint8_t *record,
    struct message_context context, struct output *out);

#endif
