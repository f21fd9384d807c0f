/* SPDX-License-Identifier: MIT */
/* Flows from records, for those who pair them. */
#include <stdio.h>

#include "libcommon/biflow.h"

static const char *const names[] = { "src_ip_addr", "dst_ip_addr", "src_port",
	"dst_port", "protocol", "flags", "packets_rev", "bytes_rev" };

void
biflow_fields_open(struct biflow_fields *f, struct schema *schema,
    const struct tstamp_zone *zone)
{
	*f = (struct biflow_fields){ .how = { zone, &f->scratch } };
	for (int i = 0; i < BIFLOW_MEMBERS; i++)
		f->slots[i] = schema_add(schema, slice_str(names[i]));
	eventtime_open(&f->first, "date_first_seen", schema, zone);
}

static const char *
complain(struct biflow_fields *f, const char *name, const char *what)
{
	snprintf(f->what, sizeof f->what, "%s: %s", name, what);
	return f->what;
}

static const char *
address(struct biflow_fields *f, const struct json_val *v, int i, struct ip *ip)
{
	const struct json_val *text = &v[f->slots[i]];
	struct value value = { 0 };
	const char *err = "missing";

	if (text->kind == JSON_STRING && !text->escaped) {
		err = ip_parse(json_slice(text), ip);
	} else if (!json_is_absent(text)) {
		arena_reset(&f->scratch);
		err = value_read(text, FIELD_IP, 0, &f->how, &value);
		*ip = value.ip;
	}
	return err ? complain(f, names[i], err) : NULL;
}

/* A number, or 0 if it is absent. */
static const char *
number(struct biflow_fields *f, const struct json_val *v, int i, uint64_t most,
    uint64_t *n)
{
	static const enum field_type types[] = { [BIFLOW_SRC_PORT] = FIELD_INT,
		[BIFLOW_DST_PORT] = FIELD_INT,
		[BIFLOW_PROTOCOL] = FIELD_NAMED,
		[BIFLOW_FLAGS] = FIELD_FLAGS };
	const struct json_val *text = &v[f->slots[i]];
	struct value value;
	const char *err;

	if (text->kind == JSON_NUMBER && num_short(text->p, text->n, n) &&
	    *n <= most)
		return NULL;
	arena_reset(&f->scratch);
	err = value_read(text, types[i],
	    i == BIFLOW_PROTOCOL ? NAMES_PROTOCOL : 0, &f->how, &value);
	*n = 0;
	if (!err && value.type == VALUE_INT) {
		if (value.i < 0 || value.i > (i128)most)
			err = "out of range";
		else
			*n = (uint64_t)value.i;
	}
	return err ? complain(f, names[i], err) : NULL;
}

const char *
biflow_read(struct biflow_fields *f, const struct json_val *v, int64_t last,
    struct biflow_flow *flow, bool *both)
{
	uint64_t n[4] = { 0 };
	const char *err = NULL;

	*flow = (struct biflow_flow){ .users = 1, .first = last, .last = last };
	*both = !json_is_absent(&v[f->slots[BIFLOW_REVERSE]]) ||
		!json_is_absent(&v[f->slots[BIFLOW_REVERSE_BYTES]]);
	for (int i = BIFLOW_SRC; i <= BIFLOW_DST && !err; i++)
		err = address(f, v, i, &flow->ends.ip[i]);
	for (int i = BIFLOW_SRC_PORT; i <= BIFLOW_FLAGS && !err; i++)
		err = number(
		    f, v, i, i == BIFLOW_PROTOCOL ? 255 : 65535, &n[i - 2]);
	if (!err && !json_is_absent(&v[f->first.slot]))
		err = eventtime_of(&f->first, v, &flow->first);
	flow->ends.port[0] = (uint16_t)n[0];
	flow->ends.port[1] = (uint16_t)n[1];
	flow->ends.protocol = (uint8_t)n[2];
	flow->flags = (uint16_t)n[3];
	return err;
}
