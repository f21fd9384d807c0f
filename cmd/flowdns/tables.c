/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/tables.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/near.h"
#include "libcommon/xalloc.h"

/* Absent is unknown: a sum of nothing compares as 0 here. */
#define OR_0(x) "coalesce(" x ", 0)"

/*
 * Thresholds are of a window, of 1m if not given:
 *
 * amplification: large responses, again and again about the same few names, to
 * one address, with bytes many times those of its queries.  A resolver that
 * validates gets large responses of a top-level domain's server, too, but each
 * about another name.  Where no query was seen (they come another way, or with
 * a forged source from elsewhere) the number of responses must say it alone.
 *
 * tunnel: data goes out as names that are long and do not repeat: 20 of them
 * with 2000 bytes, of which a page with many parts from a CDN stays below.  3
 * bits a byte is what encoded data has at least, even where bytes that are no
 * text were replaced; reversed IPv6 addresses with their zeros have less.
 *
 * generated_domain: malware tries names that do not exist, one registrable
 * domain after the other, to find its master.  Who mistypes, or searches a list
 * of suffixes, asks for few; random labels of 8 to 16 letters have 2.7 to 3.5
 * bits a letter.
 */
const struct analysis tables[] = {
	{ .name = "asked",
	    .needs = D_DNS | D_NAME,
	    .keys = "dns_qname=asked,src_ip_addr=client",
	    .columns = "queries=sum(query),responses=sum(response)" },
	{ .name = "missing",
	    .needs = D_NXDOMAIN | D_NAME | D_ORDINARY,
	    .keys = "dns_qname=asked,src_ip_addr=client",
	    .columns = "responses=sum(response)" },
	{ .name = "amplification",
	    .help = "large responses to an address that asked little",
	    .kind = ANALYSIS_DETECTION,
	    .needs = D_DNS,
	    .unsummed = D_LARGE,
	    .keys = "src_ip_addr=server,dst_ip_addr=client,_scope=scope",
	    .columns = "queries=sum(query),responses=sum(response),"
		       "packets=sum(response_packets),"
		       "query_bytes=sum(query_bytes),"
		       "response_bytes=sum(response_bytes),"
		       "factor=response_bytes/query_bytes,"
		       "names=distinct(large),_nxdomain=sum(nxdomain),"
		       "_servfail=sum(servfail),_refused=sum(refused),"
		       "_recursive=sum(recursive),"
		       "_resolutions=sum(resolution),_served=sum(served)",
	    .having = "names > 0 and packets >= 20 and "
		      "packets >= 10 * names and "
		      "response_bytes >= 480 * packets and "
		      "(factor >= 5 or "
		      "packets >= 100 and not exists(query_bytes))" },
	{ .name = "record_types",
	    .help = "types asked for",
	    .kind = ANALYSIS_STATISTIC,
	    .needs = D_TYPE,
	    .keys = "dns_qtype=qtype",
	    .columns = "queries=sum(query),responses=sum(response)",
	    .sort = "queries,responses" },
	{ .name = "response_codes",
	    .help = "codes of responses",
	    .kind = ANALYSIS_STATISTIC,
	    .needs = D_RCODE,
	    .keys = "dns_rcode=rcode",
	    .columns = "responses=sum(response)",
	    .sort = "responses" },
	{ .name = "queried_domains",
	    .help = "names asked for, and who asked most for each",
	    .kind = ANALYSIS_STATISTIC,
	    .from = "asked",
	    .keys = "dns_qname",
	    .columns = "queries=sum(queries),responses=sum(responses)",
	    .sort = "queries,responses",
	    .inner = "src_ip_addr",
	    .counted = "clients" },
	{ .name = "nonexisting_domains",
	    .help = "names that do not exist (NXDOMAIN)",
	    .kind = ANALYSIS_STATISTIC,
	    .from = "missing",
	    .keys = "dns_qname",
	    .columns = "responses=sum(responses)",
	    .sort = "responses",
	    .inner = "src_ip_addr",
	    .counted = "clients" },
	{ .name = "external_resolvers",
	    .help = "resolvers outside that local hosts ask",
	    .kind = ANALYSIS_STATISTIC,
	    .from = "amplification",
	    .where = "_scope = 2",
	    .keys = "src_ip_addr",
	    .columns = "queries=sum(_recursive),responses=sum(_resolutions)",
	    .having = "queries > 0 or responses > 0",
	    .sort = "queries,responses",
	    .inner = "dst_ip_addr",
	    .hosts = "_scope = 2 and (_recursive > 0 or _resolutions > 0)",
	    .counted = "clients",
	    .local = true },
	{ .name = "local_servers",
	    .help = "local servers that answer hosts outside",
	    .kind = ANALYSIS_STATISTIC,
	    .from = "amplification",
	    .where = "_scope = 3",
	    .keys = "src_ip_addr",
	    .columns = "queries=sum(queries),responses=sum(_served),"
		       "refused=sum(_refused)",
	    .having = "responses > 0",
	    .sort = "responses",
	    .inner = "dst_ip_addr",
	    .hosts = "_scope = 3 and _served > 0",
	    .counted = "clients",
	    .local = true },
	{ .name = "querying_hosts",
	    .help = "hosts that ask most, and how much of it does not exist",
	    .kind = ANALYSIS_STATISTIC,
	    .from = "amplification",
	    .keys = "src_ip_addr=dst_ip_addr",
	    .columns = "queries=sum(queries),responses=sum(responses),"
		       "nxdomain=sum(_nxdomain),"
		       "nxdomain_ratio=" OR_0("nxdomain") "/responses",
	    .having = "exists(src_ip_addr)",
	    .sort = "queries,responses",
	    .inner = "src_ip_addr",
	    .counted = "servers",
	    .unlisted = true },
	{ .name = "answering_hosts",
	    .help = "hosts that answer most",
	    .kind = ANALYSIS_STATISTIC,
	    .from = "amplification",
	    .keys = "src_ip_addr",
	    .columns = "responses=sum(responses),nxdomain=sum(_nxdomain),"
		       "servfail=sum(_servfail),refused=sum(_refused)",
	    .having = "responses > 0",
	    .sort = "responses",
	    .inner = "dst_ip_addr",
	    .hosts = "responses > 0",
	    .counted = "clients" },
	{ .name = "blacklisted_domain",
	    .help = "a host asks for a name on --blacklist",
	    .kind = ANALYSIS_DETECTION,
	    .needs = D_LISTED | D_ORDINARY,
	    .keys = "src_ip_addr=client,listed=listed",
	    .columns = "queries=sum(query),responses=sum(response),"
		       "names=distinct(name),dns_qname=min(name)",
	    .option = "--blacklist" },
	{ .name = "external_resolver",
	    .help = "a local host uses answers of a resolver outside",
	    .kind = ANALYSIS_DETECTION,
	    .needs = D_OUTWARD | D_STUB | D_RESOLVER,
	    .keys = "src_ip_addr=client,dst_ip_addr=server",
	    .columns = "queries=sum(query),responses=sum(response),"
		       "flows=sum(flow)",
	    .having = "flows > 0",
	    .confirmed = true,
	    .local = true },
	{ .name = "open_resolver",
	    .help = "a local server resolves names for hosts outside",
	    .kind = ANALYSIS_DETECTION,
	    .needs = D_INWARD | D_RESOLVED | D_ORDINARY | D_FOREIGN,
	    .keys = "src_ip_addr=server",
	    .columns = "responses=sum(response),clients=distinct(client),"
		       "names=distinct(name),dns_qname=min(name)",
	    .local = true },
	{ .name = "tunnel",
	    .help = "data in names: long, random, never the same",
	    .kind = ANALYSIS_DETECTION,
	    .needs = D_LONG | D_ORDINARY | D_STUB,
	    .keys = "src_ip_addr=client,domain=domain",
	    .columns = "queries=sum(query),responses=sum(response),"
		       "query_bytes=sum(query_bytes),"
		       "response_bytes=sum(response_bytes),"
		       "names=distinct(name),length=avg(len(sub)),"
		       "entropy=avg(entropy(sub)),dns_qname=min(name)",
	    .having = "names >= 20 and names * length >= 2000 and "
		      "entropy >= 3 and "
		      "2 * names >= max(" OR_0("queries") ", " OR_0(
			  "responses") ")" },
	{ .name = "generated_domain",
	    .help = "a host tries domains that do not exist, one by one",
	    .kind = ANALYSIS_DETECTION,
	    .needs = D_NXDOMAIN | D_NAME | D_ORDINARY | D_STUB,
	    .keys = "src_ip_addr=client",
	    .columns = "responses=sum(response),domains=distinct(domain),"
		       "length=avg(len(label)),entropy=avg(entropy(label)),"
		       "dns_qname=min(name)",
	    .having = "domains >= 20 and entropy >= 2.5" },
	{ .name = "encrypted_dns",
	    .help = "a host asks by TLS, QUIC or HTTPS",
	    .kind = ANALYSIS_DETECTION,
	    .needs = D_ENCRYPTED,
	    .keys = "src_ip_addr=client,dst_ip_addr=server,service=service",
	    .columns = "flows=sum(flow),bytes=sum(query_bytes),"
		       "bytes_rev=sum(response_bytes)" },
	{ 0 },
};

