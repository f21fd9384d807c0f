/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/facts.h"

#include <stdio.h>

#include "cmd/flowdns/facts_reader.h"
#include "libcommon/xalloc.h"

static const char *const slot_names[S_ALL] = { "src_ip_addr", "dst_ip_addr",
	"src_port", "dst_port", "protocol", "packets", "bytes", "packets_rev",
	"bytes_rev", "dns_qr", "dns_flags", "dns_qname", "dns_qtype",
	"dns_rcode", "dns_answers", "dns_rdata", "dns_rdata_all", "dns_rtt" };

const char *const fact_names[F_ALL] = { "client", "server", "name", "domain",
	"sub", "label", "asked", "qtype", "rcode", "scope", "listed", "service",
	"large", "query", "response", "nxdomain", "servfail", "refused",
	"served", "recursive", "resolution", "query_bytes", "response_bytes",
	"response_packets", "flow" };

/* The word behind a message's number, RFC 1035 4.1.1. */
enum { QR = 1 << 15, AA = 1 << 10, RD = 1 << 8, RA = 1 << 7, RCODE = 15 };
enum { NOERROR, SERVFAIL = 2, NXDOMAIN, REFUSED = 5 };
enum { PORT_DNS = 53, PORT_HTTPS = 443, PORT_DOT = 853 };

struct facts_reader *
facts_open(struct run *run, const struct facts_opts *o)
{
	struct facts_reader *r = xcalloc(1, sizeof *r);

	r->run = run;
	r->opts = *o;
	for (int i = 0; i < S_ALL; i++)
		r->slots[i] =
		    schema_add(&run->schema, slice_str(slot_names[i]));
	lists_open(&r->lists, &o->lists);
	r->seen = seen_new(&r->lists, o->splits);
	return r;
}

void
facts_reload(struct facts_reader *r)
{
	if (lists_reload(&r->lists))
		seen_forget(r->seen);
}

static const char *
complain(struct facts_reader *r, enum slot slot, const char *what)
{
	snprintf(
	    r->message, sizeof r->message, "%s: %s", slot_names[slot], what);
	return r->message;
}

/* ---- numbers ---- */

/* A number, or the name of one; *n stays as it was where it is absent. */
static const char *
read_number_slow(struct facts_reader *r, const struct json_val *v,
    enum slot slot, uint64_t *n)
{
	const struct field *f = field_find(slice_str(slot_names[slot]));
	struct value_reading how = { r->run->zone, &r->scratch };
	struct value value;
	const char *err = value_read(v, f->type, f->set, &how, &value);

	arena_reset(&r->scratch);
	if (err)
		return complain(r, slot, err);
	if (value.type == VALUE_INT && value.i >= 0)
		*n = (uint64_t)value.i;
	return NULL;
}

static inline const char *
read_number(struct facts_reader *r, const struct json_val *values,
    enum slot slot, uint64_t *n)
{
	const struct json_val *v = &values[r->slots[slot]];

	if (v->kind == JSON_NONE ||
	    (v->kind == JSON_NUMBER && num_short(v->p, v->n, n)))
		return NULL;
	return read_number_slow(r, v, slot, n);
}

static inline bool
has(const struct facts_reader *r, const struct json_val *v, enum slot slot)
{
	enum json_kind kind = v[r->slots[slot]].kind;

	return kind != JSON_NONE &&
	       json_kind_of(&v[r->slots[slot]]) != JSON_NULL;
}

/* ---- what it is ---- */

struct header {
	uint64_t qr, flags, rcode, qtype, answers, packets_rev, bytes,
	    bytes_rev, packets;
	uint64_t src_port, dst_port, protocol;
	bool says_qr, has_flags, has_rcode;
};

