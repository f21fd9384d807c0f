/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/convert.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/flowcat/conversions.h"
#include "cmd/flowcat/mend.h"
#include "libcommon/num_put.h"
#include "libcommon/xalloc.h"

static const char *const known_names[KNOWN] = {
	[FIRST] = "date_first_seen",
	[LAST] = "date_last_seen",
	[DURATION] = "duration",
	[SRC_IP] = "src_ip_addr",
	[DST_IP] = "dst_ip_addr",
	[SRC_PORT] = "src_port",
	[DST_PORT] = "dst_port",
	[PROTO] = "protocol",
	[FLAGS] = "flags",
	[TOS] = "tos",
	[TOS_REV] = "tos_rev",
	[PACKETS] = "packets",
	[BYTES] = "bytes",
	[ICMP_TYPE] = "icmp_type",
	[ICMP_CODE] = "icmp_code",
	[IP_VERSION] = "ip_version",
	[TTL_MIN] = "ip_ttl_min",
	[TTL_MAX] = "ip_ttl_max",
	[SRC_MASK] = "src_mask",
	[DST_MASK] = "dst_mask",
	[FLAGS_REV] = "flags_rev",
	[DNS_QR] = "dns_qr",
	[DNS_FLAGS] = "dns_flags",
	[DNS_OPCODE] = "dns_opcode",
	[DNS_RCODE] = "dns_rcode",
	[DNS_ID] = "dns_id",
	[DNS_QNAME] = "dns_qname",
	[DNS_QTYPE] = "dns_qtype",
	[DNS_QCLASS] = "dns_qclass",
	[DNS_ANSWERS] = "dns_answers",
	[DNS_RNAME] = "dns_rname",
	[DNS_RTYPE] = "dns_rtype",
	[DNS_TTL] = "dns_ttl",
	[PACKETS_REV] = "packets_rev",
	[BYTES_REV] = "bytes_rev",
	[SAMPLING_EVERY] = "sampling_rate",
	[SAMPLING] = "sampling",
	[TLS_JA3] = "tls_ja3",
	[TLS_JA3S] = "tls_ja3s",
	[TLS_JA4] = "tls_ja4",
};

int known_index[KNOWN];

static void
bind_member(struct convert *c, struct schema *schema, enum dialect_id id,
    const char *source, const char *target, enum conversion as, bool extra)
{
	struct bound *b = &c->rules[id][c->n_rules[id]];
	struct slice path = slice_str(source);
	const char *dot = strchr(source, '.');

	if ((extra && !c->keep) || c->n_rules[id] == MAX_RULES)
		return;
	b->slot = schema_add(schema, path);
	b->field = field_index(field_find(slice_str(target)));
	b->as = as;
	b->member = schema->slots[b->slot];
	/* A part of an object: it is kept whole. */
	b->part = dot && id == DIALECT_SURICATA;
	c->n_rules[id]++;
}

/* Of ipfixcol 1 also without the prefix, which its settings may leave out. */
static void
bind_rules(struct convert *c, struct schema *schema, enum dialect_id id)
{
	static const char prefix[] = "ipfix.";

	for (const struct rule *r = dialect_rules[id]; r && r->source; r++) {
		bind_member(
		    c, schema, id, r->source, r->target, r->as, r->extra);
		if (id == DIALECT_IPFIXCOL1)
			bind_member(c, schema, id,
			    r->source + sizeof prefix - 1, r->target, r->as,
			    r->extra);
	}
}

/* An element under each name that collectors have for it. */
static void
bind_element(struct convert *c, struct schema *s, const struct element *e)
{
	static const struct {
		enum dialect_id id;
		const char *format;
		bool by_number, reverse;
	} spellings[] = {
		{ DIALECT_IPFIXCOL2, "iana:%s", false, false },
		{ DIALECT_IPFIXCOL2, "en0:id%u", true, false },
		{ DIALECT_IPFIXCOL2, "iana@reverse:%s@reverse", false, true },
		{ DIALECT_IPFIXCOL2, "en29305:id%u", true, true },
		{ DIALECT_IPFIXCOL1, "ipfix.%s", false, false },
		{ DIALECT_IPFIXCOL1, "%s", false, false },
		{ DIALECT_IPFIX, "%s", false, false },
		{ DIALECT_IPFIX, "reverse%s", false, true },
	};
	char name[96], reverse[64];

	snprintf(reverse, sizeof reverse, "%s_rev", e->target);
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		const char *target = e->target;
		enum conversion as = e->as;

		if (spellings[i].by_number)
			snprintf(name, sizeof name, spellings[i].format, e->id);
		else
			snprintf(
			    name, sizeof name, spellings[i].format, e->name);
		if (spellings[i].reverse)
			target = reverse;
		if (strncmp(name, "reverse", 7) == 0)
			name[7] = (char)toupper((unsigned char)name[7]);
		if (spellings[i].id == DIALECT_IPFIXCOL2 && as == AS_TIME_S)
			as = AS_TIME_MS;
		if (field_find(slice_str(target)))
			bind_member(
			    c, s, spellings[i].id, name, target, as, e->extra);
	}
}