const char *
tables_choose(struct tables_choice *c, const char *names)
{
	static char message[400];
	struct slice part;
	size_t n = 0;

	for (size_t i = 0; tables[i].name; i++)
		c->wanted[i] = !names && tables[i].kind != ANALYSIS_BASE;
	c->named = names != NULL;
	while (names && agg_split(&names, &part)) {
		struct near near = near_to(part);
		size_t i = 0;

		while (tables[i].name && (tables[i].kind == ANALYSIS_BASE ||
					     !slice_is(part, tables[i].name)))
			i++;
		if (tables[i].name) {
			c->wanted[i] = true;
			continue;
		}
		for (i = 0; tables[i].name; i++)
			if (tables[i].kind != ANALYSIS_BASE)
				near_look(&near, tables[i].name);
		n = (size_t)snprintf(message, sizeof message,
		    "there is no '%.*s'%s", (int)(part.n < 60 ? part.n : 60),
		    part.p, near.best ? near_hint(&near) : ", but");
		if (near.best)
			return message;
		for (i = 0; tables[i].name; i++)
			if (tables[i].kind != ANALYSIS_BASE)
				n += (size_t)snprintf(message + n,
				    sizeof message - n, " %s", tables[i].name);
		return message;
	}
	return NULL;
}

struct tally *
tallies_find(struct tallies *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].table->name, name) == 0)
			return &t->v[i];
	return NULL;
}

