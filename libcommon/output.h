/* SPDX-License-Identifier: MIT */
/*
 * output: buffered bytes to a descriptor, into memory, or to a sink.
 *
 * Write errors are fatal (exit 2), a closed pipe quietly so.  The owner calls
 * out_close(), which notices a full disk; the bytes given are copied.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/slice.h"

#ifndef OUT_CAP
#define OUT_CAP (256 * 1024)
#endif

/* Where bytes go in place of a descriptor. */
struct out_sink {
	void *arg;
	void (*write)(void *arg, const char *p, size_t n);
	void (*push)(void *arg); /* nothing will come for a while */
	void (*close)(void *arg);
};

struct output {
	int fd;
	struct out_sink sink; /* where its write is not NULL */
	const char *name;
	char *buf;
	size_t n, cap;
	struct slice lent; /* behind buf; n is then cap */
	size_t held;       /* bytes of buf while something is lent */
};

/* Into memory: buf and n are the bytes; out->n = 0 empties it. */
void out_memory(struct output *out);

/*
 * NULL or "-" is standard output; a file is created or truncated.  It must not
 * be one that is read or being written, see out_spare().
 */
void out_open(struct output *out, const char *name);

/* The same in two steps: until the second a file stays as it is. */
void out_prepare(struct output *out, const char *name);
void out_begin(struct output *out);

/* An input ("-": standard input): an output that is this file is fatal. */
void out_spare(const char *name);

/* A file that was read as a whole: standard output may add to it. */
void out_keep(const char *name);

/* The same of what is written otherwise; outputs are spared, too. */
void out_check(const char *name);

void out_open_sink(struct output *out, const struct out_sink *sink);
void out_flush(struct output *out);

/* The same where nothing may be written for a while. */
void out_push(struct output *out);
void out_close(struct output *out);

/* The slow way: does not fit into the buffer. */
void out_spill(struct output *out, const char *p, size_t n);
bool out_make_room(struct output *out, size_t n);

static inline void
out_put(struct output *out, const char *p, size_t n)
{
	if (n > out->cap - out->n) {
		out_spill(out, p, n);
		return;
	}
	if (!n)
		return; /* p may be NULL then */
	memcpy(out->buf + out->n, p, n);
	out->n += n;
}

/*
 * Room for n bytes, to be written and then taken by adding to out->n; NULL if
 * the buffer is smaller than that.
 */
static inline char *
out_room(struct output *out, size_t n)
{
	if (n > out->cap - out->n && !out_make_room(out, n))
		return NULL;
	return out->buf + out->n;
}

/*
 * Like out_put(), but the bytes may be written from where they are: they must
 * stay until out_settle().  Neighbours are written at once.
 */
void out_lend(struct output *out, const char *p, size_t n);

/* Writes what was lent. */
void out_settle(struct output *out);

static inline void
out_slice(struct output *out, struct slice s)
{
	if (s.n)
		out_put(out, s.p, s.n);
}

static inline void
out_str(struct output *out, const char *s)
{
	out_put(out, s, strlen(s));
}

static inline void
out_char(struct output *out, char c)
{
	out_put(out, &c, 1);
}

/* The bytes as the inside of a JSON string. */
void out_json_string(struct output *out, struct slice s);

#endif
