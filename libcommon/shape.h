/* SPDX-License-Identifier: MIT */
/*
 * shape: what the records of one source have in common.
 *
 * A shape is learned from a flat record: all its bytes but the values, as
 * steps.  A step is the bytes in front of a value (with the key and the
 * quotes:   ","dst_port":  ) and the kind of value that is expected behind
 * them.  A later record is verified against it, never trusted: the bytes of
 * every step are compared, and every value is read to the byte that ends it.
 * A record that passes is valid JSON with the same members, and each value is
 * where the shape says.  No index of quotes is made before.
 *
 * Where a value ends is known only when it has been read, and so where the next
 * step begins: about 20 cycles a value, one after the other.  So a block is cut
 * into SHAPE_LANES parts at newlines, and a step is taken in all of them before
 * the next.  5 M records of 275 bytes with 12 members, Zen 3, AVX2, seconds for
 * finding all values (reading the file, 0.11 s, left out):
 *
 *	index of all quotes, then compared at its places	0.54
 *	one part	0.41	two 0.23	three 0.17	four 0.15
 *
 * Then it is a matter of instructions: 416 a record, 310 since bytes are
 * compared with bounds that stay in registers (flowcat: 0.9 of the time).  Five
 * to eight parts: no faster, too few registers.
 *
 * Records of several shapes, in any order: a set of shapes is one tree of
 * steps.  All parts go along one shape as long as they are alike; then each
 * finishes its record alone, along another shape that is the same up to there.
 * A line of no shape is skipped, for its reader to look at.  A million of DNS,
 * 385 bytes with 17 or 22 members, seconds in flowfilter -c any:
 *
 *	each record alone, its shape tried until one fits	0.42
 *	from the steps that shapes have in common		0.23
 *	a step of each part in turn, without branches		0.23
 *	together while alike, then alone			0.16
 */
#ifndef SHAPE_H
#define SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/json.h"
#include "libcommon/schema.h"

enum {
	SHAPE_MAX_MEMBERS = 64,
	SHAPE_PIECE = 32, /* bytes compared at once */
	SHAPE_MAX_STEPS = 2 * SHAPE_MAX_MEMBERS,
	SHAPE_LANES = 4,
	SHAPE_SET = 16,    /* shapes at once */
	SHAPE_REACH = 128, /* bytes behind a block that may be read */
};

/* What stands behind the bytes of a step, as far as it is read at once. */
enum shape_kind {
	SHAPE_NOTHING, /* the next step's bytes */
	SHAPE_TEXT,    /* of a string: up to 32 bytes */
	SHAPE_LONG,    /* up to 64 */
	SHAPE_DIGITS,
	SHAPE_DECIMAL, /* digits, a point, digits */
	SHAPE_SCALAR,  /* any number, true, false, null */
};

struct shape_step {
	_Alignas(SHAPE_PIECE) char bytes[SHAPE_PIECE];
	_Alignas(SHAPE_PIECE) char mask[SHAPE_PIECE]; /* those that count */
	uint32_t len;
	enum shape_kind kind;
	char behind; /* the first byte of the next step */
	bool last;
	uint16_t others; /* by id: the same up to this step, not in it */
};

struct shape_value {
	uint32_t slot, step;
	uint32_t skip;       /* the bytes of the step in front of it */
	enum json_kind kind; /* JSON_STRING, or JSON_NUMBER for any scalar */
};

struct shape {
	uint32_t id; /* in its set */
	uint32_t n_steps, n_values;
	struct shape_value values[SHAPE_MAX_MEMBERS]; /* that have a slot */
	struct shape_step steps[SHAPE_MAX_STEPS];
};

struct shape_member {
	struct slice key;
	struct json_val v;
};

/*
 * Learns from the members of the record at line (up to and with its newline
 * at line[n]; SHAPE_REACH bytes more may be read).  False if it is not fit for
 * a shape.
 */
bool shape_learn(struct shape *shape, const struct schema *schema,
    const char *line, size_t n, const struct shape_member *members,
    uint32_t count);

/*
 * Lines that follow each other.  Record i has n_steps places from i * n_steps
 * on, positions in the block: where it begins, and where the value behind each
 * step ends; the last one is where the next record begins.
 */
struct shape_run {
	const struct shape *shape; /* NULL: lines of no shape */
	const uint32_t *places;
	uint32_t n;
};

/* What a block may be made of. */
struct shape_set {
	struct shape *v[SHAPE_SET]; /* by id */
	uint32_t n;
	struct shape *usual; /* of the last record */
	bool steady;         /* the last block was of it alone */
};

/* Puts a shape in its place, or anew into the set. */
void shape_set_put(struct shape_set *set, struct shape *shape, uint32_t id);

/* For blocks of n bytes. */
struct shape_room {
	uint32_t *places;
	struct shape_run *runs;
};
void shape_room_open(struct shape_room *room, size_t n);
void shape_room_close(struct shape_room *room);

/*
 * The lines from buf + from on; buf + to is behind a newline, and SHAPE_REACH
 * bytes more may be read.  The set is not empty.  Returns the number of runs,
 * which follow each other up to the end; none is empty.
 */
typedef uint32_t shape_fn(struct shape_set *set, const char *buf, uint32_t from,
    uint32_t to, const struct shape_room *room);

struct shape_kernel {
	const char *name;
	bool (*usable)(void);
	shape_fn *run;
};

extern const struct shape_kernel shape_kernels[]; /* best first, ends with {} */

/* The best usable kernel. */
shape_fn *shape_best(void);

/* The text of a value of the record at these places. */
static inline struct slice
shape_text(const struct shape_value *v, const char *buf, const uint32_t *places)
{
	uint32_t from = places[v->step] + v->skip;

	return slice_of(buf + from, places[v->step + 1] - from);
}

#endif
