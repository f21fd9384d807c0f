/* SPDX-License-Identifier: MIT */
/*
 * agg: what is grouped and what is computed of each group: keys and
 * aggregates, as users name them, and the states of all groups.
 *
 *	-k src_ip_addr,net=prefix(dst_ip_addr,24,64),dst_ip_addr/24,/64
 *	-a 'n=count(), b=sum(bytes) if dst port 443, mean=b / n'
 */
#ifndef AGG_H
#define AGG_H

#include "libcommon/accum.h"
#include "libcommon/expr.h"
#include "libcommon/key.h"
#include "libcommon/panelog.h"
#include "libcommon/quad.h"
#include "libcommon/reader.h"
#include "libcommon/row.h"

enum {
	AGG_MAX_KEYS = 32,
	AGG_MAX = 128,
	AGG_PENDING = 8, /* a power of 2 */
	AGG_KEY = 64,
	AGG_QUICK = 8,
	AGG_MAX_KEY = 1 << 19
};

struct agg_key {
	struct slice name;
	struct expr *expr;
	const struct field *field;
	bool address; /* a plain member that is an address, at 'slot', .. */
	bool number;  /* .. or a whole number */
	int slot;
	int cell; /* a plain cell of a row, or -1 */
};

/* One accumulator: fn(arg) if cond. */
struct agg_call {
	struct accum_spec spec;
	struct expr *arg, *cond; /* or NULL */
	int slot;          /* of an argument that is a plain number, or -1 */
	int cell;          /* of an argument that is a plain cell, or -1 */
	bool whole;        /* of an integer field: see quick_number() */
	bool exact;        /* a sum of a member: decimals as they are written */
	bool plain;        /* the same without condition */
	bool flows;        /* of 'flows', which is 1 where it is absent */
	bool counts;       /* count() without condition */
	uint32_t offset;   /* of its state in the block */
	struct slice name; /* of its cell: "_0" where the user gave none */
	const struct field *field;
};

/* Where a cell comes from: a call, or an expression over cells before it. */
struct agg_cell {
	int call;          /* or -1 */
	struct expr *expr; /* or NULL */
};

enum agg_made {
	AGG_VALUES,  /* one a call */
	AGG_NUMBERS, /* see agg->quick */
	AGG_TOTALS   /* see agg_add_made() */
};

/* A record on its way to its group. */
struct agg_pending {
	struct groups *groups;
	struct panelog *log; /* in place of states, or NULL */
	uint32_t hash, n;
	char key[AGG_KEY];
	int64_t time;
	enum agg_made made;
	uint32_t numbers[AGG_QUICK];
	uint64_t *totals; /* one a call */
	struct value *v;  /* an argument a call; VALUE_NONE: not for it */
};

struct agg_batched;

struct agg {
	struct agg_key keys[AGG_MAX_KEYS];
	size_t n_keys;
	struct agg_call calls[AGG_MAX];
	size_t n_calls;
	size_t n_items; /* that the user named */
	size_t block;
	/* Cells of a row: keys, then calls and expressions as named. */
	struct agg_cell cell_from[AGG_MAX_KEYS + 2 * AGG_MAX];
	const char *cell_names[AGG_MAX_KEYS + 2 * AGG_MAX];
	const struct field *cell_types[AGG_MAX_KEYS + 2 * AGG_MAX];
	bool cell_counts[AGG_MAX_KEYS + 2 * AGG_MAX];
	struct expr_cells cells;
	int time_slot, end_slot;
	const char *time_name;
	struct value_reading how;
	struct arena run, scratch;
	char message[128];
	char *key; /* of the record at hand */
	size_t key_room;
	bool timed;     /* a call wants the event time */
	bool quick_key; /* addresses and numbers, members of the record */
	bool quick;     /* plain sums and count(), no more than AGG_QUICK */
	/* A ring: record i is at i % AGG_PENDING. */
	struct agg_pending pending[AGG_PENDING];
	uint32_t added, hinted, settled;
	struct agg_batched *batch; /* or NULL */
};

