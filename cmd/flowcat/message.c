/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libcommon/die.h"

enum {
	HEAD_V5 = 24,
	HEAD_V9 = 20,
	HEAD_IPFIX = 16,
	RECORD_V5 = 48,
	SET_HEAD = 4,
	SET_TEMPLATES = 2, /* IPFIX; v9 has 0 and 1 */
	SET_OPTIONS = 3,
	FIRST_DATA_SET = 256, /* RFC 7011 3.3.2, RFC 3954 5.3 */
	SCOPE_INTERFACE = 2,
	PEN_CISCO = 9,
};

/* NetFlow v5's record, as a template. */
static const struct spec v5[] = {
	{ 0, 8, 4 },   /* source address */
	{ 0, 12, 4 },  /* destination address */
	{ 0, 15, 4 },  /* next hop */
	{ 0, 10, 2 },  /* input */
	{ 0, 14, 2 },  /* output */
	{ 0, 2, 4 },   /* packets */
	{ 0, 1, 4 },   /* bytes */
	{ 0, 22, 4 },  /* first, uptime */
	{ 0, 21, 4 },  /* last */
	{ 0, 7, 2 },   /* source port */
	{ 0, 11, 2 },  /* destination port */
	{ 0, 210, 1 }, /* padding */
	{ 0, 6, 1 },   /* TCP flags */
	{ 0, 4, 1 },   /* protocol */
	{ 0, 5, 1 },   /* type of service */
	{ 0, 16, 2 },  /* source AS */
	{ 0, 17, 2 },  /* destination AS */
	{ 0, 9, 1 },   /* source mask */
	{ 0, 13, 1 },  /* destination mask */
	{ 0, 210, 2 },
};

/* A message being read. */
struct message {
	struct exporter *e;
	struct message_context context;
	struct output *out;
	struct message_units units; /* so far */
	bool ok;
	char head[192];
};

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* ---- data ---- */

static void
decode(struct message *m, uint8_t *set, size_t n,
    const struct message_context *context)
{
	struct options_seen seen = { INT64_MIN, &m->e->samplers };
	struct templates *templates = m->e->templates;
	struct templates_done done;

	m->e->samplers.at = context->exported;
	done = templates_decode(templates, set, n, context, m->out, &seen);
	if (seen.boot != INT64_MIN)
		m->e->boot = seen.boot;
	m->e->flows += done.flows;
	exporter_count(m->e, SHARE_FLOWS, done.flows);
	collect_counts.options += done.options;
	m->ok &= !done.broken;
	m->units.flows += (uint32_t)done.flows;
	m->units.options += (uint32_t)done.options;
}

static void
read_data(struct message *m, uint8_t *set, size_t n)
{
	m->context.samplers = &m->e->samplers;
	if (m->context.boot == INT64_MIN)
		m->context.boot = m->e->boot;
	if (m->e->templates &&
	    templates_has(m->e->templates, (uint16_t)get16(set))) {
		decode(m, set, n, &m->context);
		return;
	}
	m->units.known = false;
	exporter_wait(m->e, set, n, &m->context);
}

static void
read_waiting(struct message *m, uint16_t id)
{
	struct waiting w;
	struct message_units units = m->units;

	while (exporter_waited(m->e, id, &w)) {
		w.context.head = m->context.head;
		decode(m, w.set, w.n, &w.context);
		waiting_free(&w);
	}
	m->units = units; /* they were in other messages */
}

/* ---- templates ---- */

/*
 * A template record's fields; returns behind them, NULL if they do not fit.
 * NetFlow v9 has no enterprises: numbers from 32768 on are Cisco's.
 */
static const uint8_t *
read_field(const uint8_t *p, const uint8_t *end, bool v9, struct spec *spec)
{
	*spec = (struct spec){ 0 };
	if (end - p < 4)
		return NULL;
	spec->id = (uint16_t)(get16(p) & 0x7fff);
	spec->len = (uint16_t)get16(p + 2);
	if (!(p[0] & 0x80))
		return p + 4;
	spec->pen = PEN_CISCO;
	if (v9)
		return p + 4;
	if (end - p < 8)
		return NULL;
	spec->pen = get32(p + 4);
	return p + 8;
}

