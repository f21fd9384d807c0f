/* SPDX-License-Identifier: MIT */
/*
 * column: a member of the records that come next, for who reads one member of
 * many records and then the next one.
 *
 * A loop over a column does without what asking for a record costs, and what
 * it depends on stays in registers: see winagg.h for what that gains.
 */
#ifndef COLUMN_H
#define COLUMN_H

#include "libcommon/reader.h"

enum { COLUMN_RUN = 32 }; /* records whose columns are read together */

struct column {
	const char *buf;
	const uint32_t *places; /* of the first record: see shape_run */
	uint32_t stride, skip;
};

/*
 * Of the records of the reader's run (r->run of them), which are not taken by
 * that: JSON_STRING (without escapes), JSON_NUMBER for any scalar, or JSON_NONE
 * where they have no such member.  Valid until the next record is taken.
 */
static inline enum json_kind
column_of(const struct reader *r, int slot, struct column *c)
{
	const struct shape *shape = r->shape;

	for (uint32_t i = 0; i < shape->n_values; i++) {
		const struct shape_value *v = &shape->values[i];

		if (v->slot != (uint32_t)slot)
			continue;
		*c = (struct column){ r->chunk, r->places + v->step,
			shape->n_steps, v->skip };
		return v->kind;
	}
	return JSON_NONE;
}

static inline struct slice
column_text(const struct column *c, uint32_t i)
{
	const uint32_t *places = c->places + (size_t)i * c->stride;
	uint32_t from = places[0] + c->skip;

	return slice_of(c->buf + from, places[1] - from);
}

#endif
