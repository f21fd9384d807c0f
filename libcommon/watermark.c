/* SPDX-License-Identifier: MIT */
#include "libcommon/watermark.h"

void
watermark_init(struct watermark *w, int64_t leap)
{
	*w = (struct watermark){ .max = INT64_MIN, .leap = leap };
}

/* Two times at most 'leap' apart. */
static bool
agree(const struct watermark *w, int64_t a, int64_t b)
{
	int64_t low = a < b ? a : b, high = a < b ? b : a, gap;

	return !__builtin_sub_overflow(high, low, &gap) && gap <= w->leap;
}

/* Too far ahead, or the first ones. */
bool
watermark_doubt(struct watermark *w, int64_t t)
{
	bool first = w->max == INT64_MIN;

	/* The last and the least one, so that two clocks may alternate. */
	if (first && w->run &&
	    (agree(w, t, w->last) || agree(w, t, w->least))) {
		int64_t other = agree(w, t, w->last) ? w->last : w->least;

		w->max = t > other ? t : other;
		w->run = 0;
		return true;
	}
	w->last = t;
	if (!w->run || t < w->least)
		w->least = t;
	if (++w->run < WATERMARK_RUN)
		return false;
	w->max = w->least;
	w->run = 0;
	return true;
}
