/* SPDX-License-Identifier: MIT */
/*
 * intake: the records of an input one by one: unwrapped, made canonical,
 * sampled, enriched, chosen.
 */
#ifndef INTAKE_H
#define INTAKE_H

#include "cmd/flowcat/enrich.h"

struct intake;

struct intake_opts {
	const char *from, *unwrap; /* or NULL */
	bool keep, unsample;
	uint64_t skip, sample;
};

/* All is borrowed.  enrich: or NULL.  Wrong options end the program. */
struct intake *intake_new(
    struct run *run, struct enrich *enrich, const struct intake_opts *o);

/*
 * The next record that is wanted, without newline: with --by-endpoint two of
 * them, with a newline between.  It may be the reader's own bytes; valid until
 * the next call.  False at the end.
 */
bool intake_next(struct intake *in, struct reader *r, struct slice *text);

/* Warns of what was left out or could not be done. */
void intake_report(const struct intake *in);

#endif
