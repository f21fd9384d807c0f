/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/additions.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/lookup.h"
#include "libcommon/near.h"
#include "libcommon/nets.h"
#include "libcommon/xalloc.h"

const char *const additions_sides[SIDES] = { "src_", "dst_" };

struct table {
	const struct field *field; /* of what is looked up, or NULL */
	const char *name;
	int slot, member; /* member: another step may have added it; or -1 */
	bool seen;        /* some record has the field */
	struct lookup *lookup;
	int columns[MAX_MEMBERS]; /* members */
};

/* A step that adds members; NULL, or what is wrong with the record. */
struct step {
	bool (*on)(const struct additions *a);
	const char *(*add)(struct additions *a, const struct rec *rec);
};

/* ---- set-up ---- */

struct splice
additions_splice(struct additions *a, const char *name)
{
	struct splice s = { .slot = SCHEMA_NONE };
	struct output key;

	s.name = arena_slice(&a->run, slice_str(name));
	s.field = field_find(s.name);
	out_memory(&key);
	splice_name(&key, s.name, ',');
	s.key = arena_slice(&a->run, slice_of(key.buf + 1, key.n - 1));
	free(key.buf);
	return s;
}

/* The same name always has the same number. */
static int
member_of(struct additions *a, const char *name)
{
	for (size_t i = 0; i < a->n_members; i++)
		if (slice_is(a->members[i].as.name, name))
			return (int)i;
	if (a->n_members >= MAX_MEMBERS)
		die("more than %d members are added", MAX_MEMBERS);
	a->members[a->n_members].as = additions_splice(a, name);
	return (int)a->n_members++;
}

static void
open_geo(struct additions *a, const struct additions_opts *opts)
{
	char name[64];

	if (!opts->n_geo)
		return;
	a->geo = geo_new();
	for (size_t i = 0; i < opts->n_geo; i++)
		geo_add(a->geo, opts->geo[i]);
	for (int side = 0; side < SIDES; side++)
		for (int i = 0; i < GEO_ITEMS; i++) {
			snprintf(name, sizeof name, "%s%s",
			    additions_sides[side], geo_names[i]);
			a->places[side][i] = member_of(a, name);
		}
}

static void
open_nets(struct additions *a, const struct additions_opts *opts)
{
	if (!opts->nets)
		return;
	a->nets = nets_read(opts->nets, "-L");
	a->direction = member_of(a, "direction");
}

/* A column's name: '*' in it stands for src or dst, as FIELD begins. */
static void
column_name(char *out, size_t room, const struct table *t, struct slice name,
    const char *file)
{
	const char *star = memchr(name.p, '*', name.n);
	size_t head = star ? (size_t)(star - name.p) : name.n;
	bool sided = strncmp(t->name, additions_sides[0], 4) == 0 ||
		     strncmp(t->name, additions_sides[1], 4) == 0;

	if (star && !sided)
		die("%s:1: '%s': '*' stands for src or dst, but %s begins "
		    "with neither",
		    file, name.p, t->name);
	if (name.n > room / 2)
		die("%s:1: a column's name is too long", file);
	snprintf(out, room, "%.*s%.*s%s", (int)head, name.p, star ? 3 : 0,
	    t->name, star ? star + 1 : "");
}

static void
open_table(struct additions *a, const char *arg)
{
	struct table *t = &a->tables[a->n_tables++];
	const char *mark = strchr(arg, '='), *file = mark + 1;
	struct slice name =
	    arena_slice(&a->run, slice_of(arg, (size_t)(mark - arg)));
	char column[256];

	t->field = field_find(name);
	t->name = t->field ? t->field->name : name.p;
	t->lookup = lookup_new(t->field);
	lookup_read_file(t->lookup, file);
	t->member = -1;
	for (size_t i = 0; i < a->n_members; i++)
		if (slice_is(a->members[i].as.name, t->name))
			t->member = (int)i;
	for (size_t i = 0; i < lookup_columns(t->lookup); i++) {
		column_name(column, sizeof column, t,
		    lookup_column(t->lookup, i), file);
		t->columns[i] = member_of(a, column);
	}
}

