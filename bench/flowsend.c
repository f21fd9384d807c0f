/* SPDX-License-Identifier: MIT */
/*
 * flowsend PORT RATE SECONDS: sends IPFIX messages of 24 flows each to
 * 127.0.0.1:PORT at RATE flows/s, and prints how many flows it sent.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { HEAD = 16, SET_HEAD = 4, FLOWS = 24, RECORD = 46, FIELDS = 11 };

static uint8_t *
put(uint8_t *p, uint64_t v, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
	return p + n;
}

static uint8_t *
put_head(uint8_t *p, size_t n, uint32_t sequence)
{
	p = put(put(p, 10, 2), n, 2);
	p = put(p, (uint64_t)time(NULL), 4);
	return put(put(p, sequence, 4), 1, 4);
}

static size_t
put_template(uint8_t *m)
{
	static const uint16_t fields[FIELDS][2] = { { 1, 8 }, { 2, 4 },
		{ 8, 4 }, { 12, 4 }, { 7, 2 }, { 11, 2 }, { 4, 1 }, { 6, 1 },
		{ 152, 8 }, { 153, 8 }, { 10, 4 } };
	size_t n = HEAD + SET_HEAD + 4 + 4 * FIELDS;
	uint8_t *p = put_head(m, n, 0);

	p = put(put(p, 2, 2), n - HEAD, 2);
	p = put(put(p, 256, 2), FIELDS, 2);
	for (int i = 0; i < FIELDS; i++)
		p = put(put(p, fields[i][0], 2), fields[i][1], 2);
	return n;
}

static size_t
put_flows(uint8_t *m, uint32_t sequence)
{
	size_t n = HEAD + SET_HEAD + FLOWS * RECORD;
	uint8_t *p = put_head(m, n, sequence);
	uint64_t now = (uint64_t)time(NULL) * 1000;

	p = put(put(p, 256, 2), n - HEAD, 2);
	for (uint32_t i = 0; i < FLOWS; i++) {
		uint32_t x = (sequence + i) * 2654435761u;

		p = put(put(p, x % 100000, 8), x % 100 + 1, 4);
		p = put(
		    put(p, 0x0a000000 | x >> 16, 4), 0xc0000200 | x % 250, 4);
		p = put(put(p, 1024 + x % 60000, 2), 443, 2);
		p = put(put(p, 6, 1), 0x1b, 1);
		p = put(put(put(p, now - x % 1000, 8), now, 8), 1, 4);
	}
	return n;
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint8_t m[2048];
	double rate, until, began = seconds();
	uint32_t sent = 0;
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 4) {
		fputs("usage: flowsend PORT RATE SECONDS\n", stderr);
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	rate = atof(argv[2]);
	until = began + atof(argv[3]);
	if (connect(s, (struct sockaddr *)&to, sizeof to) < 0) {
		perror("connect");
		return 2;
	}
	send(s, m, put_template(m), 0);
	for (double now = began; now < until; now = seconds()) {
		if (sent > (now - began) * rate) {
			nanosleep(&(struct timespec){ 0, 100000 }, NULL);
			continue;
		}
		if (send(s, m, put_flows(m, sent), 0) < 0) {
			perror("send");
			return 1;
		}
		sent += FLOWS;
	}
	printf("%u\n", sent);
	return 0;
}