static const struct {
	enum slot slot;
	size_t to;
} numbers[] = { { S_QR, offsetof(struct header, qr) },
	{ S_FLAGS, offsetof(struct header, flags) },
	{ S_RCODE, offsetof(struct header, rcode) },
	{ S_QTYPE, offsetof(struct header, qtype) },
	{ S_ANSWERS, offsetof(struct header, answers) },
	{ S_PACKETS_REV, offsetof(struct header, packets_rev) },
	{ S_BYTES, offsetof(struct header, bytes) },
	{ S_BYTES_REV, offsetof(struct header, bytes_rev) },
	{ S_PACKETS, offsetof(struct header, packets) },
	{ S_SRC_PORT, offsetof(struct header, src_port) },
	{ S_DST_PORT, offsetof(struct header, dst_port) } };
enum { N_NUMBERS = sizeof numbers / sizeof *numbers };

static const char *
read_header(struct facts_reader *r, const struct json_val *v, struct header *h)
{
	const char *err = NULL;

	*h = (struct header){ .qr = UINT64_MAX,
		.flags = UINT64_MAX,
		.rcode = UINT64_MAX,
		.answers = UINT64_MAX,
		.qtype = UINT64_MAX };
#pragma GCC unroll 16
	for (size_t i = 0; i < N_NUMBERS && !err; i++)
		err = read_number(r, v, numbers[i].slot,
		    (uint64_t *)((char *)h + numbers[i].to));
	h->says_qr = h->qr != UINT64_MAX;
	h->has_flags = h->flags != UINT64_MAX;
	h->flags = h->has_flags ? h->flags & 0xffff : 0;
	if (h->qr == UINT64_MAX && h->has_flags)
		h->qr = h->flags / QR;
	h->has_rcode = h->rcode != UINT64_MAX;
	if (!err && h->has_rcode && h->rcode > UINT16_MAX)
		err = complain(r, S_RCODE, "out of range");
	if (!err && h->qtype != UINT64_MAX && h->qtype > UINT16_MAX)
		err = complain(r, S_QTYPE, "out of range");
	return err;
}

/* DNS, over TLS, multicast DNS, LLMNR, NetBIOS names. */
static bool
is_dns_port(uint64_t port)
{
	return port == PORT_DNS || port == PORT_DOT || port == 5353 ||
	       port == 5355 || port == 137;
}

/*
 * Whether the question, the answer or both were seen; whether the server sent
 * the record.  What no flag tells, ports do: an answer that goes to a server's
 * port is half of a transaction, which has the client as its source.
 */
static uint32_t
direction(const struct facts_reader *r, const struct json_val *v,
    const struct header *h, bool *from_server)
{
	bool to = h->dst_port == PORT_DNS, from = h->src_port == PORT_DNS;
	bool both;

	if (!to && !from) {
		to = is_dns_port(h->dst_port);
		from = is_dns_port(h->src_port);
	}

	*from_server = h->qr == 1 ? from || !to : h->qr != 0 && from && !to;
	/* Suricata's answer has the ends of its flow, and no packets. */
	both = !h->says_qr || h->packets || h->bytes;
	if (h->qr == 1)
		return *from_server || !both ? D_RESPONSE
					     : D_QUERY | D_RESPONSE;
	if (*from_server)
		return D_RESPONSE;
	both = h->packets_rev || h->bytes_rev;
	/* Zeek's log: no flow, and a code if there was an answer. */
	if (h->qr != 0 && h->has_rcode)
		both |= h->rcode || (h->answers + 1 > 1) || !h->packets ||
			has(r, v, S_RTT);
	return both && (h->has_rcode || h->has_flags) ? D_QUERY | D_RESPONSE
						      : D_QUERY;
}

static uint32_t
scope_of(const struct facts_reader *r, struct facts *f)
{
	static const uint32_t bits[] = { 0, 0, D_OUTWARD, D_INWARD, 0 };

	f->scope = SCOPE_UNKNOWN;
	if (!r->lists.local || !f->client || !f->server)
		return 0;
	if (f->client->local)
		f->scope = f->server->local ? SCOPE_LOCAL : SCOPE_OUT;
	else
		f->scope = f->server->local ? SCOPE_IN : SCOPE_ELSEWHERE;
	return bits[f->scope];
}

