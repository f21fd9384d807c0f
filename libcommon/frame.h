/* SPDX-License-Identifier: MIT */
/*
 * frame: one JSON object a line out of what is not framed so: an array of
 * objects over many lines, objects printed over many lines, objects without
 * a newline between them, and arrays within a wrapper ({"ArgusData":[...]}).
 * What is no object becomes a line of its own, so that it is reported.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/source.h"

struct frame {
	char *raw; /* read, not yet framed */
	size_t at, n, cap;
	int depth;
	int arrays; /* open around the objects: more than 0 at the end, cut */
	bool in_string, escaped, in_word, ended, failed;
	bool wrapper; /* one was opened */
};

/*
 * Whether the first bytes of an operand are something else than one object a
 * line: 1, 0, or -1 if more bytes will tell.
 */
int frame_needed(const char *p, size_t n);

void frame_open(struct frame *f, const char *p, size_t n);
ssize_t frame_read(struct frame *f, struct source *s, char *buf, size_t n,
    int (*idle)(void *arg), void *arg);
void frame_close(struct frame *f);

#endif
