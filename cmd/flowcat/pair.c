/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/pair.h"

#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>

#include "libcommon/biflow.h"
#include "libcommon/die.h"
#include "libcommon/num_put.h"
#include "libcommon/num_units.h"
#include "libcommon/opts.h"
#include "libcommon/reader.h"
#include "libcommon/watermark.h"
#include "libcommon/xalloc.h"

enum { MOST = 1 << 20, SLOTS = 96 };

static const int64_t second = 1000000000;

/* What the answer gives to the record of a pair. */
static const char *const given[] = { "packets", "bytes", "flags", "tos",
	"date_first_seen", "date_last_seen", "flows" };
enum { GIVEN = sizeof given / sizeof *given };

/* The same of DNS, under their own names, in place of what the record says. */
static const char *const dns[] = { "dns_rcode", "dns_answers", "dns_rname",
	"dns_rtype", "dns_ttl", "dns_rdata", "dns_rdata_all", "dns_rtype_all",
	"dns_ttl_all" };
enum { DNS = sizeof dns / sizeof *dns };

/* The same of the conversation, where the record does not say it. */
static const char *const shared[] = { "service", "community_id", "dns_id",
	"dns_qname", "dns_qtype", "dns_qclass", "tls_sni", "tls_version",
	"tls_alpn", "tls_cipher", "tls_client_ciphers", "tls_ja3", "tls_ja3s",
	"tls_ja4", "tls_ja4s", "tls_subject", "tls_issuer", "quic_sni",
	"quic_version", "quic_user_agent", "http_host", "http_method",
	"http_url", "http_status", "http_user_agent", "http_referer",
	"http_content_type" };
enum { SHARED = sizeof shared / sizeof *shared };

struct pair {
	pair_fn *put;
	void *arg;
	int64_t wait;
	struct biflow *flows;
	struct schema schema;
	struct biflow_fields fields;
	struct eventtime last;
	int slots[GIVEN], dns_slots[DNS], shared_slots[SHARED], flags_slot;
	struct json_val values[SLOTS];
	struct watermark mark;
	/*
	 * Of a flow: how long its text is, the text, what it gives, of DNS,
	 * and a newline; what is shared, a line each.
	 */
	struct output data, whole, gift;
	struct output text; /* at hand, readable beyond its end */
};

/* The text is as long as the number in front says. */
static struct slice
text_of(struct slice data, struct slice *gift)
{
	uint32_t n;

	memcpy(&n, data.p, sizeof n);
	n = le32toh(n);
	*gift = slice_of(data.p + sizeof n + n, data.n - sizeof n - n);
	return slice_of(data.p + sizeof n, n);
}

/* A member's name, between quotes, stands in what the answer gives. */
static bool
is_given(struct slice gift, struct slice name)
{
	const char *at = gift.p, *end = gift.p + gift.n;

	while ((at = memmem(at, (size_t)(end - at), name.p - 1, name.n + 2)) &&
	       (at == gift.p || at[-1] != ',' || at + name.n + 2 == end ||
		   at[name.n + 2] != ':'))
		at++;
	return at;
}

/* The members of a record, without the brace behind them. */
static void
put_members(struct output *out, struct slice text)
{
	while (text.p[--text.n] != '}')
		continue;
	out_slice(out, text);
}

/*
 * The same but for those that the answer gives: a query may have a code, which
 * says nothing yet.
 */
static void
put_others(struct output *out, struct slice text, struct slice gift)
{
	struct json_in in = { .p = text.p, .end = text.p + text.n };
	struct json_iter it;
	struct json_val key, v;
	bool done = false;
	const char *from;

	json_space(&in);
	out_char(out, '{');
	json_open(&in, &it);
	for (;;) {
		if (json_member(&in, &it, &key, &done) || done)
			return;
		from = key.p - 1;
		if (json_value(&in, &v))
			return;
		if (is_given(gift, json_slice(&key)))
			continue;
		if (out->buf[out->n - 1] != '{')
			out_char(out, ',');
		out_put(out, from, (size_t)(in.p - from));
	}
}

