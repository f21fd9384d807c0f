/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/vectors.h"

#include <math.h>
#include <stdlib.h>

#include "cmd/flowmatch/reverse.h"
#include "cmd/flowmatch/tally.h"
#include "libcommon/key.h"
#include "libcommon/xalloc.h"

const int64_t vectors_linger = 10000000000;

/* What waits with a flow: numbers, then texts one behind the other. */
enum text { KEY, COUNT, REVERSE_KEY, REVERSE_COUNT, LABEL, TEXTS };

struct head {
	uint64_t whole;
	uint32_t n[TEXTS];
	uint32_t pad;
};

void
vectors_open(struct vectors *v, const struct pattern_set *set, struct agg *agg,
    const struct expr_context *context, const char *label, connection_fn *put,
    void *arg)
{
	*v = (struct vectors){ .set = set,
		.put = put,
		.arg = arg,
		.agg = agg,
		.how = context->how,
		.label_slot = SCHEMA_NONE };
	out_memory(&v->blob);
	if (label)
		v->label_slot = schema_add(context->schema, slice_str(label));
	for (size_t i = 0; i < set->n_features; i++)
		v->slots[i] = expr_slot(set->features[i].value);
	if (!set->biflow)
		return;
	biflow_fields_open(&v->fields, context->schema, context->how.zone);
	v->reverse = reverse_new(context->schema, context->how.zone);
}

void
vectors_seal(struct vectors *v, const struct schema *schema)
{
	if (v->reverse)
		reverse_seal(v->reverse, schema);
}

/* ---- one direction ---- */

static double
number_of(const struct value *v, bool *whole)
{
	*whole = v->type == VALUE_INT;
	return v->type == VALUE_NONE ? NAN : value_double(v);
}

static const char *
read_side(struct vectors *v, const struct json_val *values, double *to,
    uint64_t *whole)
{
	struct expr_input in = { .v = values };
	const char *err;
	uint64_t n;
	bool is_whole;

	*whole = 0;
	for (size_t i = 0; i < v->set->n_features; i++) {
		const struct json_val *plain =
		    v->slots[i] == SCHEMA_NONE ? NULL : &values[v->slots[i]];
		struct value value;

		if (plain && plain->kind == JSON_NUMBER &&
		    num_short(plain->p, plain->n, &n)) {
			to[i] = (double)n;
			*whole |= 1ull << i;
			continue;
		}
		err = expr_value(v->set->features[i].value, &in, &value);
		if (err)
			return err;
		to[i] = number_of(&value, &is_whole);
		*whole |= (uint64_t)is_whole << i;
	}
	return NULL;
}

/* What is counted, at the end of the blob; nothing if one is unknown. */
static const char *
put_count(struct vectors *v, const struct expr_input *in, uint32_t *n)
{
	struct value value;
	char room[KEY_ROOM], *heap = NULL;
	const char *err;
	size_t start = v->blob.n;

	*n = 0;
	for (size_t i = 0; i < v->set->n_count; i++) {
		err = expr_value(v->set->count[i], in, &value);
		if (err || value.type == VALUE_NONE) {
			v->blob.n = start;
			return err;
		}
		out_slice(
		    &v->blob, key_bytes(&value, room, sizeof room, &heap));
		free(heap);
	}
	*n = (uint32_t)(v->blob.n - start);
	return NULL;
}

/* The same with a key before it. */
static const char *
put_names(struct vectors *v, const struct json_val *values, uint32_t *key_n,
    uint32_t *count_n)
{
	struct expr_input in = { .v = values };
	struct slice key;
	struct value value;
	const char *err = agg_eval(v->agg, &in, 0, &key, &value);

	if (err)
		return err;
	out_slice(&v->blob, key);
	*key_n = (uint32_t)key.n;
	return put_count(v, &in, count_n);
}

static struct slice
label_of(const struct vectors *v, const struct json_val *values)
{
	static const struct slice none = { NULL, 0 };

	return v->label_slot == SCHEMA_NONE ||
		       values[v->label_slot].kind != JSON_STRING
		   ? none
		   : json_slice(&values[v->label_slot]);
}

/* ---- connections ---- */

/* A record that has all that there is. */
static const char *
take_whole(
    struct vectors *v, const struct json_val *values, int64_t time, bool both)
{
	struct connection *c = &v->c;
	size_t n = v->set->n_features;
	uint32_t key_n, count_n;
	uint64_t whole = 0;
	const char *err;

	v->blob.n = 0;
	err = put_names(v, values, &key_n, &count_n);
	if (!err)
		err = read_side(v, values, c->v, &c->whole);
	if (!err && both)
		err = read_side(
		    v, reverse_of(v->reverse, values), c->v + n, &whole);
	if (err)
		return err;
	c->whole |= whole << n;
	c->key = slice_of(v->blob.buf, key_n);
	c->count = slice_of(v->blob.buf + key_n, count_n);
	c->label = label_of(v, values);
	c->first = c->time = time;
	v->put(v->arg, c);
	return NULL;
}

