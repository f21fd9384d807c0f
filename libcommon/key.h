/* SPDX-License-Identifier: MIT */
/*
 * key: values as bytes that are equal exactly if the values are, and order as
 * values of one type do (numbers that are whole or not are one type).
 */
#ifndef KEY_H
#define KEY_H

#include <endian.h>

#include "libcommon/value.h"

enum {
	KEY_ROOM = 26,  /* of any value but text */
	KEY_IP = 17,    /* of an address */
	KEY_TAG_IP = 4, /* its first byte */
	KEY_COUNT = 10, /* of a whole number from 0 to 2^53 */
	KEY_TAG_NUMBER = 2,
	KEY_TEXT = 3, /* beside text that has no NUL */
	KEY_TAG_STR = 6
};

/* Room for the bytes of v. */
size_t key_room(const struct value *v);

/* Appends to p; returns the length. */
size_t key_put(char *p, const struct value *v);

/* The same of an address, inline. */
static inline size_t
key_put_ip(char *p, const struct ip *ip)
{
	*p = KEY_TAG_IP;
	memcpy(p + 1, ip->b, sizeof ip->b);
	return KEY_IP;
}

/* The same of text that has no NUL, inline: KEY_TEXT bytes more than it. */
static inline size_t
key_put_text(char *p, struct slice s)
{
	*p = KEY_TAG_STR;
	memcpy(p + 1, s.p, s.n);
	memset(p + 1 + s.n, 0, 2);
	return s.n + KEY_TEXT;
}

/* The same of a whole number up to 2^53, inline. */
static inline size_t
key_put_count(char *p, uint64_t n)
{
	double d = (double)n;
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	bits = htobe64(bits | 1ull << 63);
	*p = KEY_TAG_NUMBER;
	memcpy(p + 1, &bits, sizeof bits);
	p[KEY_COUNT - 1] = 0;
	return KEY_COUNT;
}

/* The bytes, in room if they fit; else in *heap, to be freed (or NULL). */
struct slice key_bytes(
    const struct value *v, char *room, size_t size, char **heap);

/*
 * Whether hostile bytes are what key_put() writes of one known value, so that
 * key_get() reads them and no more.
 */
bool key_check(struct slice s);

/*
 * Reads a value back; returns how many bytes it took.  Text is borrowed from
 * the key unless it had to be decoded into the arena.
 */
size_t key_get(const char *p, struct value *v, struct arena *arena);

/* How many bytes key_get() takes. */
size_t key_length(const char *p);

#endif
