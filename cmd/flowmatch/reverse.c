/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/reverse.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/num_put.h"
#include "libcommon/xalloc.h"

enum { ROOM = 128 };

struct reverse {
	size_t n;
	int *from; /* by slot: where its value is */
	struct json_val *v;
	int duration, times[2];
	struct value_reading how;
	struct arena scratch;
	char text[NUM_ROOM + READER_PAD];
};

/* The member that takes its place; false: it stays. */
static bool
counterpart(struct slice name, char other[ROOM])
{
	int n = (int)name.n;

	if (name.n >= ROOM - 4)
		return false;
	if (slice_starts(name, "src_") || slice_starts(name, "dst_")) {
		snprintf(other, ROOM, "%s%.*s",
		    *name.p == 's' ? "dst_" : "src_", n - 4, name.p + 4);
		return true;
	}
	if (n > 4 && memcmp(name.p + n - 4, "_rev", 4) == 0) {
		snprintf(other, ROOM, "%.*s", n - 4, name.p);
		return true;
	}
	snprintf(other, ROOM, "%.*s_rev", n, name.p);
	return field_find(slice_str(other)) != NULL;
}

struct reverse *
reverse_new(struct schema *schema, const struct tstamp_zone *zone)
{
	static const char *const times[] = { "date_first_seen_rev",
		"date_last_seen_rev" };
	struct reverse *r = xcalloc(1, sizeof *r);
	char other[ROOM];

	r->how = (struct value_reading){ zone, &r->scratch };
	r->duration = schema_slot(schema, SLICE_LIT("duration"));
	for (int i = 0; i < 2; i++)
		r->times[i] = schema_add(schema, slice_str(times[i]));
	for (size_t i = 0, n = schema->n_slots; i < n; i++)
		if (counterpart(schema->slots[i], other))
			schema_add(schema, slice_str(other));
	return r;
}

void
reverse_seal(struct reverse *r, const struct schema *schema)
{
	char other[ROOM];
	int from;

	r->n = schema->n_slots;
	r->from = xcalloc(r->n, sizeof *r->from);
	r->v = xcalloc(r->n, sizeof *r->v);
	for (size_t i = 0; i < r->n; i++) {
		from = SCHEMA_NONE;
		if (counterpart(schema->slots[i], other))
			from = schema_slot(schema, slice_str(other));
		r->from[i] = from == SCHEMA_NONE ? (int)i : from;
	}
}

static void
set_duration(struct reverse *r, const struct json_val *v)
{
	struct value t[2];

	for (int i = 0; i < 2; i++)
		if (value_read(
			&v[r->times[i]], FIELD_TIME, 0, &r->how, &t[i]) ||
		    t[i].type != VALUE_TIME)
			return;
	r->v[r->duration] = (struct json_val){ .p = r->text,
		.n = (uint32_t)num_put_nano(r->text, t[1].i - t[0].i),
		.kind = JSON_NUMBER };
	arena_reset(&r->scratch);
}

const struct json_val *
reverse_of(struct reverse *r, const struct json_val *v)
{
	for (size_t i = 0; i < r->n; i++)
		r->v[i] = v[r->from[i]];
	if (r->duration != SCHEMA_NONE)
		set_duration(r, v);
	return r->v;
}
