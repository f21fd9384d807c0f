/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libcommon/die.h"
#include "libcommon/output.h"
#include "libcommon/xalloc.h"

enum {
	TELL_S = 10,
	TELL_SHARES = 4, /* exporters named in a message */
	MAX = 256,
};

struct collect_counts collect_counts;

struct shares {
	struct ip ip; /* of a file: :: */
	uint32_t domain;
	uint64_t n[SHARES], told[SHARES];
};

static struct shares *all[MAX]; /* the last one is for all others */
static size_t n_all;

#define TOTAL(name, what, loss)                                 \
	{                                                       \
#name, what, loss, &collect_counts.name, SHARES \
	}
#define SHARE(name, what, loss, share)         \
	{                                      \
#name, what, loss, NULL, share \
	}

static const struct count {
	const char *name, *what;
	bool loss;             /* something was not read */
	const uint64_t *total; /* or NULL: the sum of the shares */
	enum share share;
} counts[] = {
	TOTAL(messages, "messages", false),
	SHARE(flows, "flows", false, SHARE_FLOWS),
	TOTAL(options, "options records", false),
	TOTAL(templates, "templates", false),
	TOTAL(bad_messages, "bad messages", true),
	TOTAL(bad_templates, "bad templates", true),
	SHARE(lost_flows, "flows lost on the way", true, SHARE_LOST_FLOWS),
	SHARE(lost_messages, "messages lost on the way", true,
	    SHARE_LOST_MESSAGES),
	TOTAL(restarts, "jumps of sequence numbers", false),
	TOTAL(dropped, "datagrams dropped by the kernel", true),
	TOTAL(refused, "datagrams and connections refused", false),
	TOTAL(displaced, "silent connections displaced", false),
	SHARE(no_template, "data sets without a template", true,
	    SHARE_NO_TEMPLATE),
	TOTAL(evicted, "exporters forgotten", false),
};

enum { COUNTS = sizeof counts / sizeof *counts };

/* Of one exporter, or of all (NULL). */
static uint64_t
count_of(const struct count *c, const struct shares *of)
{
	uint64_t n = 0;

	if (of)
		return of->n[c->share];
	if (c->total)
		return *c->total;
	for (size_t i = 0; i < n_all; i++)
		n += all[i]->n[c->share];
	return n;
}

/* ---- shares ---- */

static struct shares *
find(const struct ip *ip, uint32_t domain)
{
	for (size_t i = 0; i < n_all; i++)
		if (all[i]->domain == domain &&
		    memcmp(&all[i]->ip, ip, sizeof *ip) == 0)
			return all[i];
	if (n_all == MAX)
		return all[MAX - 1];
	all[n_all] = xcalloc(1, sizeof **all);
	if (n_all < MAX - 1) {
		all[n_all]->ip = *ip;
		all[n_all]->domain = domain;
	}
	return all[n_all++];
}

void
shares_add(struct shares **s, const struct ip *ip, uint32_t domain,
    enum share what, uint64_t n)
{
	if (!n)
		return;
	if (!*s)
		*s = find(ip, domain);
	(*s)->n[what] += n;
}

static bool
is_others(const struct shares *s)
{
	return s == all[MAX - 1];
}

/* The exporter's address; nothing of a file. */
static size_t
put_ip(char *out, const struct shares *s)
{
	static const struct ip none;

	return memcmp(&s->ip, &none, sizeof none) ? ip_put(out, &s->ip) : 0;
}

static const char *
name_of(const struct shares *s, char *buf, size_t n)
{
	char ip[IP_ROOM];
	int ip_n = (int)put_ip(ip, s);

	if (is_others(s))
		return "others";
	snprintf(buf, n, "%.*s%sdomain %" PRIu32, ip_n, ip, ip_n ? " " : "",
	    s->domain);
	return buf;
}

/* ": 192.0.2.1 domain 3: 5, ..": whose it is. */
static void
put_shares(struct output *out, enum share what)
{
	char line[128], name[96];
	size_t named = 0, more = 0;

	for (size_t i = 0; i < n_all; i++) {
		struct shares *s = all[i];
		uint64_t n = s->n[what] - s->told[what];
		int len;

		s->told[what] = s->n[what];
		more += n && named == TELL_SHARES;
		if (!n || named == TELL_SHARES)
			continue;
		len = snprintf(line, sizeof line, "%s%s: %" PRIu64,
		    named++ ? ", " : ": ", name_of(s, name, sizeof name), n);
		out_put(out, line, (size_t)len);
	}
	if (more)
		out_put(out, line,
		    (size_t)snprintf(
			line, sizeof line, ", and %zu more", more));
}

/* ---- telling ---- */

static bool
tell_losses(void)
{
	static uint64_t told[COUNTS];
	struct output whose;
	bool lost = false;

	out_memory(&whose);
	for (size_t i = 0; i < COUNTS; i++) {
		const struct count *c = &counts[i];
		uint64_t n = count_of(c, NULL);

		lost |= n && c->loss;
		whose.n = 0;
		if (n > told[i] && c->loss && c->share < SHARES)
			put_shares(&whose, c->share);
		if (n > told[i] && c->loss)
			warn("collector: %" PRIu64 " %s, %" PRIu64
			     " in all%.*s",
			    n - told[i], c->what, n, (int)whose.n, whose.buf);
		told[i] = n;
	}
	out_close(&whose);
	return lost;
}

bool
counters_may_tell(int64_t *last)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	if (*last && t.tv_sec - *last < TELL_S)
		return false;
	*last = t.tv_sec;
	return true;
}

void
counters_tell_sometimes(void)
{
	static int64_t last;

	if (counters_may_tell(&last))
		tell_losses();
}

/* ---- at the end ---- */

static void
print_counts(const struct shares *of, bool json, const char *before)
{
	for (size_t i = 0; i < COUNTS; i++) {
		const struct count *c = &counts[i];

		if (of && c->share == SHARES)
			continue;
		fprintf(stderr, json ? "%s\"%s\":%" PRIu64 : "%s%s %" PRIu64,
		    before, json ? c->name : c->what, count_of(c, of));
		before = json ? "," : ", ";
	}
}

static void
print_json(void)
{
	char ip[IP_ROOM];

	print_counts(NULL, true, "{");
	fprintf(stderr, ",\"exporters\":[");
	for (size_t i = 0; i < n_all; i++) {
		const struct shares *s = all[i];
		int ip_n = (int)put_ip(ip, s);

		fprintf(stderr, "%s{", i ? "," : "");
		if (ip_n)
			fprintf(
			    stderr, "\"exporter_ip_addr\":\"%.*s\",", ip_n, ip);
		if (!is_others(s))
			fprintf(stderr,
			    "\"observation_domain_id\":%" PRIu32 ",",
			    s->domain);
		print_counts(s, true, "");
		fprintf(stderr, "}");
	}
	fprintf(stderr, "]}\n");
}

static void
print_text(void)
{
	char name[96];

	fprintf(stderr, "%s: collector", die_name());
	print_counts(NULL, false, ": ");
	for (size_t i = 0; i < n_all; i++) {
		fprintf(stderr, "\n%s: collector: %s", die_name(),
		    name_of(all[i], name, sizeof name));
		print_counts(all[i], false, ": ");
	}
	fprintf(stderr, "\n");
}

bool
counters_tell_all(const char *stats)
{
	bool lost = tell_losses();

	if (stats && *stats)
		print_json();
	else if (stats)
		print_text();
	return lost;
}
