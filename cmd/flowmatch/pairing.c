/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/pairing.h"

#include "cmd/flowmatch/tally.h"
#include "libcommon/key.h"
#include "libcommon/xalloc.h"

/* Parts of the ends: bit 0 is the side, bit 1 says that it is a port. */
static const char *const part_names[] = { "src_ip_addr", "dst_ip_addr",
	"src_port", "dst_port" };

/* Texts of names, of the record and seen from the other end. */
enum text { KEY, COUNT, REVERSE_KEY, REVERSE_COUNT, TEXTS };

/*
 * What waits with a flow: this, the features that are known, for each of the
 * names the lengths of its texts, the texts, the label.
 */
struct head {
	uint64_t features, whole; /* bits by number */
	uint64_t names;           /* those that are kept */
};

struct lengths {
	uint32_t n[TEXTS];
};

/* The record at hand. */
struct record {
	struct head head;
	double numbers[PAIRING_FEATURES];
	struct lengths lengths[BIFLOW_USERS];
	bool plain, turned;
};

struct pairing *
pairing_new(int64_t tolerance, const struct expr_context *context,
    const struct biflow_fields *members)
{
	struct pairing *p = xcalloc(1, sizeof *p);

	p->tolerance = tolerance;
	out_memory(&p->blob);
	out_memory(&p->texts);
	out_memory(&p->made);
	p->fields = members;
	p->reverse = reverse_new(context->schema, context->how.zone);
	return p;
}

void
pairing_seal(struct pairing *p, const struct schema *schema)
{
	reverse_seal(p->reverse, schema);
}

/* ---- users ---- */

static bool
add_part(
    struct pairing_names *names, struct pairing_parts *to, const struct expr *e)
{
	const struct field *f = expr_field(e);

	for (unsigned char i = 0; f && i < 4; i++)
		if (strcmp(f->name, part_names[i]) == 0 &&
		    to->n < PAIRING_PARTS) {
			to->part[to->n++] = i;
			names->ports |= i >= 2;
			return true;
		}
	return false;
}

/* Whether both have the same key, and count the same. */
static bool
same_names(const struct pattern_set *a, const struct pattern_set *b)
{
	if (strcmp(a->keys, b->keys) != 0 || a->n_count != b->n_count)
		return false;
	for (size_t i = 0; i < a->n_count; i++)
		if (strcmp(a->count_texts[i], b->count_texts[i]) != 0)
			return false;
	return true;
}

static size_t
names_of(struct pairing *p, struct vectors *v)
{
	const struct pattern_set *set = v->set;
	struct pairing_names *names;

	for (size_t i = 0; i < p->n_names; i++)
		if (same_names(p->names[i].of->set, set))
			return i;
	names = &p->names[p->n_names];
	*names = (struct pairing_names){ .of = v, .made = true };
	for (size_t i = 0; i < v->agg->n_keys; i++)
		names->made = names->made && add_part(names, &names->key,
						 v->agg->keys[i].expr);
	for (size_t i = 0; i < set->n_count; i++)
		names->made = names->made &&
			      add_part(names, &names->count, set->count[i]);
	return p->n_names++;
}

bool
pairing_add(struct pairing *p, struct vectors *v, size_t set)
{
	struct pairing_user *u = &p->users[set];
	size_t before = p->n_features, k;

	for (size_t i = 0; i < v->set->n_features; i++) {
		const struct pattern_feature *f = &v->set->features[i];

		for (k = 0; k < p->n_features; k++)
			if (strcmp(p->features[k].text, f->text) == 0)
				break;
		if (k == PAIRING_FEATURES) {
			p->n_features = before;
			return false;
		}
		if (k == p->n_features) {
			p->features[k] = *f;
			p->slots[k] = v->slots[i];
			p->n_features++;
		}
		u->features[i] = (unsigned char)k;
	}
	u->vectors = v;
	u->names = names_of(p, v);
	p->sets |= 1ull << set;
	return true;
}

/* ---- pairs ---- */

/* A side that waited. */
struct side {
	struct head head;
	double numbers[PAIRING_FEATURES];
	const char *lengths, *texts;
	struct slice label;
};

static void
read_side(struct slice data, struct side *s)
{
	const char *p = data.p + sizeof s->head, *end = data.p + data.n;
	struct lengths l;

	memcpy(&s->head, data.p, sizeof s->head);
	for (uint64_t left = s->head.features; left; left &= left - 1) {
		memcpy(&s->numbers[__builtin_ctzll(left)], p, sizeof(double));
		p += sizeof(double);
	}
	s->lengths = p;
	p += (size_t)__builtin_popcountll(s->head.names) * sizeof l;
	s->texts = p;
	for (const char *q = s->lengths; q < s->texts; q += sizeof l) {
		memcpy(&l, q, sizeof l);
		for (int i = 0; i < TEXTS; i++)
			p += l.n[i];
	}
	s->label = slice_of(p, (size_t)(end - p));
}

