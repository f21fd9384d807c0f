/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/convert.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/xalloc.h"

enum { MAX_RULES = 512, MAX_FIELDS = 128, MS = 1000000 };

struct bound {
	int slot;
	int field; /* index in fields[] */
	enum conversion as;
	struct slice member; /* top-level name, for --keep */
};

struct convert {
	struct bound rules[DIALECTS][MAX_RULES];
	size_t n_rules[DIALECTS];
	struct {
		int slot;
		enum dialect_id id;
		const char *value;
	} signs[64];
	size_t n_signs;
	enum dialect_id only;
	bool keep;
	int type_slot, event_slot; /* "@type", "event_type" */
	struct value_reading how;
	struct arena scratch;
	struct value fields[MAX_FIELDS]; /* of the record at hand */
	uint64_t clamped;
	char what[160];
};

/* Fields that the code itself looks at, by name once in set-up. */
enum known { FIRST, LAST, DURATION, SRC_IP, DST_IP, SRC_PORT, DST_PORT, PROTO,
	FLAGS, PACKETS, BYTES, ICMP_TYPE, ICMP_CODE, FLAGS_REV, DNS_QR,
	DNS_OPCODE, DNS_RCODE, KNOWN };

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
	[PACKETS] = "packets",
	[BYTES] = "bytes",
	[ICMP_TYPE] = "icmp_type",
	[ICMP_CODE] = "icmp_code",
	[FLAGS_REV] = "flags_rev",
	[DNS_QR] = "dns_qr",
	[DNS_OPCODE] = "dns_opcode",
	[DNS_RCODE] = "dns_rcode",
};

static int known_index[KNOWN];

static struct value *
field_of(struct convert *c, enum known k)
{
	return &c->fields[known_index[k]];
}

static void
bind(struct convert *c, struct schema *schema, enum dialect_id id,
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
	if (dot && id == DIALECT_SURICATA)
		b->member.n = 0; /* a part of an object: it is kept whole */
	c->n_rules[id]++;
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
	};
	char name[96], reverse[64];

	snprintf(reverse, sizeof reverse, "%s_rev", e->target);
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		const char *target = e->target;
		enum conversion as = e->as;

		if (spellings[i].by_number)
			snprintf(name, sizeof name, spellings[i].format, e->id);
		else
			snprintf(name, sizeof name, spellings[i].format,
			    e->name);
		if (spellings[i].reverse)
			target = reverse;
		if (spellings[i].id == DIALECT_IPFIXCOL2 && as == AS_TIME_S)
			as = AS_TIME_MS;
		if (field_find(slice_str(target)))
			bind(c, s, spellings[i].id, name, target, as,
			    e->extra);
	}
}

struct convert *
convert_new(struct schema *schema, const struct tstamp_zone *zone,
    enum dialect_id only, bool keep)
{
	struct convert *c = xcalloc(1, sizeof *c);

	c->only = only;
	c->keep = keep;
	c->how = (struct value_reading){ zone, &c->scratch };
	for (int k = 0; k < KNOWN; k++)
		known_index[k] =
		    field_index(field_find(slice_str(known_names[k])));
	for (int id = 0; id < DIALECTS; id++)
		for (const struct rule *r = dialect_rules[id]; r && r->source;
		     r++)
			bind(c, schema, (enum dialect_id)id, r->source,
			    r->target, r->as, r->extra);
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
	return c;
}

enum dialect_id
convert_detect(const struct convert *c, const struct rec *rec)
{
	if (c->only)
		return c->only;
	for (size_t i = 0; i < c->n_signs; i++) {
		const struct json_val *v = &rec->v[c->signs[i].slot];

		if (v->kind != JSON_NONE && (!c->signs[i].value ||
		    slice_is(json_slice(v), c->signs[i].value)))
			return c->signs[i].id;
	}
	return DIALECT_NONE;
}

/* ---- conversions: NULL or a message; *out stays unknown where it is ---- */

typedef const char *convert_fn(struct convert *c, const struct json_val *v,
    struct value *out);

static const char *
read_as(struct convert *c, const struct json_val *v, enum field_type type,
    enum names_set set, struct value *out)
{
	return value_read(v, type, set, &c->how, out);
}

