/* SPDX-License-Identifier: MIT */
#include "libcommon/geo.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/hash.h"
#include "libcommon/json.h"
#include "libcommon/num.h"
#include "libcommon/num_put.h"
#include "libcommon/output.h"
#include "libcommon/xalloc.h"

enum {
	V4_BITS = 16, /* of sets */
	V4_WAYS = 4,
	V6_BITS = 15,
	ENTRIES = 16 * 1024,
	MAX_PATH = 4,
	MAX_TEXT = 512,  /* bytes of an item */
	SAMPLE = 4096,   /* nodes, to see what a database has */
	MAX_DEPTH = 128, /* of its tree */
};

const char *const geo_names[GEO_ITEMS] = {
	[GEO_AS] = "as",
	[GEO_AS_NAME] = "as_name",
	[GEO_COUNTRY] = "country",
	[GEO_CONTINENT] = "continent",
	[GEO_SUBDIVISION] = "subdivision",
	[GEO_CITY] = "city",
	[GEO_LATITUDE] = "latitude",
	[GEO_LONGITUDE] = "longitude",
};

/* Where databases have an item; the first that is there counts. */
static const struct place {
	enum geo_item item;
	const char *path[MAX_PATH + 1];
} places[] = {
	{ GEO_AS, { "autonomous_system_number" } },
	{ GEO_AS, { "traits", "autonomous_system_number" } },
	{ GEO_AS, { "asn" } },
	{ GEO_AS_NAME, { "autonomous_system_organization" } },
	{ GEO_AS_NAME, { "traits", "autonomous_system_organization" } },
	{ GEO_AS_NAME, { "as_name" } },
	{ GEO_COUNTRY, { "country", "iso_code" } },
	{ GEO_COUNTRY, { "country_code" } },
	{ GEO_COUNTRY, { "country" } },
	{ GEO_CONTINENT, { "continent", "code" } },
	{ GEO_CONTINENT, { "continent_code" } },
	{ GEO_CONTINENT, { "continent" } },
	{ GEO_SUBDIVISION, { "subdivisions", "0", "iso_code" } },
	{ GEO_SUBDIVISION, { "subdivisions", "0", "names", "en" } },
	{ GEO_SUBDIVISION, { "state1" } },
	{ GEO_SUBDIVISION, { "region" } },
	{ GEO_CITY, { "city", "names", "en" } },
	{ GEO_CITY, { "city" } },
	{ GEO_LATITUDE, { "location", "latitude" } },
	{ GEO_LATITUDE, { "latitude" } },
	{ GEO_LONGITUDE, { "location", "longitude" } },
	{ GEO_LONGITUDE, { "longitude" } },
};

/*
 * What one combination of the databases' entries says.  Entries are offsets in
 * the databases, + 1; 0: the address is not there.
 */
struct entry {
	struct slice items[GEO_ITEMS];
	uint32_t offsets[GEO_MAX];
	char *text; /* of the items */
	size_t n, cap;
	size_t at[GEO_ITEMS];
};

/* place: of its entry, + 1; 0: nothing is known. */
struct v4 {
	uint32_t ip, place;
};

/* Hits move to the front, so that the rare addresses displace each other. */
struct v4_set {
	struct v4 ways[V4_WAYS];
};

struct v6 {
	struct ip ip;
	uint32_t place;
};

/*
 * When there is no room for an entry, all caches are emptied: so a place never
 * is another entry's, and a look-up needs no check of it.
 */
struct geo {
	MMDB_s dbs[GEO_MAX];
	size_t n;
	bool failed, has[GEO_ITEMS];
	struct v4_set *v4;
	struct v6 *v6;
	struct entry *entries;
	uint32_t n_entries;
	uint32_t table[2 * ENTRIES]; /* place of offsets, open addressing */
	uint64_t seed;
};

struct geo *
geo_new(void)
{
	struct geo *g = xcalloc(1, sizeof *g);

	g->v4 = xzeros(sizeof *g->v4 << V4_BITS);
	g->v6 = xzeros(sizeof *g->v6 << V6_BITS);
	g->entries = xcalloc(ENTRIES, sizeof *g->entries);
	g->seed = hash_seed();
	return g;
}

bool
geo_has(const struct geo *g, enum geo_item item)
{
	return g->has[item];
}

bool
geo_failed(const struct geo *g)
{
	return g->failed;
}

/* The first time it is told, for all records may meet it. */
static void
complain(struct geo *g, const MMDB_s *db, const char *what)
{
	if (!g->failed)
		warn("%s: broken data: %s", db->filename, what);
	g->failed = true;
}

/* ---- an entry ---- */

static void
keep(struct entry *e, enum geo_item item, const char *p, size_t n)
{
	if (e->n + n > e->cap) {
		e->cap = 2 * e->cap + n;
		e->text = xreallocarray(e->text, e->cap, 1);
	}
	memcpy(e->text + e->n, p, n);
	e->at[item] = e->n;
	e->items[item] = slice_of(NULL, n); /* the text may still move */
	e->n += n;
}