static size_t
put_parts(struct pairing *p, const struct pairing_parts *parts,
    const struct biflow_ends *ends, bool turned)
{
	char room[KEY_ROOM];
	size_t start = p->made.n;

	for (size_t i = 0; i < parts->n; i++) {
		unsigned part = parts->part[i];
		size_t side = (part & 1) ^ (unsigned)turned;
		struct value v = { .type = VALUE_INT, .i = ends->port[side] };

		if (part < 2)
			v = (struct value){ .type = VALUE_IP,
				.ip = ends->ip[side] };
		out_put(&p->made, room, key_put(room, &v));
	}
	return p->made.n - start;
}

/* The connection's key and what is counted. */
static void
set_names(struct pairing *p, size_t number, const struct side *side,
    const struct biflow_ends *ends, bool turned)
{
	const struct pairing_names *names = &p->names[number];
	const char *at = side->texts;
	struct lengths l;
	size_t before, n;
	uint64_t bit = 1ull << number;

	if (!(side->head.names & bit)) {
		p->made.n = 0;
		n = put_parts(p, &names->key, ends, turned);
		put_parts(p, &names->count, ends, turned);
		p->c.key = slice_of(p->made.buf, n);
		p->c.count = slice_of(p->made.buf + n, p->made.n - n);
		return;
	}
	before = (size_t)__builtin_popcountll(side->head.names & (bit - 1));
	for (size_t k = 0; k < before; k++) {
		memcpy(&l, side->lengths + k * sizeof l, sizeof l);
		for (int i = 0; i < TEXTS; i++)
			at += l.n[i];
	}
	memcpy(&l, side->lengths + before * sizeof l, sizeof l);
	if (turned)
		at += l.n[KEY] + l.n[COUNT];
	p->c.key = slice_of(at, l.n[turned ? REVERSE_KEY : KEY]);
	p->c.count =
	    slice_of(at + p->c.key.n, l.n[turned ? REVERSE_COUNT : COUNT]);
}

/* The features of a side, from 'at' on. */
static void
set_numbers(struct pairing *p, const struct pairing_user *u,
    const struct side *side, size_t at)
{
	for (size_t i = 0; i < u->vectors->set->n_features; i++) {
		size_t f = u->features[i];
		uint64_t bit = 1ull << (at + i);

		p->c.v[at + i] = side ? side->numbers[f] : 0;
		if (side && !(side->head.whole >> f & 1))
			p->c.whole &= ~bit;
	}
}

/* A pair, or a direction alone: who began is told by its ports. */
static void
put_pair(void *arg, const struct biflow_flow *flow,
    const struct biflow_flow *answer, uint64_t users)
{
	struct pairing *p = arg;
	struct connection *c = &p->c;
	bool turned = !answer && biflow_answers(flow);
	struct side side, other;

	read_side(flow->data, &side);
	c->label = side.label;
	c->first = c->time = flow->last;
	if (answer) {
		read_side(answer->data, &other);
		c->label = c->label.n ? c->label : other.label;
		c->time = answer->last > c->time ? answer->last : c->time;
		c->first = answer->last < c->first ? answer->last : c->first;
	}
	for (; users; users &= users - 1) {
		const struct pairing_user *u =
		    &p->users[__builtin_ctzll(users)];
		size_t n = u->vectors->set->n_features;

		c->whole = ~0ull;
		set_numbers(p, u, &side, turned ? n : 0);
		set_numbers(p, u, answer ? &other : NULL, turned ? 0 : n);
		set_names(p, u->names, &side, &flow->ends, turned);
		u->vectors->put(u->vectors->arg, c);
	}
}

struct biflow *
pairing_flows(struct pairing *p, size_t max)
{
	struct biflow_opts opts = { .starts = p->tolerance,
		.ends = vectors_linger,
		.max = max,
		.put = put_pair,
		.arg = p };

	return biflow_new(&opts);
}

/* ---- records ---- */

