/* SPDX-License-Identifier: MIT */
#include "libcommon/kafka_group.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/die.h"
#include "libcommon/stop.h"
#include "libcommon/xalloc.h"

enum {
	LOOK_MS = 300,    /* until what others have read is looked up again */
	COMMIT_MS = 1000, /* a commit that was not answered is tried again */
};

/* ---- partitions come and go ---- */

/* "POSITION NOTE": how far it was read, and what the keeper wrote. */
static int64_t
read_note(const rd_kafka_topic_partition_t *p, char note[KAFKA_NOTE])
{
	long long position = p->offset;
	int n = 0;

	*note = '\0';
	if (!p->metadata_size || p->metadata_size >= KAFKA_NOTE)
		return p->offset;
	memcpy(note, p->metadata, p->metadata_size);
	note[p->metadata_size] = '\0';
	if (sscanf(note, "p4f1 %lld %n", &position, &n) != 1 || !n) {
		*note = '\0';
		return p->offset;
	}
	memmove(note, note + n, strlen(note + n) + 1);
	return position < p->offset ? p->offset : position;
}

/*
 * What the group has committed.  What a killed process has left in a
 * transaction must be over first: it runs into its time-out.
 */
static void
ask_committed(struct kafka_group *g, rd_kafka_topic_partition_list_t *list)
{
	int64_t down = g->kafka->down_since, since = down ? down : kafka_now();
	rd_kafka_resp_err_t err;

	for (;;) {
		err = rd_kafka_committed(g->kafka->rk, list, 1000);
		for (int i = 0; !err && i < list->cnt; i++)
			err = list->elems[i].err;
		if (!err)
			return;
		if (err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
		    stop_asked() || kafka_now() - since >= kafka_timeout())
			kafka_die(g->kafka, err,
			    "group %s: committed offsets%s", g->address->group,
			    err == RD_KAFKA_RESP_ERR__TIMED_OUT
				? ", which an open transaction may hold"
				: "");
		for (int i = 0; i < list->cnt; i++)
			list->elems[i].err = 0;
	}
}

/* What the broker has deleted meanwhile is lost: say so. */
static int64_t
still_there(struct kafka_group *g, size_t i, int64_t offset)
{
	int64_t low, high;

	kafka_parts_bounds(g->parts, i, &low, &high);
	if (offset >= low)
		return offset;
	g->lost = true;
	warn("%s: %s: messages %" PRId64 " to %" PRId64
	     " were deleted before the group had read them",
	    g->kafka->name, g->parts->v[i].name, offset, low - 1);
	return low;
}

static void
arrive_one(struct kafka_group *g, rd_kafka_topic_partition_t *p)
{
	size_t i = kafka_parts_find(g->parts, p->topic, p->partition);
	struct kafka_part *part = &g->parts->v[i];
	char note[KAFKA_NOTE] = "";
	int64_t position;

	if (p->offset >= 0) {
		position = read_note(p, note);
		p->offset = still_there(g, i, p->offset);
	} else {
		position = p->offset = kafka_parts_start(g->parts, i);
	}
	part->here = true;
	part->astray = false;
	part->next = p->offset;
	part->told = -1;
	part->position = position;
	part->reached = p->offset >= part->end;
	part->ended = false;
	if (g->keeper->arrive)
		g->keeper->arrive(g->keeper->arg, i, position, note);
}

static void
arrive(struct kafka_group *g, rd_kafka_topic_partition_list_t *list)
{
	if (list->cnt)
		ask_committed(g, list);
	for (int i = 0; i < list->cnt; i++)
		arrive_one(g, &list->elems[i]);
	g->assigned = true;
	g->looked = 0;
}

static void
leave(struct kafka_group *g, const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		size_t at = kafka_parts_find(
		    g->parts, list->elems[i].topic, list->elems[i].partition);
		struct kafka_part *part = &g->parts->v[at];

		if (part->here && g->keeper->leave)
			g->keeper->leave(g->keeper->arg, at, KAFKA_REVOKED);
		part->here = false;
	}
}

/*
 * Adds to the assignment or takes from it, by the group's protocol.  One that
 * was paused at its end stays so when it goes; it may come back.
 */
