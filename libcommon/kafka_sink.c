/* SPDX-License-Identifier: MIT */
#include "libcommon/kafka_sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/die.h"
#include "libcommon/kafka_admin.h"
#include "libcommon/kafka_key.h"
#include "libcommon/opts.h"
#include "libcommon/xalloc.h"

enum {
	POLL_EACH = 1024,
	WAIT_MS = 100,
	FULL_MS = 2,
	STEP_MS = 1000,
	OVERHEAD = 2048
};

/* Lines on their way into one message. */
struct batch {
	struct output text;
	int64_t lines;
};

struct kafka_sink {
	struct kafka kafka; /* the first member */
	struct kafka_address address;
	const struct kafka_sink_opts *opts;
	char *name; /* of the topic */
	rd_kafka_topic_t *topic;
	int32_t partitions;
	int64_t most;          /* bytes of a message of several lines */
	struct output rest;    /* a line that is not complete */
	struct batch *batches; /* with lines=N; one a partition with keys */
	rd_kafka_headers_t *headers;
	uint64_t produced, failed;
	rd_kafka_resp_err_t why;
	struct value_reading how;
	struct kafka_key key;
	/* Transactions. */
	bool begun, broken;
	uint64_t kept; /* of those produced, in transactions before */
};

/* ---- delivery ---- */

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka_sink *s = opaque;

	(void)rk;
	if (!m->err)
		return;
	if (!s->failed++)
		s->why = m->err;
}

/* Another try of the transaction may succeed. */
static bool
may_pass(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ||
	       err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
	       err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
	       err == RD_KAFKA_RESP_ERR_INVALID_TXN_STATE ||
	       err == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
	       err == RD_KAFKA_RESP_ERR__STATE;
}

static void
check(struct kafka_sink *s)
{
	if (!s->failed)
		return;
	if (s->opts->exactly_once && may_pass(s->why)) {
		s->broken = true;
		return;
	}
	kafka_die(&s->kafka, s->why,
	    "%" PRIu64 " of %" PRIu64 " messages were not delivered", s->failed,
	    s->produced);
}

/* What led to it may not have been told yet. */
static _Noreturn void
refuse(struct kafka_sink *s, rd_kafka_resp_err_t err, size_t n)
{
	rd_kafka_poll(s->kafka.rk, 0);
	kafka_die(&s->kafka, err, "a message of %zu bytes", n);
}

static void
deliver(struct kafka_sink *s, const char *p, size_t n, const char *key,
    size_t n_key, int32_t partition)
{
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_headers_t *headers = NULL;

	for (;;) {
		if (s->broken)
			return;
		if (s->headers) {
			headers = rd_kafka_headers_copy(s->headers);
			err = rd_kafka_producev(s->kafka.rk,
			    RD_KAFKA_V_RKT(s->topic),
			    RD_KAFKA_V_PARTITION(partition),
			    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			    RD_KAFKA_V_VALUE((void *)(uintptr_t)p, n),
			    RD_KAFKA_V_KEY(key, n_key),
			    RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
			if (err)
				rd_kafka_headers_destroy(headers);
		} else if (rd_kafka_produce(s->topic, partition,
			       RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)p, n,
			       key, n_key, NULL) < 0) {
			err = rd_kafka_last_error();
		} else {
			err = RD_KAFKA_RESP_ERR_NO_ERROR;
		}
		if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			break;
		rd_kafka_poll(s->kafka.rk, FULL_MS);
		check(s);
	}
	if (err && s->opts->exactly_once && may_pass(err))
		s->broken = true;
	else if (err)
		refuse(s, err, n);
	if (++s->produced % POLL_EACH == 0) {
		rd_kafka_poll(s->kafka.rk, 0);
		check(s);
	}
}

/* ---- transactions ---- */

/* What is left of the time-out, in steps, ms. */
static int
left(int64_t since)
{
	int64_t ms = kafka_timeout() - (kafka_now() - since);

	return ms > STEP_MS ? STEP_MS : ms > 1 ? (int)ms : 1;
}

/*
 * Deals with an error: true if the step is to be tried again; s->broken if the
 * transaction is lost.
 */
static bool
again(struct kafka_sink *s, rd_kafka_error_t *err, const char *what,
    int64_t since)
{
	rd_kafka_resp_err_t code;
	bool retry;

	if (!err)
		return false;
	code = rd_kafka_error_code(err);
	retry = rd_kafka_error_is_retriable(err);
	if (rd_kafka_error_is_fatal(err)) {
		snprintf(s->kafka.reason, sizeof s->kafka.reason, "%s",
		    rd_kafka_error_string(err));
		s->kafka.last = code;
		kafka_die(&s->kafka, code, "%s", what);
	}
	s->broken |= rd_kafka_error_txn_requires_abort(err);
	if (!s->broken && (!retry || kafka_now() - since >= kafka_timeout()))
		kafka_die(&s->kafka, code, "%s: %s", what,
		    rd_kafka_error_string(err));
	rd_kafka_error_destroy(err);
	return !s->broken;
}

