/* SPDX-License-Identifier: MIT */
/*
 * enrich: what a canonical record does not say itself, spliced into its bytes.
 *
 * In this order: --geo, -L, --lookup in their order; then --where is asked;
 * then --by-endpoint, then --anon.  A step that adds members is a row of a
 * table; what one has added the next may look up.
 */
#ifndef ENRICH_H
#define ENRICH_H

#include "libcommon/opts.h"
#include "libcommon/recout.h"
#include "libcommon/run.h"

extern const struct opt enrich_options[];

struct enrich;

/*
 * NULL if no option asks for it.  After run_setup(), when only --where has
 * added to the schema.
 */
struct enrich *enrich_new(struct run *run);

/* The members that may be added become columns, too. */
void enrich_columns(const struct enrich *e, struct recout *columns);

/*
 * The record at hand, enriched, without newline: with --by-endpoint two of
 * them, with a newline between.  Valid until the next call.  False if --where
 * does not hold, or if the record was rejected.
 */
bool enrich_apply(struct enrich *e, struct reader *r, struct slice *text);

/* Whether that may be two records. */
bool enrich_doubles(void);

/* Whether a database was found to be broken. */
bool enrich_failed(const struct enrich *e);

#endif
