/* SPDX-License-Identifier: MIT */
/*
 * mend: what the fields of a converted record say together: ICMP in the ports,
 * times that lack one of three, flags of what is not TCP.
 */
#ifndef MEND_H
#define MEND_H

#include "cmd/flowcat/conversions.h"

/* Adds members of its own to the schema. */
void mend_setup(struct convert *c, struct schema *schema);

void mend_record(struct convert *c, enum dialect_id id, const struct rec *rec);

#endif