static const char *
as_int(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err;

	/* An array of an element that occurs more than once: the first. */
	if (v->kind == JSON_ARRAY)
		return NULL;
	err = read_as(c, v, FIELD_INT, 0, out);
	if (err && !read_as(c, v, FIELD_REAL, 0, out)) {
		out->type = VALUE_INT;
		out->i = (i128)out->d;
		return NULL;
	}
	return err;
}

static const char *
as_above(struct convert *c, const struct json_val *v, struct value *out,
    int above)
{
	const char *err = as_int(c, v, out);

	if (!err && out->type == VALUE_INT && out->i <= above)
		out->type = VALUE_NONE;
	return err;
}

static const char *
as_known(struct convert *c, const struct json_val *v, struct value *out)
{
	return as_above(c, v, out, 0);
}

static const char *
as_several(struct convert *c, const struct json_val *v, struct value *out)
{
	return as_above(c, v, out, 1);
}

static const char *
as_text(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err;

	if (v->bad)
		return "not UTF-8";
	err = read_as(c, v, FIELD_ANY, 0, out);
	if (!err && out->type == VALUE_STR && out->s.n == 0)
		out->type = VALUE_NONE;
	return err;
}

static const char *
as_address(struct convert *c, const struct json_val *v, struct value *out)
{
	if (v->n == 0 || v->kind != JSON_STRING)
		return NULL;
	return read_as(c, v, FIELD_IP, 0, out);
}

static const char *
as_mac(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = as_text(c, v, out);

	if (!err && out->type == VALUE_STR &&
	    slice_is(out->s, "00:00:00:00:00:00"))
		out->type = VALUE_NONE;
	return err;
}

/* Names that are no IP protocol (arp, unknown_transport) say nothing. */
static const char *
as_protocol(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = read_as(c, v, FIELD_NAMED, NAMES_PROTOCOL, out);

	if (err)
		out->type = VALUE_NONE;
	return NULL;
}

/* ["SYN","ACK"], as pmacct has it: the text between the brackets. */
static const char *
as_flags(struct convert *c, const struct json_val *v, struct value *out)
{
	char text[128];
	unsigned flags;
	size_t n = 0;
	const char *err;

	if (v->kind == JSON_NUMBER) {
		err = as_int(c, v, out);
		out->i &= 0xff;
		return err;
	}
	if (v->kind != JSON_ARRAY)
		return read_as(c, v, FIELD_FLAGS, 0, out);
	for (uint32_t i = 1; i + 1 < v->n && n < sizeof text; i++)
		if (!strchr("\" ", v->p[i]))
			text[n++] = v->p[i];
	*out = (struct value){ .type = VALUE_INT };
	if (n == 0)
		return NULL;
	err = flags_parse(slice_of(text, n), &flags);
	out->i = flags;
	return err;
}

static const char *
as_hex_flags(struct convert *c, const struct json_val *v, struct value *out)
{
	unsigned flags = 0;
	const char *err = flags_parse_hex(json_slice(v), &flags);

	(void)c;
	*out = (struct value){ .type = VALUE_INT, .i = flags };
	return err;
}

/*
 * Zeek: upper case is the originator's.  s SYN, h SYN+ACK, a ACK, d data
 * (PSH+ACK), f FIN, r RST, i inconsistent (SYN+RST).
 */
static const char *
as_history(struct convert *c, const struct json_val *v, struct value *out)
{
	static const struct {
		char letter;
		unsigned flags;
	} meaning[] = { { 's', FLAG_SYN }, { 'h', FLAG_SYN | FLAG_ACK },
		{ 'a', FLAG_ACK }, { 'd', FLAG_PSH | FLAG_ACK },
		{ 'f', FLAG_FIN }, { 'r', FLAG_RST } };
	unsigned flags[2] = { 0 };

	if (field_of(c, PROTO)->type == VALUE_INT &&
	    field_of(c, PROTO)->i != 6)
		return NULL;
	for (uint32_t i = 0; i < v->n; i++)
		for (size_t k = 0; k < sizeof meaning / sizeof *meaning; k++)
			if ((v->p[i] | 0x20) == meaning[k].letter)
				flags[(v->p[i] & 0x20) != 0] |=
				    meaning[k].flags;
	*out = (struct value){ .type = VALUE_INT, .i = flags[0] };
	*field_of(c, FLAGS_REV) =
	    (struct value){ .type = VALUE_INT, .i = flags[1] };
	return NULL;
}

