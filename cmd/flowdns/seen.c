/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/seen.h"

#include "libcommon/hash.h"
#include "libcommon/xalloc.h"

enum {
	ADDRESSES = 1 << 14,
	NAMES = 1 << 14,
	NAME_TEXT = 112, /* longer ones are not kept */
	SUFFIX_MAX = 255
};

/* A name, its text, and as the record has it. */
struct place {
	struct name name;
	char text[NAME_TEXT + 1], given[NAME_TEXT];
};

struct seen {
	const struct lists *lists;
	bool splits;
	struct address *addresses, other;
	struct place *names;
	struct name long_name;
	char long_text[SEEN_NAME + 1];
	uint64_t seed;
	uint32_t at[SEEN_VALUES]; /* places of the record at hand */
	uint32_t serial;
	const psl_ctx_t *suffixes;
	struct arena scratch;
};

struct seen *
seen_new(const struct lists *lists, bool splits)
{
	struct seen *s = xcalloc(1, sizeof *s);

	s->lists = lists;
	s->splits = splits;
	s->seed = hash_seed();
	s->addresses = xcalloc(ADDRESSES, sizeof *s->addresses);
	s->names = xcalloc(NAMES, sizeof *s->names);
	s->suffixes = psl_builtin();
	return s;
}

void
seen_hint(struct seen *s, const struct json_val *const v[SEEN_VALUES])
{
	for (int i = 0; i < SEEN_QNAME; i++) {
		s->at[i] =
		    (uint32_t)hash_bytes(v[i]->p, v[i]->n, s->seed) % ADDRESSES;
		__builtin_prefetch(&s->addresses[s->at[i]]);
	}
	s->at[SEEN_QNAME] =
	    (uint32_t)hash_bytes(v[SEEN_QNAME]->p, v[SEEN_QNAME]->n, s->seed) %
	    NAMES;
	__builtin_prefetch(&s->names[s->at[SEEN_QNAME]]);
	__builtin_prefetch(s->names[s->at[SEEN_QNAME]].given);
}

void
seen_forget(struct seen *s)
{
	for (size_t i = 0; i < NAMES; i++)
		s->names[i].name.serial = 0;
}

/* ---- addresses ---- */

/* Those that are of the local link by their nature, RFC 6890, RFC 4291. */
static bool
is_special(const struct ip *ip)
{
	const uint8_t *b = ip->b;

	if (!ip_is_v4(ip))
		return b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
	return b[12] >= 224 || b[12] == 127 || b[12] == 0 ||
	       (b[12] == 169 && b[13] == 254);
}

const char *
seen_address(struct seen *s, enum seen_value which, const struct json_val *v,
    const struct address *taken, const struct address **out)
{
	const struct set *local = s->lists->local;
	struct address *a;
	const char *err;

	*out = NULL;
	if (v->kind == JSON_NONE || json_kind_of(v) == JSON_NULL)
		return NULL;
	if (v->kind != JSON_STRING || v->n >= sizeof a->text)
		return "IP address expected";
	a = &s->addresses[s->at[which]];
	*out = a;
	if (a->serial && a->n == v->n && memcmp(a->text, v->p, v->n) == 0)
		return NULL;
	if (a == taken)
		*out = a = &s->other;
	a->serial = 0;
	err = ip_parse(json_slice(v), &a->ip);
	if (err)
		return err;
	a->serial = ++s->serial;
	a->n = (uint8_t)v->n;
	memcpy(a->text, v->p, v->n);
	a->group =
	    ip_is_v4(&a->ip) ? a->ip.b[12] >> 4 == 14 : a->ip.b[0] == 0xff;
	a->local = local && (is_special(&a->ip) || set_has_ip(local, &a->ip));
	return NULL;
}

/* ---- names ---- */

