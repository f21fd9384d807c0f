/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/mend.h"

#include <inttypes.h>
#include <stdio.h>

#include "libcommon/num_put.h"

/* RFC 1035 4.1.1 */
static const struct {
	const char *member;
	unsigned bit;
} zeek_bits[ZEEK_BITS] = { { "AA", 1 << 10 }, { "TC", 1 << 9 },
	{ "RD", 1 << 8 }, { "RA", 1 << 7 } };

void
mend_setup(struct convert *c, struct schema *schema)
{
	for (size_t i = 0; i < ZEEK_BITS; i++)
		c->zeek_slots[i] =
		    schema_add(schema, slice_str(zeek_bits[i].member));
	c->etype_slots[0] = schema_add(schema, SLICE_LIT("etype"));
	c->etype_slots[1] = schema_add(schema, SLICE_LIT("Etype"));
	c->zeek_z = schema_add(schema, SLICE_LIT("Z"));
}

/* ---- ICMP ---- */

/* Requests and replies; RFC 792, 950, 1256, 4443, 4861, 2710, 4620, 5568. */
static const struct {
	unsigned char protocol, types[2];
} exchanges[] = {
	{ 1, { 8, 0 } },
	{ 1, { 10, 9 } },
	{ 1, { 13, 14 } },
	{ 1, { 15, 16 } },
	{ 1, { 17, 18 } },
	{ 58, { 128, 129 } },
	{ 58, { 130, 131 } },
	{ 58, { 133, 134 } },
	{ 58, { 135, 136 } },
	{ 58, { 139, 140 } },
	{ 58, { 144, 145 } },
};

/* The type of the reply, or of what is replied to; -1: neither is known. */
static int
counterpart(i128 protocol, i128 type)
{
	for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
		const unsigned char *t = exchanges[i].types;

		if (exchanges[i].protocol == protocol &&
		    (t[0] == type || t[1] == type))
			return t[0] == type ? t[1] : t[0];
	}
	return -1;
}

static bool
is_ip6(const struct value *v)
{
	return v->type == VALUE_IP && !ip_is_v4(&v->ip);
}

/*
 * The type is the source's port.  The destination's is the code, but of
 * requests the type of their replies: then nothing tells the code.
 */
static void
mend_icmp_zeek(struct convert *c)
{
	struct value *type = field_of(c, ICMP_TYPE),
		     *code = field_of(c, ICMP_CODE),
		     *proto = field_of(c, PROTO);

	if (is_ip6(field_of(c, SRC_IP)) || is_ip6(field_of(c, DST_IP)))
		proto->i = 58;
	*type = *field_of(c, SRC_PORT);
	*code = *field_of(c, DST_PORT);
	if (type->type == VALUE_INT && code->type == VALUE_INT &&
	    counterpart(proto->i, type->i) == code->i)
		code->type = VALUE_NONE;
}

/*
 * The source's port is what stands first in the packet, its lower octet the
 * type, its upper one the code: argus 3.  The destination's port is the code
 * with argus 5, and what follows in the packet with argus 3, for requests the
 * number of the one who asks.
 */
static void
mend_icmp_argus(struct convert *c)
{
	struct value *type = field_of(c, ICMP_TYPE),
		     *code = field_of(c, ICMP_CODE);

	if (type->type != VALUE_NONE ||
	    field_of(c, SRC_PORT)->type != VALUE_INT)
		return;
	*type = *code = *field_of(c, SRC_PORT);
	type->i &= 255;
	code->i >>= 8;
	if (code->i)
		return;
	*code = *field_of(c, DST_PORT);
	if (code->type == VALUE_INT &&
	    counterpart(field_of(c, PROTO)->i, type->i) >= 0)
		code->type = VALUE_NONE;
}

/*
 * Several programs hide ICMP's type and code in the ports: Zeek and argus as
 * source and destination, others as type * 256 + code in the destination.
 */
