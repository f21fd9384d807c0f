/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/facts_reader.h"

#include "libcommon/key.h"

static void
set_text(struct value *v, const char *p, size_t n)
{
	*v = (struct value){ .type = n ? VALUE_STR : VALUE_NONE,
		.s = slice_of(p, n) };
}

static void
set_address(struct value *v, const struct address *a)
{
	*v = (struct value){ .type = a ? VALUE_IP : VALUE_NONE };
	if (a)
		v->ip = a->ip;
}

/* What the name, the domain, what is left and right of it, .. are. */
static void
name_cell(
    struct facts_reader *r, struct facts *f, enum fact fact, struct value *out)
{
	struct name *name = f->name;
	bool whole = fact == F_NAME || (fact == F_ASKED && !r->opts.by_domain);
	const char *own, *dot = NULL;

	out->type = VALUE_NONE;
	if (!name)
		return;
	if (!whole)
		seen_split(r->seen, name);
	own = name->text + name->domain;
	if (fact == F_LABEL)
		dot = memchr(own, '.', name->n - name->domain);
	if (whole || (fact == F_ASKED && name->domain == name->n))
		set_text(out, name->text, name->n);
	else if (fact == F_SUB && name->domain < name->n && name->domain)
		set_text(out, name->text, name->domain - 1u);
	else if (fact == F_DOMAIN || fact == F_ASKED)
		set_text(out, own, (size_t)(name->n - name->domain));
	else if (dot)
		set_text(out, own, (size_t)(dot - own));
}

static void
set_known(struct value *v, bool known, uint64_t n)
{
	*v = (struct value){ .type = known ? VALUE_INT : VALUE_NONE, .i = n };
}

void
facts_cell(
    struct facts_reader *r, struct facts *f, enum fact fact, struct value *out)
{
	if (fact >= F_KEYS) {
		uint64_t n = f->numbers[fact - F_KEYS];

		set_known(out, n != 0, n);
	} else if (fact == F_CLIENT || fact == F_SERVER) {
		set_address(out, fact == F_CLIENT ? f->client : f->server);
	} else if (fact == F_QTYPE) {
		set_known(out, f->bits & D_TYPE, f->qtype);
	} else if (fact == F_RCODE) {
		set_known(out, f->bits & D_RCODE, f->rcode);
	} else if (fact == F_SCOPE) {
		set_known(out, true, f->scope);
	} else if (fact == F_SERVICE || fact == F_LISTED) {
		const char *text = fact == F_SERVICE ? f->service
				   : f->name         ? f->name->listed
						     : NULL;

		set_text(out, text, text ? strlen(text) : 0);
	} else {
		name_cell(r, f,
		    fact == F_LARGE && f->bits & D_LARGE ? F_NAME : fact, out);
	}
}

size_t
facts_key(struct facts_reader *r, struct facts *f, enum fact fact, char *out,
    size_t room)
{
	const struct address *a = fact == F_CLIENT   ? f->client
				  : fact == F_SERVER ? f->server
						     : NULL;
	bool plain = f->name && f->name->plain;
	struct value v;

	if (a && room >= KEY_IP)
		return key_put_ip(out, &a->ip);
	facts_cell(r, f, fact, &v);
	if (fact == F_ASKED && plain && v.s.n + KEY_TEXT <= room)
		return key_put_text(out, v.s);
	return key_room(&v) > room ? 0 : key_put(out, &v);
}