static void
begin(struct kafka_sink *s)
{
	if (s->begun || !s->opts->exactly_once)
		return;
	s->broken = false;
	again(s, rd_kafka_begin_transaction(s->kafka.rk), "transaction", 0);
	s->begun = true;
}

void
kafka_sink_abort(struct kafka_sink *s)
{
	int64_t since = kafka_now();

	s->rest.n = 0;
	for (int32_t i = 0; s->batches && i < s->partitions; i++)
		s->batches[i].text.n = (size_t)(s->batches[i].lines = 0);
	s->broken = false;
	while (s->begun &&
	       again(s, rd_kafka_abort_transaction(s->kafka.rk, left(since)),
		   "abort of a transaction", since))
		continue;
	rd_kafka_poll(s->kafka.rk, 0); /* what was purged is no failure */
	s->begun = s->broken = false;
	s->failed = 0;
	s->produced = s->kept;
}

bool
kafka_sink_commit(struct kafka_sink *s,
    const rd_kafka_topic_partition_list_t *offsets,
    const rd_kafka_consumer_group_metadata_t *group)
{
	int64_t since = kafka_now();

	begin(s);
	kafka_sink_push(s);
	while (!s->broken && again(s,
				 rd_kafka_send_offsets_to_transaction(
				     s->kafka.rk, offsets, group, left(since)),
				 "offsets of a transaction", since))
		continue;
	while (!s->broken &&
	       again(s, rd_kafka_commit_transaction(s->kafka.rk, left(since)),
		   "commit of a transaction", since))
		continue;
	rd_kafka_poll(s->kafka.rk, 0);
	check(s);
	if (s->broken) {
		kafka_sink_abort(s);
		return false;
	}
	s->begun = false;
	s->kept = s->produced;
	return true;
}

bool
kafka_sink_pending(const struct kafka_sink *s)
{
	return s->begun;
}

/* ---- lines ---- */

static void
send_batch(struct kafka_sink *s, struct batch *b)
{
	int32_t partition = RD_KAFKA_PARTITION_UA;

	if (!b->lines)
		return;
	if (s->key.n)
		partition = (int32_t)(b - s->batches);
	deliver(s, b->text.buf, b->text.n, NULL, 0, partition);
	b->text.n = 0;
	b->lines = 0;
}

/* A line without its newline. */
static void
put_line(struct kafka_sink *s, const char *p, size_t n)
{
	struct slice key = { 0 };
	struct batch *b = s->batches;

	if (s->key.n)
		key = kafka_key_of(&s->key, slice_of(p, n));
	begin(s);
	if (!b) {
		deliver(s, p, n, key.n ? key.p : NULL, key.n,
		    RD_KAFKA_PARTITION_UA);
		return;
	}
	if (s->key.n)
		b += rd_kafka_msg_partitioner_murmur2_random(
		    s->topic, key.p, key.n, s->partitions, NULL, NULL);
	if (b->lines && (int64_t)(b->text.n + n) >= s->most)
		send_batch(s, b);
	if (b->lines)
		out_char(&b->text, '\n');
	out_put(&b->text, p, n);
	if (++b->lines >= s->address.lines)
		send_batch(s, b);
}

void
kafka_sink_write(struct kafka_sink *s, const char *p, size_t n)
{
	const char *end = p + n, *newline;

	for (; (newline = memchr(p, '\n', (size_t)(end - p)));
	     p = newline + 1) {
		if (!s->rest.n) {
			put_line(s, p, (size_t)(newline - p));
			continue;
		}
		out_put(&s->rest, p, (size_t)(newline - p));
		put_line(s, s->rest.buf, s->rest.n);
		s->rest.n = 0;
	}
	out_put(&s->rest, p, (size_t)(end - p));
}

void
kafka_sink_push(struct kafka_sink *s)
{
	for (int32_t i = 0; s->batches && i < s->partitions; i++)
		send_batch(s, &s->batches[i]);
	rd_kafka_poll(s->kafka.rk, 0);
	check(s);
}

void
kafka_sink_drain(struct kafka_sink *s)
{
	int64_t since = kafka_now();

	kafka_sink_push(s);
	while (rd_kafka_flush(s->kafka.rk, WAIT_MS) ==
		   RD_KAFKA_RESP_ERR__TIMED_OUT &&
	       kafka_now() - since < 2 * (int64_t)kafka_timeout())
		check(s);
	check(s);
	if (rd_kafka_outq_len(s->kafka.rk))
		kafka_die(&s->kafka, RD_KAFKA_RESP_ERR__TIMED_OUT,
		    "%d messages were not delivered",
		    rd_kafka_outq_len(s->kafka.rk));
}

