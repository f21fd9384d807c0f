/* SPDX-License-Identifier: MIT */
/*
 * watermark: the largest event time of a source that can be believed.
 *
 * One broken clock must not close all windows.  A time more than 'leap' ahead
 * of the largest counts for nothing until WATERMARK_RUN records in a row are
 * that far ahead; then the least of them is the largest time.  The first time
 * counts once another lies within 'leap' of it, for it may be the broken one.
 * By count, not by the clock, so that a replay gives the same.
 */
#ifndef WATERMARK_H
#define WATERMARK_H

#include <stdbool.h>
#include <stdint.h>

enum { WATERMARK_RUN = 16 };

struct watermark {
	int64_t max; /* INT64_MIN: not known yet */
	int64_t leap;
	int64_t least; /* of the run */
	int64_t last;  /* of the first ones, before 'max' is known */
	uint32_t run;  /* records in a row that are too far ahead */
};

void watermark_init(struct watermark *w, int64_t leap);
bool watermark_doubt(struct watermark *w, int64_t t);

/* It is too far ahead, or the largest time is not known yet. */
static inline bool
watermark_doubts(const struct watermark *w, int64_t t)
{
	return w->max == INT64_MIN ||
	       (t > w->max &&
		   (uint64_t)t - (uint64_t)w->max > (uint64_t)w->leap);
}

/* A record's time; true if the largest time moved. */
static inline bool
watermark_see(struct watermark *w, int64_t t)
{
	if (watermark_doubts(w, t))
		return watermark_doubt(w, t);
	w->run = 0;
	if (t <= w->max)
		return false;
	w->max = t;
	return true;
}

#endif
