/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/answers.h"

static bool
is_address(const struct json_val *v, struct ip *ip)
{
	return v->kind == JSON_STRING && !ip_parse(json_slice(v), ip);
}

void
answers_open(
    struct answers *a, const struct json_val *first, const struct json_val *all)
{
	*a = (struct answers){ .one = first };
	if (all->kind != JSON_ARRAY)
		return;
	a->one = NULL;
	a->in = (struct json_in){ .p = all->p, .end = all->p + all->n };
	a->done = json_open(&a->in, &a->it) != NULL;
}

bool
answers_next(struct answers *a, struct ip *ip)
{
	const struct json_val *one = a->one;
	struct json_val key, v;

	if (one) {
		a->one = NULL;
		a->done = true;
		return is_address(one, ip);
	}
	while (!a->done) {
		if (json_member(&a->in, &a->it, &key, &a->done) || a->done ||
		    json_value(&a->in, &v))
			a->done = true;
		else if (is_address(&v, ip))
			return true;
	}
	return false;
}