static void
mend_icmp(struct convert *c, enum dialect_id id)
{
	struct value *type = field_of(c, ICMP_TYPE),
		     *code = field_of(c, ICMP_CODE),
		     *src = field_of(c, SRC_PORT), *dst = field_of(c, DST_PORT),
		     *proto = field_of(c, PROTO);
	bool icmp =
	    proto->type == VALUE_INT && (proto->i == 1 || proto->i == 58);
	bool ports = dst->type == VALUE_INT && src->type == VALUE_INT;

	if (!icmp) {
		/* goflow2 writes zeros for what does not apply. */
		if (proto->type == VALUE_INT &&
		    (id == DIALECT_GOFLOW2 || id == DIALECT_IPFIX))
			type->type = code->type = VALUE_NONE;
		return;
	}
	if (id == DIALECT_ZEEK) {
		mend_icmp_zeek(c);
	} else if (id == DIALECT_ARGUS) {
		mend_icmp_argus(c);
	} else if (ports && (dst->i || id != DIALECT_PMACCT) &&
		   (type->type == VALUE_NONE ||
		       (type->i == 0 && dst->i > 255))) {
		*type = *code = *dst;
		type->i = dst->i >> 8;
		code->i = dst->i & 255;
	}
	src->type = dst->type = VALUE_NONE;
}

/* ---- others ---- */

/* 0.0.0.0 beside an address of IPv6 is ::, of an exporter that has both. */
static void
mend_addresses(struct convert *c)
{
	static const struct ip none4 = { .b = { [10] = 0xff, 0xff } }, none;
	struct value *ends[] = { field_of(c, SRC_IP), field_of(c, DST_IP) };

	for (int i = 0; i < 2; i++)
		if (is_ip6(ends[1 - i]) && ends[i]->type == VALUE_IP &&
		    memcmp(&ends[i]->ip, &none4, sizeof none4) == 0)
			ends[i]->ip = none;
}

/* An address tells the version, too. */
static void
mend_version(struct convert *c)
{
	if (!c->keep && (field_of(c, SRC_IP)->type == VALUE_IP ||
			    field_of(c, DST_IP)->type == VALUE_IP))
		field_of(c, IP_VERSION)->type = VALUE_NONE;
}

/* What has an octet in a packet has no more in a record. */
static void
drop_beyond(struct convert *c)
{
	static const struct {
		enum known field;
		unsigned most;
	} ranges[] = {
		{ PROTO, 255 },
		{ TOS, 255 },
		{ TOS_REV, 255 },
		{ ICMP_TYPE, 255 },
		{ ICMP_CODE, 255 },
		{ TTL_MIN, 255 },
		{ TTL_MAX, 255 },
		{ SRC_MASK, 128 },
		{ DST_MASK, 128 },
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		struct value *v = field_of(c, ranges[i].field);

		if (v->type == VALUE_INT && (v->i < 0 || v->i > ranges[i].most))
			v->type = VALUE_NONE;
	}
}

static bool
is_zero(const struct value *v)
{
	return v->type == VALUE_NONE || (v->type == VALUE_INT && !v->i);
}

/*
 * goflow2 writes zeros for what a frame without IP does not have: protocol
 * (IPv6's hop-by-hop options), ports, flags, type of service.
 */
static void
mend_frame(struct convert *c, const struct rec *rec)
{
	static const char *const ip[] = { "IPv4", "IPv6", "2048", "34525" };
	static const enum known none[] = { PROTO, SRC_PORT, DST_PORT, FLAGS,
		TOS, ICMP_TYPE, ICMP_CODE };
	const struct json_val *type = &rec->v[c->etype_slots[0]];

	if (json_is_absent(type))
		type = &rec->v[c->etype_slots[1]];
	for (size_t i = 0; i < sizeof ip / sizeof *ip; i++)
		if (json_is_absent(type) || convert_says(type, ip[i]))
			return;
	if (!is_zero(field_of(c, PROTO)))
		return;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (is_zero(field_of(c, none[i])))
			field_of(c, none[i])->type = VALUE_NONE;
}

