/* SPDX-License-Identifier: MIT */
/*
 * templates: those of one exporter's domain, and its records as lines.
 *
 * libfixbuf takes records apart.  Its templates cannot be withdrawn while it
 * holds on to them, so its session is a cache of ours: it is thrown away when
 * enough of its templates are dead, and filled again as they are used.
 */
#ifndef TEMPLATES_H
#define TEMPLATES_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/flowcat/columns.h"

enum {
	TEMPLATES_MAX = 512,        /* of an exporter's domain */
	TEMPLATES_MAX_FIELDS = 512, /* of a template */
	TEMPLATES_HEAD = 16,        /* writable bytes before a set */
	TEMPLATES_TAIL = 16,        /* readable ones behind: libfixbuf looks
				       ahead */
};

struct templates;

struct templates *templates_new(void);
void templates_free(struct templates *t);

/* False if it is none that records could follow. */
bool templates_add(struct templates *t, uint16_t id, bool options,
    const struct spec *specs, size_t n);
void templates_remove(struct templates *t, uint16_t id);
void templates_remove_all(struct templates *t, bool options);
bool templates_has(const struct templates *t, uint16_t id);
size_t templates_fields(const struct templates *t); /* of all */

/* Forgets those used longest ago, until so many fields are left at most. */
void templates_limit(struct templates *t, size_t fields);

struct templates_done {
	uint64_t flows, options;
	bool broken; /* the set ends within a record */
};

/*
 * The records of a data set of n bytes, with its header, as lines.  The bytes
 * before it are overwritten.
 */
struct templates_done templates_decode(struct templates *t, uint8_t *set,
    size_t n, const struct message_context *context, struct output *out,
    struct options_seen *seen);

#endif
