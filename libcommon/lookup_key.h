/* SPDX-License-Identifier: MIT */
/*
 * lookup_key: keys of a table as ranges of numbers, or of addresses as numbers.
 */
#ifndef LOOKUP_KEY_H
#define LOOKUP_KEY_H

#include "libcommon/value.h"

struct lookup_key {
	struct slice from, to; /* to: of a table that has a column for it */
};

/* "10.0.0.0/8", "10.0.0.1-10.0.0.9"; false if it is none. */
bool lookup_addresses(
    const struct lookup_key *k, u128 *from, u128 *to, bool *v4);

/* "80", "8000-8999", names of f (or NULL); false if it is none. */
bool lookup_numbers(
    const struct lookup_key *k, const struct field *f, u128 *from, u128 *to);

u128 lookup_ip_number(const struct ip *ip);

#endif