/* ---- which ones ---- */

/* What is wanted but cannot be; ends the program if it was named. */
static void
leave_out(struct tables_choice *c, const struct tallies_opts *o)
{
	char list[400] = "";
	size_t n = 0;

	for (size_t i = 0; tables[i].name; i++) {
		const struct analysis *t = &tables[i];
		const char *missing = t->local && !o->local        ? "-L"
				      : t->option && !o->blacklist ? t->option
								   : NULL;

		if (!c->wanted[i] || !missing)
			continue;
		if (c->named)
			opts_usage("%s needs %s", t->name, missing);
		c->wanted[i] = false;
		if (t->local && !o->local)
			n += (size_t)snprintf(list + n, sizeof list - n, "%s%s",
			    n ? ", " : "", t->name);
	}
	if (n)
		warn("without -L there is no %s", list);
}

static void
need_bases(struct tables_choice *c, bool needed[TABLES_MAX])
{
	for (size_t i = 0; tables[i].name; i++) {
		needed[i] |= c->wanted[i];
		for (size_t k = 0; c->wanted[i] && tables[i].from && k < i; k++)
			needed[k] |=
			    strcmp(tables[k].name, tables[i].from) == 0;
	}
}

/* ---- set-up ---- */

/* The facts that keys and arguments are made of. */
static void
ask(struct tally *t)
{
	const struct agg *a = &t->agg->agg;

	for (size_t i = 0; i < a->n_keys; i++)
		expr_cells(a->keys[i].expr, t->asks);
	for (size_t i = 0; i < a->n_calls; i++)
		if (a->calls[i].arg)
			expr_cells(a->calls[i].arg, t->asks);
}

