/* SPDX-License-Identifier: MIT */
/*
 * expr_set: the right side of "in": numbers with ranges, addresses and
 * prefixes, strings.  Filled while parsing, then sealed and asked.  Numbers are
 * exact to 10^-9.
 */
#ifndef EXPR_SET_H
#define EXPR_SET_H

#include "libcommon/prefixset.h"
#include "libcommon/value.h"

struct set;

/* Of values of that type; with FIELD_ANY each element says what it is. */
struct set *set_new(enum field_type type, enum names_set names);

/* A set of names of hosts, see field_is_host(); before the first element. */
void set_fold(struct set *s);

/* One element as the user wrote it: a value, "a-b" or "a..b", a prefix. */
const char *set_add(
    struct set *s, struct slice text, const struct value_reading *how);

/* The same in quotes: text, unless the set is of another type. */
const char *set_add_quoted(
    struct set *s, struct slice text, const struct value_reading *how);

/*
 * The elements of a file: first word of each line, '#' begins a comment.
 * On failure a message; *line is then the line, 0 if it is about the file.
 */
const char *set_add_file(struct set *s, const char *name,
    const struct value_reading *how, unsigned *line);
void set_seal(struct set *s);
bool set_has(const struct set *s, const struct value *v);

/* The quick questions, for values that are known to be of that kind. */
bool set_has_number(const struct set *s, uint64_t n);
bool set_has_ip(const struct set *s, const struct ip *ip);
bool set_is_numbers(const struct set *s);
bool set_is_addresses(const struct set *s);

/* For --explain: "3 prefixes". */
size_t set_describe(const struct set *s, char *out, size_t room);

#endif
