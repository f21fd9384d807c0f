/* SPDX-License-Identifier: MIT */
/*
 * tables: the statistics and the detections of flowdns, each a row of one
 * table: what it counts, by what, and what makes a row of it.
 */
#ifndef TABLES_H
#define TABLES_H

#include "cmd/flowdns/facts.h"
#include "cmd/flowdns/sums.h"
#include "libcommon/alert.h"

enum analysis_kind {
	ANALYSIS_BASE, /* others are made of it */
	ANALYSIS_STATISTIC,
	ANALYSIS_DETECTION, /* rows have the life cycle of alerts */
};

/*
 * Expressions are over the facts of a record (see facts.h), or over the columns
 * of the table that it is made 'from'.  Columns that begin with "_" are not
 * written.
 */
struct analysis {
	const char *name, *help;
	enum analysis_kind kind;
	uint32_t needs;    /* bits of a record that counts */
	uint32_t unsummed; /* with any of these, sums are not all of it */
	const char *from, *where;
	const char *keys, *columns;
	const char *having, *sort;
	bool confirmed; /* "having" is dropped with --unconfirmed */
	/*
	 * A key of 'from', of hosts within each row: a test of those that are
	 * (over cells of 'from' in the whole window, where 'where' is in a
	 * pane), the column with their number, and whether the first of them
	 * have rows.
	 */
	const char *inner, *hosts, *counted;
	bool unlisted;
	bool local;         /* means nothing without -L */
	const char *option; /* nor without this one */
};

extern const struct analysis tables[]; /* ends with a NULL name */
enum { TABLES_MAX = SUMS_TABLES };

/* A table that is in use. */
struct tally {
	const struct analysis *table;
	struct tally *from; /* or NULL */
	struct winagg *agg;
	struct expr *hosts; /* or NULL */
	size_t i;           /* of the list of aggregates */
	struct sums *sums;
	struct alerts *alerts;
	bool written;
	bool asks[F_ALL]; /* facts */
};

/* The tables that records with these bits are counted in. */
struct route {
	uint32_t bits;
	uint8_t n_sums, n_alone;
	struct sums *sums[TABLES_MAX];
	const struct tally *alone[TABLES_MAX]; /* added without sums */
};
enum { TABLES_ROUTES = 64 };

struct tallies {
	struct tally v[TABLES_MAX];
	struct winagg aggs[TABLES_MAX];
	size_t n;
	struct route routes[TABLES_ROUTES]; /* by a hash of their bits */
	struct value cells[F_ALL];          /* of the record, where asked for */
};

/* --only: those that were named (then 'named'), or all. */
struct tables_choice {
	bool wanted[TABLES_MAX], named;
};

/* "NAME,NAME,.."; a message or NULL. */
const char *tables_choose(struct tables_choice *c, const char *names);

struct tallies_opts {
	const struct tables_choice *choice;
	bool local;       /* with -L */
	bool unconfirmed; /* external resolvers without a flow */
	bool blacklist;
	uint64_t limit;
	int64_t update; /* of alerts, ns */
};

/*
 * The tables that are wanted, with those they are made of, in order.  Tells
 * what is left out, and why.
 */
void tallies_open(struct tallies *t, struct window *w,
    const struct expr_context *context, const struct tallies_opts *o);

/* Of a table by name if it is in use, else NULL. */
struct tally *tallies_find(struct tallies *t, const char *name);

/* Counts the record in all tables that it is for. */
const char *tallies_add(struct tallies *t, struct window_pane *pane,
    struct facts_reader *r, struct facts *f);

#endif
