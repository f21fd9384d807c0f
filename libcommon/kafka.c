/* SPDX-License-Identifier: MIT */
#include "libcommon/kafka.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/die.h"
#include "libcommon/opts.h"
#include "libcommon/stop.h"

enum { ASK_MS = 500 };

int64_t
kafka_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* ---- what went wrong ---- */

/* What to look at. */
static const struct {
	rd_kafka_resp_err_t err;
	const char *properties;
} hints[] = {
	{ RD_KAFKA_RESP_ERR__TRANSPORT, "bootstrap.servers, --timeout" },
	{ RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "bootstrap.servers, --timeout" },
	{ RD_KAFKA_RESP_ERR__RESOLVE, "bootstrap.servers" },
	{ RD_KAFKA_RESP_ERR__TIMED_OUT, "bootstrap.servers, --timeout" },
	{ RD_KAFKA_RESP_ERR__SSL, "security.protocol, ssl.ca.location" },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION,
	    "sasl.mechanism, sasl.username, sasl.password" },
	{ RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
	    "sasl.username, sasl.password" },
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "sasl.username" },
	{ RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
	    "sasl.username, enable.idempotence" },
	{ RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
	    "sasl.username, group=" },
	{ RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
	    "sasl.username, transactional.id" },
	{ RD_KAFKA_RESP_ERR__FENCED, "transactional.id, group.instance.id" },
	{ RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "group.instance.id" },
	{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "message.max.bytes" },
};

static const char *
hint(rd_kafka_resp_err_t err)
{
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (hints[i].err == err)
			return hints[i].properties;
	return NULL;
}

void
kafka_die(const struct kafka *k, rd_kafka_resp_err_t err, const char *fmt, ...)
{
	char what[KAFKA_REASON], property[KAFKA_REASON] = "";
	const char *reason = rd_kafka_err2str(err);
	/*
	 * Of what broke the connection librdkafka has told more before; that
	 * is not why a broker (above 0) refuses something.
	 */
	bool told = *k->reason && (err <= 0 || err == k->last);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	if (told && (hint(k->last) || !hint(err)))
		reason = k->reason;
	if (told && hint(k->last))
		err = k->last;
	if (hint(err))
		snprintf(property, sizeof property, " (see %s)", hint(err));
	die("%s: %s: %s%s", k->name, what, reason, property);
}

static void
on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct kafka *k = opaque;
	char fatal[KAFKA_REASON];

	if (err == RD_KAFKA_RESP_ERR__FATAL) {
		err = rd_kafka_fatal_error(rk, fatal, sizeof fatal);
		reason = fatal;
	}
	/* That all brokers are down tells less than why. */
	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		if (!k->down_since)
			k->down_since = kafka_now();
		if (*k->reason)
			return;
	}
	k->last = err;
	snprintf(k->reason, sizeof k->reason, "%s", reason);
	if (k->error)
		k->error(k->error_arg, err, reason);
}

/* What it logs is told by errors, too; debug=.. shows it. */
static void
on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	(void)rk;
	if (level >= 7)
		warn("librdkafka: %s: %s", fac, text);
}

/*
 * Threads of librdkafka may go on when the program ends: what they use must not
 * be cleaned up behind their backs (OpenSSL does that at exit).
 */
static void
end_at_once(int status, void *arg)
{
	(void)arg;
	fflush(NULL);
	_exit(status);
}

void
kafka_new(struct kafka *k, struct kafka_address *a, rd_kafka_type_t type)
{
	char why[KAFKA_REASON] = "", servers[KAFKA_REASON];

	k->name = a->text;
	kafka_property(a, "bootstrap.servers", servers);
	if (!*servers)
		opts_usage("%s: which broker? (bootstrap.servers)", a->text);
	rd_kafka_conf_set_opaque(a->conf, k);
	rd_kafka_conf_set_error_cb(a->conf, on_error);
	rd_kafka_conf_set_log_cb(a->conf, on_log);
	k->rk = rd_kafka_new(type, a->conf, why, sizeof why);
	if (!k->rk)
		die("%s: %s", a->text, why);
	a->conf = NULL;
	on_exit(end_at_once, NULL);
}

/* Waiting does not help. */
static bool
is_hopeless(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
	       err == RD_KAFKA_RESP_ERR__SSL;
}

static bool
ask(struct kafka *k, const char *topic, const struct rd_kafka_metadata **m)
{
	rd_kafka_topic_t *t =
	    topic ? rd_kafka_topic_new(k->rk, topic, NULL) : NULL;
	rd_kafka_resp_err_t err =
	    rd_kafka_metadata(k->rk, topic == NULL, t, m, ASK_MS);

	if (t)
		rd_kafka_topic_destroy(t);
	if (!err)
		k->down_since = 0;
	return !err;
}

const struct rd_kafka_metadata *
kafka_topics(struct kafka *k, const char *topic)
{
	const struct rd_kafka_metadata *m = NULL;
	int64_t since = kafka_now();

	while (!ask(k, topic, &m)) {
		rd_kafka_poll(k->rk, 0);
		if (stop_asked())
			exit(EXIT_FATAL);
		if (is_hopeless(k->last) ||
		    kafka_now() - since >= kafka_timeout())
			kafka_die(k, RD_KAFKA_RESP_ERR__TRANSPORT,
			    "no broker answers");
	}
	k->last = RD_KAFKA_RESP_ERR_NO_ERROR;
	k->reason[0] = '\0';
	return m;
}

void
kafka_check(struct kafka *k)
{
	const struct rd_kafka_metadata *m;

	if (!k->down_since)
		return;
	if (!rd_kafka_metadata(k->rk, 0, NULL, &m, ASK_MS)) {
		rd_kafka_metadata_destroy(m);
		k->down_since = 0;
	} else if (is_hopeless(k->last) ||
		   kafka_now() - k->down_since >= kafka_timeout()) {
		kafka_die(k, RD_KAFKA_RESP_ERR__TRANSPORT,
		    "no broker answers any more");
	}
}