/* Whether the record says what a line of the form ,"name":value is about. */
static bool
knows(struct slice text, struct slice line)
{
	struct json_in in = { .p = text.p, .end = text.p + text.n };
	const char *end = memchr(line.p, ':', line.n);
	struct slice name = slice_of(line.p + 2, (size_t)(end - line.p) - 3);
	struct json_iter it;
	struct json_val key, v;
	bool done = false;

	json_space(&in);
	json_open(&in, &it);
	while (!json_member(&in, &it, &key, &done) && !done &&
	       !json_value(&in, &v))
		if (slice_eq(json_slice(&key), name))
			return !json_is_absent(&v);
	return false;
}

/* The next line, without its newline; moves behind it. */
static struct slice
next_line(struct slice *s)
{
	const char *newline = memchr(s->p, '\n', s->n);
	struct slice line = slice_of(s->p, (size_t)(newline - s->p));

	*s = slice_of(newline + 1, s->n - line.n - 1);
	return line;
}

static void
put_pair(void *arg, const struct biflow_flow *flow,
    const struct biflow_flow *answer, uint64_t users)
{
	struct pair *p = arg;
	struct slice gift, line, none, text = text_of(flow->data, &none);

	(void)users;
	if (!answer) {
		p->put(p->arg, text);
		return;
	}
	text_of(answer->data, &gift);
	p->gift.n = p->whole.n = 0;
	line = next_line(&gift);
	out_slice(&p->gift, line);
	out_slice(&p->gift, next_line(&gift));
	while (gift.n) {
		struct slice one = next_line(&gift);

		if (!knows(text, one))
			out_slice(&p->gift, one);
	}
	if (p->gift.n > line.n || memmem(text.p, text.n, "_rev\"", 5))
		put_others(&p->whole, text, slice_of(p->gift.buf, p->gift.n));
	else
		put_members(&p->whole, text);
	out_put(&p->whole, p->gift.buf, p->gift.n);
	out_char(&p->whole, '}');
	p->put(p->arg, slice_of(p->whole.buf, p->whole.n));
}

struct pair *
pair_new(
    const char *spec, const struct tstamp_zone *zone, pair_fn *put, void *arg)
{
	struct pair *p = xcalloc(1, sizeof *p);
	struct biflow_opts o = { .max = MOST, .put = put_pair, .arg = p };
	const char *slash = strchrnul(spec, '/'), *err;

	p->put = put;
	p->arg = arg;
	p->wait = 60 * second;
	err = num_duration(slice_of(spec, (size_t)(slash - spec)), &o.starts);
	if (!err && *slash)
		err = num_duration(slice_str(slash + 1), &p->wait);
	if (!err && (o.starts <= 0 || p->wait < 0))
		err = "expected a time greater than 0";
	if (err)
		opts_usage("--biflow %s: %s", spec, err);
	o.ends = p->wait < 10 * second ? p->wait : 10 * second;
	p->flows = biflow_new(&o);
	schema_init(&p->schema);
	biflow_fields_open(&p->fields, &p->schema, zone);
	eventtime_open(&p->last, "date_last_seen", &p->schema, zone);
	for (int i = 0; i < GIVEN; i++)
		p->slots[i] = schema_add(&p->schema, slice_str(given[i]));
	p->flags_slot = schema_add(&p->schema, SLICE_LIT("dns_flags"));
	for (int i = 0; i < DNS; i++)
		p->dns_slots[i] = schema_add(&p->schema, slice_str(dns[i]));
	for (int i = 0; i < SHARED; i++)
		p->shared_slots[i] =
		    schema_add(&p->schema, slice_str(shared[i]));
	watermark_init(&p->mark, 3600 * second);
	out_memory(&p->data);
	out_memory(&p->whole);
	out_memory(&p->gift);
	out_memory(&p->text);
	return p;
}

