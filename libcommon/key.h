/* SPDX-License-Identifier: MIT */
/*
 * key: values as bytes that are equal exactly if the values are, and order as
 * values of one type do (numbers that are whole or not are one type).
 */
#ifndef KEY_H
#define KEY_H

#include "libcommon/value.h"

enum { KEY_ROOM = 26 }; /* of any value but text */

/* Room for the bytes of v. */
size_t key_room(const struct value *v);

/* Appends to p; returns the length. */
size_t key_put(char *p, const struct value *v);

/*
 * Reads a value back; returns how many bytes it took.  Text is borrowed from
 * the key unless it had to be decoded into the arena.
 */
size_t key_get(const char *p, struct value *v, struct arena *arena);

#endif
