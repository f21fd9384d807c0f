/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/flowcat/registry.h"
#include "libcommon/ip.h"
#include "libcommon/num_put.h"
#include "libcommon/tstamp.h"
#include "libcommon/xalloc.h"

static const int64_t MILLI = 1000000;

/* What a column says beyond its own value. */
enum role {
	PLAIN,
	PADDING,     /* says nothing */
	UPTIME,      /* ms since boot: a time */
	DELTA,       /* us before the export: a time */
	BOOT,        /* when uptimes began */
	SAMPLING,    /* a part of what is said about it */
	PROBABILITY, /* the same, as a fraction */
};

/* IANA's numbers; the name replaces the registry's where there is one. */
static const struct {
	uint16_t id;
	enum role role;
	const char *name;
	enum sampling_part part;
} roles[] = {
	{ 10, SAMPLING, NULL, SAMPLING_IN_IF },
	{ 14, SAMPLING, NULL, SAMPLING_OUT_IF },
	{ 21, UPTIME, "flowEndMilliseconds", 0 },
	{ 22, UPTIME, "flowStartMilliseconds", 0 },
	{ 34, SAMPLING, NULL, SAMPLING_RATE },
	{ 48, SAMPLING, NULL, SAMPLING_SELECTOR },
	{ 50, SAMPLING, NULL, SAMPLING_RATE },
	{ 158, DELTA, "flowStartMicroseconds", 0 },
	{ 159, DELTA, "flowEndMicroseconds", 0 },
	{ 160, BOOT, NULL, 0 },
	{ 210, PADDING, NULL, 0 },
	{ 301, SAMPLING, NULL, SAMPLING_SEQUENCE },
	{ 302, SAMPLING, NULL, SAMPLING_SELECTOR },
	{ 304, SAMPLING, NULL, SAMPLING_ALGORITHM },
	{ 305, SAMPLING, NULL, SAMPLING_TAKEN },
	{ 306, SAMPLING, NULL, SAMPLING_LEFT },
	{ 309, SAMPLING, NULL, SAMPLING_SIZE },
	{ 310, SAMPLING, NULL, SAMPLING_POPULATION },
	{ 311, PROBABILITY, NULL, 0 },
};

static void
name_column(struct column *c, const struct spec *spec, const char *given)
{
	const fbInfoElement_t *e =
	    registry_find(spec->pen, spec->id, spec->len);
	char name[160];
	int n;

	if (e)
		n = snprintf(
		    name, sizeof name, ",\"%s\":", given ? given : e->ref.name);
	else
		n = snprintf(name, sizeof name,
		    ",\"ipfix_%" PRIu32 "_%u\":", spec->pen, spec->id);
	c->name = xstrndup(name, (size_t)n);
	c->n_name = (uint32_t)n;
}

void
columns_make(struct column *v, const struct spec *specs, size_t n)
{
	uint32_t at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct spec *spec = &specs[i];
		fbInfoElement_t e =
		    registry_element(spec->pen, spec->id, spec->len);
		struct column *c = &v[i];
		const char *given = NULL;

		c->at = at;
		c->len = spec->len;
		c->type = e.type;
		c->as_sent = !(e.flags & FB_IE_F_ENDIAN);
		for (size_t k = 0; k < sizeof roles / sizeof *roles; k++)
			if (!spec->pen && roles[k].id == spec->id) {
				c->role = (uint8_t)roles[k].role;
				c->part = (uint8_t)roles[k].part;
				given = roles[k].name;
			}
		name_column(c, spec, given);
		at += spec->len == FB_IE_VARLEN ? sizeof(fbVarfield_t)
						: spec->len;
	}
}

void
columns_free(struct column *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].name);
	free(v);
}

/* ---- values ---- */

/* libfixbuf leaves integers in this machine's order. */
static uint64_t
integer(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&v, p, len);
#else
	memcpy((uint8_t *)&v + 8 - len, p, len);
#endif
	return v;
}

/*
 * Of a column; one whose type has a single octet stays as it was sent, also if
 * it has more.
 */
