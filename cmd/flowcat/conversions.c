/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/conversions.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/flowcat/arrays.h"
#include "cmd/flowcat/octets.h"
#include "cmd/flowcat/rates.h"
#include "cmd/flowcat/times.h"
#include "libcommon/num_units.h"

static const char *
read_as(struct convert *c, const struct json_val *v, enum field_type type,
    enum names_set set, struct value *out)
{
	return value_read(v, type, set, &c->how, out);
}

static bool
first_of(const struct json_val *array, struct json_val *v)
{
	struct json_in in = {
		.p = array->p, .end = array->p + array->n, .lenient = true
	};
	struct json_iter it;
	struct json_val key;
	bool done;

	return !json_open(&in, &it) && !json_member(&in, &it, &key, &done) &&
	       !done && !json_value(&in, v) && v->kind != JSON_ARRAY;
}

static const char *
as_int(struct convert *c, const struct json_val *v, struct value *out)
{
	struct json_val first;

	/* ipfixcol of a number of a length that it does not know. */
	if (v->kind == JSON_STRING && slice_is(json_slice(v), "unknown"))
		return NULL;
	/* An array of an element that occurs more than once: the first. */
	if (v->kind == JSON_ARRAY)
		return first_of(v, &first) ? as_int(c, &first, out) : NULL;
	return read_as(c, v, FIELD_INT, 0, out);
}

/* argus without -n names services, and writes ICMP's ports as "0x0008". */
static const char *
as_port(struct convert *c, const struct json_val *v, struct value *out)
{
	const struct servent *service;
	char name[64];
	uint64_t n;

	if (v->kind != JSON_STRING || v->n >= sizeof name)
		return as_int(c, v, out);
	out->type = VALUE_NONE;
	if (v->n == 0)
		return NULL;
	if (num_quantity(json_slice(v), &n)) {
		memcpy(name, v->p, v->n);
		name[v->n] = '\0';
		service = getservbyname(name, NULL);
		if (!service)
			return "unknown service";
		n = ntohs((uint16_t)service->s_port);
	}
	*out = (struct value){ .type = VALUE_INT, .i = n };
	return NULL;
}

static const char *
as_above(
    struct convert *c, const struct json_val *v, struct value *out, int above)
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

/* Suricata and pmacct of a protocol that they did not find out. */
static const char *
as_service(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = as_text(c, v, out);

	if (!err && out->type == VALUE_STR &&
	    (slice_is(out->s, "failed") || slice_is(out->s, "unknown")))
		out->type = VALUE_NONE;
	return err;
}

static const char *
as_degrees(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = read_as(c, v, FIELD_REAL, 0, out);
	i128 nano;

	if (!err && value_nano(out, &nano) && nano == 0)
		out->type = VALUE_NONE;
	return err;
}

static const char *
as_address(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err;

	/* goflow has Go's words for none. */
	if (v->n == 0 || v->kind != JSON_STRING || convert_says(v, "<nil>"))
		return NULL;
	err = read_as(c, v, FIELD_IP, 0, out);
	/* argus puts MAC addresses there where a frame has no IP. */
	if (!err || v->n != 17 || v->p[2] != ':' || v->p[5] != ':')
		return err;
	out->type = VALUE_NONE;
	return NULL;
}

static const char *
as_hop(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = as_address(c, v, out);
	static const struct ip none, none4 = { .b = { [10] = 0xff, 0xff } };

	if (!err && out->type == VALUE_IP &&
	    (memcmp(&out->ip, &none, sizeof none) == 0 ||
		memcmp(&out->ip, &none4, sizeof none4) == 0))
		out->type = VALUE_NONE;
	return err;
}

/* Of "192.0.2.0/24"; goflow2 has the number alone, too, or "invalid Prefix". */
static const char *
as_prefix_length(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *slash = memchr(v->p, '/', v->n);
	struct json_val length = *v;

	if (slash) {
		length.p = slash + 1;
		length.n = (uint32_t)(v->p + v->n - length.p);
	} else if (json_scalar(v->p, v->n) != JSON_NUMBER) {
		return NULL;
	}
	return as_known(c, &length, out);
}

static const char *
as_prefix(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err;

	if (v->kind != JSON_STRING || !memchr(v->p, '/', v->n))
		return NULL;
	err = as_prefix_length(c, v, out);
	return err || out->type == VALUE_NONE ? err : as_text(c, v, out);
}

static const char *
as_mac(struct convert *c, const struct json_val *v, struct value *out)
{
	static const char shown[] = "UnirecMACAddr('"; /* by unirec2json */
	const char *err = as_text(c, v, out);

	if (!err && out->type == VALUE_STR && slice_starts(out->s, shown) &&
	    out->s.n > sizeof shown + 16)
		out->s = slice_of(out->s.p + sizeof shown - 1, 17);
	if (!err && out->type == VALUE_STR &&
	    slice_is(out->s, "00:00:00:00:00:00"))
		out->type = VALUE_NONE;
	return err;
}

