/* SPDX-License-Identifier: MIT */
/*
 * additions: members that are added to a record, from databases (--geo), local
 * networks (-L) and tables (--lookup).
 *
 * Members are prepared once, as splices without a value.  The steps make a list
 * of those that the record at hand gets, with values as JSON text.
 */
#ifndef ADDITIONS_H
#define ADDITIONS_H

#include "libcommon/expr_set.h"
#include "libcommon/geo.h"
#include "libcommon/splice.h"

enum { MAX_LOOKUPS = 32, MAX_MEMBERS = 256, MORE = 16, SIDES = 2 };

extern const char *const additions_sides[SIDES]; /* "src_", "dst_" */

/* A member that may be added. */
struct member {
	struct splice as;
	size_t at; /* in the list of edits, if the record's number is seen */
	uint64_t seen;
};

struct additions_opts {
	const char *geo[GEO_MAX], *lookups[MAX_LOOKUPS]; /* FIELD=TABLE */
	size_t n_geo, n_lookups;
	const char *nets;
	bool override;
};

/* Public: edits, n_edits, ips, known. */
struct additions {
	/* Of the record at hand; behind them MORE are the caller's. */
	struct splice edits[MAX_MEMBERS + MORE];
	size_t n_edits;
	struct ip ips[SIDES]; /* of its ends, */
	bool known[SIDES];    /* if it has them */

	/* Private. */
	struct member members[MAX_MEMBERS];
	size_t n_members;
	uint64_t number; /* of the record at hand */
	bool override;
	struct geo *geo;
	int places[SIDES][GEO_ITEMS]; /* members */
	struct set *nets;
	int direction; /* member */
	struct table *tables;
	size_t n_tables;
	int ip_slots[SIDES];
	struct value_reading how;
	struct arena scratch, run;
	char what[160];
};

/* Errors in options and files end the program.  The schema is not touched. */
struct additions *additions_new(
    const struct additions_opts *opts, const struct tstamp_zone *zone);

/* A splice for a member of that name; its slot follows with the schema. */
struct splice additions_splice(struct additions *a, const char *name);

bool additions_has(const struct additions *a, struct slice name);

/* Whether the schema, of --where, has one of the members. */
bool additions_wanted(const struct additions *a, const struct schema *schema);
void additions_add_slots(struct additions *a, struct schema *schema);

/* The name of the i-th member that is likely to be added; false at the end. */
bool additions_name(const struct additions *a, size_t *i, struct slice *name);

/*
 * The list of edits, valid until the next call; the addresses of both ends are
 * read where ends is true or a step needs them.  NULL, or what is wrong with
 * the record.
 */
const char *additions_look(
    struct additions *a, const struct rec *rec, bool ends);

/*
 * At the end: whether a database was found to be broken.  Tells of fields to
 * look up that are probably mistyped.
 */
bool additions_failed(const struct additions *a);

#endif
