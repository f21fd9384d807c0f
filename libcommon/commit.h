/* SPDX-License-Identifier: MIT */
/*
 * commit: what a consumer group is told of what was worked off, and when.
 *
 * The protocol.  A partition is a unit: its records, in the order of their
 * offsets, go through windows of their own, and what those emit depends on
 * these records alone.  What a window holds is a function of the records since
 * the oldest open pane; so no state is stored anywhere, but this is committed
 * with the results:
 *
 *	offset    from where to read again: the least of the first records of
 *	          the open panes, sessions and alerts; where none is open, the
 *	          position
 *	position  all before was worked off
 *	note      at 'offset': the watermark as it was before (largest event
 *	          time, and the run of records too far ahead); at 'position':
 *	          the horizon, up to which windows were emitted
 *
 * Who gets the partition reads from 'offset' with that watermark, so that each
 * record meets the same watermark as the first time and is late or in time as
 * it was then; up to 'position' nothing is said of records that are bad or
 * late.  Windows up to the horizon are rebuilt but not written; those behind
 * it are whole, since all of their panes begin at 'offset' or behind it.
 * Until 'position' the clock closes none in place of records that do not come:
 * what is there of a window would be a part.
 *
 * Commits happen between two reads of the source, when all records handed out
 * have been worked off and all rows that they led to were given to the sink:
 * never in the middle of a record.
 *
 * Exactly once: rows and offsets are one transaction.
 *	Nothing is lost: rows that were not committed belong to records behind
 *	the committed 'position', or to windows behind the horizon: both are
 *	worked off again.
 *	Nothing is doubled: rows that were committed are of records before
 *	'position' or of windows up to the horizon, and those are not written
 *	again; rows of a transaction that was not committed are never seen by
 *	who reads committed messages.
 *	Two processes cannot commit for the same partition: offsets go with the
 *	member and the generation of the group that we were when we were told
 *	last what we have, and the broker refuses them if the group has gone on
 *	since; and who begins waits until transactions that hold offsets of the
 *	partition are over (they end with the process that has the same
 *	transactional.id, or by time).  If we are told that we are another
 *	member than before (we were frozen, and thrown out), nothing that we
 *	have counts, be it ours again.
 * If a commit fails, or all is lost, the transaction is aborted and partitions
 * that are still ours go back to what was committed; until then nothing of them
 * is read.
 *
 * At least once (without --exactly-once): rows are first written and delivered,
 * then the offsets are committed; what a process did since its last commit is
 * done again by the next.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include "libcommon/kafka_group.h"
#include "libcommon/kafka_sink.h"
#include "libcommon/output.h"

enum { COMMIT_OTHERS = 2 };

struct commit {
	struct output *out;
	struct kafka_sink *sink; /* behind 'out', or NULL */
	bool exactly_once;
	/* What else is written before a commit: bad records, late ones. */
	struct output *others[COMMIT_OTHERS];
	size_t n_others;

	/* Private. */
	int64_t last; /* ms */
};

/* The keeper's calls; arg is a struct commit. */
void commit_settle(void *arg, struct kafka_group *g, enum kafka_settle when);
void commit_lost(void *arg);

#endif
