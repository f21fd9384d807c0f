/* SPDX-License-Identifier: MIT */
#include "libcommon/kafka_parts.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libcommon/die.h"
#include "libcommon/num.h"
#include "libcommon/opts.h"
#include "libcommon/tstamp.h"
#include "libcommon/xalloc.h"

/* ---- what the broker has ---- */

void
kafka_parts_bounds(struct kafka_parts *p, size_t i, int64_t *low, int64_t *high)
{
	const struct kafka_part *part = &p->v[i];
	int64_t since = kafka_now();
	rd_kafka_resp_err_t err;

	do {
		err = rd_kafka_query_watermark_offsets(p->kafka->rk,
		    part->topic, part->id, low, high, kafka_timeout());
	} while (err && err != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED &&
		 kafka_now() - since < kafka_timeout());
	if (err)
		kafka_die(p->kafka, err, "%s", part->name);
}

/* ms since the epoch: a number, or a time as text. */
static int64_t
parse_time(const struct kafka_parts *p, const char *text)
{
	const char *err;
	int64_t t;

	if (!num_i64(slice_str(text), &t))
		return t;
	err = tstamp_parse(slice_str(text), NULL, &t);
	if (err)
		opts_usage("%s: offset=..@%s: %s", p->address->text, text, err);
	return t / 1000000;
}

/* The first message that is not older. */
static int64_t
offset_at(struct kafka_parts *p, size_t i, const char *time, int64_t otherwise)
{
	const struct kafka_part *part = &p->v[i];
	rd_kafka_topic_partition_list_t *one =
	    rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *it =
	    rd_kafka_topic_partition_list_add(one, part->topic, part->id);
	rd_kafka_resp_err_t err;
	int64_t offset;

	it->offset = parse_time(p, time);
	err = rd_kafka_offsets_for_times(p->kafka->rk, one, kafka_timeout());
	err = err ? err : it->err;
	offset = it->offset;
	rd_kafka_topic_partition_list_destroy(one);
	if (err)
		kafka_die(p->kafka, err, "%s", part->name);
	return offset < 0 ? otherwise : offset;
}

int64_t
kafka_parts_start(struct kafka_parts *p, size_t i)
{
	const char *offset = p->address->offset;
	int64_t low, high, n = 0;

	kafka_parts_bounds(p, i, &low, &high);
	if (strcmp(offset, "beginning") == 0 || strcmp(offset, "stored") == 0)
		n = low;
	else if (strcmp(offset, "end") == 0)
		n = high;
	else if (strncmp(offset, "s@", 2) == 0)
		n = offset_at(p, i, offset + 2, high);
	else if (!num_i64(slice_str(offset), &n) && n < 0)
		n = n < low - high ? low : high + n;
	if (n < low)
		warn("%s: %s: there is nothing before offset %lld",
		    p->kafka->name, p->v[i].name, (long long)low);
	return n < low ? low : n;
}

static void
look_up_end(struct kafka_parts *p, size_t i)
{
	struct kafka_part *part = &p->v[i];
	const char *until = p->address->until;
	int64_t low;
	bool over = until && parse_time(p, until) <= (int64_t)time(NULL) * 1000;

	part->end = INT64_MAX;
	if (p->address->exit_eof || over)
		kafka_parts_bounds(p, i, &low, &part->end);
	if (until)
		part->end = offset_at(p, i, until, part->end);
}

/* ---- which there are ---- */

static size_t
add(struct kafka_parts *p, const char *topic, int32_t id)
{
	char name[KAFKA_REASON];

	p->v = xgrow(p->v, &p->cap, p->n, sizeof *p->v);
	snprintf(name, sizeof name, "%s[%d]", topic, (int)id);
	p->v[p->n] = (struct kafka_part){ .topic = xstrdup(topic),
		.id = id,
		.leader = -1,
		.name = xstrdup(name),
		.next = -1,
		.told = -1 };
	look_up_end(p, p->n);
	return p->n++;
}

size_t
kafka_parts_find(struct kafka_parts *p, const char *topic, int32_t id)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].id == id && strcmp(p->v[i].topic, topic) == 0)
			return i;
	return add(p, topic, id);
}

static void
add_topic(struct kafka_parts *p, const struct rd_kafka_metadata_topic *t)
{
	int64_t only = p->address->partition;
	size_t at;

	if (t->err)
		kafka_die(p->kafka, t->err, "topic %s", t->topic);
	if (only >= t->partition_cnt)
		die("%s: topic %s has partitions 0 to %d only", p->kafka->name,
		    t->topic, t->partition_cnt - 1);
	for (int i = 0; i < t->partition_cnt; i++) {
		const struct rd_kafka_metadata_partition *part =
		    &t->partitions[i];

		if (only >= 0 && only != part->id)
			continue;
		at = kafka_parts_find(p, t->topic, part->id);
		p->v[at].leader = part->leader;
	}
}

/* All topics that a pattern matches. */
static void
add_matching(struct kafka_parts *p, const char *pattern)
{
	const struct rd_kafka_metadata *m = kafka_topics(p->kafka, NULL);
	size_t before = p->n;
	regex_t re;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
		opts_usage(
		    "%s: %s is no regular expression", p->kafka->name, pattern);
	for (int i = 0; i < m->topic_cnt; i++)
		if (!m->topics[i].err &&
		    regexec(&re, m->topics[i].topic, 0, NULL, 0) == 0)
			add_topic(p, &m->topics[i]);
	regfree(&re);
	rd_kafka_metadata_destroy(m);
	if (p->n == before)
		die("%s: no topic matches %s", p->kafka->name, pattern);
}

void
kafka_parts_open(
    struct kafka_parts *p, struct kafka *kafka, const struct kafka_address *a)
{
	const char *rest = a->topics;
	const struct rd_kafka_metadata *m;
	char *name;

	*p = (struct kafka_parts){ .kafka = kafka, .address = a };
	for (; (name = kafka_topic(&rest)); free(name)) {
		if (*name == '^') {
			add_matching(p, name);
			continue;
		}
		m = kafka_topics(kafka, name);
		add_topic(p, &m->topics[0]);
		rd_kafka_metadata_destroy(m);
	}
}

void
kafka_parts_close(struct kafka_parts *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free((char *)p->v[i].topic);
		free((char *)p->v[i].name);
	}
	free(p->v);
}

rd_kafka_topic_partition_list_t *
kafka_parts_here(const struct kafka_parts *p)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)p->n);

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].here)
			rd_kafka_topic_partition_list_add(
			    list, p->v[i].topic, p->v[i].id)
			    ->offset = p->v[i].next;
	return list;
}