static const char *
read_address(struct facts_reader *r, const struct json_val *v,
    enum seen_value which, const struct address *taken,
    const struct address **out)
{
	enum slot slot = which == SEEN_SRC ? S_SRC : S_DST;
	const char *err =
	    seen_address(r->seen, which, &v[r->slots[slot]], taken, out);

	return err ? complain(r, slot, err) : NULL;
}

static void
set_number(struct facts *f, enum fact fact, uint64_t n)
{
	f->numbers[fact - F_KEYS] = n;
}

static uint32_t
name_bits(const struct facts *f)
{
	struct name *name = f->name;
	uint32_t bits = D_NAME;

	if (!name)
		return D_ORDINARY;
	bits |= name->ordinary ? D_ORDINARY : 0;
	bits |= name->listed ? D_LISTED : 0;
	bits |= name->has_long_sub ? D_LONG : 0;
	return bits;
}

/* An answer has an address of the local network: a name of its own. */
static bool
is_local_data(const struct facts_reader *r, const struct facts *f)
{
	struct answers answers;
	bool local = false;
	struct ip ip;

	if (!r->lists.local)
		return false;
	facts_answers(r, f, &answers);
	while (!local && answers_next(&answers, &ip))
		local = set_has_ip(r->lists.local, &ip);
	return local;
}

static uint32_t
response_bits(struct facts_reader *r, struct facts *f, const struct header *h)
{
	/* A flow of both directions may have the query's flags. */
	bool has_flags = h->has_flags && h->flags & QR;
	unsigned rcode =
	    h->has_rcode ? (unsigned)h->rcode : (unsigned)h->flags & RCODE;
	bool answered = h->answers == UINT64_MAX
			    ? has(r, f->v, S_RDATA) || has(r, f->v, S_RDATA_ALL)
			    : h->answers > 0;
	uint32_t bits = 0;

	set_number(f, F_RESPONSE, 1);
	set_number(f, F_SERVED, 1);
	if (!has_flags || h->flags & RA)
		bits |= D_RESOLVER;
	if (!h->has_rcode && !has_flags)
		return bits;
	f->rcode = rcode;
	set_number(f, F_NXDOMAIN, rcode == NXDOMAIN);
	set_number(f, F_SERVFAIL, rcode == SERVFAIL);
	set_number(f, F_REFUSED, rcode == REFUSED);
	set_number(f, F_SERVED, rcode != REFUSED);
	bits |= D_RCODE | (rcode == NXDOMAIN ? D_NXDOMAIN : 0);
	if (h->flags & RA && !(h->flags & AA) && rcode == NOERROR && answered)
		bits |= D_RESOLVED;
	/* Of others nobody asks. */
	if (bits & D_RESOLVED && f->bits & D_INWARD && !is_local_data(r, f))
		bits |= D_FOREIGN;
	return bits;
}

static const char *
read_dns(struct facts_reader *r, struct facts *f, const struct header *h,
    const struct address *ends[2])
{
	bool from_server;
	uint64_t bytes, packets;
	const char *err;

	f->bits = D_DNS | direction(r, f->v, h, &from_server);
	f->client = ends[from_server];
	if (f->client && f->client->group)
		f->client = NULL; /* an answer to many tells nobody who asked */
	f->server = ends[!from_server];
	err = seen_name(r->seen, &f->v[r->slots[S_QNAME]], &f->name);
	if (err)
		return complain(r, S_QNAME, err);
	f->bits |= name_bits(f) | scope_of(r, f);
	/* Of a response the flag is a copy of the question's. */
	if (!h->has_flags || h->flags & RD)
		f->bits |= D_STUB;
	f->bits |= h->qtype != UINT64_MAX ? D_TYPE : 0;
	f->qtype = (unsigned)h->qtype;
	bytes = from_server ? h->bytes : h->bytes_rev;
	packets = from_server ? h->packets : h->packets_rev;
	packets += !packets;
	if (f->bits & D_QUERY) {
		f->bits |= f->bits & D_RESPONSE ? 0 : D_RESOLVER;
		set_number(f, F_QUERY, 1);
		set_number(f, F_RECURSIVE, f->bits & D_STUB ? 1 : 0);
		set_number(f, F_QUERY_BYTES, h->bytes);
	}
	if (f->bits & D_RESPONSE) {
		f->bits |= response_bits(r, f, h);
		set_number(f, F_RESOLUTION, f->bits & D_STUB ? 1 : 0);
		set_number(f, F_RESPONSE_BYTES, bytes);
		set_number(f, F_RESPONSE_PACKETS, packets);
		if (f->name && bytes / packets >= FACTS_LARGE)
			f->bits |= D_LARGE;
	}
	return NULL;
}

