/* SPDX-License-Identifier: MIT */
#include "libcommon/kafka_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/die.h"
#include "libcommon/num.h"
#include "libcommon/num_units.h"
#include "libcommon/opts.h"
#include "libcommon/output.h"
#include "libcommon/xalloc.h"

static const char scheme[] = "kafka://";

enum { MAX_LINES = 100000 };

static struct kafka_opts options;
static int timeout_ms = 30000;

bool
kafka_is_address(const char *name)
{
	return name && strncmp(name, scheme, sizeof scheme - 1) == 0;
}

int
kafka_timeout(void)
{
	return timeout_ms;
}

void
kafka_setup(const struct kafka_opts *opts)
{
	const char *err = NULL;
	int64_t ns = 0;

	options = *opts;
	if (!options.file)
		options.file = getenv("PIPE4FLOW_KAFKA");
	if (opts->timeout)
		err = num_duration(slice_str(opts->timeout), &ns);
	if (err)
		opts_usage("--timeout %s: %s", opts->timeout, err);
	if (ns > INT64_C(86400000) * 1000000)
		opts_usage("--timeout %s: at most a day", opts->timeout);
	if (opts->timeout)
		timeout_ms = ns < 1000000 ? 1 : (int)(ns / 1000000);
}

/* ---- properties ---- */

enum { SINKS = KAFKA_SINK | KAFKA_TRANSACTIONS };

/* Where the user says nothing else. */
static const struct {
	int use;
	const char *name, *value;
} defaults[] = {
	/* Soon back, and no call waits for longer where it has a time-out. */
	{ KAFKA_SOURCE | SINKS, "reconnect.backoff.max.ms", "1000" },
	{ KAFKA_SOURCE, "enable.partition.eof", "true" },
	{ KAFKA_SOURCE, "enable.auto.commit", "false" },
	{ KAFKA_SOURCE, "enable.auto.offset.store", "false" },
	{ KAFKA_SOURCE, "auto.commit.interval.ms", "1000" },
	{ KAFKA_SOURCE, "auto.offset.reset", "earliest" },
	{ KAFKA_SOURCE, "partition.assignment.strategy", "cooperative-sticky" },
	/* Short, so that what a killed process leaves is soon taken over. */
	{ KAFKA_SOURCE, "session.timeout.ms", "10000" },
	{ KAFKA_TRANSACTIONS, "transaction.timeout.ms", "10000" },
	/* Of a commit after a commit: the broker refuses it for a while. */
	{ KAFKA_TRANSACTIONS, "retry.backoff.ms", "10" },
	/* Answers of an idle partition: so long at most is its end unknown. */
	{ KAFKA_SOURCE, "fetch.wait.max.ms", "50" },
	/* Fetched, not yet read; librdkafka's own is 64 MiB. */
	{ KAFKA_SOURCE, "queued.max.messages.kbytes", "16384" },
	{ SINKS, "partitioner", "murmur2_random" }, /* as Java has it */
	{ SINKS, "queue.buffering.max.kbytes", "65536" },
	{ SINKS, "delivery.report.only.error", "true" },
	{ KAFKA_SINK, "enable.idempotence", "true" },
};

/* What we rely on. */
static const char *const ours[] = { "enable.partition.eof",
	"enable.auto.commit", "enable.auto.offset.store",
	"delivery.report.only.error" };

static void
set(struct kafka_address *a, const char *name, const char *value,
    const char *from)
{
	char why[KAFKA_REASON];

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strcmp(ours[i], name) == 0)
			opts_usage("%s: %s cannot be set", from, name);
	if (rd_kafka_conf_set(a->conf, name, value, why, sizeof why) !=
	    RD_KAFKA_CONF_OK)
		opts_usage("%s: %s", from, why);
}

void
kafka_property(
    const struct kafka_address *a, const char *name, char value[KAFKA_REASON])
{
	size_t n = KAFKA_REASON;

	if (rd_kafka_conf_get(a->conf, name, value, &n))
		*value = '\0';
}

int64_t
kafka_number(const struct kafka_address *a, const char *name)
{
	char value[KAFKA_REASON];

	kafka_property(a, name, value);
	return strtoll(value, NULL, 10);
}

static void
set_defaults(struct kafka_address *a, enum kafka_use use)
{
	char ms[24];

	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
		if (defaults[i].use & use)
			rd_kafka_conf_set(a->conf, defaults[i].name,
			    defaults[i].value, NULL, 0);
	/* Since librdkafka 2.2; before see kafka_batch.h. */
	a->backs_off =
	    use == KAFKA_SOURCE &&
	    !rd_kafka_conf_set(a->conf, "fetch.queue.backoff.ms", "5", NULL, 0);
	snprintf(ms, sizeof ms, "%d", timeout_ms);
	if (use == KAFKA_SINK)
		rd_kafka_conf_set(a->conf, "message.timeout.ms", ms, NULL, 0);
}

/* Who wants fewer acknowledgements cannot have idempotence. */
static void
relax(struct kafka_address *a)
{
	char acks[KAFKA_REASON];

	kafka_property(a, "acks", acks);
	if (strcmp(acks, "-1") != 0)
		rd_kafka_conf_set(
		    a->conf, "enable.idempotence", "false", NULL, 0);
}

/* "prop=value", in place. */
static void
set_pair(struct kafka_address *a, char *pair, const char *from)
{
	size_t n = strcspn(pair, "=");

	if (!n || !pair[n])
		opts_usage("%s %s: expected prop=value", from, pair);
	pair[n] = '\0';
	set(a, pair, pair + n + 1, from);
}

