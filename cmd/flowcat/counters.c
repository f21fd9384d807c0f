/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/counters.h"

#include <inttypes.h>
#include <stddef.h>
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

#define COUNT(name, what, loss, share)                                    \
	{                                                                 \
#name, what, offsetof(struct collect_counts, name), loss, \
		    share                                                 \
	}

static const struct count {
	const char *name, *what;
	size_t offset; /* of a uint64_t in struct collect_counts */
	bool loss;     /* something was not read */
	enum share share;
} counts[] = {
	COUNT(messages, "messages", false, SHARES),
	COUNT(flows, "flows", false, SHARE_FLOWS),
	COUNT(options, "options records", false, SHARES),
	COUNT(templates, "templates", false, SHARES),
	COUNT(bad_messages, "bad messages", true, SHARES),
	COUNT(bad_templates, "bad templates", true, SHARES),
	COUNT(lost_flows, "flows lost on the way", true, SHARE_LOST_FLOWS),
	COUNT(lost_messages, "messages lost on the way", true,
	    SHARE_LOST_MESSAGES),
	COUNT(restarts, "jumps of sequence numbers", false, SHARES),
	COUNT(dropped, "datagrams dropped by the kernel", true, SHARES),
	COUNT(refused, "datagrams and connections refused", false, SHARES),
	COUNT(displaced, "silent connections displaced", false, SHARES),
	COUNT(no_template, "data sets without a template", true,
	    SHARE_NO_TEMPLATE),
	COUNT(evicted, "exporters forgotten", false, SHARES),
};

enum { COUNTS = sizeof counts / sizeof *counts };

static uint64_t *
count_of(const struct count *c)
{
	return (uint64_t *)(void *)((char *)&collect_counts + c->offset);
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
	all[n_all]->ip = *ip;
	all[n_all]->domain = domain;
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
	for (size_t i = 0; i < COUNTS; i++)
		if (counts[i].share == what)
			*count_of(&counts[i]) += n;
}

static const char *
name_of(const struct shares *s, char *buf, size_t n)
{
	static const struct ip none;
	char ip[IP_ROOM];
	int ip_n = (int)ip_put(ip, &s->ip);

	if (s == all[MAX - 1])
		return "others";
	if (memcmp(&s->ip, &none, sizeof none) == 0)
		ip_n = 0; /* a file */
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
		uint64_t n = *count_of(c);

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

void
counters_tell_sometimes(void)
{
	static time_t last;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	if (t.tv_sec - last < TELL_S && last)
		return;
	last = t.tv_sec;
	tell_losses();
}

static void
print_json_shares(const struct shares *s)
{
	char ip[IP_ROOM];
	int ip_n = (int)ip_put(ip, &s->ip);

	fprintf(stderr,
	    "{\"exporter_ip_addr\":\"%.*s\",\"observation_domain_id\":%" PRIu32,
	    ip_n, ip, s->domain);
	for (size_t i = 0; i < COUNTS; i++)
		if (counts[i].share < SHARES)
			fprintf(stderr, ",\"%s\":%" PRIu64, counts[i].name,
			    s->n[counts[i].share]);
	fprintf(stderr, "}");
}

static void
print_json(void)
{
	for (size_t i = 0; i < COUNTS; i++)
		fprintf(stderr, "%c\"%s\":%" PRIu64, i ? ',' : '{',
		    counts[i].name, *count_of(&counts[i]));
	fprintf(stderr, ",\"exporters\":[");
	for (size_t i = 0; i < n_all; i++) {
		fprintf(stderr, "%s", i ? "," : "");
		print_json_shares(all[i]);
	}
	fprintf(stderr, "]}\n");
}

static void
print_text(void)
{
	char name[96];

	fprintf(stderr, "%s: collector", die_name());
	for (size_t i = 0; i < COUNTS; i++)
		fprintf(stderr, "%s%s %" PRIu64, i ? ", " : ": ",
		    counts[i].what, *count_of(&counts[i]));
	for (size_t k = 0; k < n_all; k++) {
		const char *sep = ": ";

		fprintf(stderr, "\n%s: collector: %s", die_name(),
		    name_of(all[k], name, sizeof name));
		for (size_t i = 0; i < COUNTS; i++) {
			if (counts[i].share == SHARES)
				continue;
			fprintf(stderr, "%s%s %" PRIu64, sep, counts[i].what,
			    all[k]->n[counts[i].share]);
			sep = ", ";
		}
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
