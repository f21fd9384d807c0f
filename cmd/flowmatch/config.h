/* SPDX-License-Identifier: MIT */
/*
 * config: a JSON file that people write, by jansson; its names and those of
 * libcommon/json cannot stand in one source file.
 *
 * Values belong to the value that they are in; the outermost one lives as long
 * as the process.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "libcommon/output.h"

enum config_kind {
	CONFIG_NONE, /* of NULL: no such member */
	CONFIG_OBJECT,
	CONFIG_ARRAY,
	CONFIG_TEXT,
	CONFIG_INTEGER,
	CONFIG_REAL,
	CONFIG_OTHER
};

struct config;

/* NULL: what is wrong, with line and column.  No member may stand twice. */
struct config *config_parse(
    const char *text, size_t n, char *error, size_t room);

enum config_kind config_kind(const struct config *c);

/* Those of another kind: 0, NULL, "". */
size_t config_count(const struct config *c); /* elements or members */
struct config *config_at(const struct config *array, size_t i);
struct config *config_get(const struct config *object, const char *name);
const char *config_text(const struct config *c);
double config_number(const struct config *c);

/* The names of an object's members in their order; NULL at the end. */
const char *config_name(const struct config *object, const char *behind);

/* New ones, to be put into others. */
struct config *config_object(void);
struct config *config_array(void);
struct config *config_of_text(const char *text);
struct config *config_of_number(double d); /* six digits, whole if it is */

/* The same value, to be put into another one, too. */
struct config *config_share(struct config *c);

/* NULL takes a member out. */
void config_set(struct config *object, const char *name, struct config *v);
void config_append(struct config *array, struct config *v);

/* As text for people: what is short stands in a line. */
void config_put(struct output *out, const struct config *c);

#endif
