/* SPDX-License-Identifier: MIT */
#include "libcommon/glance.h"

#include "libcommon/num_put.h"

/* Where a number is among those that are short; those beyond are behind. */
static uint64_t
order(uint64_t number)
{
	char text[NUM_ROOM] = { 0 };
	uint64_t place = 0;

	if (!num_short_order(text, num_put_u64(text, number), &place))
		return UINT64_MAX;
	return place;
}

struct glance_range
glance_range(int slot, bool inverted, uint64_t lo, uint64_t span)
{
	uint64_t from = order(lo), to = order(lo + span);

	return (struct glance_range){ slot, inverted, from, to - from };
}

/* The number of a slot; NULL if the shape has none. */
static const struct shape_value *
number_of(const struct shape *shape, int slot)
{
	for (uint32_t i = 0; i < shape->n_values; i++)
		if ((int)shape->values[i].slot == slot)
			return shape->values[i].kind == JSON_NUMBER
				   ? &shape->values[i]
				   : NULL;
	return NULL;
}

uint32_t
glance_over(const struct glance_range *ranges, size_t n_ranges,
    const struct shape *shape, const char *buf, const uint32_t *places,
    uint32_t n)
{
	const struct shape_value *values[GLANCE_MAX];
	uint32_t over = 0;
	bool drop = n_ranges > 0;

	for (size_t k = 0; k < n_ranges && drop; k++)
		drop = (values[k] = number_of(shape, ranges[k].slot));
	for (; drop && over < n; over += drop) {
		bool known = true, all = true;

		for (size_t k = 0; k < n_ranges; k++) {
			struct slice s = shape_text(values[k], buf, places);
			bool holds;

			known &= glance_holds(&ranges[k], s.p, s.n, &holds);
			all &= holds;
		}
		drop = known && !all;
		places += shape->n_steps;
	}
	return over;
}