struct additions *
additions_new(const struct additions_opts *opts, const struct tstamp_zone *zone)
{
	struct additions *a = xcalloc(1, sizeof *a);

	a->override = opts->override;
	a->how = (struct value_reading){ zone, &a->scratch };
	a->tables = xcalloc(MAX_LOOKUPS, sizeof *a->tables);
	open_geo(a, opts);
	open_nets(a, opts);
	for (size_t i = 0; i < opts->n_lookups; i++)
		open_table(a, opts->lookups[i]);
	return a;
}

bool
additions_has(const struct additions *a, struct slice name)
{
	for (size_t i = 0; i < a->n_members; i++)
		if (slice_eq(a->members[i].as.name, name))
			return true;
	return false;
}

bool
additions_wanted(const struct additions *a, const struct schema *schema)
{
	for (size_t i = 0; i < a->n_members; i++)
		if (schema_slot(schema, a->members[i].as.name) != SCHEMA_NONE)
			return true;
	return false;
}

void
additions_add_slots(struct additions *a, struct schema *schema)
{
	char name[64];

	for (size_t i = 0; i < a->n_members; i++) {
		struct splice *s = &a->members[i].as;

		s->slot = schema_add(schema, s->name);
	}
	for (size_t i = 0; i < a->n_tables; i++)
		a->tables[i].slot =
		    schema_add(schema, slice_str(a->tables[i].name));
	for (int i = 0; i < SIDES; i++) {
		snprintf(name, sizeof name, "%sip_addr", additions_sides[i]);
		a->ip_slots[i] = schema_add(schema, slice_str(name));
	}
}

/* Of places those that the databases have. */
static bool
is_likely(const struct additions *a, size_t member)
{
	for (int i = 0; a->geo && i < SIDES * GEO_ITEMS; i++)
		if (a->places[i / GEO_ITEMS][i % GEO_ITEMS] == (int)member)
			return geo_has(a->geo, (enum geo_item)(i % GEO_ITEMS));
	return true;
}

bool
additions_name(const struct additions *a, size_t *i, struct slice *name)
{
	while (*i < a->n_members && !is_likely(a, *i))
		++*i;
	if (*i == a->n_members)
		return false;
	*name = a->members[(*i)++].as.name;
	return true;
}

/* A name that is nearly a field's, and no record has it: mistyped. */
static void
guess_at_fields(const struct additions *a)
{
	for (size_t i = 0; a->number && i < a->n_tables; i++) {
		const struct table *t = &a->tables[i];
		struct near near = near_to(slice_str(t->name));

		field_near(&near);
		if (!t->seen && !t->field && near.best)
			warn("--lookup: no record has '%s'%s", t->name,
			    near_hint(&near));
	}
}

bool
additions_failed(const struct additions *a)
{
	guess_at_fields(a);
	return a->geo && geo_failed(a->geo);
}

/* ---- steps ---- */

/* Of several steps the first that knows a member tells it. */
static void
set(struct additions *a, const struct rec *rec, int member, struct slice json,
    bool always)
{
	struct member *m = &a->members[member];
	bool said = !json_is_absent(&rec->v[m->as.slot]);

	if (!json.n || m->seen == a->number ||
	    (said && !always && !a->override))
		return;
	m->seen = a->number;
	m->at = a->n_edits;
	a->edits[a->n_edits] = m->as;
	a->edits[a->n_edits++].v =
	    (struct value){ .type = VALUE_JSON, .s = json };
}

static bool
geo_on(const struct additions *a)
{
	return a->geo;
}

/*
 * Whether the record has another AS, another country than the database: then
 * the name of that AS, the places of that country are not the record's.
 */
static bool
differs(const struct additions *a, const struct rec *rec, int member,
    struct slice json)
{
	const struct json_val *v = &rec->v[a->members[member].as.slot];

	if (a->override || json_is_absent(v) || !json.n)
		return false;
	/* "15169" and "gb" are no others. */
	if (*json.p == '"')
		json = slice_of(json.p + 1, json.n - 2);
	return json.n != v->n || strncasecmp(json.p, v->p, v->n) != 0;
}