/*
 * Parses the lists (either may be NULL: no keys; flows, packets, bytes).
 * Errors end the program.  Before the schema is complete.
 */
void agg_init(struct agg *a, const char *keys, const char *aggregates,
    const char *time_field, const struct expr_context *context);

/*
 * Adds the record to its group.  NULL or a message, then it counts nowhere.
 * Groups are some records behind until agg_settle(), so that the look-ups of
 * many records wait for memory together.
 */
const char *agg_add(
    struct agg *a, struct groups *g, const struct expr_input *in);
/* The same into the log of a pane; false: the record does not fit into it. */
bool agg_log(struct agg *a, struct panelog *log, const struct expr_input *in);

/*
 * The same of a key that is made, and of counts: one a call that is
 * accum_total; 0 for all others.
 */
void agg_add_made(
    struct agg *a, struct groups *g, struct slice key, const uint64_t *totals);

/*
 * The same in two steps, at once and for a block of the caller's: the key of
 * the record (borrowed until the next call), then its arguments.
 */
const char *agg_read(
    struct agg *a, const struct expr_input *in, struct slice *key);
void agg_apply(struct agg *a, char *states);

/* The states of the one group that there is without keys. */
char *agg_single(struct groups *g);

/* Whether agg_add() would take the record: NULL or its message. */
const char *agg_check(struct agg *a, const struct expr_input *in);
void agg_settle(struct agg *a);

/* The key of a record and the argument of one call; borrowed. */
const char *agg_eval(struct agg *a, const struct expr_input *in, size_t call,
    struct slice *key, struct value *v);

/*
 * The cells of a group (cells.n of them); text lives in the arena, or as long
 * as the group.  Those not wanted (NULL: all are) are left as they were.
 */
void agg_cells(struct agg *a, struct slice key, const void *block,
    struct value *cells, struct arena *arena, const bool *wanted);

/* Marks the cells that those which are marked are computed from. */
void agg_want(const struct agg *a, bool *wanted);

/*
 * The bytes of a plain member in a key, of which the text is a string or a
 * scalar as the key has it; 0 if it is no address, or no short number.
 */
static inline size_t
agg_quick_part(const struct agg_key *k, struct slice text, char *key)
{
	struct ip ip;
	uint64_t n;

	if (k->number)
		return num_short(text.p, text.n, &n) ? key_put_count(key, n)
						     : 0;
	/* The commonest without a step between. */
	*key = KEY_TAG_IP;
	if (quad(text.p, text.n, (uint8_t *)key + 1))
		return KEY_IP;
	return ip_parse(text, &ip) ? 0 : key_put_ip(key, &ip);
}

/* Where all calls are quick: adds the sum of a call over so many records. */
static inline void
agg_plus(const struct agg_call *c, char *states, uint64_t sum, uint64_t records)
{
	if (c->counts)
		*(uint64_t *)(void *)(states + c->offset) += sum;
	else
		accum_sum_nano(
		    states + c->offset, (i128)sum * NUM_NANO, (int64_t)records);
}

/* Adds the states of one block to those of another. */
void agg_merge(const struct agg *a, char *to, const char *from);

/* Frees what the states of a block own. */
void agg_free_block(const struct agg *a, void *block);

/* Index of a cell by name; ends the program with a message if unknown. */
size_t agg_cell(
    const struct agg *a, const char *name, size_t n, const char *option);

/* The call whose sum() a cell is, or -1. */
int agg_sum_of(const struct agg *a, size_t cell);

/* Where the states have the accum_total that a cell is, or -1. */
int agg_total_of(const struct agg *a, size_t cell);

/* A cell that only an expression over aggregates needs. */
static inline bool
agg_is_hidden(const struct agg *a, size_t cell)
{
	return strncmp(a->cell_names[cell], "_agg_", 5) == 0;
}

/* Splits at commas outside brackets and quotes: the next part, trimmed. */
bool agg_split(const char **p, struct slice *part);

#endif
