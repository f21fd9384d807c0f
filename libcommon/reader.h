/* SPDX-License-Identifier: MIT */
/*
 * reader: operands in, records out.
 *
 * A record is borrowed: it and its values are valid until the next
 * reader_next(); some bytes behind each value may be read (READER_PAD).  Every
 * record that is handed out is valid JSON (RFC 8259, an
 * object); a line that is not is reported as "tool: file:line: what" (the
 * first few, then counted), goes to the rejects file where there is one, and
 * makes the exit status 1.  With strict the first ends the program.
 */
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/glance.h"
#include "libcommon/input.h"
#include "libcommon/json.h"
#include "libcommon/output.h"
#include "libcommon/progress.h"
#include "libcommon/schema.h"
#include "libcommon/shapes.h"

enum { READER_MESSAGES = 5, READER_PAD = 8 };

struct rec {
	const char *p; /* the line, without its newline */
	uint32_t n;
	bool fresh;               /* of another operand than the last */
	bool irregular;           /* lenient only: not quite JSON */
	const struct json_val *v; /* by slot of the schema */
};

struct reader_opts {
	char **operands;
	uint64_t max_line;
	size_t block;                 /* bytes read at once, 0 for the usual */
	const char *rejects;          /* file name, or NULL */
	struct output *share_rejects; /* or another reader's */
	bool strict, follow, reframe, lenient;
	const struct kafka_keeper *keeper; /* or NULL */
	const struct source_kind *kind;    /* or NULL */
};

struct reader {
	struct rec rec;
	uint64_t records; /* handed out */
	uint64_t rejected;
	bool partial; /* something was skipped or unreadable */
	struct input in;
	/* Before a wait; returns after how many ms it is to be called again. */
	int (*waiting)(void *arg);
	void *waiting_arg;

	/* Private. */
	const struct schema *schema;
	bool strict, lenient;
	struct output *flush;   /* before a wait, or NULL */
	struct output *rejects; /* or NULL */
	bool owns_rejects, fresh;
	struct progress_part progress;
	uint64_t line;       /* of the operand, 1 for the first */
	const char *line_of; /* operand that it counts */
	char *chunk;
	uint32_t chunk_n, at; /* the next line begins at 'at' */
	uint32_t learns;      /* so many shapes from lines of this chunk */
	/* Records of 'shape' that follow, verified; or lines of no shape. */
	uint32_t run, odd;
	const uint32_t *places; /* of the next one */
	const struct shape *shape;
	struct shapes shapes;
	uint64_t *visited; /* by schema node: the line, by number of parses */
	uint64_t parses;
	/*
	 * By slot: of lines of no shape, and for each shape, by id, of which
	 * members have their kinds once and for all, and all others none.
	 */
	struct json_val *values, *of_shape[SHAPE_SET];
	bool *seen; /* by slot: a record had it */
};

/* The schema must be complete. */
void reader_open(struct reader *r, const struct reader_opts *opts,
    const struct schema *schema, struct output *flush);
void reader_close(struct reader *r);

/* No record will be asked for any more. */
void reader_stop(struct reader *r);

/* The record at hand is bad after all: a field that cannot be read. */
void reader_reject(struct reader *r, const char *what);

/* A complaint about the operand, not about a record. */
void reader_warn(struct reader *r, const char *what);

bool reader_next_slow(struct reader *r);

/*
 * Makes a JSON text within the record at hand (an envelope's payload) the
 * record: its members are looked up anew.  READER_PAD bytes behind the text
 * must be readable.  False if it was rejected.
 */
bool reader_enter(struct reader *r, struct slice text);

/* The same of the bytes in memory, behind which it makes room. */
bool reader_enter_memory(struct reader *r, struct output *text);

/* The next record of the run. */
static inline void
reader_take(struct reader *r)
{
	const struct shape *shape = r->shape;
	const uint32_t *places = r->places;
	struct json_val *values = r->of_shape[shape->id];
	uint32_t end = places[shape->n_steps];

	r->rec.p = r->chunk + r->at;
	r->rec.n = end - r->at - 1;
	r->rec.fresh = false;
	r->rec.v = values;
	for (uint32_t i = 0; i < shape->n_values; i++) {
		const struct shape_value *s = &shape->values[i];
		struct slice text = shape_text(s, r->chunk, places);

		values[s->slot].p = text.p;
		values[s->slot].n = (uint32_t)text.n;
	}
	r->at = end;
	r->places += shape->n_steps;
	r->run--;
	r->line++;
	r->records++;
}

/* Goes on behind n records of the run, which were read in columns, or not. */
static inline void
reader_leave_out(struct reader *r, uint32_t n)
{
	r->places += n * r->shape->n_steps;
	r->at = *r->places;
	r->run -= n;
	r->line += n;
	r->records += n;
}

/*
 * Records behind the one at hand that are known to be like it (same members,
 * all valid), taken at once: their bytes with all newlines, and how many.
 * Valid as long as a record is.
 */
static inline uint32_t
reader_take_run(struct reader *r, struct slice *bytes)
{
	uint32_t n = r->run, from = r->at;

	if (n)
		reader_leave_out(r, n);
	*bytes = slice_of(r->chunk + from, r->at - from);
	return n;
}

/*
 * Passes over records that come next and are dropped by the ranges, as far as
 * that is cheap; returns how many.
 */
static inline uint32_t
reader_pass_over(struct reader *r, const struct glance_range *ranges, size_t n)
{
	uint32_t over;

	if (!r->run || !n)
		return 0;
	over = glance_over(ranges, n, r->shape, r->chunk, r->places, r->run);
	reader_leave_out(r, over);
	return over;
}

/* The next record in r->rec; false at the end. */
static inline bool
reader_next(struct reader *r)
{
	if (r->run == 0)
		return reader_next_slow(r);
	reader_take(r);
	return true;
}

#endif
