/* SPDX-License-Identifier: MIT */
#include "libcommon/commit.h"

static bool
transact(const struct commit *c, struct kafka_group *g,
    const rd_kafka_topic_partition_list_t *points)
{
	rd_kafka_consumer_group_metadata_t *group =
	    rd_kafka_consumer_group_metadata(g->kafka->rk);
	bool done = kafka_sink_commit(c->sink, points, group);

	rd_kafka_consumer_group_metadata_destroy(group);
	return done;
}

void
commit_settle(void *arg, struct kafka_group *g, enum kafka_settle when)
{
	struct commit *c = arg;
	rd_kafka_topic_partition_list_t *points;
	bool done;

	if (when == KAFKA_SOMETIME && kafka_now() - c->last < g->interval)
		return;
	out_push(c->out);
	c->last = kafka_now();
	points = kafka_group_points(
	    g, c->exactly_once && kafka_sink_pending(c->sink));
	if (!points)
		return;
	if (c->exactly_once) {
		bool rows = kafka_sink_pending(c->sink);

		done = transact(c, g, points);
		/*
		 * A commit returns before the rows can be read; another one
		 * has to wait for that.  So who reads after us finds them.
		 */
		if (done && rows && when != KAFKA_SOMETIME)
			transact(c, g, points);
	} else {
		if (c->sink)
			kafka_sink_drain(c->sink);
		done = kafka_group_commit(g, points, when);
	}
	if (done)
		kafka_group_committed(g, points);
	else if (c->exactly_once)
		kafka_group_rewind(g);
	rd_kafka_topic_partition_list_destroy(points);
}

void
commit_lost(void *arg)
{
	struct commit *c = arg;

	if (!c->exactly_once)
		return;
	out_flush(c->out); /* to be forgotten with the rest */
	kafka_sink_abort(c->sink);
}
