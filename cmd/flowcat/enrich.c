/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/enrich.h"

#include "cmd/flowcat/additions.h"
#include "libcommon/anon.h"
#include "libcommon/die.h"
#include "libcommon/nets.h"
#include "libcommon/xalloc.h"

static struct {
	struct additions_opts add;
	const char *anon, *anon_keep;
	bool by_endpoint, anon_nfanon;
} opt;

static const char *
add_geo(const char *arg)
{
	if (opt.add.n_geo == GEO_MAX)
		return "more than 8 databases";
	opt.add.geo[opt.add.n_geo++] = arg;
	return NULL;
}

static const char *
add_lookup(const char *arg)
{
	const char *mark = strchr(arg, '=');

	if (!mark || mark == arg || !mark[1])
		return "expected FIELD=TABLE.csv";
	if (opt.add.n_lookups == MAX_LOOKUPS)
		return "more than 32 tables";
	opt.add.lookups[opt.add.n_lookups++] = arg;
	return NULL;
}

const struct opt enrich_options[] = {
	{ OPT_CALL, 0, "geo", NULL, "FILE",
	    "countries, cities, AS from a MaxMind DB file (repeatable)",
	    add_geo },
	{ OPT_ONCE, 'L', "local", &opt.add.nets, "NETS",
	    "networks that are ours, for direction: a list or @FILE", NULL },
	{ OPT_CALL, 0, "lookup", NULL, "FIELD=TABLE",
	    "members from the row for FIELD in a CSV file (repeatable)",
	    add_lookup },
	{ OPT_FLAG, 0, "override", &opt.add.override, NULL,
	    "--geo and --lookup replace what the record says", NULL },
	{ OPT_FLAG, 0, "by-endpoint", &opt.by_endpoint, NULL,
	    "a record for each end of a flow: host, peer, dir", NULL },
	{ OPT_STRING, 0, "anon", &opt.anon, "KEYFILE",
	    "make addresses anonymous (Crypto-PAn, as nfanon)", NULL },
	{ OPT_ONCE, 0, "anon-keep", &opt.anon_keep, "NETS",
	    "networks whose addresses stay", NULL },
	{ OPT_FLAG, 0, "anon-nfanon", &opt.anon_nfanon, NULL,
	    "IPv6 as nfanon has it, not prefix-preserving", NULL },
	{ 0 },
};

/* The members of an endpoint's record: see end_at(). */
enum { HOST, PEER, DIR, PACKETS_IN, PACKETS_OUT, BYTES_IN, BYTES_OUT, ENDS };

static const char *const end_names[ENDS] = { "host", "peer", "dir",
	"packets_in", "packets_out", "bytes_in", "bytes_out" };

/* What the endpoint's counters are copied from. */
enum { PACKETS, BYTES, PACKETS_REV, BYTES_REV, COUNTERS };

static const char *const counter_names[COUNTERS] = { "packets", "bytes",
	"packets_rev", "bytes_rev" };

struct enrich {
	struct additions *add;
	bool late; /* --where asks for what is added */
	struct expr *where;
	struct splice ends[ENDS];
	int end_slots[SIDES], counter_slots[COUNTERS];
	struct anon *anon;
	struct output looked, text, plain; /* memory */
};

/* ---- set-up ---- */

static void
open_ends(struct enrich *e, struct schema *schema)
{
	static const char *const addresses[SIDES] = { "src_ip_addr",
		"dst_ip_addr" };

	for (int i = 0; i < ENDS && opt.by_endpoint; i++) {
		if (additions_has(e->add, slice_str(end_names[i])))
			die("'%s' is added by --by-endpoint and by --lookup",
			    end_names[i]);
		e->ends[i] = additions_splice(e->add, end_names[i]);
		e->ends[i].slot = schema_add(schema, e->ends[i].name);
	}
	for (int i = 0; i < SIDES; i++)
		e->end_slots[i] = schema_add(schema, slice_str(addresses[i]));
	for (int i = 0; i < COUNTERS; i++)
		e->counter_slots[i] =
		    schema_add(schema, slice_str(counter_names[i]));
}

static void
open_anon(struct enrich *e)
{
	if ((opt.anon_keep || opt.anon_nfanon) && !opt.anon)
		opts_usage("--anon-keep and --anon-nfanon go with --anon");
	if (!opt.anon)
		return;
	e->anon = anon_open(opt.anon);
	if (opt.anon_nfanon)
		anon_as_nfanon(e->anon);
	if (opt.anon_keep)
		anon_keep(e->anon, nets_read(opt.anon_keep, "--anon-keep"));
}

