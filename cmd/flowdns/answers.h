/* SPDX-License-Identifier: MIT */
/*
 * answers: the addresses in an answer (A, AAAA), as records have them: an array
 * of the data of all, or the data of the first alone.
 */
#ifndef ANSWERS_H
#define ANSWERS_H

#include "libcommon/ip.h"
#include "libcommon/json.h"

struct answers {
	const struct json_val *one; /* or NULL */
	struct json_in in;
	struct json_iter it;
	bool done;
};

/* Values of the record, borrowed: dns_rdata and dns_rdata_all. */
void answers_open(struct answers *a, const struct json_val *first,
    const struct json_val *all);

/* The next one; false behind the last. */
bool answers_next(struct answers *a, struct ip *ip);

#endif
