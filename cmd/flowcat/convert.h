/* SPDX-License-Identifier: MIT */
/*
 * convert: a record of any dialect becomes a canonical one.
 */
#ifndef CONVERT_H
#define CONVERT_H

#include "cmd/flowcat/dialect.h"
#include "libcommon/output.h"
#include "libcommon/reader.h"
#include "libcommon/value.h"

struct convert;

/* Adds the members of the dialects to the schema.  only: of --from; keep,
 * unsample: the options. */
struct convert *convert_new(struct schema *schema,
    const struct tstamp_zone *zone, enum dialect_id only, bool keep,
    bool unsample);

/* The dialect of the record at hand; DIALECT_NONE if it is not known. */
enum dialect_id convert_detect(const struct convert *c, const struct rec *rec);

enum convert_result {
	CONVERT_DONE,
	CONVERT_NO_FLOW, /* an alert, a template, ..: not a bad record */
	CONVERT_BAD,     /* *what says why */
};

/* Appends the canonical record, without newline, to out. */
enum convert_result convert_put(struct convert *c, enum dialect_id id,
    const struct rec *rec, struct output *out, const char **what);

/* Flows whose end lay before their start (the end was moved). */
uint64_t convert_clamped(const struct convert *c);

/* Flows whose counters, scaled up, had more than 64 bits: they stayed. */
uint64_t convert_unscaled(const struct convert *c);

#endif
