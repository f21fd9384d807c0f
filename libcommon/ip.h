/* SPDX-License-Identifier: MIT */
/*
 * ip: addresses as 16 bytes in network order; IPv4 as IPv4-mapped
 * (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so that one comparison serves both.
 */
#ifndef IP_H
#define IP_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/load.h"
#include "libcommon/slice.h"

enum { IP_ROOM = 46 };

struct ip {
	uint8_t b[16];
};

struct ip_prefix {
	struct ip ip; /* bits beyond len are zero */
	uint8_t len;  /* of the 128: an IPv4 prefix has 96 more */
};

/*
 * Strict text: dotted quad without leading zeros, RFC 4291 text (with ::, with
 * an embedded IPv4, a zone "%eth0" is an error).  An IPv4-mapped text is IPv4.
 */
const char *ip_parse(struct slice s, struct ip *out);

/* RFC 5952 text of IPv6, dotted quad of IPv4; returns the length. */
size_t ip_put(char *out, const struct ip *ip); /* IP_ROOM */

static inline bool
ip_is_v4(const struct ip *ip)
{
	return !load8((const char *)ip->b) &&
	       load4((const char *)ip->b + 8) == 0xffff0000;
}

/* "10.0.0.0/8", "2001:db8::/32", an address alone (its full length), and
 * "10.0.0.0 255.0.0.0" and "172.16/12" as nfdump has them. */
const char *ip_prefix_parse(struct slice s, struct ip_prefix *out);
size_t ip_prefix_put(char *out, const struct ip_prefix *p); /* IP_ROOM + 4 */

/* Keeps v4 leading bits of an IPv4 address, v6 of an IPv6 one. */
struct ip ip_mask(const struct ip *ip, unsigned v4, unsigned v6);

bool ip_in_prefix(const struct ip *ip, const struct ip_prefix *p);

#endif