static bool
is_zero_time(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= '1' && s.p[i] <= '9')
			return false;
	return true;
}

/* 0 and 0000-00-00 are how some say that they do not know. */
static const char *
as_time_in(struct convert *c, const struct json_val *v, struct value *out,
    enum tstamp_unit unit)
{
	int64_t ns = 0;
	const char *err;

	if (is_zero_time(json_slice(v)))
		return NULL;
	if (v->kind == JSON_STRING &&
	    json_scalar(v->p, v->n) != JSON_NUMBER)
		err = tstamp_parse(json_slice(v), c->how.zone, &ns);
	else
		err = tstamp_number(json_slice(v), unit, &ns);
	*out = (struct value){ .type = VALUE_TIME, .i = ns };
	return err;
}

static const char *
as_time(struct convert *c, const struct json_val *v, struct value *out)
{
	return as_time_in(c, v, out, TSTAMP_GUESS);
}

static const char *
as_time_s(struct convert *c, const struct json_val *v, struct value *out)
{
	return as_time_in(c, v, out, TSTAMP_S);
}

static const char *
as_time_ms(struct convert *c, const struct json_val *v, struct value *out)
{
	return as_time_in(c, v, out, TSTAMP_MS);
}

static const char *
as_time_ns(struct convert *c, const struct json_val *v, struct value *out)
{
	return as_time_in(c, v, out, TSTAMP_NS);
}

static const char *
as_seconds(struct convert *c, const struct json_val *v, struct value *out)
{
	return read_as(c, v, FIELD_REAL, 0, out);
}

static const char *
as_dns_type(struct convert *c, const struct json_val *v, struct value *out)
{
	return read_as(c, v, FIELD_NAMED, NAMES_DNS_TYPE, out);
}

static const char *
as_dns_class(struct convert *c, const struct json_val *v, struct value *out)
{
	return read_as(c, v, FIELD_NAMED, NAMES_DNS_CLASS, out);
}

static const char *
as_dns_rcode(struct convert *c, const struct json_val *v, struct value *out)
{
	return read_as(c, v, FIELD_NAMED, NAMES_DNS_RCODE, out);
}

static void
set_unless_known(struct value *v, unsigned n)
{
	if (v->type == VALUE_NONE)
		*v = (struct value){ .type = VALUE_INT, .i = n };
}

/* RFC 1035 4.1.1: QR is the first bit, OPCODE the next four, RCODE the last. */
static const char *
as_dns_flags(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = as_int(c, v, out);
	unsigned word = (unsigned)out->i;

	if (err || out->type != VALUE_INT)
		return err;
	set_unless_known(field_of(c, DNS_QR), word >> 15 & 1);
	set_unless_known(field_of(c, DNS_OPCODE), word >> 11 & 15);
	if (word >> 15 & 1)
		set_unless_known(field_of(c, DNS_RCODE), word & 15);
	return NULL;
}

static const char *
as_hex_dns_flags(struct convert *c, const struct json_val *v,
    struct value *out)
{
	char text[16], decimal[16];
	struct json_val number = { .p = decimal, .kind = JSON_NUMBER };

	if (v->n == 0 || v->n > 8)
		return "hexadecimal number expected";
	memcpy(text, v->p, v->n);
	text[v->n] = '\0';
	number.n = (uint32_t)snprintf(decimal, sizeof decimal, "%lu",
	    strtoul(text, NULL, 16) & 0xffff);
	return as_dns_flags(c, &number, out);
}

static const char *
as_dns_qr(struct convert *c, const struct json_val *v, struct value *out)
{
	struct slice s = json_slice(v);
	bool response = slice_is(s, "answer") || slice_is(s, "response");

	(void)c;
	*out = (struct value){ .type = VALUE_INT, .i = response };
	return NULL;
}

static const char *
as_json(struct convert *c, const struct json_val *v, struct value *out)
{
	(void)c;
	if (v->kind != JSON_ARRAY || v->n == 2)
		return NULL;
	*out = (struct value){ .type = VALUE_JSON };
	out->s = json_slice(v);
	return NULL;
}