/* The values of a record by slot. */
static void
read_values(struct pair *p, struct slice text)
{
	struct json_in in;
	struct json_iter it;
	struct json_val key, v;
	bool done = false;
	int node;

	p->text.n = 0;
	out_slice(&p->text, text);
	out_put(&p->text, "\0\0\0\0\0\0\0", READER_PAD);
	in = (struct json_in){ .p = p->text.buf, .end = p->text.buf + text.n };
	memset(p->values, 0, sizeof p->values);
	json_space(&in);
	if (json_open(&in, &it))
		return;
	while (!json_member(&in, &it, &key, &done) && !done &&
	       !json_value(&in, &v)) {
		node = schema_child(&p->schema, SCHEMA_ROOT, json_slice(&key));
		if (node != SCHEMA_NONE &&
		    p->schema.nodes[node].slot != SCHEMA_NONE)
			p->values[p->schema.nodes[node].slot] = v;
	}
}

/* ,"packets_rev":7 and so on. */
static void
put_gift(struct pair *p, const char *name, const char *suffix, int slot)
{
	const struct json_val *v = &p->values[slot];
	bool quoted = v->kind == JSON_STRING;

	if (json_is_absent(v))
		return;
	out_str(&p->data, ",\"");
	out_str(&p->data, name);
	out_str(&p->data, suffix);
	out_str(&p->data, quoted ? "\":\"" : "\":");
	out_slice(&p->data, json_slice(v));
	out_str(&p->data, quoted ? "\"" : "");
}

/* What the flags of a response say, where its code has no field. */
static void
read_code(struct pair *p, char room[NUM_ROOM])
{
	struct json_val *code = &p->values[p->dns_slots[0]];
	const struct json_val *flags = &p->values[p->flags_slot];
	uint64_t word;

	if (!json_is_absent(code) || flags->kind != JSON_NUMBER ||
	    num_u64(json_slice(flags), &word) || !(word >> 15 & 1))
		return;
	*code = (struct json_val){ .p = room, .kind = JSON_NUMBER };
	code->n = (uint32_t)num_put_u64(room, word & 15);
}

static void
put_gifts(struct pair *p)
{
	char room[NUM_ROOM];

	read_code(p, room);
	for (int i = 0; i < GIVEN; i++)
		put_gift(p, given[i], "_rev", p->slots[i]);
	out_char(&p->data, '\n');
	for (int i = 0; i < DNS; i++)
		put_gift(p, dns[i], "", p->dns_slots[i]);
	out_char(&p->data, '\n');
	for (int i = 0; i < SHARED; i++) {
		if (json_is_absent(&p->values[p->shared_slots[i]]))
			continue;
		put_gift(p, shared[i], "", p->shared_slots[i]);
		out_char(&p->data, '\n');
	}
}

bool
pair_take(struct pair *p, struct slice text)
{
	uint32_t n = htole32((uint32_t)text.n);
	struct biflow_flow flow;
	int64_t last;
	bool both;

	read_values(p, text);
	if (eventtime_of(&p->last, p->values, &last) ||
	    biflow_read(&p->fields, p->values, last, &flow, &both) || both)
		return false;
	p->data.n = 0;
	out_put(&p->data, (const char *)&n, sizeof n);
	out_slice(&p->data, text);
	put_gifts(p);
	flow.data = slice_of(p->data.buf, p->data.n);
	if (watermark_see(&p->mark, last))
		biflow_expire(p->flows, num_minus(p->mark.max, p->wait));
	biflow_add(p->flows, &flow);
	return true;
}

void
pair_finish(struct pair *p)
{
	biflow_expire(p->flows, INT64_MAX);
	if (biflow_early(p->flows, 0))
		warn("--biflow: %" PRIu64 " flows did not wait for their other "
		     "direction, for there were more than %d, or more than %d "
		     "of one conversation",
		    biflow_early(p->flows, 0), MOST, BIFLOW_TOGETHER);
}
