/* SPDX-License-Identifier: MIT */
#include "libcommon/lookup_key.h"

#include <endian.h>

u128
lookup_ip_number(const struct ip *ip)
{
	uint64_t half[2];

	memcpy(half, ip->b, sizeof half);
	return (u128)be64toh(half[0]) << 64 | be64toh(half[1]);
}

/* "a-b" apart; false if there is no such mark in it. */
static bool
split(struct slice s, struct slice *from, struct slice *to)
{
	const char *mark = s.n > 1 ? memchr(s.p + 1, '-', s.n - 1) : NULL;

	if (!mark)
		return false;
	*from = slice_of(s.p, (size_t)(mark - s.p));
	*to = slice_of(mark + 1, s.n - from->n - 1);
	return true;
}

bool
lookup_addresses(const struct lookup_key *k, u128 *from, u128 *to, bool *v4)
{
	struct slice a = k->from, b = k->to;
	struct ip_prefix p;
	struct ip first, last;

	if (!b.n && !split(k->from, &a, &b)) {
		if (ip_prefix_parse(k->from, &p))
			return false;
		*v4 = ip_is_v4(&p.ip);
		*from = lookup_ip_number(&p.ip);
		*to =
		    *from | (p.len ? ((u128)1 << (128 - p.len)) - 1 : ~(u128)0);
		return true;
	}
	if (ip_parse(a, &first) || ip_parse(b, &last) ||
	    ip_is_v4(&first) != ip_is_v4(&last))
		return false;
	*v4 = ip_is_v4(&first);
	*from = lookup_ip_number(&first);
	*to = lookup_ip_number(&last);
	return *from <= *to;
}

static bool
one_number(const struct field *f, struct slice s, u128 *out)
{
	const struct value_reading how = { 0 };
	enum field_type type = f ? f->type : FIELD_INT;
	struct value v;

	if (type == FIELD_ANY)
		type = FIELD_INT;
	if (value_parse(s, type, f ? f->set : 0, &how, &v) ||
	    v.type != VALUE_INT || v.i < 0)
		return false;
	*out = (u128)v.i;
	return true;
}

bool
lookup_numbers(
    const struct lookup_key *k, const struct field *f, u128 *from, u128 *to)
{
	struct slice a = k->from, b = k->to;

	if (!b.n && one_number(f, k->from, from)) {
		*to = *from;
		return true;
	}
	if (!b.n && !split(k->from, &a, &b))
		return false;
	return one_number(f, a, from) && one_number(f, b, to) && *from <= *to;
}