static const uint8_t *
read_fields(const uint8_t *p, const uint8_t *end, unsigned n, bool v9,
    struct spec *specs)
{
	struct spec beyond;

	for (unsigned i = 0; i < n && p; i++)
		p = read_field(
		    p, end, v9, i < TEMPLATES_MAX_FIELDS ? &specs[i] : &beyond);
	return p;
}

static void
add(struct message *m, uint16_t id, bool options, const struct spec *specs,
    unsigned n)
{
	if (exporter_add_template(m->e, id, options, specs, n))
		read_waiting(m, id);
}

/* RFC 7011 8.1: without fields it is withdrawn; with its set's id, all are. */
static void
withdraw(struct message *m, uint16_t id, bool options)
{
	if (!m->e->templates)
		return;
	if (id >= FIRST_DATA_SET)
		templates_remove(m->e->templates, id);
	else if (id == (options ? SET_OPTIONS : SET_TEMPLATES))
		templates_remove_all(m->e->templates, options);
}

/*
 * The numbers of v9's scopes are not those of elements: an interface is the
 * one that packets come in by, others get 210, padding.
 */
static void
name_scope(struct spec *specs, unsigned n)
{
	for (unsigned i = 0; i < n && i < TEMPLATES_MAX_FIELDS; i++) {
		specs[i].id = specs[i].id == SCOPE_INTERFACE ? 10 : 210;
		specs[i].pen = 0;
	}
}

static void
read_templates(struct message *m, const uint8_t *p, const uint8_t *end, bool v9,
    bool options)
{
	static struct spec specs[TEMPLATES_MAX_FIELDS];

	while (end - p >= 4) {
		uint16_t id = (uint16_t)get16(p);
		unsigned n = get16(p + 2), scope = 0; /* of v9, fields */

		p += 4;
		if (!id)
			return; /* padding */
		if (!n && !options && v9) {
			m->ok = false;
			return;
		}
		if (!n && !v9) {
			withdraw(m, id, options);
			continue;
		}
		if (options && !v9)
			p += 2; /* how many of them are the scope */
		if (options && v9) {
			/* RFC 3954 6.1: bytes of scope and of options. */
			if (end - p < 2)
				return;
			scope = n / 4;
			n = (n + get16(p)) / 4;
			p += 2;
		}
		p = p <= end ? read_fields(p, end, n, v9, specs) : NULL;
		if (!p || id < FIRST_DATA_SET || !n) {
			m->ok = false;
			return;
		}
		name_scope(specs, scope);
		add(m, id, options, specs, n);
	}
}

static void
read_sets(struct message *m, uint8_t *p, const uint8_t *end, bool v9)
{
	while (end - p >= SET_HEAD) {
		unsigned id = get16(p), n = get16(p + 2);

		if (n < SET_HEAD || n > (size_t)(end - p)) {
			m->ok = false;
			return;
		}
		if (id >= FIRST_DATA_SET) {
			read_data(m, p, n);
		} else if (id == (v9 ? 0 : SET_TEMPLATES)) {
			read_templates(m, p + SET_HEAD, p + n, v9, false);
		} else if (id == (v9 ? 1 : SET_OPTIONS)) {
			read_templates(m, p + SET_HEAD, p + n, v9, true);
		}
		p += n;
	}
}

/* ---- headers ---- */

static void
read_v5(struct message *m, uint8_t *p, size_t n)
{
	unsigned count = n >= HEAD_V5 ? get16(p + 2) : 0;
	size_t bytes = (size_t)count * RECORD_V5;
	uint32_t sequence;

	if (n < HEAD_V5 || bytes > n - HEAD_V5) {
		m->ok = false;
		return;
	}
	sequence = get32(p + 16);
	m->context.exported =
	    get32(p + 8) * (int64_t)1000000000 + get32(p + 12);
	m->context.boot = m->context.exported / 1000000 - get32(p + 4);
	/* Two bits of mode, fourteen of the interval. */
	samplers_set_all(&m->e->samplers, get16(p + 22) & 0x3fff);
	if (!m->e->templates)
		exporter_add_template(
		    m->e, FIRST_DATA_SET, false, v5, sizeof v5 / sizeof *v5);
	p += HEAD_V5 - SET_HEAD;
	p[0] = FIRST_DATA_SET >> 8;
	p[1] = FIRST_DATA_SET & 255;
	p[2] = (uint8_t)((bytes + SET_HEAD) >> 8);
	p[3] = (uint8_t)(bytes + SET_HEAD);
	if (count)
		read_data(m, p, bytes + SET_HEAD);
	exporter_sequence(m->e, sequence, m->units);
}

