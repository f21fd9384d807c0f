/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/vectors.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/key.h"

const int64_t vectors_linger = 10000000000;

void
vectors_open(struct vectors *v, const struct pattern_set *set, struct agg *agg,
    const struct expr_context *context, const char *label, connection_fn *put,
    void *arg)
{
	*v = (struct vectors){ .set = set,
		.put = put,
		.arg = arg,
		.agg = agg,
		.label_slot = SCHEMA_NONE };
	out_memory(&v->blob);
	if (label) {
		v->label_slot = schema_add(context->schema, slice_str(label));
		schema_ask(context->schema, v->label_slot);
	}
	for (size_t i = 0; i < set->n_features; i++)
		v->slots[i] = expr_slot(set->features[i].value);
}

/* ---- one direction ---- */

static double
number_of(const struct value *v, bool *whole)
{
	*whole = v->type == VALUE_INT;
	return v->type == VALUE_NONE ? NAN : value_double(v);
}

const char *
vectors_number(struct expr *feature, int slot, const struct json_val *values,
    double *to, bool *whole)
{
	const struct json_val *plain =
	    slot == SCHEMA_NONE ? NULL : &values[slot];
	struct expr_input in = { .v = values };
	struct value value;
	const char *err;
	uint64_t n;

	if (plain && plain->kind == JSON_NUMBER &&
	    num_short(plain->p, plain->n, &n)) {
		*to = (double)n;
		*whole = true;
		return NULL;
	}
	err = expr_value(feature, &in, &value);
	if (!err)
		*to = number_of(&value, whole);
	return err;
}

static const char *
read_side(struct vectors *v, const struct json_val *values, double *to,
    uint64_t *whole)
{
	bool is_whole;
	const char *err = NULL;

	*whole = 0;
	for (size_t i = 0; i < v->set->n_features && !err; i++) {
		err = vectors_number(v->set->features[i].value, v->slots[i],
		    values, &to[i], &is_whole);
		*whole |= !err && is_whole ? 1ull << i : 0;
	}
	return err;
}

const char *
vectors_count(struct vectors *v, const struct json_val *values,
    struct output *to, uint32_t *n)
{
	struct expr_input in = { .v = values };
	struct value value;
	char room[KEY_ROOM], *heap = NULL;
	const char *err;
	size_t start = to->n;

	*n = 0; /* if one is unknown */
	for (size_t i = 0; i < v->set->n_count; i++) {
		err = expr_value(v->set->count[i], &in, &value);
		if (err || value.type == VALUE_NONE) {
			to->n = start;
			return err;
		}
		out_slice(to, key_bytes(&value, room, sizeof room, &heap));
		free(heap);
	}
	*n = (uint32_t)(to->n - start);
	return NULL;
}

const char *
vectors_names(struct vectors *v, const struct json_val *values,
    struct output *to, uint32_t *key_n, uint32_t *count_n)
{
	struct expr_input in = { .v = values };
	struct slice key;
	struct value value;
	const char *err = agg_eval(v->agg, &in, 0, &key, &value);

	if (err)
		return err;
	out_slice(to, key);
	*key_n = (uint32_t)key.n;
	return vectors_count(v, values, to, count_n);
}

struct slice
vectors_label(const struct vectors *v, const struct json_val *values)
{
	static const struct slice none = { NULL, 0 };

	return v->label_slot == SCHEMA_NONE ||
		       values[v->label_slot].kind != JSON_STRING
		   ? none
		   : json_slice(&values[v->label_slot]);
}

const char *
vectors_take(struct vectors *v, const struct json_val *values,
    const struct json_val *reverse, int64_t time)
{
	struct connection *c = &v->c;
	size_t n = v->set->n_features;
	uint32_t key_n, count_n;
	uint64_t whole = 0;
	const char *err;

	v->blob.n = 0;
	err = vectors_names(v, values, &v->blob, &key_n, &count_n);
	if (!err)
		err = read_side(v, values, c->v, &c->whole);
	if (!err && reverse)
		err = read_side(v, reverse, c->v + n, &whole);
	if (err)
		return err;
	c->whole |= whole << n;
	c->key = slice_of(v->blob.buf, key_n);
	c->count = slice_of(v->blob.buf + key_n, count_n);
	c->label = vectors_label(v, values);
	c->first = c->time = time;
	v->put(v->arg, c);
	return NULL;
}