static void
assign(struct kafka_group *g, bool add, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_t *rk = g->kafka->rk;
	const char *protocol = rd_kafka_rebalance_protocol(rk);
	rd_kafka_error_t *err = NULL;

	/* While a group is left there may be none any more. */
	if (!protocol || strcmp(protocol, "COOPERATIVE") != 0)
		rd_kafka_assign(rk, add ? list : NULL);
	else if (add)
		err = rd_kafka_incremental_assign(rk, list);
	else
		err = rd_kafka_incremental_unassign(rk, list);
	if (err)
		kafka_die(g->kafka, rd_kafka_error_code(err), "assignment");
	if (add)
		rd_kafka_resume_partitions(rk, list);
}

static void
forget_membership(struct kafka_group *g)
{
	if (g->membership)
		rd_kafka_consumer_group_metadata_destroy(g->membership);
	if (g->member)
		rd_kafka_mem_free(g->kafka->rk, g->member);
	g->membership = NULL;
	g->member = NULL;
}

/* True if we were someone else before, whose partitions others may have had. */
static bool
become_member(struct kafka_group *g)
{
	rd_kafka_t *rk = g->kafka->rk;
	char *member = rd_kafka_memberid(rk);
	bool other = g->member && (!member || strcmp(member, g->member) != 0);

	forget_membership(g);
	g->member = member;
	g->membership = rd_kafka_consumer_group_metadata(rk);
	return other;
}

void
kafka_group_rebalance(struct kafka_group *g, rd_kafka_resp_err_t err,
    rd_kafka_topic_partition_list_t *list)
{
	bool add = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

	if (g->closing) {
		assign(g, add, list);
		return;
	}
	if (rd_kafka_assignment_lost(g->kafka->rk) || become_member(g)) {
		if (g->keeper->lost)
			g->keeper->lost(g->keeper->commit_arg);
		kafka_group_rewind(g);
	} else if (!add) {
		kafka_group_settle(g, KAFKA_LEAVING);
	}
	if (add)
		arrive(g, list);
	else
		leave(g, list);
	assign(g, add, list);
}

void
kafka_group_close(struct kafka_group *g)
{
	forget_membership(g);
}

void
kafka_group_settle(struct kafka_group *g, enum kafka_settle when)
{
	if (g->address->group && g->keeper->settle)
		g->keeper->settle(g->keeper->commit_arg, g, when);
}

void
kafka_group_rewind(struct kafka_group *g)
{
	g->rewinding = true;
	for (size_t i = 0; i < g->parts->n; i++)
		g->parts->v[i].astray = g->parts->v[i].here;
}

/*
 * Not by unassigning: to librdkafka that would be our answer if it is about to
 * tell that all is lost, and it would join the group anew with what we have.
 */
static void
seek(struct kafka_group *g, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_t *rk = g->kafka->rk;
	rd_kafka_error_t *err;

	rd_kafka_resume_partitions(rk, list); /* those at their end */
	err = rd_kafka_seek_partitions(rk, list, kafka_timeout());
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *p = &list->elems[i];
		size_t at = kafka_parts_find(g->parts, p->topic, p->partition);

		g->parts->v[at].astray = err || p->err;
		g->rewinding |= err || p->err;
	}
	if (err)
		rd_kafka_error_destroy(err);
}

void
kafka_group_turn_back(struct kafka_group *g)
{
	rd_kafka_topic_partition_list_t *list;

	if (!g->rewinding || rd_kafka_assignment_lost(g->kafka->rk))
		return;
	g->rewinding = false;
	list = kafka_parts_here(g->parts);
	if (list->cnt) {
		leave(g, list);
		arrive(g, list);
		seek(g, list);
	}
	rd_kafka_topic_partition_list_destroy(list);
}

