/* SPDX-License-Identifier: MIT */
/*
 * anon: addresses made anonymous by Crypto-PAn: two addresses that share their
 * first n bits share as many afterwards (J. Xu, J. Fan, M. Ammar, S. Moon,
 * "Prefix-Preserving IP Address Anonymization", ICNP 2002).  IPv6 the same way
 * with 128 bits.  Of IPv4 the result is that of nfanon with the same key.
 *
 * What nfanon makes of IPv6 is not Crypto-PAn: it takes the bytes of each half
 * in the order of the machine, and lets a bit depend on itself, so that
 * neighbours part and different addresses become one.  anon_as_nfanon() does
 * the same as nfanon 1.7 on machines with the low byte first.
 *
 * A cache of fixed size stands in front; without it an IPv4 address costs 32
 * blocks of AES, an IPv6 address 128.
 */
#ifndef ANON_H
#define ANON_H

#include "libcommon/expr_set.h"
#include "libcommon/output.h"

struct anon;

/*
 * key: 32 characters, or "0x" and 64 hexadecimal digits, also without "0x".
 * NULL if it is none.
 */
struct anon *anon_new(struct slice key);

/* The key is a file's first line.  Errors end the program. */
struct anon *anon_open(const char *file);

/* IPv6 as nfanon 1.7 has it.  Before the first address. */
void anon_as_nfanon(struct anon *a);

/* Addresses that stay as they are.  The set is the caller's. */
void anon_keep(struct anon *a, const struct set *nets);

struct ip anon_ip(struct anon *a, const struct ip *ip);

/*
 * Appends a valid JSON text in which every string that is as a whole an
 * address or a prefix, at any depth, names too, is made anonymous.
 */
void anon_put(struct anon *a, struct slice json, struct output *out);

#endif