static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	for (n = strlen(s); n && strchr(" \t\r\n", s[n - 1]); n--)
		continue;
	s[n] = '\0';
	return s;
}

/* Lines "prop=value", # begins a comment; as kcat has it. */
static void
read_file(struct kafka_address *a, const char *name)
{
	FILE *f = fopen(name, "r");
	char *line = NULL, where[KAFKA_REASON];
	size_t room = 0;

	if (!f)
		die_errno("%s", name);
	out_keep(name);
	for (unsigned n = 1; getline(&line, &room, f) >= 0; n++) {
		char *text = trim(line);
		size_t at = strcspn(text, "=");

		if (!*text || *text == '#')
			continue;
		snprintf(where, sizeof where, "%s:%u", name, n);
		if (!text[at])
			die("%s: expected prop=value", where);
		text[at] = '\0';
		set(a, trim(text), trim(text + at + 1), where);
	}
	if (ferror(f))
		die_errno("%s", name);
	free(line);
	fclose(f);
}

/* ---- addresses ---- */

static void
unescape(char *s)
{
	char *to = s, *end;

	for (; *s; s++) {
		char hex[3] = { 0 };

		if (*s == '%' && s[1] && s[2]) {
			memcpy(hex, s + 1, 2);
			*to = (char)strtol(hex, &end, 16);
			if (!*end) {
				to++;
				s += 2;
				continue;
			}
		}
		*to++ = *s;
	}
	*to = '\0';
}

char *
kafka_topic(const char **topics)
{
	size_t n = strcspn(*topics, ",");
	char *name;

	if (!**topics)
		return NULL;
	name = xstrndup(*topics, n);
	*topics += n + ((*topics)[n] == ',');
	unescape(name);
	return name;
}

static void
take_offset(struct kafka_address *a, const char *value)
{
	static const char *const words[] = { "beginning", "end", "stored" };
	int64_t n;

	if (strncmp(value, "e@", 2) == 0) {
		a->until = value + 2;
		return;
	}
	a->offset = value;
	for (int i = 0; i < 3; i++)
		if (strcmp(value, words[i]) == 0)
			return;
	if (strncmp(value, "s@", 2) == 0 || !num_i64(slice_str(value), &n))
		return;
	opts_usage("%s: offset=%s: expected beginning, end, stored, N, -N, "
		   "s@TIME or e@TIME",
	    a->text, value);
}

static int64_t
count(const struct kafka_address *a, const char *name, const char *value,
    int64_t least, int64_t most)
{
	int64_t n;
	const char *err = num_i64(slice_str(value), &n);

	if (err || n < least || n > most)
		opts_usage("%s: %s=%s: expected a number from %lld to %lld",
		    a->text, name, value, (long long)least, (long long)most);
	return n;
}

static void
take_param(struct kafka_address *a, char *name, bool sink)
{
	char *value = strchr(name, '=');

	if (value)
		*value++ = '\0';
	unescape(name);
	if (value)
		unescape(value);
	if (!sink && strcmp(name, "exit-eof") == 0 &&
	    (!value || strcmp(value, "true") == 0)) {
		a->exit_eof = true;
		return;
	}
	if (strcmp(name, "exit-eof") == 0)
		opts_usage(
		    "%s: exit-eof is of a source, and has no value", a->text);
	if (!value)
		opts_usage("%s: %s: expected %s=value", a->text, name, name);
	if (!sink && strcmp(name, "group") == 0)
		a->group = value;
	else if (!sink && strcmp(name, "offset") == 0)
		take_offset(a, value);
	else if (!sink && strcmp(name, "partition") == 0)
		a->partition = count(a, name, value, 0, INT32_MAX);
	else if (sink && strcmp(name, "partitions") == 0)
		a->partitions = count(a, name, value, 1, INT32_MAX);
	else if (sink && strcmp(name, "lines") == 0)
		a->lines = count(a, name, value, 1, MAX_LINES);
	else
		set(a, name, value, a->text);
}

/* Where to begin, if the address does not say it. */
static const char *
first_offset(const struct kafka_address *a)
{
	static const char *const ends[] = { "latest", "largest", "end" };
	char reset[KAFKA_REASON];

	kafka_property(a, "auto.offset.reset", reset);
	for (int i = 0; i < 3; i++)
		if (strcmp(reset, ends[i]) == 0)
			return "end";
	return "beginning";
}

void
kafka_address(struct kafka_address *a, const char *text, enum kafka_use use)
{
	char *hosts = xstrdup(text + sizeof scheme - 1), *topics, *params;

	*a = (struct kafka_address){
		.text = xstrndup(text, strcspn(text, "?")),
		.conf = rd_kafka_conf_new(),
		.partition = -1,
		.lines = 1,
	};
	set_defaults(a, use);
	if (options.file && *options.file)
		read_file(a, options.file);
	for (size_t i = 0; i < options.n_pairs; i++)
		set_pair(a, xstrdup(options.pairs[i]), "-X");
	params = strchr(hosts, '?');
	if (params)
		*params++ = '\0';
	topics = hosts + strcspn(hosts, "/");
	if (!*topics || !topics[1])
		opts_usage("%s: expected kafka://host/topic", a->text);
	*topics++ = '\0';
	a->hosts = hosts;
	a->topics = topics;
	while (params && *params) {
		char *next = strchr(params, '&');

		if (next)
			*next++ = '\0';
		take_param(a, params, use != KAFKA_SOURCE);
		params = next;
	}
	if (*hosts)
		set(a, "bootstrap.servers", hosts, a->text);
	if (use == KAFKA_SINK)
		relax(a);
	if (use == KAFKA_SOURCE && !a->offset)
		a->offset = first_offset(a);
}
