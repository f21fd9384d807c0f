/* SPDX-License-Identifier: MIT */
/*
 * shape: what the records of one source have in common.
 *
 * A shape is learned from a flat record without special bytes (see scan): all
 * its bytes but the values, as segments, each anchored to a mark (the n-th
 * quote of the record, or its newline).  A later record is verified against
 * it, never trusted: every segment is compared, every value that is not a
 * string is checked to be a JSON scalar, and no special byte may stand in a
 * value.  A record that passes is therefore valid JSON with the same
 * members, and each value is where the shape says.
 *
 * Segment i runs from the end of value i-1 to the beginning of value i, with
 * the quotes of both:   ","dst_port":   (the first begins with the newline of
 * the line before, the last ends with its own).
 */
#ifndef SHAPE_H
#define SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/json.h"
#include "libcommon/scan.h"
#include "libcommon/schema.h"

enum {
	SHAPE_MAX_MEMBERS = 64,
	SHAPE_PIECE = 32, /* bytes compared at once, read behind a block */
	SHAPE_MAX_PIECES = 2 * SHAPE_MAX_MEMBERS,
	SHAPE_REACH = 256, /* bytes from a mark, before and behind a block */
};

/* A place in a record: the position of a mark, and a distance from it. */
struct shape_at {
	uint16_t mark;
	int16_t delta;
};

/* The bytes of a segment, or the next 32 of one. */
struct shape_piece {
	_Alignas(SHAPE_PIECE) char bytes[SHAPE_PIECE];
	_Alignas(SHAPE_PIECE) char mask[SHAPE_PIECE]; /* those that count */
};

struct shape_value {
	uint32_t slot;
	enum json_kind kind; /* JSON_STRING, or JSON_NUMBER for any scalar */
	struct shape_at start, end;
};

/*
 * The pieces in order, in groups of 16 with a column for each property, as
 * vector units like them.  A value that is no string stands between piece i
 * (which has len[i] bytes) and piece i + 1.  Those that were learned as digits
 * of at most eight bytes, perhaps with a decimal point, are expected so
 * again: at least min_len[i] bytes, the point as far from the end.  point[j]
 * is '.' ^ '0' at its place among the last eight bytes, for the j-th of them.
 */
struct shape_group {
	uint32_t first_mark;
	uint16_t scalars;               /* bit i: such a value behind piece i */
	uint16_t plain;                 /* those that were learned as digits */
	_Alignas(64) uint32_t mark[16]; /* relative to first_mark, below 64 */
	_Alignas(64) int32_t delta[16];
	_Alignas(64) uint32_t len[16];
	_Alignas(64) uint32_t min_len[16];
	_Alignas(64) uint64_t point[16];
};

struct shape {
	uint32_t marks;    /* of a record, with its newline */
	uint32_t specials; /* of a record: all of them in segments */
	uint32_t n_pieces, n_values;
	struct shape_value values[SHAPE_MAX_MEMBERS]; /* that have a slot */
	struct shape_group groups[SHAPE_MAX_PIECES / 16];
	struct shape_piece pieces[SHAPE_MAX_PIECES];
};

struct shape_member {
	struct slice key;
	struct json_val v;
};

/*
 * Learns from the members of the record at line (up to and with its newline
 * at line[n]; line[-1] is a newline too).  False if it is not fit for a shape.
 */
bool shape_learn(struct shape *shape, const struct schema *schema,
    const char *line, size_t n, const struct shape_member *members,
    uint32_t count);

/*
 * The number of records from pos[0] on that have this shape; buf, pos and
 * special as scan wrote them, pos[-1] the newline before.
 */
typedef uint32_t shape_fn(const struct shape *shape, const char *buf,
    const uint32_t *pos, uint32_t n_pos, const struct scan_special *special);

struct shape_kernel {
	const char *name;
	bool (*usable)(void);
	shape_fn *run;
};

extern const struct shape_kernel shape_kernels[]; /* as scan_kernels */

shape_fn *shape_best(void);

static inline const char *
shape_place(const char *buf, const uint32_t *pos, struct shape_at at)
{
	return buf + pos[at.mark] + at.delta;
}

#endif