/* TCP flags of what is not TCP; ports of what has none (GRE, ESP, OSPF). */
static void
mend_transport(struct convert *c, enum dialect_id id)
{
	static const unsigned char with_ports[] = { 6, 17, 33, 132, 136 };
	struct value *proto = field_of(c, PROTO), *flags = field_of(c, FLAGS),
		     *src = field_of(c, SRC_PORT), *dst = field_of(c, DST_PORT);

	/* argus' LLC, and what else is no IP: no ports, whatever it says. */
	if (c->not_ip && id == DIALECT_ARGUS)
		src->type = dst->type = VALUE_NONE;
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

/*
 * Templates with DNS fields are used for other flows, too, and zeros fill them
 * then; and those of an answer where there is none.  Zeek tells no types of
 * answers: there a TTL of 0 is one.
 */
static void
drop_fillers(struct convert *c)
{
	static const enum known header[] = { DNS_ID, DNS_QR, DNS_FLAGS,
		DNS_OPCODE, DNS_RCODE, DNS_QTYPE, DNS_QCLASS, DNS_ANSWERS };
	static const enum known answer[] = { DNS_RTYPE, DNS_TTL };
	bool none = field_of(c, DNS_QNAME)->type == VALUE_NONE;

	if (field_of(c, DNS_RTYPE)->type == VALUE_NONE &&
	    !is_zero(field_of(c, DNS_ANSWERS)))
		return;
	for (size_t i = 0; i < sizeof answer / sizeof *answer; i++)
		if (!is_zero(field_of(c, answer[i])))
			return;
	for (size_t i = 0; i < sizeof answer / sizeof *answer; i++)
		field_of(c, answer[i])->type = VALUE_NONE;
	for (size_t i = 0; i < sizeof header / sizeof *header; i++)
		none &= is_zero(field_of(c, header[i]));
	for (size_t i = 0; none && i < sizeof header / sizeof *header; i++)
		field_of(c, header[i])->type = VALUE_NONE;
}

/*
 * Zeek tells single bits of an answer's header, three of them (AD, CD and one
 * that is reserved) as a number, and the opcode in its later versions.  With
 * its code they are the word.
 */
static void
mend_dns_zeek(struct convert *c, const struct rec *rec)
{
	struct value *flags = field_of(c, DNS_FLAGS),
		     *opcode = field_of(c, DNS_OPCODE),
		     *rcode = field_of(c, DNS_RCODE);
	unsigned word = 0, known = 0;
	uint64_t z;

	for (size_t i = 0; i < ZEEK_BITS; i++) {
		enum json_kind kind = json_kind_of(&rec->v[c->zeek_slots[i]]);

		known += kind == JSON_TRUE || kind == JSON_FALSE;
		word |= kind == JSON_TRUE ? zeek_bits[i].bit : 0;
	}
	if (!known)
		return;
	if (!num_u64(json_slice(&rec->v[c->zeek_z]), &z))
		word |= (unsigned)(z & 7) << 4;
	if (opcode->type == VALUE_INT)
		word |= ((unsigned)opcode->i & 15) << 11;
	if (rcode->type == VALUE_INT)
		word |= 1 << 15 | ((unsigned)rcode->i & 15);
	*flags = (struct value){ .type = VALUE_INT, .i = word };
}

/*
 * Suricata's first format has a record for each answer, with the name and the
 * type of that; what was asked for it does not tell.
 */
static void
mend_dns_suricata(struct convert *c)
{
	struct value *name = field_of(c, DNS_QNAME),
		     *type = field_of(c, DNS_QTYPE);

	if (field_of(c, DNS_TTL)->type == VALUE_NONE ||
	    field_of(c, DNS_ANSWERS)->type != VALUE_NONE)
		return;
	*field_of(c, DNS_RNAME) = *name;
	*field_of(c, DNS_RTYPE) = *type;
	name->type = type->type = VALUE_NONE;
}

/*
 * Moved by the duration, forth or back; as it is where that is unknown, or
 * leads out of time.
 */
static struct value
moved(const struct value *at, const struct value *duration, int by)
{
	struct value v = *at;
	i128 nano;

	if (value_nano(duration, &nano) && nano > 0 && nano < INT64_MAX)
		v.i += by * nano;
	return v.i >= INT64_MIN && v.i <= INT64_MAX ? v : *at;
}

/*
 * Of start, end and duration two tell the third; without a duration start and
 * end are the same.  No end is before the start.
 */
static void
mend_times(struct convert *c)
{
	struct value *first = field_of(c, FIRST), *last = field_of(c, LAST),
		     *duration = field_of(c, DURATION);

	if (first->type == VALUE_NONE && last->type == VALUE_NONE)
		*last = c->received;
	if (first->type == VALUE_NONE && last->type == VALUE_TIME)
		*first = moved(last, duration, -1);
	if (first->type != VALUE_TIME)
		return;
	if (last->type == VALUE_NONE)
		*last = moved(first, duration, 1);
	if (last->i < first->i) {
		*last = moved(first, duration, 1);
		c->clamped++;
	}
	duration->type = VALUE_REAL;
	duration->d = (double)(last->i / MS - first->i / MS) / 1000;
}

/* nfdump has one name for both ends' hashes; a server has no JA4. */
static void
mend_ja3(struct convert *c)
{
	struct value *ja3 = field_of(c, TLS_JA3), *ja3s = field_of(c, TLS_JA3S);
	const struct value *src = field_of(c, SRC_PORT),
			   *dst = field_of(c, DST_PORT);

	if (field_of(c, TLS_JA4)->type != VALUE_NONE ||
	    src->type != VALUE_INT || dst->type != VALUE_INT ||
	    src->i >= dst->i || ja3s->type != VALUE_NONE)
		return;
	*ja3s = *ja3;
	ja3->type = VALUE_NONE;
}

static void
mend_rate(struct convert *c)
{
	struct value *rate = field_of(c, SAMPLING_EVERY);
	uint64_t n = sampling_rate(&c->said);

	if (rate->type == VALUE_NONE && n > 1)
		*rate = (struct value){ .type = VALUE_INT, .i = n };
}

/* --unsample: one packet of N was looked at.  All counters fit or none is. */
static void
scale_up(struct convert *c)
{
	static const enum known counters[] = { PACKETS, BYTES, PACKETS_REV,
		BYTES_REV };
	struct value *rate = field_of(c, SAMPLING_EVERY),
		     *said = field_of(c, SAMPLING);
	i128 scaled[sizeof counters / sizeof *counters];
	char *text;
	int n;

	if (!c->unsample || rate->type != VALUE_INT || rate->i < 2)
		return;
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
		const struct value *v = field_of(c, counters[i]);

		scaled[i] = 0;
		if (v->type != VALUE_INT)
			continue;
		if (__builtin_mul_overflow(v->i, rate->i, &scaled[i]) ||
		    scaled[i] > UINT64_MAX) {
			c->unscaled++;
			return;
		}
	}
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		field_of(c, counters[i])->i = scaled[i];
	text = arena_alloc(&c->scratch, NUM_ROOM + 16);
	n = snprintf(
	    text, NUM_ROOM + 16, "scaled by %" PRIu64, (uint64_t)rate->i);
	*said =
	    (struct value){ .type = VALUE_STR, .s = slice_of(text, (size_t)n) };
}

void
mend_record(struct convert *c, enum dialect_id id, const struct rec *rec)
{
	if (id == DIALECT_IPFIX || id == DIALECT_IPFIXCOL2 ||
	    id == DIALECT_IPFIXCOL1)
		mend_addresses(c);
	if (id == DIALECT_GOFLOW2)
		mend_frame(c, rec);
	mend_icmp(c, id);
	drop_beyond(c);
	mend_version(c);
	mend_transport(c, id);
	if (id == DIALECT_SURICATA)
		mend_dns_suricata(c);
	drop_fillers(c);
	if (id == DIALECT_ZEEK)
		mend_dns_zeek(c, rec);
	if (id == DIALECT_NFDUMP)
		mend_ja3(c);
	mend_times(c);
	mend_rate(c);
	scale_up(c);
}