/* ---- opening ---- */

static void
open_headers(struct kafka_sink *s)
{
	const struct kafka_sink_opts *o = s->opts;

	if (o->n_headers)
		s->headers = rd_kafka_headers_new(o->n_headers);
	for (size_t i = 0; i < o->n_headers; i++) {
		const char *value = strchr(o->headers[i], '=');

		rd_kafka_header_add(s->headers, o->headers[i],
		    value - o->headers[i], value + 1, -1);
	}
}

/*
 * The name under which a process that takes this one's place ends what it left
 * open: that of its member of the group, if it has one.
 */
static void
name_transactions(struct kafka_sink *s, const char *source)
{
	struct kafka_address from;
	char id[2 * KAFKA_REASON], host[64] = "", member[KAFKA_REASON];
	struct timespec now;

	kafka_property(&s->address, "transactional.id", id);
	if (*id)
		return;
	kafka_address(&from, source, KAFKA_SOURCE);
	kafka_property(&from, "group.instance.id", member);
	rd_kafka_conf_destroy(from.conf);
	gethostname(host, sizeof host - 1);
	clock_gettime(CLOCK_REALTIME, &now);
	if (!*member)
		snprintf(member, sizeof member, "%s-%d-%lld", host,
		    (int)getpid(), (long long)now.tv_sec);
	snprintf(id, sizeof id, "pipe4flow-%.80s-%.80s-%.80s", from.group,
	    s->name, member);
	rd_kafka_conf_set(s->address.conf, "transactional.id", id, NULL, 0);
}

static void
init_transactions(struct kafka_sink *s)
{
	int64_t since = kafka_now();

	while (again(s, rd_kafka_init_transactions(s->kafka.rk, left(since)),
	    "transactions", since))
		continue;
}

struct kafka_sink *
kafka_sink_open(const char *address, const struct kafka_sink_opts *opts,
    const struct value_reading *how)
{
	struct kafka_sink *s = xcalloc(1, sizeof *s);
	const char *rest;

	s->opts = opts;
	s->how = *how;
	kafka_address(&s->address, address,
	    opts->exactly_once ? KAFKA_TRANSACTIONS : KAFKA_SINK);
	rest = s->address.topics;
	s->name = kafka_topic(&rest);
	if (!s->name || *rest || *s->name == '^')
		opts_usage("%s: one topic can be written to, no pattern",
		    s->address.text);
	s->most = kafka_number(&s->address, "message.max.bytes") - OVERHEAD;
	out_memory(&s->rest);
	return s;
}

void
kafka_sink_start(struct kafka_sink *s, bool json, const char *source)
{
	kafka_key_open(&s->key, s->opts->key, s->opts->members, &s->how);
	if (s->key.n && !json)
		opts_usage("--partition-key goes with -f json");
	rd_kafka_conf_set_dr_msg_cb(s->address.conf, on_delivery);
	if (s->opts->exactly_once)
		name_transactions(s, source);
	kafka_new(&s->kafka, &s->address, RD_KAFKA_PRODUCER);
	s->partitions =
	    kafka_admin_topic(&s->kafka, s->name, s->address.partitions);
	s->topic = rd_kafka_topic_new(s->kafka.rk, s->name, NULL);
	if (s->opts->exactly_once)
		init_transactions(s);
	open_headers(s);
	if (s->address.lines > 1)
		s->batches = xcalloc((size_t)s->partitions, sizeof *s->batches);
	for (int32_t i = 0; s->batches && i < s->partitions; i++)
		out_memory(&s->batches[i].text);
}

uint64_t
kafka_sink_close(struct kafka_sink *s)
{
	uint64_t delivered;

	if (s->rest.n) { /* a last line without newline */
		put_line(s, s->rest.buf, s->rest.n);
		s->rest.n = 0;
	}
	if (s->begun) /* nobody committed it */
		kafka_sink_abort(s);
	kafka_sink_drain(s);
	delivered = s->produced;
	rd_kafka_topic_destroy(s->topic);
	free(s->name);
	if (s->headers)
		rd_kafka_headers_destroy(s->headers);
	rd_kafka_destroy(s->kafka.rk);
	for (int32_t i = 0; s->batches && i < s->partitions; i++)
		out_close(&s->batches[i].text);
	free(s->batches);
	out_close(&s->rest);
	kafka_key_close(&s->key);
	free(s);
	return delivered;
}
