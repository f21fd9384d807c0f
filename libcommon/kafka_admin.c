/* SPDX-License-Identifier: MIT */
#include "libcommon/kafka_admin.h"

#include <unistd.h>

#include "libcommon/die.h"

static void
create(struct kafka *k, const char *name, int64_t partitions)
{
	char why[KAFKA_REASON];
	rd_kafka_NewTopic_t *topic =
	    rd_kafka_NewTopic_new(name, (int)partitions, -1, why, sizeof why);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(k->rk);
	const rd_kafka_topic_result_t **results;
	rd_kafka_resp_err_t err;
	rd_kafka_event_t *event;
	size_t n = 0;

	if (!topic)
		die("%s: %s", k->name, why);
	rd_kafka_CreateTopics(k->rk, &topic, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, kafka_timeout());
	err =
	    event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (!err) {
		results = rd_kafka_CreateTopics_result_topics(
		    rd_kafka_event_CreateTopics_result(event), &n);
		err = n ? rd_kafka_topic_result_error(results[0]) : err;
	}
	if (err && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		kafka_die(k, err, "topic %s cannot be created", name);
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy(topic);
}

int32_t
kafka_admin_topic(struct kafka *k, const char *name, int64_t partitions)
{
	bool created = false;
	int32_t n;
	int64_t since = kafka_now();

	for (;;) {
		const struct rd_kafka_metadata *m = kafka_topics(k, name);
		rd_kafka_resp_err_t err = m->topics[0].err;

		n = m->topics[0].partition_cnt;
		rd_kafka_metadata_destroy(m);
		if (!err && n)
			return n;
		if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
		    partitions && !created) {
			create(k, name, partitions);
			created = true;
			continue;
		}
		/* Someone else may have created it just now. */
		created |=
		    !err || err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
		if (!created || kafka_now() - since > kafka_timeout())
			kafka_die(k, err, "topic %s (?partitions=N creates it)",
			    name);
		usleep(20000);
	}
}