static const char *
as_count(struct convert *c, const struct json_val *v, struct value *out)
{
	struct json_in in = { .p = v->p, .end = v->p + v->n, .lenient = true };
	struct json_iter it;
	struct json_val key, element;
	bool done = false;
	unsigned n = 0;

	(void)c;
	if (v->kind != JSON_ARRAY || json_open(&in, &it))
		return NULL;
	for (;;) {
		if (json_member(&in, &it, &key, &done) || done ||
		    json_value(&in, &element))
			break;
		n++;
	}
	*out = (struct value){ .type = VALUE_INT, .i = n };
	return NULL;
}

static const char *
as_icmp_pair(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = as_int(c, v, out);

	if (err || out->type != VALUE_INT)
		return err;
	set_unless_known(field_of(c, ICMP_CODE), (unsigned)(out->i & 255));
	out->i = out->i >> 8;
	return NULL;
}

static const char *
as_tls(struct convert *c, const struct json_val *v, struct value *out)
{
	if (read_as(c, v, FIELD_NAMED, NAMES_TLS_VERSION, out))
		out->type = VALUE_NONE;
	return NULL;
}

static const char *
as_direction(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = as_int(c, v, out);

	if (err || out->type != VALUE_INT)
		return err;
	out->type = VALUE_STR;
	out->s = out->i ? SLICE_LIT("egress") : SLICE_LIT("ingress");
	return NULL;
}

static convert_fn *const conversions[] = {
	[AS_INT] = as_int,
	[AS_KNOWN] = as_known,
	[AS_SEVERAL] = as_several,
	[AS_TEXT] = as_text,
	[AS_ADDRESS] = as_address,
	[AS_MAC] = as_mac,
	[AS_PROTOCOL] = as_protocol,
	[AS_FLAGS] = as_flags,
	[AS_HEX_FLAGS] = as_hex_flags,
	[AS_HISTORY] = as_history,
	[AS_TIME] = as_time,
	[AS_TIME_S] = as_time_s,
	[AS_TIME_MS] = as_time_ms,
	[AS_TIME_NS] = as_time_ns,
	[AS_SECONDS] = as_seconds,
	[AS_DNS_TYPE] = as_dns_type,
	[AS_DNS_CLASS] = as_dns_class,
	[AS_DNS_RCODE] = as_dns_rcode,
	[AS_DNS_FLAGS] = as_dns_flags,
	[AS_HEX_DNS_FLAGS] = as_hex_dns_flags,
	[AS_DNS_QR] = as_dns_qr,
	[AS_JSON] = as_json,
	[AS_COUNT] = as_count,
	[AS_ICMP_PAIR] = as_icmp_pair,
	[AS_TLS] = as_tls,
	[AS_DIRECTION] = as_direction,
};

static const char *
convert_members(struct convert *c, enum dialect_id id, const struct rec *rec)
{
	for (size_t i = 0; i < c->n_rules[id]; i++) {
		const struct bound *b = &c->rules[id][i];
		const struct json_val *v = &rec->v[b->slot];
		struct value *out = &c->fields[b->field];
		const char *err;

		if (v->kind == JSON_NONE || json_kind_of(v) == JSON_NULL ||
		    out->type != VALUE_NONE)
			continue;
		err = conversions[b->as](c, v, out);
		if (!err)
			continue;
		snprintf(c->what, sizeof c->what, "%.*s: %s",
		    (int)b->member.n, b->member.p, err);
		return c->what;
	}
	return NULL;
}

/*
 * Several programs hide ICMP's type and code in the ports: Zeek as source and
 * destination, the others as type * 256 + code in the destination.
 */
