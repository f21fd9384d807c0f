/* SPDX-License-Identifier: MIT */
/*
 * splice: members replaced, added and taken out in the bytes of a record;
 * everything else stays as it was written.
 */
#ifndef SPLICE_H
#define SPLICE_H

#include "libcommon/reader.h"
#include "libcommon/value.h"

struct splice {
	struct slice name;
	struct slice key; /* the same as JSON with its colon, or empty */
	const struct field *field; /* how v is written, or NULL */
	int slot;                  /* of the member in the record */
	bool leave;                /* it stays as it is */
	struct value v;            /* unknown: it is taken out */
};

/*
 * Writes the record at hand, without newline.  Of several of a name only one
 * may not be left; new members stand in the order of the list.
 */
void splice_put(struct output *out, const struct rec *rec,
    const struct splice *list, size_t n);

/* ,"name": where before is the comma or brace. */
void splice_name(struct output *out, struct slice name, char before);

/* A value with the quotes that its slice leaves out. */
struct slice splice_whole(const struct json_val *v);

#endif