/* "AS123" is 123; where two letters belong, no name of a country counts. */
static void
keep_text(struct entry *e, enum geo_item item, struct slice s)
{
	char json[6 * MAX_TEXT + 2];
	uint64_t number;
	size_t n;

	if (item == GEO_AS) {
		if (s.n > 2 && slice_is_nocase(slice_of(s.p, 2), "AS"))
			s = slice_of(s.p + 2, s.n - 2);
		if (num_u64(s, &number) || !number)
			return;
		n = num_put_u64(json, number);
		keep(e, item, json, n);
		return;
	}
	if (item == GEO_LATITUDE || item == GEO_LONGITUDE) {
		if (json_scalar(s.p, s.n) == JSON_NUMBER)
			keep(e, item, s.p, s.n);
		return;
	}
	if (!s.n ||
	    ((item == GEO_COUNTRY || item == GEO_CONTINENT) && s.n != 2))
		return;
	json[0] = '"';
	n = 1 + json_escape(s, json + 1);
	json[n++] = '"';
	keep(e, item, json, n);
}

static void
keep_number(struct entry *e, enum geo_item item, double d, uint64_t u)
{
	char json[NUM_ROOM];

	if (item == GEO_LATITUDE || item == GEO_LONGITUDE)
		keep(e, item, json, num_put_double(json, d));
	else if (item == GEO_AS && u)
		keep(e, item, json, num_put_u64(json, u));
}

/* As short as its precision: 50.0883 of 4 bytes is 50.0882987976.. of 8. */
static double
of_float(float f)
{
	char text[32];

	snprintf(text, sizeof text, "%.7g", (double)f);
	return strtod(text, NULL);
}

static const char *
keep_data(struct entry *e, enum geo_item item, const MMDB_entry_data_s *d)
{
	switch (d->type) {
	case MMDB_DATA_TYPE_UTF8_STRING:
		if (d->data_size > MAX_TEXT)
			return "a text is too long";
		keep_text(e, item, slice_of(d->utf8_string, d->data_size));
		break;
	case MMDB_DATA_TYPE_DOUBLE:
		keep_number(e, item, d->double_value, 0);
		break;
	case MMDB_DATA_TYPE_FLOAT:
		keep_number(e, item, of_float(d->float_value), 0);
		break;
	case MMDB_DATA_TYPE_UINT16:
		keep_number(e, item, d->uint16, d->uint16);
		break;
	case MMDB_DATA_TYPE_UINT32:
		keep_number(e, item, d->uint32, d->uint32);
		break;
	default:
		break;
	}
	return NULL;
}

/* What one database knows of what is not known yet.  NULL or a message. */
static const char *
read_entry(MMDB_s *db, uint32_t offset, struct entry *e)
{
	MMDB_entry_s entry = { .mmdb = db, .offset = offset };
	MMDB_entry_data_s data;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const struct place *p = &places[i];
		const char *err;
		int status;

		if (e->items[p->item].n)
			continue;
		status = MMDB_aget_value(&entry, &data, p->path);
		if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
			continue;
		if (status != MMDB_SUCCESS)
			return MMDB_strerror(status);
		err = data.has_data ? keep_data(e, p->item, &data) : NULL;
		if (err)
			return err;
	}
	return NULL;
}

/* ---- a database ---- */

/* Counts what the entry of a record has. */
static void
count_items(struct geo *g, MMDB_s *db, const MMDB_entry_s *entry, bool *any)
{
	struct entry e = { 0 };

	if (!read_entry(db, entry->offset, &e))
		for (size_t i = 0; i < GEO_ITEMS; i++) {
			g->has[i] = g->has[i] || e.items[i].n;
			*any = *any || e.items[i].n;
		}
	free(e.text);
}

/*
 * What a database has shows in its entries alone: some of them, left ends of
 * the tree first.  Broken data is told when a look-up meets it.
 */
static bool
has_items(struct geo *g, MMDB_s *db)
{
	uint64_t open[MAX_DEPTH + 1];
	size_t n = 0;
	bool any = false, unread = false;

	open[n++] = 0;
	for (size_t steps = 0; n && steps < SAMPLE; steps++) {
		MMDB_search_node_s node;
		uint32_t at = (uint32_t)open[--n];

		if (MMDB_read_node(db, at, &node) != MMDB_SUCCESS)
			return true;
		for (int right = 1; right >= 0; right--) {
			uint64_t to =
			    right ? node.right_record : node.left_record;
			int type = right ? node.right_record_type
					 : node.left_record_type;

			if (type == MMDB_RECORD_TYPE_DATA)
				count_items(g, db,
				    right ? &node.right_record_entry
					  : &node.left_record_entry,
				    &any);
			if (type == MMDB_RECORD_TYPE_SEARCH_NODE &&
			    n < MAX_DEPTH)
				open[n++] = to;
		}
	}
	unread = n > 0;
	return any || unread;
}