struct convert *
convert_new(struct schema *schema, const struct tstamp_zone *zone,
    enum dialect_id only, bool keep, bool unsample)
{
	struct convert *c = xcalloc(1, sizeof *c);

	c->only = only;
	c->keep = keep;
	c->unsample = unsample;
	c->how = (struct value_reading){ zone, &c->scratch };
	for (int k = 0; k < KNOWN; k++)
		known_index[k] =
		    field_index(field_find(slice_str(known_names[k])));
	for (int id = 0; id < DIALECTS; id++)
		bind_rules(c, schema, (enum dialect_id)id);
	for (const struct element *e = elements; e->name; e++)
		bind_element(c, schema, e);
	for (const struct sign *s = signs; s->member; s++) {
		c->signs[c->n_signs].slot =
		    schema_add(schema, slice_str(s->member));
		c->signs[c->n_signs].id = s->id;
		c->signs[c->n_signs++].value = s->value;
	}
	c->type_slot = schema_add(schema, SLICE_LIT("@type"));
	c->event_slot = schema_add(schema, SLICE_LIT("event_type"));
	for (size_t i = 0; zeek_marks[i].member; i++)
		c->zeek_marks[i] =
		    schema_add(schema, slice_str(zeek_marks[i].member));
	mend_setup(c, schema);
	return c;
}

/* A value without escapes, valid until the next record is converted. */
static struct json_val
without_escapes(struct arena *scratch, const struct json_val *v)
{
	struct json_val plain = *v;
	char *text;

	if (v->kind != JSON_STRING)
		return plain;
	text = arena_alloc(scratch, v->n + READER_PAD);
	plain.n = (uint32_t)json_unescape(json_slice(v), text);
	memset(text + plain.n, 0, READER_PAD);
	plain.p = text;
	plain.escaped = false;
	return plain;
}

/* Whether its text begins so; words that are looked for are short. */
static bool
begins(const struct json_val *v, const char *with, size_t *n)
{
	struct slice s = json_slice(v);
	char text[128];

	if (v->kind == JSON_STRING && v->escaped && s.n <= sizeof text)
		s = slice_of(text, json_unescape(s, text));
	*n = s.n;
	return slice_starts(s, with);
}

bool
convert_says(const struct json_val *v, const char *text)
{
	size_t n;

	return begins(v, text, &n) && n == strlen(text);
}

enum dialect_id
convert_detect(const struct convert *c, const struct rec *rec)
{
	if (c->only)
		return c->only;
	for (size_t i = 0; i < c->n_signs; i++) {
		const struct json_val *v = &rec->v[c->signs[i].slot];

		if (v->kind != JSON_NONE &&
		    (!c->signs[i].value || convert_says(v, c->signs[i].value)))
			return c->signs[i].id;
	}
	return DIALECT_NONE;
}

static const char *
convert_members(struct convert *c, enum dialect_id id, const struct rec *rec)
{
	for (size_t i = 0; i < c->n_rules[id]; i++) {
		const struct bound *b = &c->rules[id][i];
		const struct json_val *v = &rec->v[b->slot];
		struct value *out = &c->fields[b->field];
		struct json_val plain;
		const char *err;

		if (v->kind == JSON_NONE || json_kind_of(v) == JSON_NULL ||
		    out->type != VALUE_NONE)
			continue;
		if (v->escaped) {
			plain = without_escapes(&c->scratch, v);
			v = &plain;
		}
		err = conversions[b->as](c, v, out);
		if (!err)
			continue;
		snprintf(c->what, sizeof c->what, "%.*s: %s", (int)b->member.n,
		    b->member.p, err);
		return c->what;
	}
	return NULL;
}

static bool
is_zeek_flow(const struct convert *c, const struct rec *rec)
{
	for (size_t i = 0; zeek_marks[i].member; i++) {
		const struct json_val *v = &rec->v[c->zeek_marks[i]];
		size_t n;

		if (!json_is_absent(v) && begins(v, zeek_marks[i].begins, &n))
			return zeek_marks[i].flow;
	}
	return false;
}

