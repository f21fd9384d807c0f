/* SPDX-License-Identifier: MIT */
/*
 * geo: where an address is and whose: MaxMind DB files, asked by libmaxminddb.
 *
 * Items are found by what an entry has, under the names of MaxMind's databases
 * (City, Country, ASN, ISP, Enterprise), DB-IP's, ip-location-db's and
 * IPinfo's; of several databases the first that knows an item tells it.
 *
 * Two caches of fixed size stand in front, for many records share an address
 * and many addresses an entry: address -> entry, and entry -> items as JSON.
 *
 * Measured: 3.2 to 4.1 M records/s on a core of an AMD EPYC (Zen 3) with a
 * database of countries, 6.6 to 7.3 times the time of wc -l.  5 M records, 200
 * 000 hosts by Zipf's law (bench/flowgen); 5 % of the look-ups go to the
 * database.
 */
#ifndef GEO_H
#define GEO_H

#include <stdbool.h>

#include "libcommon/ip.h"

enum geo_item {
	GEO_AS, /* number */
	GEO_AS_NAME,
	GEO_COUNTRY,   /* ISO 3166 alpha-2 */
	GEO_CONTINENT, /* two letters, as "EU" */
	GEO_SUBDIVISION,
	GEO_CITY,
	GEO_LATITUDE, /* degrees, WGS 84 */
	GEO_LONGITUDE,
	GEO_ITEMS,
};

enum { GEO_MAX = 8 }; /* databases */

/* "as", "as_name", ..: what stands behind src_ and dst_ in a member's name. */
extern const char *const geo_names[GEO_ITEMS];

struct geo;

struct geo *geo_new(void);

/* A missing or broken file, or one without any item, ends the program with its
 * path. */
void geo_add(struct geo *g, const char *path);

/* Whether a database has that item: by its first entries. */
bool geo_has(const struct geo *g, enum geo_item item);

/* The address will be asked for soon. */
void geo_hint(const struct geo *g, const struct ip *ip);

/* GEO_ITEMS texts in JSON, without bytes what is unknown.  Valid until the
 * next call. */
const struct slice *geo_find(struct geo *g, const struct ip *ip);

/* Whether a look-up met broken data; it was told then. */
bool geo_failed(const struct geo *g);

#endif