/* DNS over TLS, QUIC and HTTPS: RFC 7858, RFC 9250, RFC 8484. */
static void
read_flow(struct facts_reader *r, struct facts *f, const struct header *h,
    const struct address *ends[2])
{
	bool back = h->src_port == PORT_DOT ||
		    (h->src_port == PORT_HTTPS && ends[0] &&
			set_has_ip(r->lists.resolvers, &ends[0]->ip));
	uint64_t port = back ? h->src_port : h->dst_port;

	f->bits = D_FLOW;
	f->client = ends[back];
	f->server = ends[!back];
	f->bits |= scope_of(r, f);
	if (!back && (h->protocol == 6 || h->protocol == 17))
		f->bits |= D_CONNECTION;
	/* One of both directions counts, whichever end it names first. */
	set_number(f, F_FLOW, !back || h->packets_rev || h->bytes_rev);
	set_number(f, F_QUERY_BYTES, back ? h->bytes_rev : h->bytes);
	set_number(f, F_RESPONSE_BYTES, back ? h->bytes : h->bytes_rev);
	if (!f->server || (r->lists.local && f->scope != SCOPE_OUT))
		return;
	if (port == PORT_DOT)
		f->service = h->protocol == 17 ? "doq" : "dot";
	else if (port == PORT_HTTPS &&
		 set_has_ip(r->lists.resolvers, &f->server->ip))
		f->service = "doh";
	f->bits |= f->service ? D_ENCRYPTED : 0;
}

const char *
facts_read(struct facts_reader *r, const struct json_val *v, struct facts *f)
{
	const struct address *ends[2];
	struct header h;
	const struct json_val *const look_up[] = { &v[r->slots[S_SRC]],
		&v[r->slots[S_DST]], &v[r->slots[S_QNAME]] };
	const char *err;

	seen_hint(r->seen, look_up);
	err = read_header(r, v, &h);
	if (!err)
		err = read_address(r, v, SEEN_SRC, NULL, &ends[0]);
	if (!err)
		err = read_address(r, v, SEEN_DST, ends[0], &ends[1]);
	if (err)
		return err;
	f->v = v;
	f->name = NULL;
	f->service = NULL;
	memset(f->numbers, 0, sizeof f->numbers);
	if (has(r, v, S_QNAME) || h.qr != UINT64_MAX || h.has_rcode ||
	    h.qtype != UINT64_MAX) {
		err = read_dns(r, f, &h, ends);
	} else {
		err = read_number(r, v, S_PROTOCOL, &h.protocol);
		read_flow(r, f, &h, ends);
	}
	f->ids[F_CLIENT] = f->client ? f->client->serial : 0;
	f->ids[F_SERVER] = f->server ? f->server->serial : 0;
	f->ids[F_ASKED] = f->name ? f->name->serial : 0;
	f->ids[F_QTYPE] = f->qtype;
	f->ids[F_RCODE] = f->rcode;
	f->ids[F_SCOPE] = f->scope;
	return err;
}

void
facts_answers(
    const struct facts_reader *r, const struct facts *f, struct answers *a)
{
	answers_open(a, &f->v[r->slots[S_RDATA]], &f->v[r->slots[S_RDATA_ALL]]);
}
