/* SPDX-License-Identifier: MIT */
/*
 * flowgen: canonical flow records for measurements and tests.
 *
 *	flowgen [-n RECORDS] [-s SEED] [-H HOSTS] [-6 PERCENT] [-m PERCENT]
 *
 * The same arguments give the same bytes.  Hosts follow Zipf's law with
 * exponent 1, drawn by inversion (rank = HOSTS^u), so that a few hosts carry
 * most flows and HOSTS bounds the number of keys.  -6: share of IPv6 flows;
 * -m: share of records with extremes, 64-bit counters or missing members,
 * for comparisons with other programs.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/random.h"

static uint64_t
zipf(uint64_t n)
{
	return (uint64_t)exp(uniform() * log((double)n));
}

/* Hosts keep their address: the rank is scrambled by an odd multiplier. */
static void
address(char *out, size_t size, uint64_t rank, int v6)
{
	uint32_t a = (uint32_t)rank * 2654435761u + 0x1a2b3c4d;

	if (v6) {
		struct in6_addr in6 = { 0 };

		memcpy(in6.s6_addr, "\x20\x01\x0d\xb8", 4);
		memcpy(in6.s6_addr + 4, &a, 2);
		memcpy(in6.s6_addr + 14, (char *)&a + 2, 2);
		inet_ntop(AF_INET6, &in6, out, (socklen_t)size);
		return;
	}
	snprintf(out, size, "%u.%u.%u.%u", (a >> 24) % 223 + 1, a >> 16 & 255,
	    a >> 8 & 255, a & 255);
}

static void
timestamp(char *out, size_t size, int64_t ms)
{
	time_t t = (time_t)(ms / 1000) + 3600;
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03d+01:00",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, (int)(ms % 1000));
}

static const unsigned services[] = { 443, 80, 53, 22, 25, 123, 993, 3389, 8080,
	5060 };
static const char *const tcp_flags[] = { ".A....", ".AP.SF", "....S.", ".AP.S.",
	".A...F", ".A.R..", ".AP...", ".A..S." };

struct shape {
	unsigned v6, odd; /* percent */
	uint64_t hosts;
};

static void
record(const struct shape *s, int64_t ms)
{
	char first[64], last[64], src[64], dst[64];
	int v6 = below(100) < s->v6, odd = below(100) < s->odd;
	unsigned duration = below(3) ? 0 : below(60000);
	unsigned p = below(100), proto = p < 70 ? 6 : p < 97 ? 17 : 1;
	unsigned service = services[below(6) * below(10) / 5];
	unsigned client = 1024 + below(64512);
	int request = below(2);
	uint64_t packets = 1 + (uint64_t)(exp(uniform() * 7) - 1);
	uint64_t bytes = packets * (40 + below(1400));

	if (proto == 1)
		service = client = 0;
	address(src, sizeof src, zipf(s->hosts), v6);
	address(dst, sizeof dst, zipf(s->hosts), v6);
	timestamp(first, sizeof first, ms - duration);
	timestamp(last, sizeof last, ms);
	if (odd && below(2))
		bytes = UINT64_MAX - below(1000);
	printf("{\"date_first_seen\":\"%s\",\"date_last_seen\":\"%s\","
	       "\"duration\":%u.%03u,\"src_ip_addr\":\"%s\","
	       "\"dst_ip_addr\":\"%s\",",
	    first, last, duration / 1000, duration % 1000, src, dst);
	if (!odd || below(2))
		printf("\"src_port\":%u,\"dst_port\":%u,",
		    request ? client : service, request ? service : client);
	printf("\"protocol\":%u,\"flags\":\"%s\",\"tos\":%u,", proto,
	    proto == 6 ? tcp_flags[below(8)] : "......", below(8) ? 0u : 72u);
	if (!odd || below(2))
		printf("\"packets\":%" PRIu64 ",", packets);
	printf("\"bytes\":%" PRIu64 "}\n", bytes);
}

int
main(int argc, char **argv)
{
	struct shape s = { .hosts = 200000 };
	int64_t ms = 1437239253475; /* 2015-07-18T18:07:33.475+01:00 */
	uint64_t n = 1000;
	int c;

	while ((c = getopt(argc, argv, "n:s:H:6:m:")) != -1)
		switch (c) {
		case 'n':
			n = strtoull(optarg, NULL, 10);
			break;
		case 's':
			state = strtoull(optarg, NULL, 10);
			break;
		case 'H':
			s.hosts = strtoull(optarg, NULL, 10);
			break;
		case '6':
			s.v6 = (unsigned)atoi(optarg);
			break;
		case 'm':
			s.odd = (unsigned)atoi(optarg);
			break;
		default:
			return 2;
		}
	while (n--) {
		record(&s, ms);
		ms += below(20) == 0 ? below(5) : 0;
	}
	return fflush(stdout) || ferror(stdout) ? 2 : 0;
}