static void
read_head(struct slice data, struct head *head, size_t features,
    const char **numbers, struct slice texts[TEXTS])
{
	const char *p = data.p + sizeof *head;

	memcpy(head, data.p, sizeof *head);
	*numbers = p;
	p += features * sizeof(double);
	for (int i = 0; i < TEXTS; i++) {
		texts[i] = slice_of(p, head->n[i]);
		p += head->n[i];
	}
}

/* Of pairs: what agg makes of the addresses. */
static struct slice
pair_key(struct vectors *v, const struct biflow_ends *ends, bool turned)
{
	struct value value = { .type = VALUE_IP };
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		value.ip = ends->ip[i ^ (size_t)turned];
		n += key_put(v->key + n, &value);
	}
	return slice_of(v->key, n);
}

/* A pair, or a direction alone: who began is told by its ports. */
static void
put_pair(
    void *arg, const struct biflow_flow *flow, const struct biflow_flow *answer)
{
	struct vectors *v = arg;
	struct connection *c = &v->c;
	size_t n = v->set->n_features;
	bool turned = !answer && biflow_answers(flow);
	const struct biflow_flow *sides[2] = { flow, answer };
	struct slice texts[TEXTS];
	struct head head;
	const char *numbers;

	memset(c->v, 0, sizeof c->v);
	c->whole = ~0ull;
	for (size_t i = 0; i < 2; i++) {
		size_t at = (i ^ (size_t)turned) * n;

		if (!sides[i])
			continue;
		read_head(sides[i]->data, &head, n, &numbers, texts);
		memcpy(c->v + at, numbers, n * sizeof *c->v);
		c->whole &= ~(((1ull << n) - 1) << at) | head.whole << at;
		if (i == 0 || !c->label.n)
			c->label = texts[LABEL];
		if (i)
			continue;
		c->key = texts[turned ? REVERSE_KEY : KEY];
		c->count = texts[turned ? REVERSE_COUNT : COUNT];
	}
	if (v->set->pair)
		c->key = pair_key(v, &flow->ends, turned);
	c->first = c->time = flow->last;
	if (answer && answer->last > c->time)
		c->time = answer->last;
	if (answer && answer->last < c->first)
		c->first = answer->last;
	v->put(v->arg, c);
}

struct biflow *
vectors_pairs(struct vectors *v, size_t max)
{
	struct biflow_opts opts = { .starts = v->set->tolerance,
		.ends = vectors_linger,
		.max = max,
		.put = put_pair,
		.arg = v };

	return v->set->biflow ? biflow_new(&opts) : NULL;
}

/* A direction that waits for the other. */
static const char *
take_side(struct vectors *v, const struct json_val *values,
    struct biflow_flow *flow, struct biflow *pairs)
{
	struct slice label = label_of(v, values);
	double numbers[PATTERN_FEATURES];
	struct head head = { .n[LABEL] = (uint32_t)label.n };
	struct expr_input in = { .v = values };
	const char *err = read_side(v, values, numbers, &head.whole);
	bool turned = biflow_answers(flow);

	if (!err && !v->all && !tally_may_count(v->set, numbers))
		return NULL;
	v->blob.n = 0;
	out_put(&v->blob, (const char *)&head, sizeof head);
	out_put(&v->blob, (const void *)numbers,
	    v->set->n_features * sizeof *numbers);
	if (!err && v->set->pair)
		err = put_count(v, &in, &head.n[COUNT]);
	else if (!err)
		err = put_names(v, values, &head.n[KEY], &head.n[COUNT]);
	if (!err && turned && !(v->set->pair && !v->set->n_count))
		err = put_names(v, reverse_of(v->reverse, values),
		    &head.n[REVERSE_KEY], &head.n[REVERSE_COUNT]);
	if (err)
		return err;
	out_slice(&v->blob, label);
	memcpy(v->blob.buf, &head, sizeof head);
	flow->data = slice_of(v->blob.buf, v->blob.n);
	biflow_add(pairs, flow);
	return NULL;
}

const char *
vectors_take(struct vectors *v, const struct json_val *values, int64_t time,
    struct biflow *pairs)
{
	struct biflow_flow flow;
	const char *err;
	bool both = false;

	if (!v->set->biflow)
		return take_whole(v, values, time, false);
	err = biflow_read(&v->fields, values, time, &flow, &both);
	if (err)
		return err;
	return both ? take_whole(v, values, time, true)
		    : take_side(v, values, &flow, pairs);
}
