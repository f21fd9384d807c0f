/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/seen.h"

#include "libcommon/hash.h"
#include "libcommon/load.h"
#include "libcommon/xalloc.h"

enum {
	ADDRESSES = 1 << 12,
	NAMES = 1 << 14,
	NAME_TEXT = 95, /* longer ones are not kept */
	SUFFIX_MAX = 255
};

/* Two lines of the cache. */
struct place {
	struct name name;
	char text[NAME_TEXT + 1];
};

struct seen {
	const struct lists *lists;
	bool splits;
	struct address *addresses, others[SEEN_QNAME]; /* of SRC and DST */
	struct place *names;
	/* Of the record at hand, if it may be kept; n is 0 if not. */
	size_t n;
	char text[NAME_TEXT + 8];
	struct name long_name;
	char long_text[SEEN_NAME + 8];
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
	s->addresses = xzeros(ADDRESSES * sizeof *s->addresses);
	s->names = xzeros(NAMES * sizeof *s->names);
	s->suffixes = psl_builtin();
	return s;
}

/* In lower case: eight letters, and what is no letter as it is. */
static uint64_t
lower(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t low = x & ones * 0x7f;
	uint64_t from_a = low + ones * (0x80 - 'A');
	uint64_t behind_z = low + ones * (0x7f - 'Z');

	return x | ((from_a & ~behind_z & ~x & ones * 0x80) >> 2);
}

/*
 * Lower case, no dot at the end; the root is "."  Up to seven bytes more are
 * read and written.
 */
static size_t
normalise(const char *p, size_t n, char *out)
{
	uint64_t x;

	while (n > 1 && p[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i += 8) {
		memcpy(&x, p + i, 8);
		x = lower(x);
		memcpy(out + i, &x, 8);
	}
	if (!n)
		out[n++] = '.';
	out[n] = '\0';
	return n;
}

void
seen_hint(struct seen *s, const struct json_val *const v[SEEN_VALUES])
{
	const struct json_val *name = v[SEEN_QNAME];
	struct place *place;

	for (int i = 0; i < SEEN_QNAME; i++) {
		s->at[i] =
		    (uint32_t)hash_bytes(v[i]->p, v[i]->n, s->seed) % ADDRESSES;
		__builtin_prefetch(&s->addresses[s->at[i]]);
	}
	s->n = 0;
	if (name->kind != JSON_STRING || name->escaped || name->n > NAME_TEXT)
		return;
	s->n = normalise(name->p, name->n, s->text);
	s->at[SEEN_QNAME] =
	    (uint32_t)hash_bytes(s->text, s->n, s->seed) % NAMES;
	place = &s->names[s->at[SEEN_QNAME]];
	__builtin_prefetch(place);
	__builtin_prefetch(&place->text[sizeof place->text - 1]);
}

/* memcmp() == 0 without the call. */
static inline bool
is_same(const char *a, const char *b, size_t n)
{
	uint64_t differ = 0;

	if (n < 8)
		return memcmp(a, b, n) == 0;
	for (size_t i = 0; i + 8 < n; i += 8)
		differ |= load8(a + i) ^ load8(b + i);
	return !(differ | (load8(a + n - 8) ^ load8(b + n - 8)));
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
	static const struct ip loopback = { { [15] = 1 } };
	const uint8_t *b = ip->b;

	if (!ip_is_v4(ip))
		return b[0] == 0xff ||
		       (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
		       memcmp(ip, &loopback, sizeof loopback) == 0;
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
	if (v->kind != JSON_STRING || v->n >= IP_ROOM)
		return "IP address expected";
	a = &s->addresses[s->at[which]];
	*out = a;
	if (a->serial && a->n == v->n && is_same(a->text, v->p, v->n))
		return NULL;
	if (a == taken || v->n > sizeof a->text)
		*out = a = &s->others[which];
	a->serial = 0;
	err = ip_parse(json_slice(v), &a->ip);
	if (err)
		return err;
	a->serial = ++s->serial;
	a->n = (uint8_t)v->n;
	if (v->n <= sizeof a->text)
		memcpy(a->text, v->p, v->n);
	a->group =
	    ip_is_v4(&a->ip) ? a->ip.b[12] >> 4 == 14 : a->ip.b[0] == 0xff;
	a->local = local && (is_special(&a->ip) || set_has_ip(local, &a->ip));
	return NULL;
}

/* ---- names ---- */

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
	name->plain = !memchr(text.p, 0, text.n);
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
		p = arena_alloc(&s->scratch, text.n + 7);
		text = slice_of(p, json_unescape(text, p));
	}
	if (text.n > SEEN_NAME)
		return "longer than names can be";
	name->text = s->long_text;
	name->n = (uint16_t)normalise(text.p, text.n, s->long_text);
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
	if (!s->n)
		return long_name(s, v, out);
	place = &s->names[s->at[SEEN_QNAME]];
	*out = &place->name;
	if (place->name.serial && place->name.n == s->n &&
	    is_same(place->text, s->text, s->n))
		return NULL;
	memcpy(place->text, s->text, s->n + 1);
	place->name.text = place->text;
	place->name.n = (uint16_t)s->n;
	judge(s, &place->name);
	return NULL;
}
