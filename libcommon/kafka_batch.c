/* SPDX-License-Identifier: MIT */
#include "libcommon/kafka_batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

enum { BATCH = 5000, NUDGE_MS = 100, LOOK_MS = 500 };

/* Where a message's bytes begin in the last read. */
struct kafka_mark {
	size_t at;
	int64_t offset;
};

/* Asks each broker from which we read something short. */
static void
nudge(const struct kafka_batch *b)
{
	const struct kafka_part *v = b->parts->v;

	for (size_t i = 0; i < b->parts->n; i++) {
		int64_t low, high;
		size_t k = 0;

		while (v[k].leader != v[i].leader)
			k++;
		if (k == i)
			rd_kafka_query_watermark_offsets(b->kafka->rk,
			    v[i].topic, v[i].id, &low, &high, NUDGE_MS);
	}
}

static void
keep_fetching(struct kafka_batch *b, rd_kafka_queue_t *queue)
{
	int64_t n = (int64_t)rd_kafka_queue_length(queue);
	int64_t size = (int64_t)(b->payload / (b->messages + 1));

	if (b->peak < n + (int64_t)b->n)
		b->peak = n + (int64_t)b->n;
	if (n > b->peak / 2 ||
	    (b->peak < b->least && b->peak * size < b->room / 4 * 3))
		return;
	b->peak = n;
	nudge(b);
}

bool
kafka_batch_fill(struct kafka_batch *b, rd_kafka_queue_t *queue)
{
	ssize_t got = rd_kafka_consume_batch_queue(queue, 0, b->msgs, BATCH);

	b->at = 0;
	b->n = got > 0 ? (size_t)got : 0;
	b->topic = NULL; /* partitions may have come and gone */
	if (b->room)
		keep_fetching(b, queue);
	return got > 0;
}

static struct kafka_part *
part_at(const struct kafka_batch *b)
{
	return &b->parts->v[b->part];
}

/* The partition of the next message; false: not ours (any more). */
static bool
turn_to(struct kafka_batch *b, const rd_kafka_message_t *m)
{
	if (m->rkt != b->topic || part_at(b)->id != m->partition) {
		b->part = kafka_parts_find(
		    b->parts, rd_kafka_topic_name(m->rkt), m->partition);
		b->topic = m->rkt;
	}
	return part_at(b)->here && !part_at(b)->astray && !part_at(b)->reached;
}

static void
reach(struct kafka_part *part)
{
	if (part->next >= part->end)
		part->reached = true;
}

/*
 * Before a message or the end: the broker may have deleted what was there.  If
 * it has deleted this message by now, too, both were fetched before: there are
 * marks of transactions between them.
 */
static void
pass_gap(struct kafka_batch *b, struct kafka_part *part, int64_t offset)
{
	int64_t low, high, next = part->next;

	part->next = offset;
	if (rd_kafka_get_watermark_offsets(
		b->kafka->rk, part->topic, part->id, &low, &high) ||
	    low <= next || low > offset)
		return;
	b->lost = true;
	warn("%s: %s: messages %" PRId64 " to %" PRId64
	     " were deleted before they were read",
	    b->kafka->name, part->name, next, low - 1);
}

/* What becomes of errors; what is not listed is tried again. */
enum fate { FATAL, LOST, GONE };

static const struct {
	rd_kafka_resp_err_t err;
	enum fate fate;
} errors[] = {
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, FATAL },
	{ RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, FATAL },
	{ RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, FATAL },
	{ RD_KAFKA_RESP_ERR__FATAL, FATAL },
	{ RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, FATAL },
	{ RD_KAFKA_RESP_ERR__BAD_MSG, LOST },
	{ RD_KAFKA_RESP_ERR__BAD_COMPRESSION, LOST },
	{ RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, LOST }, /* a codec */
	/* So it seems for a moment when a broker has come back, too. */
	{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, GONE },
	{ RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, GONE },
	{ RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, GONE },
};

static void
take_error(void *arg, rd_kafka_resp_err_t err, const char *what)
{
	struct kafka_batch *b = arg;

	/* It asks for a group all the same. */
	if (err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED && !b->grouped)
		return;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		if (errors[i].err != err)
			continue;
		if (errors[i].fate == FATAL)
			kafka_die(b->kafka, err, "%s", what);
		if (errors[i].fate == GONE && !b->gone_since)
			b->gone_since = kafka_now();
		if (errors[i].fate != LOST)
			continue;
		b->lost = true;
		warn("%s: %s", b->kafka->name, what);
	}
}

static bool
is_before(const struct kafka_parts *p, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(p->v[k].topic, p->v[i].topic) == 0)
			return true;
	return false;
}

