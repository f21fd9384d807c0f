/* SPDX-License-Identifier: MIT */
/*
 * prefixset: many address prefixes, IPv4 and IPv6 mixed, overlapping, in any
 * order; the answer never depends on the order.  Filled, sealed, then asked.
 */
#ifndef PREFIXSET_H
#define PREFIXSET_H

#include "libcommon/ip.h"

struct prefixset;

struct prefixset *prefixset_new(void);
void prefixset_add(struct prefixset *s, const struct ip_prefix *p);

/* No more additions; prefixes within others are merged away. */
void prefixset_seal(struct prefixset *s);
bool prefixset_has(const struct prefixset *s, const struct ip *ip);
size_t prefixset_count(const struct prefixset *s); /* once sealed: disjoint */
void prefixset_free(struct prefixset *s);

#endif