/* The set's features, of which some may be known already. */
static const char *
read_numbers(struct pairing *p, const struct pairing_user *u,
    const struct json_val *values, struct record *r, double *numbers)
{
	for (size_t i = 0; i < u->vectors->set->n_features; i++) {
		size_t f = u->features[i];
		uint64_t bit = 1ull << f;
		bool whole = false;
		const char *err;

		if (!(r->head.features & bit)) {
			err = vectors_number(p->features[f].value, p->slots[f],
			    values, &r->numbers[f], &whole);
			if (err)
				return err;
			r->head.features |= bit;
			r->head.whole |= whole ? bit : 0;
		}
		numbers[i] = r->numbers[f];
	}
	return NULL;
}

/* The users with these names. */
static uint64_t
users_of(const struct pairing *p, size_t names, uint64_t users)
{
	uint64_t of = 0;

	for (; users; users &= users - 1)
		if (p->users[__builtin_ctzll(users)].names == names)
			of |= users & -users;
	return of;
}

/* Key and counted values, if they have to be kept. */
static const char *
read_names(struct pairing *p, size_t number, const struct json_val *values,
    struct record *r)
{
	const struct pairing_names *names = &p->names[number];
	uint32_t *n = r->lengths[number].n;
	size_t start = p->texts.n;
	const char *err;

	if (names->made && (r->plain || !names->ports))
		return NULL;
	memset(n, 0, sizeof r->lengths[number]);
	err = vectors_names(names->of, values, &p->texts, &n[KEY], &n[COUNT]);
	if (!err && r->turned)
		err = vectors_names(names->of, reverse_of(p->reverse, values),
		    &p->texts, &n[REVERSE_KEY], &n[REVERSE_COUNT]);
	if (err)
		p->texts.n = start;
	else
		r->head.names |= 1ull << number;
	return err;
}

/* What waits, in the blob. */
static void
put_record(struct pairing *p, const struct record *r, struct slice label)
{
	p->blob.n = 0;
	out_put(&p->blob, (const char *)&r->head, sizeof r->head);
	for (uint64_t left = r->head.features; left; left &= left - 1)
		out_put(&p->blob,
		    (const void *)&r->numbers[__builtin_ctzll(left)],
		    sizeof *r->numbers);
	for (uint64_t left = r->head.names; left; left &= left - 1)
		out_put(&p->blob,
		    (const char *)&r->lengths[__builtin_ctzll(left)],
		    sizeof *r->lengths);
	out_put(&p->blob, p->texts.buf, p->texts.n);
	out_slice(&p->blob, label);
}

static bool
is_plain(const struct json_val *v)
{
	uint64_t n;

	return v->kind == JSON_NUMBER && num_short(v->p, v->n, &n);
}

/* A direction that waits for the other. */
static const char *
take_side(struct pairing *p, const struct json_val *values,
    struct biflow_flow *flow, uint64_t users)
{
	double numbers[PATTERN_FEATURES];
	const struct vectors *v = NULL;
	const char *bad = NULL, *err;
	uint64_t names = 0;
	struct record r;

	r.head = (struct head){ 0 };
	r.turned = biflow_answers(flow);
	r.plain = is_plain(&values[p->fields->slots[BIFLOW_SRC_PORT]]) &&
		  is_plain(&values[p->fields->slots[BIFLOW_DST_PORT]]);
	for (uint64_t left = users; left; left &= left - 1) {
		const struct pairing_user *u = &p->users[__builtin_ctzll(left)];

		v = u->vectors;
		err = read_numbers(p, u, values, &r, numbers);
		bad = err ? err : bad;
		if (err || (!v->all && !tally_may_count(v->set, numbers)))
			users &= ~(left & -left);
		else
			names |= 1ull << u->names;
	}
	p->texts.n = 0;
	for (; names; names &= names - 1) {
		size_t i = (size_t)__builtin_ctzll(names);

		err = read_names(p, i, values, &r);
		bad = err ? err : bad;
		users &= err ? ~users_of(p, i, users) : ~0ull;
	}
	if (!users)
		return bad;
	put_record(p, &r, vectors_label(v, values));
	flow->users = users;
	flow->data = slice_of(p->blob.buf, p->blob.n);
	biflow_add(p->flows, flow);
	return bad;
}

const char *
pairing_take(struct pairing *p, const struct json_val *values,
    const struct biflow_flow *flow, bool both, uint64_t sets)
{
	struct biflow_flow copy = *flow;
	const char *bad = NULL, *err;

	if (!both)
		return take_side(p, values, &copy, sets);
	for (; sets; sets &= sets - 1) {
		err = vectors_take(p->users[__builtin_ctzll(sets)].vectors,
		    values, reverse_of(p->reverse, values), flow->last);
		bad = err ? err : bad;
	}
	return bad;
}