static void
open_agg(struct tally *t, struct window *w, const struct expr_context *records,
    const struct tallies_opts *o)
{
	const struct analysis *table = t->table;
	static bool counts[F_ALL];
	static const struct expr_cells facts = {
		.names = fact_names, .counts = counts, .n = F_ALL
	};
	struct expr_context over = { .schema = records->schema,
		.cells = t->from ? &t->from->agg->agg.cells : &facts,
		.how = records->how };
	struct expr_context row = { .cells = &t->agg->agg.cells,
		.how = records->how };
	const char *having = t->written ? table->having : NULL;

	for (int k = F_KEYS; k < F_ALL; k++)
		counts[k] = true;
	if (table->confirmed && o->unconfirmed)
		having = NULL;
	agg_init(
	    &t->agg->agg, table->keys, table->columns, w->time.name, &over);
	if (t->from) {
		t->agg->from = t->from->agg;
		t->agg->where = table->where ? expr_compile_test(table->where,
						   table->name, &over)
					     : NULL;
	}
	if (table->hosts)
		t->hosts = expr_compile_test(table->hosts, table->name, &over);
	t->agg->rows.none = !t->written;
	winagg_open(t->agg, w, table->sort,
	    having ? expr_compile_test(having, table->name, &row) : NULL);
	t->agg->rows.limit = table->kind == ANALYSIS_STATISTIC ? o->limit : 0;
	if (t->from)
		return;
	ask(t);
	t->sums = sums_new(t->agg, t->i, table->unsummed != 0);
}

void
tallies_open(struct tallies *t, struct window *w,
    const struct expr_context *context, const struct tallies_opts *o)
{
	struct tables_choice c = *o->choice;
	bool needed[TABLES_MAX] = { false };

	leave_out(&c, o);
	need_bases(&c, needed);
	for (size_t i = 0; tables[i].name; i++) {
		struct tally *tally = &t->v[t->n];

		if (!needed[i])
			continue;
		*tally = (struct tally){ .table = &tables[i],
			.agg = &t->aggs[t->n],
			.i = t->n,
			.written = c.wanted[i] };
		if (tables[i].from)
			tally->from = tallies_find(t, tables[i].from);
		t->n++;
		open_agg(tally, w, context, o);
	}
	if (!t->n)
		opts_usage("--only: nothing is left");
}

static const char *
add(struct tallies *t, const struct tally *tally, struct window_pane *pane,
    struct facts_reader *r, struct facts *f)
{
	for (int k = 0; k < F_ALL; k++)
		if (tally->asks[k])
			facts_cell(r, f, (enum fact)k, &t->cells[k]);
	return winagg_add(tally->agg, pane, tally->i,
	    &(struct expr_input){ .cells = t->cells });
}

static void
plan(const struct tallies *t, struct route *route, uint32_t bits)
{
	*route = (struct route){ .bits = bits };
	for (size_t i = 0; i < t->n; i++) {
		const struct tally *tally = &t->v[i];
		const struct analysis *table = tally->table;

		if (tally->from || (bits & table->needs) != table->needs)
			continue;
		if (tally->sums && !(bits & table->unsummed))
			route->sums[route->n_sums++] = tally->sums;
		else
			route->alone[route->n_alone++] = &t->v[i];
	}
}

const char *
tallies_add(struct tallies *t, struct window_pane *pane, struct facts_reader *r,
    struct facts *f)
{
	struct route *route =
	    &t->routes[f->bits * 0x9e3779b1 >> 16 & (TABLES_ROUTES - 1)];
	const char *err = NULL;

	if (route->bits != f->bits)
		plan(t, route, f->bits);
	sums_add(route->sums, route->n_sums, pane, r, f);
	for (size_t i = 0; i < route->n_alone && !err; i++)
		err = add(t, route->alone[i], pane, r, f);
	return err;
}