/* Lower case, no dot at the end; the root is "." */
static size_t
normalise(const char *p, size_t n, char *out)
{
	while (n > 1 && p[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++)
		out[i] =
		    (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
	if (!n)
		out[n++] = '.';
	out[n] = '\0';
	return n;
}

/*
 * Tunnels have bytes in their names that are no text, and more of them than
 * libpsl takes: then the labels behind tell.
 */
static struct slice
ascii_labels(struct slice s)
{
	size_t n = s.n;
	const char *dot;

	while (
	    n && s.n - n < SUFFIX_MAX && (unsigned char)(s.p[n - 1] - 1) < 0x7f)
		n--;
	dot = n ? memchr(s.p + n, '.', s.n - n) : s.p - 1;
	return dot ? slice_of(dot + 1, (size_t)(s.p + s.n - dot - 1))
		   : slice_of(s.p + s.n, 0);
}

void
seen_split(struct seen *s, struct name *name)
{
	struct slice text = slice_of(name->text, name->n);
	struct slice ascii = ascii_labels(text);
	const char *domain = NULL;

	if (name->split)
		return;
	name->split = true;
	name->domain = name->n;
	if (text.n > 4 && memcmp(text.p + text.n - 5, ".arpa", 5) == 0)
		return;
	if (text.n <= SUFFIX_MAX && strlen(text.p) == text.n)
		domain = psl_registrable_domain(s->suffixes, text.p);
	if (!domain && ascii.n < text.n)
		domain = psl_registrable_domain(s->suffixes, ascii.p);
	if (domain)
		name->domain = (uint16_t)(domain - name->text);
}

/* A registrable domain has two labels or more: what is left of these. */
static bool
may_have_long_sub(struct slice name)
{
	const char *dot =
	    name.n > SEEN_LONG ? memrchr(name.p, '.', name.n) : NULL;

	dot = dot ? memrchr(name.p, '.', (size_t)(dot - name.p)) : NULL;
	return dot && dot - name.p >= SEEN_LONG;
}

static void
judge(struct seen *s, struct name *name)
{
	const struct lists *lists = s->lists;
	struct slice text = slice_of(name->text, name->n);

	name->serial = ++s->serial;
	name->split = false;
	name->ordinary = !lists->white || !namelist_find(lists->white, text);
	name->listed = lists->black ? namelist_find(lists->black, text) : NULL;
	name->has_long_sub = false;
	if (!s->splits || !may_have_long_sub(text))
		return;
	seen_split(s, name);
	name->has_long_sub = name->domain < name->n && name->domain > SEEN_LONG;
}

/* One that is too long to be kept, or has escapes. */
static const char *
long_name(struct seen *s, const struct json_val *v, struct name **out)
{
	struct name *name = &s->long_name;
	struct slice text = json_slice(v);
	char *p;

	if (v->kind != JSON_STRING)
		return "text expected";
	if (v->escaped) {
		arena_reset(&s->scratch);
		p = arena_alloc(&s->scratch, text.n);
		text = slice_of(p, json_unescape(text, p));
	}
	if (text.n > SEEN_NAME)
		return "longer than names can be";
	name->text = s->long_text;
	name->n = (uint16_t)normalise(text.p, text.n, name->text);
	judge(s, name);
	*out = name;
	return NULL;
}

const char *
seen_name(struct seen *s, const struct json_val *v, struct name **out)
{
	struct place *place;

	*out = NULL;
	if (v->kind == JSON_NONE || json_kind_of(v) == JSON_NULL)
		return NULL;
	if (v->kind != JSON_STRING || v->escaped || v->n > NAME_TEXT)
		return long_name(s, v, out);
	place = &s->names[s->at[SEEN_QNAME]];
	*out = &place->name;
	if (place->name.serial && place->name.given_n == v->n &&
	    memcmp(place->given, v->p, v->n) == 0)
		return NULL;
	memcpy(place->given, v->p, v->n);
	place->name.given_n = (uint16_t)v->n;
	place->name.text = place->text;
	place->name.n = (uint16_t)normalise(v->p, v->n, place->text);
	judge(s, &place->name);
	return NULL;
}
