/* SPDX-License-Identifier: MIT */
#include "libcommon/commit.h"

void
commit_settle(void *arg, struct kafka_group *g, enum kafka_settle when)
{
	struct commit *c = arg;
	rd_kafka_topic_partition_list_t *points;
	bool done;

	if (when == KAFKA_SOMETIME && kafka_now() - c->last < g->interval)
		return;
	if (g->rewinding) {
		commit_lost(c);
		return;
	}
	out_push(c->out);
	for (size_t i = 0; i < c->n_others; i++)
		out_flush(c->others[i]);
	c->last = kafka_now();
	points = kafka_group_points(
	    g, c->exactly_once && kafka_sink_pending(c->sink));
	if (!points)
		return;
	if (c->exactly_once) {
		bool rows = kafka_sink_pending(c->sink);

		done = kafka_sink_commit(c->sink, points, g->membership);
		/*
		 * A commit returns before the rows can be read; another one
		 * has to wait for that.  So who reads after us finds them.
		 */
		if (done && rows && when != KAFKA_SOMETIME)
			kafka_sink_commit(c->sink, points, g->membership);
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
