/* SPDX-License-Identifier: MIT */
/*
 * schema: the members that a program needs, as a tree of names.
 *
 * A path "dns.queries.0.rrname" stands for a member of that very name as well
 * as for the nested one.  Names are added in set-up; each gets a slot, and a
 * record then carries one value per slot.  Names are copied.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/slice.h"

enum { SCHEMA_ROOT = 0, SCHEMA_NONE = -1, SCHEMA_MAX_SLOTS = 1024 };

struct schema_node {
	struct slice name;
	int parent;
	int slot;       /* or SCHEMA_NONE */
	bool has_inner; /* some path leads through it */
};

struct schema {
	struct schema_node *nodes;
	size_t n, cap;
	struct slice *slots; /* the path of each */
	size_t n_slots, cap_slots;
	/* Slots of members that the user named and that are no known field. */
	int *asked;
	size_t n_asked, cap_asked;
	uint32_t *table; /* node index + 1, open addressing */
	uint32_t mask;
	uint64_t seed;
};

void schema_init(struct schema *s);

/* The slot of a path; the same path always has the same slot. */
int schema_add(struct schema *s, struct slice path);

/* If no record has it, the user is told: perhaps it is mistyped. */
void schema_ask(struct schema *s, int slot);

/* The slot of a path that was added, or SCHEMA_NONE. */
int schema_slot(const struct schema *s, struct slice path);

/* The node of a member of the object at node, or SCHEMA_NONE. */
int schema_child(const struct schema *s, int node, struct slice name);

#endif