void
geo_add(struct geo *g, const char *path)
{
	MMDB_s *db = &g->dbs[g->n];
	int status;

	if (g->n == GEO_MAX)
		die("%s: more than %d databases", path, GEO_MAX);
	out_keep(path);
	status = MMDB_open(path, MMDB_MODE_MMAP, db);
	if (status == MMDB_FILE_OPEN_ERROR)
		die_errno("%s", path);
	if (status != MMDB_SUCCESS)
		die("%s: %s", path, MMDB_strerror(status));
	if (!has_items(g, db))
		die("%s: a database (%s) without countries, cities or AS", path,
		    db->metadata.database_type);
	g->n++;
}

/* ---- looking up ---- */

static uint32_t
look_up(struct geo *g, MMDB_s *db, const struct ip *ip)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *at = (const struct sockaddr *)&v6;
	MMDB_lookup_result_s found;
	int status;

	if (ip_is_v4(ip)) {
		memcpy(&v4.sin_addr, ip->b + 12, 4);
		at = (const struct sockaddr *)&v4;
	} else if (db->metadata.ip_version == 4) {
		return 0;
	}
	memcpy(&v6.sin6_addr, ip->b, 16);
	found = MMDB_lookup_sockaddr(db, at, &status);
	if (status == MMDB_SUCCESS)
		return found.found_entry ? found.entry.offset + 1 : 0;
	complain(g, db, MMDB_strerror(status));
	return 0;
}

static void
forget(struct geo *g)
{
	memset(g->v4, 0, sizeof *g->v4 << V4_BITS);
	memset(g->v6, 0, sizeof *g->v6 << V6_BITS);
	memset(g->table, 0, sizeof g->table);
	g->n_entries = 0;
}

static void
fill(struct geo *g, struct entry *e, const uint32_t *offsets)
{
	memset(e->items, 0, sizeof e->items);
	memcpy(e->offsets, offsets, sizeof e->offsets);
	e->n = 0;
	for (size_t i = 0; i < g->n; i++) {
		const char *err =
		    offsets[i] ? read_entry(&g->dbs[i], offsets[i] - 1, e)
			       : NULL;

		if (err)
			complain(g, &g->dbs[i], err);
	}
	for (size_t i = 0; i < GEO_ITEMS; i++)
		if (e->items[i].n)
			e->items[i].p = e->text + e->at[i];
}

/* The place of the databases' entries for an address. */
static uint32_t
entry_place(struct geo *g, const struct ip *ip)
{
	uint32_t offsets[GEO_MAX] = { 0 }, at;

	for (size_t i = 0; i < g->n; i++)
		offsets[i] = look_up(g, &g->dbs[i], ip);
	if (g->n_entries == ENTRIES)
		forget(g);
	at = (uint32_t)hash_bytes(offsets, sizeof offsets, g->seed);
	for (;; at++) {
		uint32_t *place = &g->table[at % (2 * ENTRIES)];

		if (!*place) {
			*place = ++g->n_entries;
			fill(g, &g->entries[*place - 1], offsets);
			return *place;
		}
		if (memcmp(g->entries[*place - 1].offsets, offsets,
			sizeof offsets) == 0)
			return *place;
	}
}

static struct v6 *
slot_v6(const struct geo *g, const struct ip *ip)
{
	return &g->v6[hash_bytes(ip, sizeof *ip, g->seed) >> (64 - V6_BITS)];
}

/* Multiplicative hashing: Knuth, TAOCP 3, 6.4. */
static struct v4_set *
set_v4(const struct geo *g, uint32_t n)
{
	return &g->v4[(n ^ g->seed) * 0x9e3779b97f4a7c15 >> (64 - V4_BITS)];
}

static uint32_t
last_four(const struct ip *ip)
{
	uint32_t n;

	memcpy(&n, ip->b + 12, sizeof n);
	return n;
}

void
geo_hint(const struct geo *g, const struct ip *ip)
{
	if (ip_is_v4(ip))
		__builtin_prefetch(set_v4(g, last_four(ip)));
	else
		__builtin_prefetch(slot_v6(g, ip));
}

static uint32_t
find_v6(struct geo *g, const struct ip *ip)
{
	struct v6 *v = slot_v6(g, ip);

	if (!v->place || memcmp(&v->ip, ip, sizeof *ip) != 0)
		*v = (struct v6){ *ip, entry_place(g, ip) };
	return v->place;
}

static uint32_t
find_v4(struct geo *g, const struct ip *ip)
{
	uint32_t n = last_four(ip);
	struct v4 *v = set_v4(g, n)->ways, found;
	size_t i = 0;

	if (v->ip == n && v->place)
		return v->place;
	while (i < V4_WAYS - 1 && (v[i].ip != n || !v[i].place))
		i++;
	found = v[i];
	if (found.ip != n || !found.place)
		found = (struct v4){ n, entry_place(g, ip) };
	v[i] = v[i / 2];
	v[i / 2] = found;
	return found.place;
}

const struct slice *
geo_find(struct geo *g, const struct ip *ip)
{
	uint32_t place = ip_is_v4(ip) ? find_v4(g, ip) : find_v6(g, ip);

	return g->entries[place - 1].items;
}
