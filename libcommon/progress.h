/* SPDX-License-Identifier: MIT */
/*
 * progress: one line on the terminal (standard error) that tells how far the
 * input is read.  There is one terminal, so there is one line, for all readers.
 *
 * The cursor rests at its beginning, so that what another program of the
 * pipeline prints takes its place.  Our own messages clear it before.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* What the line knows of one reader. */
struct progress_part {
	uint64_t bytes, records;
};

/*
 * Without it, or if standard error is no terminal, the other calls do nothing.
 * out: where the output goes.
 */
void progress_open(int out);

/* What will be read.  Percents are shown if the size of all is known. */
void progress_expect(char *const *operands, bool follow);

/* Before a block is read: what the reader has read so far. */
void progress_tick(
    struct progress_part *part, uint64_t bytes, uint64_t records);

/* The output is a terminal too: write it between erase and tick. */
bool progress_shares_terminal(void);
void progress_erase(void);
void progress_close(void);

#endif
