/* SPDX-License-Identifier: MIT */
#include "libcommon/kafka_source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/die.h"
#include "libcommon/kafka_batch.h"
#include "libcommon/opts.h"
#include "libcommon/stop.h"
#include "libcommon/xalloc.h"

enum { WAIT_MS = 100 }; /* at most, until all is looked at again */

struct kafka_source {
	struct kafka kafka; /* the first member */
	struct kafka_address address;
	struct kafka_parts parts;
	struct kafka_group group;
	struct kafka_batch batch;
	struct kafka_run run;
	rd_kafka_queue_t *queue;
	int wake[2];
};

/* ---- opening ---- */

static void
rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
    rd_kafka_topic_partition_list_t *list, void *opaque)
{
	struct kafka_source *s = opaque;

	(void)rk;
	kafka_group_rebalance(&s->group, err, list);
	s->run.parts = s->parts.n;
}

static void
assign_all(struct kafka_source *s)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t err;

	for (size_t i = 0; i < s->parts.n; i++) {
		struct kafka_part *part = &s->parts.v[i];

		part->here = true;
		part->next = kafka_parts_start(&s->parts, i);
		part->reached = part->next >= part->end;
	}
	list = kafka_parts_here(&s->parts);
	err = rd_kafka_assign(s->kafka.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (err)
		kafka_die(&s->kafka, err, "assignment");
}

static void
check_address(const struct kafka_address *a, const struct kafka_keeper *keeper)
{
	if (a->group && !keeper->settle)
		opts_usage("%s: group= cannot be used here", a->text);
	if (a->group && a->partition >= 0)
		opts_usage("%s: partition= does not go with group=", a->text);
	if (a->offset && strcmp(a->offset, "stored") == 0 && !a->group)
		opts_usage("%s: offset=stored needs group=", a->text);
}

struct kafka_source *
kafka_source_open(const char *address, const struct kafka_keeper *keeper)
{
	static const struct kafka_keeper nobody;
	struct kafka_source *s = xcalloc(1, sizeof *s);
	struct kafka_address *a = &s->address;
	int64_t room = 0, least = 0;

	keeper = keeper ? keeper : &nobody;
	kafka_address(a, address, KAFKA_SOURCE);
	check_address(a, keeper);
	rd_kafka_conf_set(
	    a->conf, "group.id", a->group ? a->group : "pipe4flow", NULL, 0);
	if (a->group)
		rd_kafka_conf_set_rebalance_cb(a->conf, rebalance);
	s->group = (struct kafka_group){ .kafka = &s->kafka,
		.address = a,
		.keeper = keeper,
		.parts = &s->parts,
		.interval = kafka_number(a, "auto.commit.interval.ms") };
	if (!a->backs_off) {
		room = 1024 * kafka_number(a, "queued.max.messages.kbytes");
		least = kafka_number(a, "queued.min.messages");
	}
	kafka_new(&s->kafka, a, RD_KAFKA_CONSUMER);
	kafka_parts_open(&s->parts, &s->kafka, a);
	kafka_batch_open(&s->batch, &s->kafka, &s->parts, room, least);
	s->batch.grouped = a->group != NULL;
	s->run = (struct kafka_run){ .parts = s->parts.n,
		.grouped = a->group != NULL,
		.ends = a->exit_eof };
	rd_kafka_poll_set_consumer(s->kafka.rk);
	if (pipe2(s->wake, O_CLOEXEC | O_NONBLOCK) < 0)
		die_errno("pipe");
	if (a->group)
		kafka_group_join(&s->group);
	else
		assign_all(s);
	if (keeper->open)
		keeper->open(keeper->arg, &s->run);
	s->queue = rd_kafka_queue_get_consumer(s->kafka.rk);
	rd_kafka_queue_io_event_enable(s->queue, s->wake[1], "", 1);
	return s;
}

