/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/times.h"

/* No date of zeros is one, whatever zone stands behind it. */
static bool
is_zero_time(struct slice s)
{
	if (slice_starts(s, "0000-00-00"))
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("0-:. TZ", s.p[i], 7))
			return false;
	return memchr(s.p, '0', s.n) || !s.n;
}

/* 0 and 0000-00-00 are how some say that they do not know. */
static const char *
in_unit(struct convert *c, const struct json_val *v, struct value *out,
    enum tstamp_unit unit)
{
	int64_t ns = 0;
	const char *err;

	if (is_zero_time(json_slice(v)))
		return NULL;
	if (v->kind == JSON_STRING && json_scalar(v->p, v->n) != JSON_NUMBER)
		err = tstamp_parse(json_slice(v), c->how.zone, &ns);
	else
		err = tstamp_number(json_slice(v), unit, &ns);
	*out = (struct value){ .type = VALUE_TIME, .i = ns };
	return err;
}

const char *
times_any(struct convert *c, const struct json_val *v, struct value *out)
{
	return in_unit(c, v, out, TSTAMP_GUESS);
}

const char *
times_s(struct convert *c, const struct json_val *v, struct value *out)
{
	return in_unit(c, v, out, TSTAMP_S);
}

const char *
times_ms(struct convert *c, const struct json_val *v, struct value *out)
{
	return in_unit(c, v, out, TSTAMP_MS);
}

const char *
times_ns(struct convert *c, const struct json_val *v, struct value *out)
{
	return in_unit(c, v, out, TSTAMP_NS);
}

const char *
times_received(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = times_ms(c, v, out);

	c->received = *out;
	if (!c->keep)
		out->type = VALUE_NONE;
	return err;
}

const char *
times_seconds(struct convert *c, const struct json_val *v, struct value *out)
{
	return value_read(v, FIELD_REAL, 0, &c->how, out);
}

static const char *
seconds_of(
    struct convert *c, const struct json_val *v, struct value *out, i128 unit)
{
	const char *err;

	/* As ipfixcol has what it cannot read, or what occurs twice. */
	if (v->kind == JSON_ARRAY || slice_is(json_slice(v), "unknown"))
		return NULL;
	err = value_read(v, FIELD_INT, 0, &c->how, out);
	if (!err && out->type == VALUE_INT) {
		out->type = VALUE_NANO;
		out->i *= unit;
	}
	return err;
}

const char *
times_seconds_ms(struct convert *c, const struct json_val *v, struct value *out)
{
	return seconds_of(c, v, out, MS);
}

const char *
times_seconds_us(struct convert *c, const struct json_val *v, struct value *out)
{
	return seconds_of(c, v, out, MS / 1000);
}