void
kafka_group_join(struct kafka_group *g)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(1);
	const char *rest = g->address->topics;
	char *name;
	rd_kafka_resp_err_t err;

	for (; (name = kafka_topic(&rest)); free(name))
		rd_kafka_topic_partition_list_add(
		    list, name, RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(g->kafka->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (err)
		kafka_die(g->kafka, err, "subscription");
}

bool
kafka_group_is_done(struct kafka_group *g)
{
	rd_kafka_topic_partition_list_t *list;
	char note[KAFKA_NOTE];
	bool done = true;

	if (!g->assigned || kafka_now() - g->looked < LOOK_MS)
		return false;
	g->looked = kafka_now();
	list = rd_kafka_topic_partition_list_new((int)g->parts->n);
	for (size_t i = 0; i < g->parts->n; i++)
		rd_kafka_topic_partition_list_add(
		    list, g->parts->v[i].topic, g->parts->v[i].id);
	if (rd_kafka_committed(g->kafka->rk, list, 1000))
		done = false;
	for (int i = 0; done && i < list->cnt; i++) {
		size_t at = kafka_parts_find(
		    g->parts, list->elems[i].topic, list->elems[i].partition);
		const struct kafka_part *part = &g->parts->v[at];

		done = part->ended ||
		       (!list->elems[i].err && list->elems[i].offset >= 0 &&
			   read_note(&list->elems[i], note) >= part->end);
	}
	rd_kafka_topic_partition_list_destroy(list);
	return done;
}

rd_kafka_topic_partition_list_t *
kafka_group_points(struct kafka_group *g, bool all)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)g->parts->n);
	bool changed = all;

	for (size_t i = 0; i < g->parts->n; i++) {
		const struct kafka_part *part = &g->parts->v[i];
		rd_kafka_topic_partition_t *p;
		char note[KAFKA_NOTE] = "", text[KAFKA_NOTE_ALL];

		if (!part->here || part->next < 0)
			continue;
		p = rd_kafka_topic_partition_list_add(
		    list, part->topic, part->id);
		p->offset = part->next;
		if (g->keeper->point)
			p->offset = g->keeper->point(
			    g->keeper->arg, i, part->next, note);
		snprintf(text, sizeof text, "p4f1 %" PRId64 " %s",
		    part->next > part->position ? part->next : part->position,
		    note);
		p->metadata = strdup(text); /* librdkafka frees it */
		p->metadata_size = strlen(text);
		changed |= p->offset != part->told ||
			   strcmp(text, part->told_text) != 0;
	}
	if (changed && list->cnt)
		return list;
	rd_kafka_topic_partition_list_destroy(list);
	return NULL;
}

void
kafka_group_committed(
    struct kafka_group *g, const rd_kafka_topic_partition_list_t *points)
{
	for (int i = 0; i < points->cnt; i++) {
		const rd_kafka_topic_partition_t *p = &points->elems[i];
		size_t at = kafka_parts_find(g->parts, p->topic, p->partition);

		g->parts->v[at].told = p->offset;
		snprintf(g->parts->v[at].told_text,
		    sizeof g->parts->v[at].told_text, "%s",
		    (const char *)p->metadata);
	}
}

/* rd_kafka_commit() may wait for longer than we are to wait. */
static rd_kafka_resp_err_t
commit(struct kafka_group *g, const rd_kafka_topic_partition_list_t *points)
{
	int ms = kafka_timeout() < COMMIT_MS ? kafka_timeout() : COMMIT_MS;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(g->kafka->rk);
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t err;

	err = rd_kafka_commit_queue(g->kafka->rk, points, queue, NULL, NULL);
	event = err ? NULL : rd_kafka_queue_poll(queue, ms);
	if (!err)
		err = event ? rd_kafka_event_error(event)
			    : RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	return err;
}

/* What a commit is refused with when others have the partitions. */
static bool
is_ours_no_more(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
	       err == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
	       err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

bool
kafka_group_commit(struct kafka_group *g,
    const rd_kafka_topic_partition_list_t *points, enum kafka_settle when)
{
	int64_t since = kafka_now();
	rd_kafka_resp_err_t err;

	do {
		err = commit(g, points);
	} while (err && when == KAFKA_LAST && !is_ours_no_more(err) &&
		 kafka_now() - since < kafka_timeout());
	if (err && !is_ours_no_more(err) &&
	    (when == KAFKA_LAST ||
		err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
		err == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE))
		kafka_die(g->kafka, err, "group %s: commit", g->address->group);
	return !err;
}
