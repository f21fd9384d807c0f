/* SPDX-License-Identifier: MIT */
#include "libcommon/schema.h"

#include <stdio.h>
#include <string.h>

#include "libcommon/die.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

static int
add(struct schema *s, const char *path)
{
	return schema_add(s, slice_str(path));
}

static int
child(const struct schema *s, int node, const char *name)
{
	return schema_child(s, node, slice_str(name));
}

/* The slot at the end of nested names; SCHEMA_NONE if there is none. */
static int
walk(const struct schema *s, const char *const *names)
{
	int node = SCHEMA_ROOT;

	for (; *names && node != SCHEMA_NONE; names++)
		node = child(s, node, *names);
	return node == SCHEMA_NONE ? SCHEMA_NONE : s->nodes[node].slot;
}

static void
test_paths(void)
{
	const char *nested[] = { "dns", "queries", "0", "rrname", NULL };
	const char *part[] = { "dns", "queries", NULL };
	const char *other[] = { "dns", "queries", "1", "rrname", NULL };
	char text[] = "dns.queries.0.rrname";
	struct schema s;
	int slot;

	schema_init(&s);
	slot = add(&s, text);
	OK(slot == 0 && s.n_slots == 1);
	OK(add(&s, "dns.queries.0.rrname") == 0 && s.n_slots == 1);
	memset(text, 'x', sizeof text - 1);
	OK(slice_is(s.slots[0], "dns.queries.0.rrname"));
	OK(schema_slot(&s, slice_str("dns.queries.0.rrname")) == 0);
	OK(s.nodes[child(&s, SCHEMA_ROOT, "dns.queries.0.rrname")].slot == 0);
	OK(walk(&s, nested) == 0);
	OK(walk(&s, part) == SCHEMA_NONE);
	OK(walk(&s, other) == SCHEMA_NONE);
	OK(schema_slot(&s, slice_str("dns")) == SCHEMA_NONE);
	OK(schema_slot(&s, slice_str("nothing")) == SCHEMA_NONE);
	OK(s.nodes[child(&s, SCHEMA_ROOT, "dns")].has_inner);
	OK(add(&s, "dns") == 1);
	OK(s.nodes[child(&s, SCHEMA_ROOT, "dns")].slot == 1);
	OK(s.nodes[child(&s, SCHEMA_ROOT, "dns")].has_inner);
	OK(add(&s, "dns.queries") == 2 && walk(&s, part) == 2);
	OK(walk(&s, nested) == 0 && s.n_slots == 3);
}

static void
test_odd_names(void)
{
	const char *twice[] = { "a", "", "b", NULL };
	const char *first[] = { "", "x", NULL };
	const char *last[] = { "x", "", NULL };
	struct schema s;

	schema_init(&s);
	OK(add(&s, "a..b") == 0 && walk(&s, twice) == 0);
	OK(add(&s, ".x") == 1 && walk(&s, first) == 1);
	OK(add(&s, "x.") == 2 && walk(&s, last) == 2);
	OK(add(&s, "") == 3 && schema_slot(&s, slice_str("")) == 3);
	OK(schema_add(&s, slice_of("a\0b", 3)) == 4);
	OK(add(&s, "a") == 5);
	OK(schema_slot(&s, slice_of("a\0b", 3)) == 4);
	OK(walk(&s, twice) == 0);
}

static void
test_growth(void)
{
	struct schema s;
	bool all = true, none = true;
	char name[32];

	schema_init(&s);
	for (int i = 0; i < SCHEMA_MAX_SLOTS; i++) {
		snprintf(name, sizeof name, "g%d.m%d", i % 37, i);
		all &= add(&s, name) == i;
	}
	OK(all);
	for (int i = 0; i < SCHEMA_MAX_SLOTS; i++) {
		char outer[8], inner[8];
		const char *names[] = { outer, inner, NULL };

		snprintf(name, sizeof name, "g%d.m%d", i % 37, i);
		snprintf(outer, sizeof outer, "g%d", i % 37);
		snprintf(inner, sizeof inner, "m%d", i);
		all &= schema_slot(&s, slice_str(name)) == i;
		all &= walk(&s, names) == i;
		none &= child(&s, SCHEMA_ROOT, inner) == SCHEMA_NONE;
	}
	OK(all);
	OK(none);
	OK(add(&s, "g1.m1") == 1);
}

static void
too_many(void *arg)
{
	struct schema s;
	char name[16];

	(void)arg;
	schema_init(&s);
	for (int i = 0; i <= SCHEMA_MAX_SLOTS; i++) {
		snprintf(name, sizeof name, "m%d", i);
		add(&s, name);
	}
}

int
main(void)
{
	test_paths();
	test_odd_names();
	test_growth();
	OK(sample_child(too_many, NULL, NULL) == EXIT_FATAL);
	return DONE();
}