void
kafka_batch_check(struct kafka_batch *b)
{
	const struct kafka_parts *p = b->parts;
	int64_t now = kafka_now();

	/* A pattern has topics that come and go. */
	if (!b->gone_since || now - b->looked < LOOK_MS ||
	    strchr(p->address->topics, '^'))
		return;
	b->looked = now;
	for (size_t i = 0; i < p->n; i++) {
		const struct rd_kafka_metadata *m;
		rd_kafka_resp_err_t err;

		if (is_before(p, i))
			continue;
		m = kafka_topics(b->kafka, p->v[i].topic);
		err = m->topics[0].err;
		rd_kafka_metadata_destroy(m);
		if (err && now - b->gone_since >= kafka_timeout())
			kafka_die(b->kafka, err, "topic %s", p->v[i].topic);
		if (err)
			return;
	}
	b->gone_since = 0;
}

/* An event in place of a message. */
static void
take_event(struct kafka_batch *b, const rd_kafka_message_t *m)
{
	if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		take_error(b, m->err, m->payload ? m->payload : "messages");
		return;
	}
	/* Marks of transactions may stand behind the last message. */
	if (turn_to(b, m) && m->offset > part_at(b)->next)
		pass_gap(b, part_at(b), m->offset);
	reach(part_at(b));
}

/*
 * Bytes of the message at hand, as many as there is room for; true: of all of
 * it.
 */
static bool
copy(struct kafka_batch *b, const rd_kafka_message_t *m, char *buf, size_t n,
    size_t *got)
{
	const char *p = (const char *)m->payload + b->copied;
	size_t left = m->len - b->copied, room = n - *got;
	bool ends = m->len && ((const char *)m->payload)[m->len - 1] == '\n';

	if (left > room) {
		memcpy(buf + *got, p, room);
		b->copied += room;
		*got = n;
		return false;
	}
	if (left)
		memcpy(buf + *got, p, left);
	*got += left;
	b->copied = m->len;
	if (ends || !m->len)
		return true;
	if (*got == n)
		return false;
	buf[(*got)++] = '\n';
	return true;
}

/* A read is of records that someone has worked off before, or of others. */
static bool
crosses(const struct kafka_mark *first, int64_t offset, int64_t position)
{
	return first->offset < position && offset >= position;
}

size_t
kafka_batch_read(struct kafka_batch *b, char *buf, size_t n)
{
	size_t got = 0, part = b->part;

	b->n_marks = 0;
	for (; b->at < b->n; b->at++) {
		rd_kafka_message_t *m = b->msgs[b->at];
		struct kafka_part *p;

		if (m->err)
			take_event(b, m);
		if (!m->err && turn_to(b, m) && m->offset >= part_at(b)->next) {
			p = part_at(b);
			if (got &&
			    (b->part != part ||
				crosses(b->marks, m->offset, p->position)))
				break;
			part = b->part;
			if (m->offset > p->next)
				pass_gap(b, p, m->offset);
			b->marks[b->n_marks++] =
			    (struct kafka_mark){ got, m->offset };
			if (m->offset < p->end && !copy(b, m, buf, n, &got))
				break;
			p->next = m->offset + 1;
			b->messages++;
			b->payload += m->len;
			reach(p);
		}
		b->copied = 0;
		rd_kafka_message_destroy(m);
	}
	b->bytes = got;
	if (got) {
		b->part = part;
		b->offset = b->marks[0].offset;
		b->topic = NULL;
	}
	return got;
}

static size_t
mark_of(const struct kafka_batch *b, size_t at)
{
	size_t i = b->n_marks;

	while (i > 1 && b->marks[i - 1].at > at)
		i--;
	return i - 1;
}

int64_t
kafka_batch_offset(const struct kafka_batch *b, size_t at)
{
	return b->marks[mark_of(b, at)].offset;
}

void
kafka_batch_unread(struct kafka_batch *b, size_t used)
{
	struct kafka_part *part = part_at(b);
	size_t i;

	if (used >= b->bytes)
		return;
	i = mark_of(b, used);
	if (b->marks[i].offset < part->next)
		part->next = b->marks[i].offset;
}

/* ---- opening ---- */

void
kafka_batch_open(struct kafka_batch *b, struct kafka *kafka,
    struct kafka_parts *parts, int64_t room, int64_t least)
{
	*b = (struct kafka_batch){
		.kafka = kafka, .parts = parts, .room = room, .least = least
	};
	kafka->error = take_error;
	kafka->error_arg = b;
	b->msgs = xcalloc(BATCH, sizeof(rd_kafka_message_t *));
	b->marks = xcalloc(BATCH, sizeof *b->marks);
}

void
kafka_batch_close(struct kafka_batch *b)
{
	while (b->at < b->n)
		rd_kafka_message_destroy(b->msgs[b->at++]);
	free(b->msgs);
	free(b->marks);
}