static void
mend_icmp(struct convert *c, enum dialect_id id)
{
	struct value *type = field_of(c, ICMP_TYPE), *code = field_of(c,
	    ICMP_CODE), *src = field_of(c, SRC_PORT), *dst = field_of(c,
	    DST_PORT), *proto = field_of(c, PROTO);
	bool icmp = proto->type == VALUE_INT &&
	    (proto->i == 1 || proto->i == 58);
	bool ports = dst->type == VALUE_INT && src->type == VALUE_INT;

	if (!icmp) {
		/* goflow2 writes zeros for what does not apply. */
		if (proto->type == VALUE_INT && id == DIALECT_GOFLOW2)
			type->type = code->type = VALUE_NONE;
		return;
	}
	if (ports && (type->type == VALUE_NONE || id == DIALECT_GOFLOW2) &&
	    (id == DIALECT_ZEEK || id == DIALECT_ARGUS)) {
		*type = *src;
		*code = *dst;
	} else if (ports && (type->type == VALUE_NONE ||
	    (type->i == 0 && dst->i > 255))) {
		*type = *code = *dst;
		type->i = dst->i >> 8;
		code->i = dst->i & 255;
	}
	src->type = dst->type = VALUE_NONE;
}

/* TCP flags of what is not TCP; ports of what has none (GRE, ESP, OSPF). */
static void
mend_transport(struct convert *c)
{
	static const unsigned char with_ports[] = { 6, 17, 33, 132, 136 };
	struct value *proto = field_of(c, PROTO), *flags = field_of(c, FLAGS),
		     *src = field_of(c, SRC_PORT),
		     *dst = field_of(c, DST_PORT);

	if (proto->type != VALUE_INT)
		return;
	if (proto->i != 6 && flags->type == VALUE_INT && flags->i == 0)
		flags->type = VALUE_NONE;
	if (proto->i != 6)
		field_of(c, FLAGS_REV)->type = VALUE_NONE;
	if (!memchr(with_ports, (int)proto->i, sizeof with_ports) &&
	    src->type == VALUE_INT && dst->type == VALUE_INT && !src->i &&
	    !dst->i)
		src->type = dst->type = VALUE_NONE;
}

/* Unknown end: the start, or start and duration; never before the start. */
static void
mend_times(struct convert *c)
{
	struct value *first = field_of(c, FIRST), *last = field_of(c, LAST),
		     *duration = field_of(c, DURATION);
	i128 nano;

	if (first->type == VALUE_NONE)
		*first = *last;
	if (first->type != VALUE_TIME)
		return;
	if (last->type == VALUE_NONE) {
		*last = *first;
		if (value_nano(duration, &nano) && nano > 0)
			last->i += nano;
	}
	if (last->i < first->i) {
		last->i = first->i;
		c->clamped++;
	}
	duration->type = VALUE_REAL;
	duration->d = (double)(last->i / MS - first->i / MS) / 1000;
}

/* What a record that is none of flows, DNS transactions or counters lacks. */
static bool
is_flow(struct convert *c, enum dialect_id id, const struct rec *rec)
{
	static const char *const events[] = { "flow", "netflow", "dns" };
	struct slice event = json_slice(&rec->v[c->event_slot]);
	struct slice type = json_slice(&rec->v[c->type_slot]);

	if (id == DIALECT_SURICATA) {
		for (size_t i = 0; i < sizeof events / sizeof *events; i++)
			if (slice_is(event, events[i]))
				return true;
		return false;
	}
	if (type.n && rec->v[c->type_slot].kind == JSON_STRING &&
	    !slice_is(type, "ipfix.entry"))
		return false;
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

/* "duration":0.000, as the benchmark's records have it. */
static void
put_value(struct output *out, const struct value *v, const struct field *f)
{
	char text[64];

	if (f->type != FIELD_REAL || v->type != VALUE_REAL) {
		value_json(out, v, f);
		return;
	}
	out_put(out, text, (size_t)snprintf(text, sizeof text, "%.3f", v->d));
}

static bool
is_converted(const struct convert *c, enum dialect_id id, struct slice name)
{
	for (size_t i = 0; i < c->n_rules[id]; i++)
		if (slice_eq(c->rules[id][i].member, name))
			return true;
	return false;
}

/* --keep: members without a rule, under their own names. */
static void
put_others(struct convert *c, enum dialect_id id, const struct rec *rec,
    struct output *out, char *before)
{
	struct json_in in = { .p = rec->p, .end = rec->p + rec->n,
		.lenient = true };
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
	*what = convert_members(c, id, rec);
	if (!is_flow(c, id, rec))
		return CONVERT_NO_FLOW;
	if (*what)
		return CONVERT_BAD;
	mend_icmp(c, id);
	mend_transport(c);
	mend_times(c);
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
