/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/arrays.h"

#include "libcommon/num_put.h"

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

enum { NUMBER_ROOM = 8 };

/* A list on its way: each element begins with a comma. */
struct list {
	char *from, *to;
	unsigned n;
};

/* Room for as many elements as v may have: one has two bytes at least. */
static struct list
list_open(struct convert *c, const struct json_val *v)
{
	char *room = arena_alloc(&c->scratch, NUMBER_ROOM * (size_t)v->n + 2);

	return (struct list){ room, room, 0 };
}

static void
list_add(struct list *l, struct slice text)
{
	*l->to++ = ',';
	memcpy(l->to, text.p, text.n);
	l->to += text.n;
	l->n++;
}

/* Of a type by its name, null where that is unknown. */
static void
list_add_type(struct list *l, struct slice name)
{
	int number = names_number(NAMES_DNS_TYPE, name);
	char text[NUM_ROOM];

	if (number < 0)
		list_add(l, SLICE_LIT("null"));
	else
		list_add(
		    l, slice_of(text, num_put_u64(text, (uint64_t)number)));
}

static const char *
list_close(struct list *l, struct value *out)
{
	if (!l->n)
		return NULL;
	*l->from = '[';
	*l->to++ = ']';
	*out = (struct value){ .type = VALUE_JSON };
	out->s = slice_of(l->from, (size_t)(l->to - l->from));
	return NULL;
}

/* As it is written; null for what is no JSON. */
static struct slice
written(const struct json_val *v)
{
	if (v->bad || v->kind == JSON_NONE || v->kind == JSON_BARE)
		return SLICE_LIT("null");
	return v->kind == JSON_STRING ? slice_of(v->p - 1, v->n + 2u)
				      : json_slice(v);
}

/* Of the object v its member; false if there is none. */
static bool
member_of(const struct json_val *v, const char *name, struct json_val *member)
{
	struct json_in in = { .p = v->p, .end = v->p + v->n, .lenient = true };
	struct json_val key, value;
	struct json_iter it;
	bool done, found = false;

	if (v->kind != JSON_OBJECT || json_open(&in, &it))
		return false;
	while (!json_member(&in, &it, &key, &done) && !done &&
	       !json_value(&in, &value))
		if (slice_is(json_slice(&key), name)) {
			*member = value;
			found = true;
		}
	return found;
}

/* The member (NULL: all) of each of an array's elements, as a list. */
static const char *
list_of(struct convert *c, const struct json_val *v, const char *member,
    bool type, struct value *out)
{
	struct json_in in = { .p = v->p, .end = v->p + v->n, .lenient = true };
	struct json_val key, element;
	struct json_iter it;
	struct list l;
	bool done;

	if (v->kind != JSON_ARRAY || json_open(&in, &it))
		return NULL;
	l = list_open(c, v);
	while (!json_member(&in, &it, &key, &done) && !done &&
	       !json_value(&in, &element)) {
		struct json_val found = { .kind = JSON_NONE };

		if (member)
			member_of(&element, member, &found);
		else
			found = element;
		if (type && found.kind == JSON_STRING)
			list_add_type(&l, json_slice(&found));
		else
			list_add(&l, written(&found));
	}
	return list_close(&l, out);
}

const char *
arrays_whole(struct convert *c, const struct json_val *v, struct value *out)
{
	if (v->bad)
		return list_of(c, v, NULL, false, out);
	if (v->kind != JSON_ARRAY || v->n == 2)
		return NULL;
	*out = (struct value){ .type = VALUE_JSON };
	out->s = json_slice(v);
	return NULL;
}

const char *
arrays_rdata(struct convert *c, const struct json_val *v, struct value *out)
{
	return list_of(c, v, "rdata", false, out);
}

const char *
arrays_ttl(struct convert *c, const struct json_val *v, struct value *out)
{
	return list_of(c, v, "ttl", false, out);
}

const char *
arrays_rtype(struct convert *c, const struct json_val *v, struct value *out)
{
	return list_of(c, v, "rrtype", true, out);
}

/* The elements of all arrays of an object, or the types of each. */
static struct list
list_groups(struct convert *c, const struct json_val *v, bool types)
{
	struct json_in in = { .p = v->p, .end = v->p + v->n, .lenient = true };
	struct list l = list_open(c, v);
	struct json_val key, group;
	struct json_iter it;
	bool done;

	if (v->kind != JSON_OBJECT || json_open(&in, &it))
		return l;
	while (!json_member(&in, &it, &key, &done) && !done &&
	       !json_value(&in, &group)) {
		struct json_in inner = {
			.p = group.p, .end = group.p + group.n, .lenient = true
		};
		struct json_val none, element;
		struct json_iter at;
		bool end;

		if (group.kind != JSON_ARRAY || json_open(&inner, &at))
			continue;
		while (!json_member(&inner, &at, &none, &end) && !end &&
		       !json_value(&inner, &element))
			if (types)
				list_add_type(&l, json_slice(&key));
			else
				list_add(&l, written(&element));
	}
	return l;
}

const char *
arrays_grouped(struct convert *c, const struct json_val *v, struct value *out)
{
	struct list l = list_groups(c, v, false);

	return list_close(&l, out);
}

const char *
arrays_grouped_rtypes(
    struct convert *c, const struct json_val *v, struct value *out)
{
	struct list l = list_groups(c, v, true);

	return list_close(&l, out);
}

const char *
arrays_grouped_count(
    struct convert *c, const struct json_val *v, struct value *out)
{
	struct list l = list_groups(c, v, true);

	if (l.n)
		*out = (struct value){ .type = VALUE_INT, .i = l.n };
	return NULL;
}
