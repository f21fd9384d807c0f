/* SPDX-License-Identifier: MIT */
/*
 * dnsgen: DNS queries and responses as canonical records, for measurements.
 *
 *	dnsgen [-n RECORDS] [-s SEED] [-c CLIENTS] [-d NAMES] [-b NAMES]
 *
 * The same arguments give the same bytes.  Clients and names follow Zipf's law
 * with exponent 1; a response follows its query behind up to 64 records of
 * others; 10 000 records a second.  One client in ten asks public resolvers,
 * one name in twelve does not exist, one client in five speaks IPv6.  -b: only
 * a list of so many names that nobody asks for, but for one in 1000.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/random.h"

enum { OPEN = 64 };

static unsigned
zipf(unsigned n)
{
	return (unsigned)exp(uniform() * log((double)n));
}

struct ask {
	char client[40], server[40], name[80];
	unsigned port, id, type, rcode, bytes, ttl, answer;
	int64_t ms;
};

static void
name_of(char *out, size_t size, unsigned rank)
{
	static const char *const hosts[] = { "www.", "", "api.", "cdn-assets.",
		"img3.static.", "mail.", "e1042.dscb." };
	static const char *const tops[] = { "com", "net", "org", "cz", "de",
		"co.uk", "io", "edu" };
	uint32_t a = rank / 3 * 2654435761u;
	char word[12];
	unsigned n = 4 + a % 7;

	for (unsigned i = 0; i < n; i++, a = a * 1664525 + 1013904223)
		word[i] = "etaoinshrdlucmfwypvbgkjqxzeeeeee"[a >> 27];
	snprintf(out, size, "%s%.*s%u.%s", hosts[rank % 7], (int)n, word,
	    rank / 3 % 1000, tops[rank / 3 % 8]);
}

static void
ask(struct ask *q, unsigned clients, unsigned names, int64_t ms)
{
	static const char *const servers[] = { "10.0.0.53", "10.0.1.53",
		"2001:db8::53", "8.8.8.8", "1.1.1.1", "2001:4860:4860::8888" };
	static const unsigned types[] = { 1, 1, 1, 28, 28, 65, 65, 12, 16, 33 };
	unsigned c = zipf(clients), v6 = c % 5 == 0, outside = c % 10 == 3;

	if (v6)
		snprintf(q->client, sizeof q->client, "2001:db8::%x", c);
	else
		snprintf(q->client, sizeof q->client, "10.%u.%u.%u",
		    1 + (c >> 16 & 255), c >> 8 & 255, c & 255);
	snprintf(q->server, sizeof q->server, "%s",
	    servers[v6 ? 2 + outside * 3 : below(2) + outside * 3]);
	name_of(q->name, sizeof q->name, zipf(names));
	q->rcode = 0;
	if (below(12) == 0) {
		/* Most is a host looked for in the wrong domain. */
		name_of(q->name, sizeof q->name, names + below(1000000));
		if (below(10))
			snprintf(q->name, sizeof q->name, "host%u.example.cz",
			    zipf(100000));
		q->rcode = 3;
	} else if (below(100) == 0) {
		q->rcode = 2;
	}
	q->port = 1024 + below(64512);
	q->id = below(65536);
	q->type = types[below(10)];
	q->bytes = 74 + below(40);
	q->ttl = 30 + below(3600);
	q->answer = zipf(100000);
	q->ms = ms;
}

static void
put(const struct ask *q, int response, int64_t ms)
{
	char text[64];
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, (int)(ms % 1000));
	printf("{\"date_first_seen\":\"%s\",\"date_last_seen\":\"%s\","
	       "\"duration\":0.000,\"src_ip_addr\":\"%s\","
	       "\"dst_ip_addr\":\"%s\",\"src_port\":%u,\"dst_port\":%u,"
	       "\"protocol\":17,\"tos\":0,\"packets\":1,\"bytes\":%u,",
	    text, text, response ? q->server : q->client,
	    response ? q->client : q->server, response ? 53 : q->port,
	    response ? q->port : 53, q->bytes + response * (16 + q->id % 300));
	printf("\"dns_id\":%u,\"dns_qr\":%d,\"dns_opcode\":0,\"dns_flags\":%u,"
	       "\"dns_qname\":\"%s\",\"dns_qtype\":%u",
	    q->id, response, response ? 0x8180 | q->rcode : 0x100, q->name,
	    q->type);
	if (response)
		printf(",\"dns_rcode\":%u,\"dns_answers\":%u", q->rcode,
		    !q->rcode);
	if (response && !q->rcode && q->type == 28)
		printf(",\"dns_rtype\":28,\"dns_ttl\":%u,\"dns_rdata\":"
		       "\"2001:db8:ffff::%x\"",
		    q->ttl, q->answer);
	else if (response && !q->rcode)
		printf(",\"dns_rtype\":1,\"dns_ttl\":%u,\"dns_rdata\":"
		       "\"198.%u.%u.%u\"",
		    q->ttl, 18 + (q->answer >> 16 & 1), q->answer >> 8 & 255,
		    q->answer & 255);
	printf("}\n");
}

static void
put_list(unsigned n)
{
	char name[80];

	for (unsigned i = 0; i < n; i++) {
		name_of(name, sizeof name, i * 3 + 1);
		printf("%u.bad-%s\n", i, name);
		if (i % 1000 == 500)
			printf("%s\n", name);
	}
}

int
main(int argc, char **argv)
{
	unsigned n = 1000, clients = 20000, names = 500000, list = 0, open = 0;
	struct ask asks[OPEN];
	int64_t tenths = 14400000000000; /* of ms */
	int c;

	while ((c = getopt(argc, argv, "n:s:c:d:b:")) != -1) {
		unsigned v = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

		if (c == '?')
			return 2;
		*(c == 'n'     ? &n
		    : c == 'c' ? &clients
		    : c == 'd' ? &names
		    : c == 'b' ? &list
			       : &(unsigned){ 0 }) = v;
		state = c == 's' ? v : state;
	}
	put_list(list);
	for (n = list ? 0 : n; n--; tenths++) {
		int64_t ms = tenths / 10;

		if (open < OPEN / 2 || (open < OPEN && below(2))) {
			ask(&asks[open], clients, names, ms);
			put(&asks[open++], 0, ms);
		} else {
			unsigned i = below(open);

			put(&asks[i], 1, ms);
			asks[i] = asks[--open];
		}
	}
	return fflush(stdout) || ferror(stdout) ? 2 : 0;
}
