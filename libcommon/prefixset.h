/* SPDX-License-Identifier: MIT */
/*
 * prefixset: many address prefixes, IPv4 and IPv6 mixed, overlapping, in any
 * order; the answer never depends on the order.  Filled, sealed, then asked.
 *
 * The families keep apart: "0.0.0.0/0" matches any IPv4 address and no other,
 * "::/0" any IPv6 address.  So does an IPv6 prefix shorter than 96 bits that
 * covers ::ffff:0:0/96, where IPv4 addresses are mapped: it matches no IPv4.
 */
#ifndef PREFIXSET_H
#define PREFIXSET_H

#include "libcommon/ip.h"

struct prefixset;

struct prefixset *prefixset_new(void);
void prefixset_add(struct prefixset *s, const struct ip_prefix *p);

/* No more additions from here on; only a sealed set may be asked. */
void prefixset_seal(struct prefixset *s);
bool prefixset_has(const struct prefixset *s, const struct ip *ip);

/* Prefixes that lie in no other one; once sealed. */
size_t prefixset_count(const struct prefixset *s);
void prefixset_free(struct prefixset *s);

#endif
