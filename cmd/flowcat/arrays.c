/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/arrays.h"

const char *
arrays_whole(struct convert *c, const struct json_val *v, struct value *out)
{
	(void)c;
	if (v->kind != JSON_ARRAY || v->n == 2)
		return NULL;
	*out = (struct value){ .type = VALUE_JSON };
	out->s = json_slice(v);
	return NULL;
}

const char *
arrays_count(struct convert *c, const struct json_val *v, struct value *out)
{
	struct json_in in = { .p = v->p, .end = v->p + v->n, .lenient = true };
	struct json_iter it;
	struct json_val key, element;
	bool done = false;
	unsigned n = 0;

	(void)c;
	if (v->kind != JSON_ARRAY || json_open(&in, &it))
		return NULL;
	for (;;) {
		if (json_member(&in, &it, &key, &done) || done ||
		    json_value(&in, &element))
			break;
		n++;
	}
	*out = (struct value){ .type = VALUE_INT, .i = n };
	return NULL;
}

/* Of the object v its member, as it is written; or null. */
static struct slice
text_of_member(const struct json_val *v, const char *name)
{
	struct json_in in = { .p = v->p, .end = v->p + v->n, .lenient = true };
	struct slice text = SLICE_LIT("null");
	struct json_val key, value;
	struct json_iter it;
	bool done;

	if (v->kind != JSON_OBJECT || json_open(&in, &it))
		return text;
	while (!json_member(&in, &it, &key, &done) && !done &&
	       !json_value(&in, &value)) {
		if (!slice_is(json_slice(&key), name) || value.bad)
			continue;
		text = json_slice(&value);
		if (value.kind == JSON_STRING)
			text = slice_of(text.p - 1, text.n + 2);
	}
	return text;
}

/* The member of each of an array's objects, as a list. */
static const char *
list_of(struct convert *c, const struct json_val *v, const char *member,
    struct value *out)
{
	struct json_in in = { .p = v->p, .end = v->p + v->n, .lenient = true };
	struct json_val key, element;
	struct json_iter it;
	char *list, *to;
	bool done;

	if (v->kind != JSON_ARRAY || json_open(&in, &it))
		return NULL;
	/* An element has two bytes at least, ",null" five. */
	list = to = arena_alloc(&c->scratch, 3 * (size_t)v->n);
	while (!json_member(&in, &it, &key, &done) && !done &&
	       !json_value(&in, &element)) {
		struct slice text = text_of_member(&element, member);

		*to++ = ',';
		memcpy(to, text.p, text.n);
		to += text.n;
	}
	if (to == list)
		return NULL;
	*list = '[';
	*to++ = ']';
	*out = (struct value){ .type = VALUE_JSON };
	out->s = slice_of(list, (size_t)(to - list));
	return NULL;
}

const char *
arrays_rdata(struct convert *c, const struct json_val *v, struct value *out)
{
	return list_of(c, v, "rdata", out);
}

const char *
arrays_ttl(struct convert *c, const struct json_val *v, struct value *out)
{
	return list_of(c, v, "ttl", out);
}