static uint64_t
number(const struct column *c, const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	if (!c->as_sent)
		return integer(p, len);
	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static int64_t
sign_extended(uint64_t v, size_t len)
{
	unsigned shift = 64 - 8 * (unsigned)len;

	return (int64_t)(v << shift) >> shift;
}

/*
 * RFC 7011 6.1.9: seconds since 1900 and a fraction of 2^-32; RFC 4330: from
 * 2036 on the first bit is 0 again.  The nearest unit of so many a second is
 * meant: exporters cut the fraction off, so 475 ms are a little less.
 */
static int64_t
ntp(uint64_t v, uint64_t units)
{
	int64_t seconds = (int64_t)(v >> 32) - 2208988800;
	uint64_t n = ((v & UINT32_MAX) * units + ((uint64_t)1 << 31)) >> 32;

	if (!(v >> 63))
		seconds += (int64_t)1 << 32;
	return seconds * 1000000000 + (int64_t)(n * (1000000000 / units));
}

static void
put_u64(struct output *out, uint64_t v)
{
	char text[NUM_ROOM];

	out_put(out, text, num_put_u64(text, v));
}

static void
put_time(struct output *out, int64_t ns)
{
	char text[64];
	size_t n;

	text[0] = '"';
	n = tstamp_put(text + 1, ns) + 1;
	text[n++] = '"';
	out_put(out, text, n);
}

static void
put_hex(struct output *out, const uint8_t *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";

	out_put(out, "\"0x", 3);
	for (size_t i = 0; i < n; i++) {
		out_char(out, digit[p[i] >> 4]);
		out_char(out, digit[p[i] & 15]);
	}
	out_char(out, '"');
}

static void
put_mac(struct output *out, const uint8_t *p)
{
	char text[24];

	out_put(out, text,
	    (size_t)snprintf(text, sizeof text,
		"\"%02x:%02x:%02x:%02x:%02x:%02x\"", p[0], p[1], p[2], p[3],
		p[4], p[5]));
}

static void
put_ip(struct output *out, const uint8_t *p, bool v4)
{
	struct ip ip = { .b = { [10] = 0xff, [11] = 0xff } };
	char text[IP_ROOM + 2];
	size_t n;

	if (v4) {
		uint32_t host = (uint32_t)integer(p, 4);

		for (int i = 0; i < 4; i++)
			ip.b[12 + i] = (uint8_t)(host >> (24 - 8 * i));
	} else {
		memcpy(ip.b, p, 16);
	}
	text[0] = '"';
	n = ip_put(text + 1, &ip) + 1;
	text[n++] = '"';
	out_put(out, text, n);
}

static void
put_text(struct output *out, const uint8_t *p, size_t n)
{
	while (n && !p[n - 1]) /* of a fixed length: filled up */
		n--;
	out_char(out, '"');
	out_json_string(out, slice_of((const char *)p, n));
	out_char(out, '"');
}

/* Four bytes or eight; 0 if it is neither. */
static double
real(const uint8_t *p, size_t len)
{
	double d = 0;
	float f;

	if (len == 4) {
		memcpy(&f, p, 4);
		d = (double)f;
	} else if (len == 8) {
		memcpy(&d, p, 8);
	}
	return d;
}

static void
put_float(struct output *out, const uint8_t *p, size_t len)
{
	char text[NUM_ROOM];
	double d = real(p, len);

	if (d - d != 0) /* not finite: JSON has no such numbers */
		out_put(out, "null", 4);
	else
		out_put(out, text, num_put_double(text, d));
}

static void
put_value(
    struct output *out, const struct column *c, const uint8_t *p, size_t len)
{
	int64_t i;

	switch (c->type) {
	case FB_BOOL: /* RFC 7011 6.1.5 */
		out_str(out, *p == 1 ? "true" : "false");
		return;
	case FB_UINT_8:
	case FB_UINT_16:
	case FB_UINT_32:
	case FB_UINT_64:
		put_u64(out, number(c, p, len));
		return;
	case FB_INT_8:
	case FB_INT_16:
	case FB_INT_32:
	case FB_INT_64:
		i = sign_extended(number(c, p, len), len);
		if (i < 0)
			out_char(out, '-');
		put_u64(out, i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
		return;
	case FB_FLOAT_32:
	case FB_FLOAT_64:
		put_float(out, p, len);
		return;
	case FB_DT_SEC:
		put_time(out, (int64_t)integer(p, 4) * 1000 * MILLI);
		return;
	case FB_DT_MILSEC:
		put_time(out, (int64_t)integer(p, 8) * MILLI);
		return;
	case FB_DT_MICROSEC:
		put_time(out, ntp(integer(p, 8), 1000000));
		return;
	case FB_DT_NANOSEC:
		put_time(out, ntp(integer(p, 8), 1000000000));
		return;
	case FB_IP4_ADDR:
	case FB_IP6_ADDR:
		put_ip(out, p, c->type == FB_IP4_ADDR);
		return;
	case FB_MAC_ADDR:
		put_mac(out, p);
		return;
	case FB_STRING:
		put_text(out, p, len);
		return;
	default:
		put_hex(out, p, len);
	}
}

/*
 * Of variable length, any type but octets may be empty.  Times of zero are
 * how exporters fill what they do not know; 2^43 ms are the year 2248.
 */
static bool
says_nothing(const struct column *c, const uint8_t *p)
{
	switch (c->type) {
	case FB_STRING:
	case FB_OCTET_ARRAY:
		return false;
	case FB_DT_SEC:
		return !integer(p, 4);
	case FB_DT_MILSEC:
		return !integer(p, 8) || integer(p, 8) >> 43;
	case FB_DT_MICROSEC:
	case FB_DT_NANOSEC:
		return !integer(p, 8);
	default:
		return c->len == FB_IE_VARLEN;
	}
}

/* ---- records ---- */

/*
 * Milliseconds of uptime, 32 bits, wrap every 49.7 days: the time nearest to
 * the export.
 */
static int64_t
from_uptime(uint64_t uptime, int64_t boot, int64_t exported)
{
	int64_t at = boot + (int64_t)(uptime & UINT32_MAX);
	int64_t behind = exported / MILLI - at, wrap = (int64_t)1 << 32;

	return (at + (behind + wrap / 2 - (behind < -wrap / 2 ? wrap : 0)) /
			 wrap * wrap) *
	       MILLI;
}

static const uint8_t *
locate(const struct column *c, const uint8_t *record, size_t *len)
{
	fbVarfield_t v;

	*len = c->len;
	if (c->len != FB_IE_VARLEN)
		return record + c->at;
	memcpy(&v, record + c->at, sizeof v);
	*len = v.len;
	return v.buf;
}

/* What the columns of a record say beyond their own values. */
static void
look(const struct column *v, size_t n, const uint8_t *record, int64_t *boot,
    struct sampling *said)
{
	for (size_t i = 0; i < n; i++) {
		const struct column *c = &v[i];
		size_t len;
		const uint8_t *p;

		if (c->role < BOOT || c->len > 8)
			continue;
		p = locate(c, record, &len);
		if (c->role == PROBABILITY)
			said->probability = real(p, len);
		else if (c->role == SAMPLING)
			sampling_say(said, (enum sampling_part)c->part,
			    number(c, p, len));
		else if (!says_nothing(c, p))
			*boot = (int64_t)number(c, p, len);
	}
}

void
columns_look(const struct column *v, size_t n, const uint8_t *record,
    struct options_seen *seen)
{
	struct sampling said = { .has = 0 };

	look(v, n, record, &seen->boot, &said);
	samplers_learn(seen->samplers, &said);
}

/* A time in another unit than its name says; nothing if it cannot be told. */
static void
put_relative(struct output *out, const struct column *c, const uint8_t *p,
    const struct message_context *context)
{
	uint64_t v;

	if (c->len > 8)
		return;
	v = number(c, p, c->len);
	if (c->role == UPTIME && context->boot == INT64_MIN)
		return;
	out_put(out, c->name, c->n_name);
	put_time(
	    out, c->role == UPTIME
		     ? from_uptime(v, context->boot, context->exported)
		     : context->exported - (int64_t)(v & UINT32_MAX) * 1000);
}

void
columns_put(const struct column *v, size_t n, const uint8_t *record,
    struct message_context context, struct output *out)
{
	struct sampling said = { .has = 0 };
	uint64_t rate;
	char text[64];

	look(v, n, record, &context.boot, &said);
	rate = sampling_rate(&said);
	if (!rate)
		rate = samplers_rate(context.samplers, &said);
	out_char(out, '{');
	out_slice(out, context.head);
	for (size_t i = 0; i < n; i++) {
		const struct column *c = &v[i];
		size_t len;
		const uint8_t *p = locate(c, record, &len);

		if (c->role == PADDING)
			continue;
		if (c->role == UPTIME || c->role == DELTA) {
			put_relative(out, c, p, &context);
			continue;
		}
		if (says_nothing(c, p))
			continue;
		out_put(out, c->name, c->n_name);
		put_value(out, c, p, len);
	}
	if (rate && !said.v[SAMPLING_RATE])
		out_put(out, text,
		    (size_t)snprintf(text, sizeof text,
			",\"samplingInterval\":%" PRIu64, rate));
	out_put(out, "}\n", 2);
}