/* Names that are no IP protocol (arp, unknown_transport) say nothing. */
static const char *
as_protocol(struct convert *c, const struct json_val *v, struct value *out)
{
	/* What argus knows of the payload of UDP. */
	static const char *const udp[] = { "rtp", "rtcp", "udt" };
	const char *err = read_as(c, v, FIELD_NAMED, NAMES_PROTOCOL, out);

	if (!err)
		return NULL;
	for (size_t i = 0; i < sizeof udp / sizeof *udp; i++)
		if (slice_is_nocase(json_slice(v), udp[i])) {
			*out = (struct value){ .type = VALUE_INT, .i = 17 };
			return NULL;
		}
	out->type = VALUE_NONE;
	c->not_ip = true;
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
		if (!strchr("\" \t\r\n", v->p[i]))
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

	/* quic.log and others have a history of their own. */
	if (field_of(c, PROTO)->type != VALUE_INT || field_of(c, PROTO)->i != 6)
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

/* Names that are not registered (yet) say nothing. */
static const char *
read_dns_name(struct convert *c, const struct json_val *v, enum names_set set,
    struct value *out)
{
	const char *err = read_as(c, v, FIELD_NAMED, set, out);

	if (!err || v->kind != JSON_STRING)
		return err;
	out->type = VALUE_NONE;
	return NULL;
}

static const char *
as_dns_type(struct convert *c, const struct json_val *v, struct value *out)
{
	return read_dns_name(c, v, NAMES_DNS_TYPE, out);
}

static const char *
as_dns_class(struct convert *c, const struct json_val *v, struct value *out)
{
	return read_dns_name(c, v, NAMES_DNS_CLASS, out);
}

static const char *
as_dns_rcode(struct convert *c, const struct json_val *v, struct value *out)
{
	return read_dns_name(c, v, NAMES_DNS_RCODE, out);
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
as_hex_dns_flags(struct convert *c, const struct json_val *v, struct value *out)
{
	char text[16], decimal[16];
	struct json_val number = { .p = decimal, .kind = JSON_NUMBER };

	if (v->n == 0 || v->n > 8)
		return "hexadecimal number expected";
	memcpy(text, v->p, v->n);
	text[v->n] = '\0';
	number.n = (uint32_t)snprintf(
	    decimal, sizeof decimal, "%lu", strtoul(text, NULL, 16) & 0xffff);
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
as_icmp_pair_known(
    struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = as_known(c, v, out);

	return err || out->type == VALUE_NONE ? err : as_icmp_pair(c, v, out);
}

static const char *
as_name(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = as_text(c, v, out);

	if (!err && out->type == VALUE_STR && out->s.n > 1 &&
	    out->s.p[out->s.n - 1] == '.')
		out->s.n--;
	return err;
}

static const char *
as_tls(struct convert *c, const struct json_val *v, struct value *out)
{
	if (read_as(c, v, FIELD_NAMED, NAMES_TLS_VERSION, out) || !out->i)
		out->type = VALUE_NONE;
	return NULL;
}

static const char *
as_dscp(struct convert *c, const struct json_val *v, struct value *out)
{
	const char *err = as_int(c, v, out);

	out->i *= 4;
	return err;
}

static const char *
as_direction(struct convert *c, const struct json_val *v, struct value *out)
{
	bool egress = convert_says(v, "e");

	if (egress || convert_says(v, "i")) {
		out->i = egress;
	} else if (as_int(c, v, out) || out->type != VALUE_INT) {
		out->type = VALUE_NONE;
		return NULL;
	}
	out->type = VALUE_STR;
	out->s = out->i ? SLICE_LIT("egress") : SLICE_LIT("ingress");
	return NULL;
}

convert_fn *const conversions[] = {
	[AS_INT] = as_int,
	[AS_PORT] = as_port,
	[AS_KNOWN] = as_known,
	[AS_SEVERAL] = as_several,
	[AS_TEXT] = as_text,
	[AS_SERVICE] = as_service,
	[AS_NAME] = as_name,
	[AS_RDATA] = octets_rdata,
	[AS_HEX_TEXT] = octets_text,
	[AS_HASH] = octets_hash,
	[AS_CIPHERS] = octets_ciphers,
	[AS_ADDRESS] = as_address,
	[AS_PREFIX] = as_prefix,
	[AS_PREFIX_LENGTH] = as_prefix_length,
	[AS_HOP] = as_hop,
	[AS_MAC] = as_mac,
	[AS_PROTOCOL] = as_protocol,
	[AS_FLAGS] = as_flags,
	[AS_HEX_FLAGS] = as_hex_flags,
	[AS_HISTORY] = as_history,
	[AS_TIME] = times_any,
	[AS_TIME_S] = times_s,
	[AS_TIME_MS] = times_ms,
	[AS_TIME_NS] = times_ns,
	[AS_RECEIVED] = times_received,
	[AS_SECONDS] = times_seconds,
	[AS_SECONDS_MS] = times_seconds_ms,
	[AS_SECONDS_US] = times_seconds_us,
	[AS_DNS_TYPE] = as_dns_type,
	[AS_DNS_CLASS] = as_dns_class,
	[AS_DNS_RCODE] = as_dns_rcode,
	[AS_DNS_FLAGS] = as_dns_flags,
	[AS_HEX_DNS_FLAGS] = as_hex_dns_flags,
	[AS_DNS_QR] = as_dns_qr,
	[AS_JSON] = arrays_whole,
	[AS_RDATAS] = arrays_rdata,
	[AS_RTYPES] = arrays_rtype,
	[AS_TTLS] = arrays_ttl,
	[AS_GROUPED] = arrays_grouped,
	[AS_GROUPED_COUNT] = arrays_grouped_count,
	[AS_GROUPED_RTYPES] = arrays_grouped_rtypes,
	[AS_COUNT] = arrays_count,
	[AS_ICMP_PAIR] = as_icmp_pair,
	[AS_ICMP_PAIR_KNOWN] = as_icmp_pair_known,
	[AS_TLS] = as_tls,
	[AS_DSCP] = as_dscp,
	[AS_SAMPLING_TAKEN] = rates_taken,
	[AS_SAMPLING_LEFT] = rates_left,
	[AS_SAMPLING_SIZE] = rates_size,
	[AS_SAMPLING_POPULATION] = rates_population,
	[AS_SAMPLING_PROBABILITY] = rates_probability,
	[AS_DIRECTION] = as_direction,
	[AS_DEGREES] = as_degrees,
};
