/* SPDX-License-Identifier: MIT */
/*
 * source: the bytes of one operand: a file, decompressed (gzip and zstd are
 * recognised by content; a byte order mark at the beginning is left out), or
 * messages of Kafka.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/kafka_source.h"

struct source;

/*
 * What a tool reads besides: operands of its own kind, and files of its own,
 * as text.  Errors in opening end the program.
 */
struct source_kind {
	bool (*is_name)(const char *name);
	void *(*open)(const char *name);
	/* 1, 0, or -1 if more bytes will tell; begin() takes them. */
	int (*is_content)(const char *p, size_t n);
	void *(*begin)(const char *p, size_t n);
	/* As source_read(); from is the file, NULL for what open() gave. */
	ssize_t (*read)(void *state, struct source *from, char *buf, size_t n,
	    int (*idle)(void *arg), void *arg);
	const char *(*error)(const void *state); /* after -1 */
	void (*close)(void *state);
};

/*
 * "-" is standard input.  NULL with errno if it cannot be opened.  With
 * follow, the end of a regular file is not the end: more is waited for, and
 * a file that was replaced or truncated is opened anew.  The keeper, or NULL,
 * is for kafka://..; the kind, or NULL, is the tool's own.
 */
struct source *source_open(const char *name, bool follow,
    const struct kafka_keeper *keeper, const struct source_kind *kind);

/* The Kafka behind it, or NULL. */
struct kafka_source *source_kafka(const struct source *s);

/*
 * Up to n bytes into buf; 0 at the end (or when a signal asks to stop), -1
 * for an error, with source_error().  idle(arg) is called before a wait and
 * returns after how many ms it wants to be called again, or -1.
 */
ssize_t source_read(
    struct source *s, char *buf, size_t n, int (*idle)(void *arg), void *arg);
const char *source_error(const struct source *s);

/* Whether the operand of that name is a file on disk. */
bool source_is_file(const char *name);

/* A file on disk: complete, so lateness may be generous; read without waits. */
bool source_is_regular(const struct source *s);

/* Bytes read from the descriptor, and its size (0 if unknown). */
uint64_t source_offset(const struct source *s);
uint64_t source_size(const struct source *s);
/* What it has are no lines: where one file ends, no newline is put. */
void source_is_binary(struct source *s);
void source_close(struct source *s);

#endif
