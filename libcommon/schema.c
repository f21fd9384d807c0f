/* SPDX-License-Identifier: MIT */
#include "libcommon/schema.h"

#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/hash.h"
#include "libcommon/xalloc.h"

static uint32_t
place(const struct schema *s, int parent, struct slice name)
{
	uint64_t h = hash_bytes(name.p, name.n, s->seed + (uint64_t)parent);

	return (uint32_t)h & s->mask;
}

static void
insert(struct schema *s, uint32_t node)
{
	const struct schema_node *n = &s->nodes[node];
	uint32_t i = place(s, n->parent, n->name);

	while (s->table[i])
		i = (i + 1) & s->mask;
	s->table[i] = node + 1;
}

static int
add_node(struct schema *s, int parent, struct slice name)
{
	struct schema_node n = {
		.name = { xstrndup(name.p, name.n), name.n },
		.parent = parent,
		.slot = SCHEMA_NONE,
	};

	s->nodes = xgrow(s->nodes, &s->cap, s->n, sizeof *s->nodes);
	s->nodes[s->n++] = n;
	if (s->n * 4 > s->mask) {
		free(s->table);
		s->mask = s->mask ? s->mask * 2 + 1 : 63;
		s->table = xcalloc(s->mask + 1, sizeof *s->table);
		for (uint32_t i = 1; i < s->n; i++)
			insert(s, i);
	} else {
		insert(s, (uint32_t)s->n - 1);
	}
	return (int)s->n - 1;
}

void
schema_init(struct schema *s)
{
	*s = (struct schema){ .seed = hash_seed() };
	s->mask = 63;
	s->table = xcalloc(s->mask + 1, sizeof *s->table);
	s->nodes = xgrow(s->nodes, &s->cap, 0, sizeof *s->nodes);
	s->nodes[s->n++] = (struct schema_node){
		.parent = SCHEMA_NONE, .slot = SCHEMA_NONE, .has_inner = true
	};
}

int
schema_child(const struct schema *s, int node, struct slice name)
{
	uint32_t i = place(s, node, name);

	for (; s->table[i]; i = (i + 1) & s->mask) {
		const struct schema_node *n = &s->nodes[s->table[i] - 1];

		if (n->parent == node && slice_eq(n->name, name))
			return (int)s->table[i] - 1;
	}
	return SCHEMA_NONE;
}

static int
child_or_new(struct schema *s, int node, struct slice name)
{
	int child = schema_child(s, node, name);

	if (child == SCHEMA_NONE)
		child = add_node(s, node, name);
	return child;
}

int
schema_slot(const struct schema *s, struct slice path)
{
	int node = schema_child(s, SCHEMA_ROOT, path);

	return node == SCHEMA_NONE ? SCHEMA_NONE : s->nodes[node].slot;
}

void
schema_ask(struct schema *s, int slot)
{
	for (size_t i = 0; i < s->n_asked; i++)
		if (s->asked[i] == slot)
			return;
	s->asked = xgrow(s->asked, &s->cap_asked, s->n_asked, sizeof *s->asked);
	s->asked[s->n_asked++] = slot;
}

int
schema_add(struct schema *s, struct slice path)
{
	int slot = schema_slot(s, path), node = SCHEMA_ROOT;
	const char *p = path.p, *end = path.p + path.n, *dot;

	if (slot != SCHEMA_NONE)
		return slot;
	if (s->n_slots == SCHEMA_MAX_SLOTS)
		die("more than %d fields", SCHEMA_MAX_SLOTS);
	slot = (int)s->n_slots;
	s->slots = xgrow(s->slots, &s->cap_slots, s->n_slots, sizeof *s->slots);
	node = child_or_new(s, SCHEMA_ROOT, path);
	s->nodes[node].slot = slot;
	s->slots[s->n_slots++] = s->nodes[node].name;
	node = SCHEMA_ROOT;
	while ((dot = memchr(p, '.', (size_t)(end - p)))) {
		node = child_or_new(s, node, slice_of(p, (size_t)(dot - p)));
		s->nodes[node].has_inner = true;
		p = dot + 1;
	}
	if (node != SCHEMA_ROOT) {
		node = child_or_new(s, node, slice_of(p, (size_t)(end - p)));
		s->nodes[node].slot = slot;
	}
	return slot;
}
