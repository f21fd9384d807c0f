/* SPDX-License-Identifier: MIT */
/*
 * mode: what flowwin does with the windows.  A mode sets up before the schema
 * is complete, gives the window its client, takes each record and may have
 * something to do at the end.
 */
#ifndef MODE_H
#define MODE_H

#include "libcommon/spread.h"
#include "libcommon/winagg.h"

struct flowwin_opts {
	struct run_opts run;
	struct window_opts window;
	const char *keys, *aggregates, *having, *split, *exec, *collect;
	uint64_t roll;
	bool fill, tag, reorder, exclude;
};

struct flowwin {
	const struct flowwin_opts *opt;
	struct run run;
	struct window window;
	void *mode; /* its own business */
	uint64_t written;
};

struct mode {
	/* Ends the program if options do not go together. */
	void (*setup)(struct flowwin *f, struct window_client *client);
	const char *(*take)(struct flowwin *f);
	void (*finish)(struct flowwin *f);
};

extern const struct mode mode_series, mode_tag, mode_files, mode_reorder;

#endif
