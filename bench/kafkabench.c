/* SPDX-License-Identifier: MIT */
/*
 * kafkabench: a client of librdkafka that does nothing else, as a measure for
 * ours.
 *
 *	kafkabench count BROKERS TOPIC		consumes all there is
 *	kafkabench produce BROKERS TOPIC [N]	lines of standard input, N a
 *message
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 5000, LINE = 1 << 20 };

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "kafkabench: %s\n", what);
	exit(2);
}

static rd_kafka_t *
client(rd_kafka_type_t type, const char *brokers, const char *const *props)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
	for (; *props; props += 2)
		if (rd_kafka_conf_set(
			conf, props[0], props[1], why, sizeof why))
			fail(why);
	rk = rd_kafka_new(type, conf, why, sizeof why);
	if (!rk)
		fail(why);
	return rk;
}

static int
partitions(rd_kafka_t *rk, const char *topic)
{
	const struct rd_kafka_metadata *m;
	rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
	int n;

	if (rd_kafka_metadata(rk, 0, t, &m, 10000))
		fail("no metadata");
	n = m->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(m);
	rd_kafka_topic_destroy(t);
	return n;
}

static void
count(const char *brokers, const char *topic)
{
	static const char *const props[] = { "group.id", "kafkabench",
		"enable.partition.eof", "true", "enable.auto.commit", "false",
		"fetch.wait.max.ms", "50", NULL };
	rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, brokers, props);
	int n = partitions(rk, topic), left = n;
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(n);
	static rd_kafka_message_t *batch[BATCH];
	rd_kafka_queue_t *queue;
	unsigned long long messages = 0;

	for (int i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(list, topic, i)->offset =
		    RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_poll_set_consumer(rk);
	rd_kafka_assign(rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	queue = rd_kafka_queue_get_consumer(rk);
	while (left > 0) {
		ssize_t got =
		    rd_kafka_consume_batch_queue(queue, 100, batch, BATCH);

		for (ssize_t i = 0; i < got; i++) {
			messages += !batch[i]->err;
			left -=
			    batch[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
			rd_kafka_message_destroy(batch[i]);
		}
	}
	printf("%llu\n", messages);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

static void
put(rd_kafka_t *rk, rd_kafka_topic_t *t, char *p, size_t n)
{
	while (rd_kafka_produce(t, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
		   p, n, NULL, 0, NULL) < 0) {
		if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			fail("a message was refused");
		rd_kafka_poll(rk, 100);
	}
}

static void
produce(const char *brokers, const char *topic, int lines)
{
	static const char *const props[] = { "delivery.report.only.error",
		"true", NULL };
	rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, brokers, props);
	rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
	static char text[LINE];
	unsigned long long messages = 0;
	size_t at = 0;
	int held = 0;

	while (at + 4096 < LINE && fgets(text + at, 4096, stdin)) {
		at += strlen(text + at);
		if (++held < lines)
			continue;
		put(rk, t, text, at - 1);
		at = 0;
		held = 0;
		if (++messages % 1000 == 0)
			rd_kafka_poll(rk, 0);
	}
	if (held)
		put(rk, t, text, at - 1);
	if (rd_kafka_flush(rk, 60000))
		fail("messages are left");
	rd_kafka_topic_destroy(t);
	rd_kafka_destroy(rk);
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "count") == 0)
		count(argv[2], argv[3]);
	else if (argc >= 4 && strcmp(argv[1], "produce") == 0)
		produce(argv[2], argv[3], argc > 4 ? atoi(argv[4]) : 1);
	else
		fail("usage: count|produce BROKERS TOPIC [LINES]");
	return 0;
}
