/* SPDX-License-Identifier: MIT */
/*
 * run: what every tool does around its one idea: the common options, the
 * input with --where, the output, the summary, the exit status.
 */
#ifndef RUN_H
#define RUN_H

#include <time.h>

#include "libcommon/commit.h"
#include "libcommon/expr.h"
#include "libcommon/opts.h"
#include "libcommon/reader.h"
#include "libcommon/row.h"

struct run_opts {
	const char *output, *format, *index, *color, *tz, *where, *rejects,
	    *stats;
	uint64_t max_line, threads;
	bool strict, quiet, progress;
	struct kafka_opts kafka;
	struct kafka_sink_opts sink;
};

/* Options that may be given several times; NULL or a message. */
const char *run_property(const char *arg);
const char *run_header(const char *arg);

/* The rows of the option table that they fill. */
#define RUN_OPTS(o)                                                          \
	{ OPT_STRING, 'o', "output", &(o).output, "DEST",                    \
		"write to DEST: a file, kafka://host/topic, -", NULL },      \
	    { OPT_STRING, 'f', "format", &(o).format, "FORMAT",              \
		    "json, line, table, csv, tsv or es-bulk", NULL },        \
	    { OPT_STRING, 0, "index", &(o).index, "NAME",                    \
		    "of es-bulk: the index; %Y, %m, %d in it are the day",   \
		    NULL },                                                  \
	    { OPT_MAYBE, 0, "color", &(o).color, "[=WHEN]",                  \
		    "line, table in colours: always, auto, never", NULL },   \
	    { OPT_ONCE, 0, "where", &(o).where, "EXPR",                      \
		    "only records for which EXPR holds, see flowexpr(7)",    \
		    NULL },                                                  \
	    { OPT_CALL, 'X', "property", NULL, "PROP=VALUE",                 \
		    "a property of librdkafka (repeatable)", run_property }, \
	    { OPT_STRING, 'F', "properties", &(o).kafka.file, "FILE",        \
		    "read properties of librdkafka from FILE", NULL },       \
	    { OPT_FLAG, 0, "exactly-once", &(o).sink.exactly_once, NULL,     \
		    "from a Kafka group to Kafka in transactions", NULL },   \
	    { OPT_STRING, 0, "partition-key", &(o).sink.key, "EXPR",         \
		    "to Kafka: records of a key to the same partition",      \
		    NULL },                                                  \
	    { OPT_CALL, 0, "header", NULL, "NAME=VALUE",                     \
		    "to Kafka: a header of each message (repeatable)",       \
		    run_header },                                            \
	    { OPT_STRING, 0, "timeout", &(o).kafka.timeout, "TIME",          \
		    "give up when no broker answers for TIME (30s)", NULL }, \
	    { OPT_STRING, 0, "tz", &(o).tz, "ZONE",                          \
		    "zone of times without one (UTC)", NULL },               \
	    { OPT_FLAG, 0, "strict", &(o).strict, NULL,                      \
		    "stop at the first bad record", NULL },                  \
	    { OPT_STRING, 0, "rejects", &(o).rejects, "FILE",                \
		    "write bad records to FILE", NULL },                     \
	    { OPT_U64, 0, "max-line", &(o).max_line, "BYTES",                \
		    "longest line accepted (2Mi)", NULL },                   \
	    { OPT_U64, 'j', "threads", &(o).threads, "N",                    \
		    "with 2 and more, decompress files in threads (1)",      \
		    NULL },                                                  \
	    { OPT_MAYBE, 0, "stats", &(o).stats, "[=json]",                  \
		    "a summary on standard error at the end", NULL },        \
	    { OPT_FLAG, 0, "progress", &(o).progress, NULL,                  \
		    "a progress bar on the terminal", NULL },                \
	{                                                                    \
		OPT_FLAG, 'q', "quiet", &(o).quiet, NULL,                    \
		    "no messages but fatal ones", NULL                       \
	}

struct run {
	struct run_opts opts;
	struct schema schema;
	struct expr_context context; /* for expressions about records */
	const struct tstamp_zone *zone;
	enum row_format format;
	struct output out;
	struct reader reader;
	bool grouped; /* the operand is a consumer group */
	struct kafka_keeper keeper;
	struct commit commit;
	uint64_t selected;  /* by --where; all without */
	uint64_t late;      /* of them, in no window */
	uint64_t windows;   /* emitted */
	uint64_t delivered; /* messages to Kafka */
	bool windowed;      /* with -w: late and windows are told */
	struct expr *where;
	struct timespec started;
};

/* After option parsing: everything but the input. */
void run_setup(
    struct run *r, const struct run_opts *opts, enum row_format for_people);

/* When the schema is complete.  Flags: what the tool wants of the reader. */
void run_open(struct run *r, char **operands, struct reader_opts how);

/* The next record that --where keeps, in r->reader.rec. */
bool run_next_where(struct run *r);

static inline bool
run_next(struct run *r)
{
	bool found = r->where ? run_next_where(r) : reader_next(&r->reader);

	r->selected += found;
	return found;
}

/* n records that came next have been read in columns. */
static inline void
run_leave_out(struct run *r, uint32_t n)
{
	reader_leave_out(&r->reader, n);
	r->selected += n;
}

/* A field of it cannot be read. */
void run_reject(struct run *r, const char *what);

/*
 * Ends output and input, prints the summary.  written: records or rows that
 * the tool wrote.  Returns the exit status.
 */
int run_close(struct run *r, uint64_t written);

static inline struct expr_input
run_input(const struct run *r)
{
	return (struct expr_input){ .v = r->reader.rec.v };
}

#endif
