/* SPDX-License-Identifier: MIT */
/*
 * json: the general path.  Complete for RFC 8259 and strict: UTF-8 well formed,
 * no lone surrogates, no control characters, no bare words, depth bounded.
 * Slices point into the text that was given; nothing is copied.
 *
 * Functions that can fail return NULL or a static message; struct json_in then
 * stands at the offending byte.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/slice.h"

enum { JSON_MAX_DEPTH = 512 };

enum json_kind {
	JSON_NONE, /* no such member */
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_BARE, /* lenient only: a word that should have been quoted */
};

/*
 * A value: for strings the bytes between the quotes, else all of its text.
 * 'escaped': a string with a backslash, see json_unescape().  'bad': lenient
 * only, a string whose bytes are not JSON (control characters, not UTF-8), or
 * an object or an array with such a string or a bare word in it.
 */
struct json_val {
	const char *p;
	uint32_t n;
	enum json_kind kind;
	bool escaped;
	bool bad;
};

struct json_in {
	const char *p;
	const char *end;
	int depth;
	bool lenient;   /* accept bare words and bad string bytes, marked */
	bool irregular; /* and one was there */
};

struct json_iter {
	bool object;
	bool first;
};

static inline struct slice
json_slice(const struct json_val *v)
{
	return slice_of(v->p, v->n);
}

void json_space(struct json_in *in);

/* Reads and validates one value at in->p, which must not be a space. */
const char *json_value(struct json_in *in, struct json_val *v);

/*
 * Iterates over the members of an object or the elements of an array (whose
 * keys are empty): json_open() at the bracket, then json_member() until *done.
 * Each leaves in->p at the value, which the caller reads with json_value().
 */
const char *json_open(struct json_in *in, struct json_iter *it);
const char *json_member(
    struct json_in *in, struct json_iter *it, struct json_val *key, bool *done);

/*
 * The kind, where a scalar may be given as JSON_NUMBER whatever it is: its
 * first byte decides between that, JSON_TRUE, JSON_FALSE and JSON_NULL.
 */
static inline enum json_kind
json_kind_of(const struct json_val *v)
{
	if (v->kind != JSON_NUMBER || *v->p <= '9')
		return v->kind;
	return *v->p == 't' ? JSON_TRUE : *v->p == 'f' ? JSON_FALSE : JSON_NULL;
}

static inline bool
json_is_absent(const struct json_val *v)
{
	enum json_kind kind = json_kind_of(v);

	return kind == JSON_NONE || kind == JSON_NULL;
}

/* The kind of a number, true, false or null that fills s; JSON_NONE if none. */
enum json_kind json_scalar(const char *p, size_t n);

/*
 * Decodes a validated string into out (room for v->n bytes); returns its
 * length.  UTF-8, with \u0000 as a NUL byte.
 */
size_t json_unescape(struct slice s, char *out);

/*
 * Encodes bytes as the inside of a JSON string into out (room for 6 * s.n);
 * returns the length.  Bytes that are not UTF-8 become U+FFFD.
 */
size_t json_escape(struct slice s, char *out);

/* The length of the well-formed UTF-8 sequence at p (p < end), 0 if none. */
unsigned utf8_len(const char *p, const char *end);

/*
 * The member of that very name of an object that is known to be valid; of
 * several the last.  For a look at single records: a reader is quicker.
 */
bool json_find(struct slice object, struct slice name, struct json_val *found);

#endif