static const char *
geo_add_members(struct additions *a, const struct rec *rec)
{
	for (int side = 0; side < SIDES; side++) {
		const int *places = a->places[side];
		const struct slice *items;
		bool other_as, other_country;

		if (!a->known[side])
			continue;
		items = geo_find(a->geo, &a->ips[side]);
		other_as = differs(a, rec, places[GEO_AS], items[GEO_AS]);
		other_country =
		    differs(a, rec, places[GEO_COUNTRY], items[GEO_COUNTRY]);
		for (int i = 0; i < GEO_ITEMS; i++)
			if (items[i].n && !(other_as && i == GEO_AS_NAME) &&
			    !(other_country && i > GEO_COUNTRY))
				set(a, rec, places[i], items[i], false);
	}
	return NULL;
}

static bool
nets_on(const struct additions *a)
{
	return a->nets;
}

static const char *
nets_add_members(struct additions *a, const struct rec *rec)
{
	static const struct slice names[2][2] = {
		{ { "\"transit\"", 9 }, { "\"in\"", 4 } },
		{ { "\"out\"", 5 }, { "\"local\"", 7 } },
	};
	bool src, dst;

	if (!a->known[0] || !a->known[1])
		return NULL;
	src = set_has_ip(a->nets, &a->ips[0]);
	dst = set_has_ip(a->nets, &a->ips[1]);
	set(a, rec, a->direction, names[src][dst], true);
	return NULL;
}

static bool
tables_on(const struct additions *a)
{
	return a->n_tables;
}

static struct json_val
as_json_val(struct slice json)
{
	if (*json.p == '"')
		return (struct json_val){ .p = json.p + 1,
			.n = (uint32_t)json.n - 2,
			.kind = JSON_STRING,
			.escaped = memchr(json.p, '\\', json.n) };
	return (struct json_val){
		.p = json.p, .n = (uint32_t)json.n, .kind = JSON_NUMBER
	};
}

static const char *
tables_add_members(struct additions *a, const struct rec *rec)
{
	for (size_t i = 0; i < a->n_tables; i++) {
		struct table *t = &a->tables[i];
		struct json_val v = rec->v[t->slot];
		const struct slice *row;
		const char *err;

		if (t->member >= 0 && a->members[t->member].seen == a->number)
			v = as_json_val(a->edits[a->members[t->member].at].v.s);
		t->seen |= v.kind != JSON_NONE;
		err = lookup_find(t->lookup, &v, &a->scratch, &row);
		if (err) {
			snprintf(
			    a->what, sizeof a->what, "%s: %s", t->name, err);
			return a->what;
		}
		for (size_t j = 0; row && j < lookup_columns(t->lookup); j++)
			set(a, rec, t->columns[j], row[j], false);
	}
	return NULL;
}

static const struct step steps[] = {
	{ geo_on, geo_add_members },
	{ nets_on, nets_add_members },
	{ tables_on, tables_add_members },
};

/* ---- a record ---- */

/* What is plain text is most often read here, the rest by value_read(). */
static const char *
read_address(struct additions *a, const struct rec *rec, int side)
{
	const struct json_val *v = &rec->v[a->ip_slots[side]];
	struct value ip = { .type = VALUE_IP };
	const char *err;

	err = v->kind == JSON_STRING && !v->escaped
		  ? ip_parse(json_slice(v), &ip.ip)
		  : value_read(v, FIELD_IP, 0, &a->how, &ip);
	if (err) {
		snprintf(a->what, sizeof a->what, "%sip_addr: %s",
		    additions_sides[side], err);
		return a->what;
	}
	a->known[side] = ip.type == VALUE_IP;
	a->ips[side] = ip.ip;
	if (a->geo && a->known[side])
		geo_hint(a->geo, &ip.ip);
	return NULL;
}

const char *
additions_look(struct additions *a, const struct rec *rec, bool ends)
{
	const char *err = NULL;

	arena_reset(&a->scratch);
	for (int i = 0; i < SIDES && !err && (a->geo || a->nets || ends); i++)
		err = read_address(a, rec, i);
	a->n_edits = 0;
	a->number++;
	for (size_t i = 0; i < sizeof steps / sizeof *steps && !err; i++)
		if (steps[i].on(a))
			err = steps[i].add(a, rec);
	return err;
}
