/* SPDX-License-Identifier: MIT */
/*
 * kafka_group: the partitions that a consumer group gives this process, which
 * come and go (cooperative rebalancing), and what is committed of them.
 *
 * What is kept of a partition (windows) is a keeper's business.
 */
#ifndef KAFKA_GROUP_H
#define KAFKA_GROUP_H

#include "libcommon/kafka_parts.h"

struct kafka_group;

/* What a source is of, and its last read. */
struct kafka_run {
	size_t part, parts; /* parts: so many are known */
	bool grouped;
	bool ends;        /* all that will be read is there already */
	bool again;       /* the read was worked off before it came to us */
	bool down;        /* no broker answers: that is no silence */
	const char *name; /* topic[partition] */
	int64_t offset; /* of the first message, which may have begun before */
};

enum kafka_leave {
	KAFKA_REVOKED, /* someone else goes on with it */
	KAFKA_ENDED,   /* read to the end that was looked up */
};

enum kafka_settle {
	KAFKA_SOMETIME, /* a good time to commit */
	KAFKA_LEAVING,  /* partitions are about to leave */
	KAFKA_LAST,     /* the input ends here */
};

/*
 * What is kept of partitions, and by whom.  Members may be NULL.  All are
 * called when every record that was handed out has been worked off.
 */
struct kafka_keeper {
	void *arg;
	/* The source is open. */
	void (*open)(void *arg, const struct kafka_run *run);
	/*
	 * Of a group: the partition arrives.  All before 'position' was worked
	 * off before; the note is that of the commit, or "".
	 */
	void (*arrive)(
	    void *arg, size_t part, int64_t position, const char *note);
	void (*leave)(void *arg, size_t part, enum kafka_leave why);
	/* From where someone else would have to read, and a note to him. */
	int64_t (*point)(
	    void *arg, size_t part, int64_t position, char note[KAFKA_NOTE]);

	void *commit_arg;
	/* Of a group: to commit. */
	void (*settle)(
	    void *arg, struct kafka_group *g, enum kafka_settle when);
	/* The assignment is lost: what was not committed never was. */
	void (*lost)(void *arg);
};

struct kafka_group {
	struct kafka *kafka;
	const struct kafka_address *address;
	const struct kafka_keeper *keeper;
	struct kafka_parts *parts;
	int64_t interval; /* ms between commits */
	bool lost;        /* messages that were deleted before */

	bool assigned;  /* there was an assignment, if only an empty one */
	bool rewinding; /* what was done since the last commit is void */
	/*
	 * As whom we commit: the member and its generation when librdkafka told
	 * us last what we have, not as they are now.  So a commit is refused if
	 * others may have it meanwhile.
	 */
	rd_kafka_consumer_group_metadata_t *membership;

	/* Private. */
	char *member; /* its id, librdkafka's */
	bool closing;
	int64_t looked; /* for what others have read, ms */
};

void kafka_group_join(struct kafka_group *g);

void kafka_group_close(struct kafka_group *g);

/* librdkafka's callback. */
void kafka_group_rebalance(struct kafka_group *g, rd_kafka_resp_err_t err,
    rd_kafka_topic_partition_list_t *list);

/* Has the keeper commit, if it is a group at all. */
void kafka_group_settle(struct kafka_group *g, enum kafka_settle when);

/*
 * What was done since the last commit is void: all partitions will leave and
 * arrive anew, where they were committed.
 */
void kafka_group_rewind(struct kafka_group *g);

/* Does it, if that was asked for. */
void kafka_group_turn_back(struct kafka_group *g);

/* Whether all partitions were read to their ends, by whomever. */
bool kafka_group_is_done(struct kafka_group *g);

/*
 * Offsets to commit, with their notes: NULL if none has changed, unless all are
 * wanted.  The list is the caller's, to be destroyed.
 */
rd_kafka_topic_partition_list_t *kafka_group_points(
    struct kafka_group *g, bool all);

/*
 * Commits them without a transaction; false: others have the partitions now, or
 * it is to be tried again later.  If it is the last commit there is no later.
 */
bool kafka_group_commit(struct kafka_group *g,
    const rd_kafka_topic_partition_list_t *points, enum kafka_settle when);

/* They were committed. */
void kafka_group_committed(
    struct kafka_group *g, const rd_kafka_topic_partition_list_t *points);

#endif
