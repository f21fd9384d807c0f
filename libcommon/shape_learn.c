/* SPDX-License-Identifier: MIT */
/* shape_learn: a shape from a record, and its place among others. */
#include "libcommon/shape.h"

/* The bytes of [from, to), in steps of which the last has the value's kind. */
static bool
add_steps(
    struct shape *s, const char *from, const char *to, enum shape_kind kind)
{
	while (from < to) {
		size_t n = (size_t)(to - from);
		struct shape_step *step = &s->steps[s->n_steps];

		if (s->n_steps++ == SHAPE_MAX_STEPS)
			return false;
		n = n < SHAPE_PIECE ? n : SHAPE_PIECE;
		*step = (struct shape_step){ .len = (uint32_t)n };
		memcpy(step->bytes, from, n);
		memset(step->mask, 0xff, n);
		from += n;
		step->kind = from < to ? SHAPE_NOTHING : kind;
	}
	return true;
}

static enum shape_kind
kind_of(const struct json_val *v)
{
	size_t digits = strspn(v->p, "0123456789"), behind;

	if (v->kind == JSON_STRING)
		return v->n > 32 ? SHAPE_LONG : SHAPE_TEXT;
	if (digits == v->n)
		return SHAPE_DIGITS;
	if (v->p[digits] != '.')
		return SHAPE_SCALAR;
	behind = strspn(v->p + digits + 1, "0123456789");
	return digits + 1 + behind == v->n ? SHAPE_DECIMAL : SHAPE_SCALAR;
}

/* The slot of a member that is wanted, and only once. */
static bool
add_value(
    struct shape *s, const struct schema *schema, const struct shape_member *m)
{
	int node = schema_child(schema, SCHEMA_ROOT, m->key);
	struct shape_value *v = &s->values[s->n_values];

	if (node == SCHEMA_NONE || schema->nodes[node].slot < 0)
		return true;
	*v = (struct shape_value){ .slot = (uint32_t)schema->nodes[node].slot,
		.step = s->n_steps - 1,
		.skip = s->steps[s->n_steps - 1].len,
		.kind = m->v.kind == JSON_STRING ? JSON_STRING : JSON_NUMBER };
	for (uint32_t i = 0; i < s->n_values; i++)
		if (s->values[i].slot == v->slot)
			return false;
	s->n_values++;
	return true;
}

/* What steps say of the next ones. */
static void
complete(struct shape *shape)
{
	struct shape_step *last = &shape->steps[shape->n_steps - 1];

	for (struct shape_step *s = shape->steps; s < last; s++)
		s->behind = s[1].bytes[0];
	last->last = true;
}

/* Whether a line is of a shape. */
static bool
is_of(struct shape *shape, const char *line, size_t n)
{
	const struct shape_kernel *portable = shape_kernels;
	struct shape_set set = { { shape }, 1, shape, false };
	struct shape_room room;
	bool is;

	while (portable[1].name)
		portable++;
	shape_room_open(&room, n);
	portable->run(&set, line, 0, (uint32_t)n, &room);
	is = room.runs->shape == shape;
	shape_room_close(&room);
	return is;
}

bool
shape_learn(struct shape *shape, const struct schema *schema, const char *line,
    size_t n, const struct shape_member *members, uint32_t count)
{
	const char *from = line;

	shape->n_steps = shape->n_values = 0;
	if (!count || count > SHAPE_MAX_MEMBERS)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const struct shape_member *m = &members[i];

		if (!add_steps(shape, from, m->v.p, kind_of(&m->v)) ||
		    !add_value(shape, schema, m))
			return false;
		from = m->v.p + m->v.n;
	}
	if (!add_steps(shape, from, line + n + 1, SHAPE_NOTHING))
		return false;
	complete(shape);
	/* Not if it has a byte beyond ASCII, for one. */
	return is_of(shape, line, n + 1);
}

/* ---- sets ---- */

/* How many steps two shapes have in common, whatever values stand there. */
static uint32_t
in_common(const struct shape *a, const struct shape *b)
{
	uint32_t n = 0;

	while (n < a->n_steps && n < b->n_steps &&
	       a->steps[n].len == b->steps[n].len &&
	       (a->steps[n].kind == SHAPE_NOTHING) ==
		   (b->steps[n].kind == SHAPE_NOTHING) &&
	       memcmp(a->steps[n].bytes, b->steps[n].bytes, SHAPE_PIECE) == 0)
		n++;
	return n;
}

void
shape_set_put(struct shape_set *set, struct shape *shape, uint32_t id)
{
	const uint16_t bit = (uint16_t)(1 << id);

	shape->id = id;
	set->v[id] = shape;
	set->n += id == set->n;
	set->usual = shape;
	set->steady = false;
	for (uint32_t k = 0; k < set->n; k++) {
		struct shape *other = set->v[k];
		uint32_t n;

		for (uint32_t i = 0; i < other->n_steps; i++)
			other->steps[i].others &= (uint16_t)~bit;
		if (other == shape)
			continue;
		n = in_common(shape, other);
		if (n < shape->n_steps && n < other->n_steps) {
			shape->steps[n].others |= (uint16_t)(1 << k);
			other->steps[n].others |= bit;
		}
	}
}
