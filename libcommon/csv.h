/* SPDX-License-Identifier: MIT */
/*
 * csv: tables as RFC 4180 has them, in memory.  Lines may also end in LF
 * alone, empty ones are skipped, and so is a byte order mark.
 *
 * The text is the caller's; it is changed where quotes are doubled, and cells
 * point into it.
 */
#ifndef CSV_H
#define CSV_H

#include "libcommon/slice.h"

enum { CSV_CELLS = 256 }; /* of a line, at most */

struct csv_cell {
	struct slice s;
	bool quoted;
};

struct csv {
	char *p, *end;
	unsigned line;      /* where the cells begin */
	unsigned next_line; /* private */
	struct csv_cell cells[CSV_CELLS];
	size_t n; /* 0 at the end */
};

void csv_open(struct csv *c, char *text, size_t n);

/* The next line that is not empty.  NULL or a message about c->line. */
const char *csv_next(struct csv *c);

#endif
