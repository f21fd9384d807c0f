/* SPDX-License-Identifier: MIT */
/*
 * eventtime: the instant at which a record happened: a field of it, or the
 * clock ("arrival").
 *
 * A row of another tool has no date_last_seen but a window_end: its time is
 * the last instant of its window, window_end - 1 ns, so that it falls into the
 * window that contains its own (Flink's maxTimestamp).
 *
 * Records near each other differ in seconds and milliseconds: these alone are
 * read where the rest of the text is that of the last record (283 to 40
 * instructions; flowwin -w 10s from 2.9 to 2.4 times wc -l), eight bytes at
 * once (2.1 with agg_batch.h).
 */
#ifndef EVENTTIME_H
#define EVENTTIME_H

#include "libcommon/reader.h"
#include "libcommon/schema.h"
#include "libcommon/value.h"

enum { EVENTTIME_TEXT = 32 };

struct eventtime {
	const char *name; /* of the field */
	bool arrival;

	/* Private. */
	bool row_end;
	int slot, end_slot;
	const struct tstamp_zone *zone;
	struct arena scratch;
	/* The last text with three decimals, and the start of its minute. */
	char text[EVENTTIME_TEXT];
	size_t text_n;
	uint64_t behind;  /* of its last 8 bytes: those behind the seconds */
	uint64_t seconds; /* the 8 bytes that end with them, if they are 0 */
	int64_t minute;
};

/* name: a field or its alias, "arrival", or NULL for date_last_seen. */
void eventtime_open(struct eventtime *e, const char *name,
    struct schema *schema, const struct tstamp_zone *zone);

/* v: values by slot.  NULL, or a message that names the field. */
const char *eventtime_of(
    struct eventtime *e, const struct json_val *v, int64_t *ns);

/*
 * The times of n records that come next.  Returns of how many: behind them is
 * one that eventtime_of() has to look at.
 */
uint32_t eventtime_of_run(
    struct eventtime *e, const struct reader *r, uint32_t n, int64_t *ns);

/*
 * Where a file begins: the least time of its first lines, since the clock of
 * the very first may be broken; INT64_MIN if they tell none.
 */
int64_t eventtime_first(struct eventtime *e, const char *file);
void eventtime_close(struct eventtime *e);

#endif