static void
read_v9(struct message *m, uint8_t *p, size_t n)
{
	uint32_t sequence = get32(p + 12);

	m->context.exported = get32(p + 8) * (int64_t)1000000000;
	m->context.boot = m->context.exported / 1000000 - get32(p + 4);
	read_sets(m, p + HEAD_V9, p + n, true);
	m->units = (struct message_units){ .flows = 1, .known = true };
	exporter_sequence(m->e, sequence, m->units);
}

static void
read_ipfix(struct message *m, uint8_t *p, size_t n)
{
	uint32_t sequence = get32(p + 8);
	size_t len = get16(p + 2);

	if (len > n || len < HEAD_IPFIX)
		m->ok = false;
	m->context.exported = get32(p + 4) * (int64_t)1000000000;
	read_sets(m, p + HEAD_IPFIX, p + (len < n ? len : n), false);
	exporter_sequence(m->e, sequence, m->units);
}

/* What --keep shows of the exporter. */
static void
make_head(struct message *m, uint32_t sequence)
{
	const struct exporter_key *key = &m->e->key;
	char ip[IP_ROOM];
	int n, ip_n = (int)ip_put(ip, &key->ip);

	n = snprintf(m->head, sizeof m->head,
	    "\"export_version\":%u,\"export_sequence\":%" PRIu32
	    ",\"observation_domain_id\":%" PRIu32,
	    key->version, sequence, key->domain);
	if (key->port)
		n += snprintf(m->head + n, sizeof m->head - (size_t)n,
		    ",\"exporter_ip_addr\":\"%.*s\"", ip_n, ip);
	m->context.head = slice_of(m->head, (size_t)n);
}

/* The first one is told with its sender: it may be of another protocol. */
static void
count_bad(const uint8_t *p, size_t n, const struct message_from *from)
{
	bool sflow = n >= 4 && get32(p) == 5;
	char ip[IP_ROOM];
	int ip_n = from->port ? (int)ip_put(ip, &from->ip) : 0;

	if (collect_counts.bad_messages++)
		return;
	warn("%.*s%sa message that is none of NetFlow v5, v9 or IPFIX, or not "
	     "whole%s",
	    ip_n, ip, ip_n ? ": " : "", sflow ? "; it looks like sFlow" : "");
}

void
message_read(
    uint8_t *p, size_t n, const struct message_from *from, struct output *out)
{
	static const struct {
		unsigned version;
		size_t head, domain, sequence;
		void (*read)(struct message *m, uint8_t *p, size_t n);
	} kinds[] = {
		{ 5, HEAD_V5, 0, 16, read_v5 },
		{ 9, HEAD_V9, 16, 12, read_v9 },
		{ 10, HEAD_IPFIX, 12, 8, read_ipfix },
	};
	struct exporter_key key = {
		.ip = from->ip, .port = from->port, .link = from->link
	};
	struct message m = { .ok = false, .out = out, .units.known = true };

	collect_counts.messages++;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && n >= 2; i++) {
		if (get16(p) != kinds[i].version || n < kinds[i].head)
			continue;
		key.version = (uint16_t)kinds[i].version;
		/* v5 has engine type and id in its place. */
		key.domain = kinds[i].domain ? get32(p + kinds[i].domain)
					     : get16(p + 20);
		m.e = exporter_find(&key);
		m.context.boot = INT64_MIN;
		m.ok = true;
		make_head(&m, get32(p + kinds[i].sequence));
		kinds[i].read(&m, p, n);
	}
	if (!m.ok)
		count_bad(p, n, from);
}
