/* SPDX-License-Identifier: MIT */
/*
 * input: the operands of a tool, as chunks of complete lines.
 *
 * A chunk is valid until the next call.  Its last byte is a newline (one is
 * added behind a last line without), the byte before it is a newline too, and
 * INPUT_PAD bytes on either side may be read.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/frame.h"
#include "libcommon/source.h"

#ifndef IN_CAP
#define IN_CAP (512 * 1024)
#endif

#ifndef IN_CHUNK
#define IN_CHUNK (64 * 1024)
#endif

/* The pad covers SHAPE_REACH. */
enum { INPUT_MAX_LINE = 2 << 20, INPUT_PAD = 512 };

struct input {
	/* Set before input_open(). */
	char **operands; /* NULL-terminated; none is standard input */
	bool follow;
	bool reframe; /* arrays, pretty-printed and concatenated objects */
	size_t max_line;
	size_t cap;                /* bytes of the block, 0 for IN_CAP */
	int (*idle)(void *arg);    /* before a wait: see source_read() */
	void (*moving)(void *arg); /* before chunks given out become invalid */
	/* An operand that cannot be read. */
	void (*trouble)(void *arg, const char *what);
	/* Bytes of a line too long, in pieces. */
	void (*spill)(void *arg, const char *p, size_t n, bool end);
	void *arg;
	const struct kafka_keeper *keeper; /* or NULL */
	const struct source_kind *kind;    /* or NULL */

	/* Read-only. */
	const char *name; /* of the operand; of a partition */
	/* Of Kafka, what the chunk is of; else NULL. */
	const struct kafka_run *run;
	/* Rises where an operand begins, and a read of a partition. */
	uint64_t turn;
	uint64_t bytes;   /* of lines, delivered or spilt */
	bool all_regular; /* so far */
	struct source *source;

	/* Private. */
	size_t next;     /* operand */
	uint64_t passed; /* sizes of the operands that ended */
	struct frame frame;
	bool framed, undecided;
	void *decoder;     /* of the kind, for this operand; or NULL */
	char *block;       /* between two pads */
	size_t start, end; /* unread: [start, end) */
	size_t read_at;    /* where the last read begins */
	size_t scanned;    /* no newline in [start, scanned) */
	bool skipping;     /* within a line too long */
};

void input_open(struct input *in);

/*
 * The next chunk: false at the end of all operands.  Chunks are at most
 * IN_CHUNK bytes, or one line.  *fresh: the first chunk of an operand.
 */
bool input_chunk(struct input *in, char **p, size_t *n, bool *fresh);

/* The offset of the message of Kafka in which a byte of the chunk is. */
int64_t input_message(const struct input *in, const char *p);

/* Nothing from here on will be used. */
void input_stop(struct input *in, const char *p);

/* How far files are read: bytes as they lie on the disk, compressed or not. */
uint64_t input_offset(const struct input *in);
void input_close(struct input *in);

#endif
