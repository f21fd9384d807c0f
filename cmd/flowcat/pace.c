/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/pace.h"

#include <stdlib.h>
#include <time.h>

#include "libcommon/hash.h"
#include "libcommon/opts.h"
#include "libcommon/stop.h"
#include "libcommon/value.h"

/* Longer values do not count: an address with its zone, or a number. */
enum { ROOM = 64 };

static struct {
	const struct field *time_field;
	struct slice time_name;
	const struct tstamp_zone *zone;
	double speed;
	bool started;
	int64_t event0, clock0;
} pace;

void
pace_setup(
    const char *time_field, const char *speed, const struct tstamp_zone *zone)
{
	char *end;

	pace.time_name = slice_str(field_option(time_field));
	pace.time_field = field_named(pace.time_name);
	pace.zone = zone;
	if (!speed)
		return;
	pace.speed = strtod(speed, &end);
	if (*end || !(pace.speed > 0))
		opts_usage("--replay %s: expected a positive number", speed);
}

int64_t
pace_time(struct slice record)
{
	struct arena scratch = { 0 };
	struct value_reading how = { pace.zone, &scratch };
	struct json_val v;
	struct value t = { 0 };

	if (!json_find(record, pace.time_name, &v) ||
	    value_read(&v, FIELD_TIME, 0, &how, &t) || t.type != VALUE_TIME)
		t.i = INT64_MIN;
	arena_free(&scratch);
	return (int64_t)t.i;
}

uint64_t
pace_flow_hash(struct slice record)
{
	static const char *const names[2][2] = {
		{ "src_ip_addr", "src_port" },
		{ "dst_ip_addr", "dst_port" },
	};
	char ends[2][2 * ROOM + 2], key[5 * ROOM + 4];
	size_t n[2] = { 0 }, total;
	struct json_val v;

	for (int side = 0; side < 2; side++)
		for (int i = 0; i < 2; i++) {
			if (json_find(record, slice_str(names[side][i]), &v) &&
			    v.n <= ROOM) {
				memcpy(ends[side] + n[side], v.p, v.n);
				n[side] += v.n;
			}
			ends[side][n[side]++] = '|';
		}
	if (slice_cmp(slice_of(ends[0], n[0]), slice_of(ends[1], n[1])) > 0) {
		memcpy(key, ends[1], n[1]);
		memcpy(key + n[1], ends[0], n[0]);
	} else {
		memcpy(key, ends[0], n[0]);
		memcpy(key + n[0], ends[1], n[1]);
	}
	total = n[0] + n[1];
	if (json_find(record, SLICE_LIT("protocol"), &v) && v.n <= ROOM) {
		memcpy(key + total, v.p, v.n);
		total += v.n;
	}
	return hash_fixed(key, total);
}

static int64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NUM_NANO + ts.tv_nsec;
}

void
pace_wait(struct output *out, struct slice record)
{
	int64_t t = pace_time(record), due;
	double ahead;

	if (t == INT64_MIN)
		return;
	if (!pace.started) {
		pace.started = true;
		pace.event0 = t;
		pace.clock0 = clock_now();
	}
	/* A century is no end; times may be six of them apart. */
	ahead = (double)((i128)t - pace.event0) / pace.speed;
	if (ahead <= 0)
		return;
	due = pace.clock0 + (int64_t)(ahead < 3e18 ? ahead : 3e18);
	while (!stop_asked() && due > clock_now()) {
		int64_t ms = (due - clock_now()) / 1000000 + 1;

		out_flush(out);
		stop_wait(-1, ms < 3600000 ? (int)ms : 3600000);
	}
}
