/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/intake.h"

#include <inttypes.h>

#include "cmd/flowcat/convert.h"
#include "cmd/flowcat/pace.h"
#include "libcommon/die.h"
#include "libcommon/near.h"
#include "libcommon/xalloc.h"

struct intake {
	struct run *run;
	struct enrich *enrich; /* or NULL */
	struct intake_opts opts;
	struct convert *convert;
	struct output text, payload; /* memory */
	int unwrap_slot, topic_slot, payload_slot;
	uint64_t seen, no_flows;
};

static enum dialect_id
dialect_of(const char *name)
{
	struct near near = near_to(slice_str(name ? name : ""));
	char all[160] = "";

	for (int id = DIALECT_CANONICAL; name && id < DIALECTS; id++) {
		near_look(&near, dialect_names[id]);
		if (strcmp(name, dialect_names[id]) == 0)
			return (enum dialect_id)id;
		snprintf(all + strlen(all), sizeof all - strlen(all), " %s",
		    dialect_names[id]);
	}
	if (name && strcmp(name, "auto") != 0)
		opts_usage(
		    "--from %s: there is no such dialect%s (there are:%s)",
		    name, near_hint(&near), all);
	return DIALECT_NONE;
}

struct intake *
intake_new(struct run *run, struct enrich *enrich, const struct intake_opts *o)
{
	struct schema *s = &run->schema;
	struct intake *in = xcalloc(1, sizeof *in);

	if (!o->sample)
		opts_usage("--sample: expected at least 1");
	in->run = run;
	in->enrich = enrich;
	in->opts = *o;
	in->convert = convert_new(
	    s, run->zone, dialect_of(o->from), o->keep, o->unsample);
	in->unwrap_slot =
	    o->unwrap ? schema_add(s, slice_str(o->unwrap)) : SCHEMA_NONE;
	in->topic_slot = schema_add(s, SLICE_LIT("topic"));
	in->payload_slot = schema_add(s, SLICE_LIT("payload"));
	out_memory(&in->text);
	out_memory(&in->payload);
	return in;
}

/* What is not quite JSON passes only where it is converted. */
static const char *
strictly(const struct rec *rec)
{
	struct json_in text = { .p = rec->p, .end = rec->p + rec->n };
	struct json_val v;

	json_space(&text);
	return json_value(&text, &v);
}

/*
 * The canonical text of the record at hand: its own bytes, or converted into
 * in->text.  False if there is none.
 */
static bool
canonical(struct intake *in, struct reader *r, struct slice *text, bool *own)
{
	enum dialect_id id = convert_detect(in->convert, &r->rec);
	const char *what = NULL;
	enum convert_result result;

	*own = id <= DIALECT_CANONICAL;
	*text = slice_of(r->rec.p, r->rec.n);
	if (*own && r->rec.irregular)
		what = strictly(&r->rec);
	if (what)
		reader_reject(r, what);
	if (*own || what)
		return !what;
	in->text.n = 0;
	result = convert_put(in->convert, id, &r->rec, &in->text, &what);
	*text = slice_of(in->text.buf, in->text.n);
	if (result == CONVERT_BAD)
		reader_reject(r, what);
	in->no_flows += result == CONVERT_NO_FLOW;
	return result == CONVERT_DONE;
}

/* The member that holds the record: --unwrap, or the payload of kcat -J. */
static const struct json_val *
envelope(const struct intake *in, const struct rec *rec)
{
	const struct json_val *v;

	if (in->unwrap_slot != SCHEMA_NONE) {
		v = &rec->v[in->unwrap_slot];
		return v->kind == JSON_NONE ? NULL : v;
	}
	v = &rec->v[in->payload_slot];
	return rec->v[in->topic_slot].kind == JSON_STRING &&
		       (v->kind == JSON_STRING || v->kind == JSON_OBJECT)
		   ? v
		   : NULL;
}

static bool
unwrap(struct intake *in, struct reader *r)
{
	const struct json_val *v = envelope(in, &r->rec);
	struct output *o = &in->payload;

	if (!v)
		return true;
	o->n = 0;
	out_slice(o, json_slice(v));
	if (v->kind == JSON_STRING && v->escaped)
		o->n = json_unescape(slice_of(o->buf, o->n), o->buf);
	while (o->n && strchr("\r\n", o->buf[o->n - 1]))
		o->n--;
	return reader_enter_memory(r, o);
}

/*
 * --where and enrichment are about canonical fields: a converted record is
 * looked at anew.
 */
static bool
wanted(struct intake *in, struct reader *r, bool own, struct slice *text)
{
	struct expr_input input = { .v = NULL };
	const char *err;
	bool yes = true;

	if (!in->run->where && !in->enrich)
		return true;
	if (!own && !reader_enter_memory(r, &in->text))
		return false;
	if (!own) /* it may have moved */
		*text = slice_of(r->rec.p, r->rec.n);
	if (in->enrich)
		return enrich_apply(in->enrich, r, text);
	input.v = r->rec.v;
	err = expr_test(in->run->where, &input, &yes);
	if (err)
		reader_reject(r, err);
	return yes && !err;
}

bool
intake_next(struct intake *in, struct reader *r, struct slice *text)
{
	bool own;

	while (reader_next(r)) {
		if (!unwrap(in, r) || !canonical(in, r, text, &own))
			continue;
		if (in->opts.sample > 1 &&
		    pace_flow_hash(*text) % in->opts.sample)
			continue;
		if (!wanted(in, r, own, text))
			continue;
		if (in->seen++ < in->opts.skip)
			continue;
		return true;
	}
	return false;
}

void
intake_report(const struct intake *in)
{
	uint64_t clamped = convert_clamped(in->convert);
	uint64_t unscaled = convert_unscaled(in->convert);

	if (in->no_flows)
		warn(
		    "%" PRIu64 " records are no flows, left out", in->no_flows);
	if (clamped)
		warn("%" PRIu64 " flows ended before their start", clamped);
	if (unscaled)
		warn("%" PRIu64 " flows were not scaled up, for their counters "
		     "would have more than 64 bits",
		    unscaled);
}