/* By its type: an alert, a template, statistics are no flows. */
static bool
says_flow(const struct convert *c, enum dialect_id id, const struct rec *rec)
{
	static const char *const events[] = { "flow", "netflow", "dns" };
	const struct json_val *event = &rec->v[c->event_slot],
			      *type = &rec->v[c->type_slot];

	if (id == DIALECT_ZEEK)
		return is_zeek_flow(c, rec);
	for (size_t i = 0; id == DIALECT_SURICATA && i < 3; i++)
		if (convert_says(event, events[i]))
			return true;
	return id != DIALECT_SURICATA &&
	       (type->kind != JSON_STRING || convert_says(type, "ipfix.entry"));
}

/* By what it has: options records have neither addresses nor counters. */
static bool
has_flow(struct convert *c)
{
	return field_of(c, SRC_IP)->type == VALUE_IP ||
	       field_of(c, DST_IP)->type == VALUE_IP ||
	       field_of(c, PACKETS)->type == VALUE_INT;
}

static void
put_name(struct output *out, struct slice name, char *before)
{
	out_char(out, *before);
	out_char(out, '"');
	out_json_string(out, name);
	out_put(out, "\":", 2);
	*before = ',';
}

/* "duration":0.000, as the benchmark's records have it; more where it says. */
static void
put_value(struct output *out, const struct value *v, const struct field *f)
{
	char text[NUM_ROOM];
	size_t n, digits = 9;
	uint64_t nano;

	if (f->type != FIELD_REAL || v->type != VALUE_REAL ||
	    !(v->d >= 0 && v->d < 1e9)) {
		value_json(out, v, f);
		return;
	}
	nano = (uint64_t)num_nano_of(v->d);
	n = num_put_u64(text, nano / NUM_NANO);
	text[n++] = '.';
	nano %= NUM_NANO;
	for (size_t i = digits; i-- > 0; nano /= 10)
		text[n + i] = (char)('0' + nano % 10);
	while (digits > 3 && text[n + digits - 1] == '0')
		digits--;
	out_put(out, text, n + digits);
}

static bool
is_converted(const struct convert *c, enum dialect_id id, struct slice name)
{
	for (size_t i = 0; i < c->n_rules[id]; i++)
		if (!c->rules[id][i].part &&
		    slice_eq(c->rules[id][i].member, name))
			return true;
	return false;
}

/* --keep: members without a rule, under their own names. */
static void
put_others(struct convert *c, enum dialect_id id, const struct rec *rec,
    struct output *out, char *before)
{
	struct json_in in = {
		.p = rec->p, .end = rec->p + rec->n, .lenient = true
	};
	struct json_iter it;
	struct json_val key, v;
	bool done = false;

	json_space(&in);
	if (json_open(&in, &it))
		return;
	while (!json_member(&in, &it, &key, &done) && !done &&
	       !json_value(&in, &v)) {
		struct slice name = json_slice(&key), text = json_slice(&v);
		const struct field *f = field_find(name);

		if (is_converted(c, id, name) || v.bad || key.bad)
			continue;
		if (v.kind == JSON_STRING)
			text = slice_of(v.p - 1, v.n + 2u);
		if (f && c->fields[field_index(f)].type != VALUE_NONE)
			continue;
		out_char(out, *before);
		out_char(out, '"');
		out_slice(out, name);
		out_put(out, "\":", 2);
		if (v.kind == JSON_BARE)
			out_char(out, '"');
		out_slice(out, text);
		if (v.kind == JSON_BARE)
			out_char(out, '"');
		*before = ',';
	}
}

enum convert_result
convert_put(struct convert *c, enum dialect_id id, const struct rec *rec,
    struct output *out, const char **what)
{
	char before = '{';

	arena_reset(&c->scratch);
	for (int i = 0; fields[i].name; i++)
		c->fields[i].type = VALUE_NONE;
	c->not_ip = false;
	c->received.type = VALUE_NONE;
	c->said = (struct sampling){ 0 };
	if (!says_flow(c, id, rec))
		return CONVERT_NO_FLOW;
	*what = convert_members(c, id, rec);
	if (*what)
		return CONVERT_BAD;
	if (!has_flow(c))
		return CONVERT_NO_FLOW;
	mend_record(c, id, rec);
	for (int i = 0; fields[i].name; i++) {
		if (c->fields[i].type == VALUE_NONE)
			continue;
		put_name(out, slice_str(fields[i].name), &before);
		put_value(out, &c->fields[i], &fields[i]);
	}
	if (c->keep)
		put_others(c, id, rec, out, &before);
	if (before == '{')
		out_char(out, '{');
	out_char(out, '}');
	return CONVERT_DONE;
}

uint64_t
convert_clamped(const struct convert *c)
{
	return c->clamped;
}

uint64_t
convert_unscaled(const struct convert *c)
{
	return c->unscaled;
}
