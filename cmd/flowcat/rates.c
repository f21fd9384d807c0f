/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/rates.h"

static const char *
say(struct convert *c, const struct json_val *v, enum sampling_part part)
{
	struct value n;
	const char *err = value_read(v, FIELD_INT, 0, &c->how, &n);

	if (!err && n.type == VALUE_INT && n.i >= 0 && n.i <= UINT64_MAX)
		sampling_say(&c->said, part, (uint64_t)n.i);
	return err;
}

const char *
rates_taken(struct convert *c, const struct json_val *v, struct value *out)
{
	(void)out;
	return say(c, v, SAMPLING_TAKEN);
}

const char *
rates_left(struct convert *c, const struct json_val *v, struct value *out)
{
	(void)out;
	return say(c, v, SAMPLING_LEFT);
}

const char *
rates_size(struct convert *c, const struct json_val *v, struct value *out)
{
	(void)out;
	return say(c, v, SAMPLING_SIZE);
}

const char *
rates_population(struct convert *c, const struct json_val *v, struct value *out)
{
	(void)out;
	return say(c, v, SAMPLING_POPULATION);
}

const char *
rates_probability(
    struct convert *c, const struct json_val *v, struct value *out)
{
	struct value p;
	const char *err = value_read(v, FIELD_REAL, 0, &c->how, &p);

	(void)out;
	if (!err && p.type != VALUE_NONE)
		c->said.probability = value_double(&p);
	return err;
}
