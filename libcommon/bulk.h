/* SPDX-License-Identifier: MIT */
/*
 * bulk: what stands in front of each row in the body of a request to the bulk
 * API of Elasticsearch and OpenSearch: a line that says which index, and by
 * which _id, so that a row that is sent again replaces itself.
 *
 * Both describe the body alike, under "Bulk API" and "Bulk": lines of JSON, an
 * action and a document in turn, the last one with its newline.
 */
#ifndef BULK_H
#define BULK_H

#include "libcommon/output.h"

enum { BULK_NAME = 255 /* bytes of an index's name, as both allow */ };

struct bulk {
	const char *index; /* borrowed */
	bool timed;        /* it has %Y, %m or %d */
	int64_t day;       /* that 'name' is of, since 1970 */
	char name[BULK_NAME + 1];
	size_t n;
};

/* NULL, or why both would refuse the name. */
const char *bulk_open(struct bulk *b, const char *index);

/*
 * time: the row's, ns since 1970; its day in UTC goes into the name.  identity:
 * bytes that tell the row from others of its index; empty: the store names it.
 */
void bulk_action(
    struct bulk *b, struct output *out, int64_t time, struct slice identity);

/* Behind the members of a row that has some: its time, and the end. */
void bulk_end(struct output *out, int64_t time);

#endif