void
kafka_source_close(struct kafka_source *s)
{
	s->group.closing = true;
	kafka_batch_close(&s->batch);
	rd_kafka_queue_io_event_enable(s->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(s->queue);
	if (s->run.grouped)
		rd_kafka_consumer_close(s->kafka.rk);
	else
		rd_kafka_assign(s->kafka.rk, NULL);
	kafka_group_close(&s->group);
	/*
	 * The client is not destroyed, as that may abort (librdkafka
	 * before 2.3, when it has joined a group and got no answer) or never
	 * come to an end (2.0, when a topic was deleted).  The program ends
	 * soon.
	 */
	kafka_parts_close(&s->parts);
	close(s->wake[0]);
	close(s->wake[1]);
	free(s);
}

/* ---- reading ---- */

/* Partitions whose last record was worked off. */
static void
end_parts(struct kafka_source *s)
{
	for (size_t i = 0; i < s->parts.n; i++) {
		struct kafka_part *part = &s->parts.v[i];
		rd_kafka_topic_partition_list_t *one;

		if (!part->here || !part->reached || part->ended)
			continue;
		part->ended = true;
		if (s->group.keeper->leave)
			s->group.keeper->leave(
			    s->group.keeper->arg, i, KAFKA_ENDED);
		one = rd_kafka_topic_partition_list_new(1);
		rd_kafka_topic_partition_list_add(one, part->topic, part->id);
		rd_kafka_pause_partitions(s->kafka.rk, one);
		rd_kafka_topic_partition_list_destroy(one);
	}
}

static bool
is_done(struct kafka_source *s)
{
	if (!s->address.exit_eof && !s->address.until)
		return false;
	for (size_t i = 0; i < s->parts.n; i++)
		if (s->parts.v[i].here && !s->parts.v[i].ended)
			return false;
	return !s->run.grouped || kafka_group_is_done(&s->group);
}

/* More messages; false: there are none to come. */
static bool
next_batch(struct kafka_source *s, int (*idle)(void *arg), void *arg)
{
	char dregs[64];
	int ms;

	kafka_group_turn_back(&s->group);
	if (kafka_batch_fill(&s->batch, s->queue))
		return true;
	s->run.down = s->kafka.down_since != 0;
	ms = idle(arg);
	kafka_group_settle(&s->group, KAFKA_SOMETIME);
	if (is_done(s))
		return false;
	kafka_check(&s->kafka);
	kafka_batch_check(&s->batch);
	stop_wait(s->wake[0], ms < 0 || ms > WAIT_MS ? WAIT_MS : ms);
	while (read(s->wake[0], dregs, sizeof dregs) > 0)
		continue;
	return true;
}

static void
begin_run(struct kafka_source *s)
{
	const struct kafka_part *part = &s->parts.v[s->batch.part];

	s->run.part = s->batch.part;
	s->run.name = part->name;
	s->run.offset = s->batch.offset;
	s->run.again = s->run.offset < part->position;
}

ssize_t
kafka_source_read(struct kafka_source *s, char *buf, size_t n,
    int (*idle)(void *arg), void *arg)
{
	for (;;) {
		size_t got = kafka_batch_read(&s->batch, buf, n);

		if (got) {
			begin_run(s);
			return (ssize_t)got;
		}
		end_parts(s);
		kafka_group_settle(&s->group, KAFKA_SOMETIME);
		if (!stop_asked() && next_batch(s, idle, arg))
			continue;
		kafka_group_settle(&s->group, KAFKA_LAST);
		/* What could not be committed is read again. */
		if (!s->group.rewinding || stop_asked())
			return 0;
	}
}

const struct kafka_run *
kafka_source_run(const struct kafka_source *s)
{
	return &s->run;
}

int64_t
kafka_source_offset(const struct kafka_source *s, size_t at)
{
	return kafka_batch_offset(&s->batch, at);
}

bool
kafka_source_lost(const struct kafka_source *s)
{
	return s->batch.lost || s->group.lost;
}

void
kafka_source_stop(struct kafka_source *s, size_t used)
{
	kafka_batch_unread(&s->batch, used);
	kafka_group_settle(&s->group, KAFKA_LAST);
	if (s->group.rewinding)
		kafka_die(&s->kafka, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
		    "what was read could not be committed");
}