/* Whether any option asks for it. */
static bool
is_asked(void)
{
	bool added = opt.add.n_geo || opt.add.n_lookups;

	if (opt.add.override && !added)
		opts_usage("--override goes with --geo or --lookup");
	return added || opt.add.nets || opt.by_endpoint || opt.anon ||
	       opt.anon_keep || opt.anon_nfanon;
}

struct enrich *
enrich_new(struct run *run)
{
	struct enrich *e;

	if (!is_asked())
		return NULL;
	e = xcalloc(1, sizeof *e);
	out_memory(&e->looked);
	out_memory(&e->text);
	out_memory(&e->plain);
	e->where = run->where;
	e->add = additions_new(&opt.add, run->zone);
	e->late = additions_wanted(e->add, &run->schema);
	additions_add_slots(e->add, &run->schema);
	open_ends(e, &run->schema);
	open_anon(e);
	return e;
}

void
enrich_columns(const struct enrich *e, struct recout *columns)
{
	struct slice name;

	for (size_t i = 0; additions_name(e->add, &i, &name);)
		recout_also(columns, name);
	for (int i = 0; i < ENDS && opt.by_endpoint; i++)
		recout_also(columns, e->ends[i].name);
}

bool
enrich_doubles(void)
{
	return opt.by_endpoint;
}

bool
enrich_failed(const struct enrich *e)
{
	return additions_failed(e->add);
}

/* ---- a record ---- */

static struct value
as_it_is(const struct rec *rec, int slot)
{
	const struct json_val *v = &rec->v[slot];
	enum json_kind kind = json_kind_of(v);

	if (kind == JSON_NONE || kind == JSON_NULL)
		return (struct value){ 0 };
	return (struct value){ .type = VALUE_JSON, .s = splice_whole(v) };
}

/*
 * The edits of an endpoint's record.  Out is what the host sent: the source
 * sent packets and bytes, the destination those that end in _rev.
 */
static void
end_at(struct enrich *e, const struct rec *rec, int side)
{
	const int *slots = e->counter_slots;
	struct splice *s = e->ends;

	s[HOST].v = as_it_is(rec, e->end_slots[side]);
	s[PEER].v = as_it_is(rec, e->end_slots[!side]);
	s[DIR].v = (struct value){ .type = VALUE_JSON,
		.s = side ? SLICE_LIT("\"in\"") : SLICE_LIT("\"out\"") };
	s[side ? PACKETS_IN : PACKETS_OUT].v = as_it_is(rec, slots[PACKETS]);
	s[side ? PACKETS_OUT : PACKETS_IN].v =
	    as_it_is(rec, slots[PACKETS_REV]);
	s[side ? BYTES_IN : BYTES_OUT].v = as_it_is(rec, slots[BYTES]);
	s[side ? BYTES_OUT : BYTES_IN].v = as_it_is(rec, slots[BYTES_REV]);
}

/* A record without any end stays one. */
static void
put(struct enrich *e, const struct rec *rec, struct output *out)
{
	struct additions *a = e->add;
	bool some = false;

	for (int side = 0; side < SIDES && opt.by_endpoint; side++) {
		if (!a->known[side])
			continue;
		end_at(e, rec, side);
		memcpy(a->edits + a->n_edits, e->ends, sizeof e->ends);
		if (some)
			out_char(out, '\n');
		some = true;
		splice_put(out, rec, a->edits, a->n_edits + ENDS);
	}
	if (!some)
		splice_put(out, rec, a->edits, a->n_edits);
}

static bool
wanted(struct enrich *e, struct reader *r)
{
	struct expr_input in = { .v = r->rec.v };
	bool yes = true;
	const char *err = e->where ? expr_test(e->where, &in, &yes) : NULL;

	if (err)
		reader_reject(r, err);
	return yes && !err;
}

bool
enrich_apply(struct enrich *e, struct reader *r, struct slice *text)
{
	struct output *out = e->anon ? &e->plain : &e->text;
	struct additions *a = e->add;
	const char *err;

	if (!e->late && !wanted(e, r))
		return false;
	err = additions_look(a, &r->rec, opt.by_endpoint);
	if (err) {
		reader_reject(r, err);
		return false;
	}
	if (e->late) {
		e->looked.n = 0;
		splice_put(&e->looked, &r->rec, a->edits, a->n_edits);
		if (!reader_enter_memory(r, &e->looked) || !wanted(e, r))
			return false;
		a->n_edits = 0;
	}
	out->n = 0;
	put(e, &r->rec, out);
	if (e->anon) {
		e->text.n = 0;
		anon_put(e->anon, slice_of(out->buf, out->n), &e->text);
	}
	*text = slice_of(e->text.buf, e->text.n);
	return true;
}
