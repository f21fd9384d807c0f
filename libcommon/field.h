/* SPDX-License-Identifier: MIT */
/*
 * field: the canonical fields of a flow record, flowrec(5).
 *
 * One table: name, short alias, type, heading.  Order is the order in which a
 * canonical record is written.  Members with other names have no row; their
 * type is FIELD_ANY.
 */
#ifndef FIELD_H
#define FIELD_H

#include <stdbool.h>

#include "libcommon/names.h"
#include "libcommon/near.h"
#include "libcommon/slice.h"

enum field_type {
	FIELD_ANY, /* as the JSON value says */
	FIELD_INT,
	FIELD_REAL, /* a decimal number */
	FIELD_TIME,
	FIELD_IP,
	FIELD_STR,
	FIELD_FLAGS,
	FIELD_NAMED, /* a number with names: set */
	FIELD_BOOL,
};

struct field {
	const char *name;
	const char *alias; /* or NULL */
	enum field_type type;
	enum names_set set; /* of FIELD_NAMED */
	const char *heading;
	const char *help;
};

extern const struct field fields[]; /* ends with a NULL name */

/* By name or alias; NULL if it is not canonical. */
const struct field *field_find(struct slice name);

/* By its own name alone: as members of records and columns are called. */
const struct field *field_named(struct slice name);

/*
 * The member that an option names, as expressions do: a field by its name or
 * alias, ".name" or "name" as it is, ".\"odd name\"".  Lives for ever.
 */
const char *field_option(const char *text);

/* Source or destination address: what no flow is without. */
bool field_is_end(const struct field *f);

/* The ends of a record that flowcat --by-endpoint has made. */
bool field_is_endpoint(const struct field *f);

/*
 * Names of hosts, and MAC addresses: case and a dot at the end do not matter in
 * comparisons.
 */
bool field_is_host(const struct field *f);

/* "flows_z": a column that was made of a field. */
bool field_is_part(struct slice name);

/* Compares a word with all names. */
void field_near(struct near *near);

/* The same, for the 'first', 'second' of a pair: index in fields[]. */
int field_index(const struct field *f);

#endif
