/* SPDX-License-Identifier: MIT */
/* biflow: pairs in event time, in any order of the flows. */
#include "libcommon/biflow.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/t.h"

enum { MS = 1000000, MANY = 400 };

static char told[65536];
static size_t told_n, pairs, alone;

/* "a+b " for a pair, "a " for a flow alone. */
static void
put(void *arg, const struct biflow_flow *a, const struct biflow_flow *b,
    uint64_t users)
{
	(void)arg;
	(void)users;
	pairs += b != NULL;
	alone += b == NULL;
	if (told_n > sizeof told - 64)
		return;
	told_n += (size_t)snprintf(
	    told + told_n, 64, "%.*s", (int)a->data.n, a->data.p);
	if (b)
		told_n += (size_t)snprintf(
		    told + told_n, 64, "+%.*s", (int)b->data.n, b->data.p);
	told[told_n++] = ' ';
	told[told_n] = '\0';
}

static struct biflow *
begin(size_t max)
{
	struct biflow_opts o = { .starts = 500LL * MS,
		.ends = 10000LL * MS,
		.max = max,
		.put = put };

	told_n = pairs = alone = 0;
	told[0] = '\0';
	return biflow_new(&o);
}

/* Host 1 is the client; ms; flags as a number. */
static struct biflow_flow
flow(const char *name, int src, int sport, int dst, int dport, int first,
    int last, int flags)
{
	struct biflow_flow f = { .users = 1,
		.flags = (uint16_t)flags,
		.first = (int64_t)first * MS,
		.last = (int64_t)last * MS,
		.data = slice_str(name) };

	f.ends.ip[0].b[15] = (uint8_t)src;
	f.ends.ip[1].b[15] = (uint8_t)dst;
	f.ends.port[0] = (uint16_t)sport;
	f.ends.port[1] = (uint16_t)dport;
	f.ends.protocol = 6;
	return f;
}

static bool
gives(const struct biflow_flow *flows, size_t n, const char *wanted)
{
	struct biflow *b = begin(1000);
	bool good;

	for (size_t i = 0; i < n; i++)
		biflow_add(b, &flows[i]);
	biflow_expire(b, INT64_MAX);
	good = strcmp(told, wanted) == 0;
	biflow_free(b);
	return good;
}

static void
test_pairs(void)
{
	struct biflow_flow f[] = {
		flow("q", 1, 40000, 2, 22, 0, 900, 0x1b),
		flow("a", 2, 22, 1, 40000, 10, 901, 0x1b),
	};
	struct biflow_flow far[] = {
		flow("q", 1, 40000, 2, 22, 0, 900, 0x1b),
		flow("a", 2, 22, 1, 40000, 500, 901, 0x1b),
	};
	struct biflow_flow late[] = {
		flow("q", 1, 40000, 2, 22, 0, 900, 0x1b),
		flow("a", 2, 22, 1, 40000, 0, 10901, 0x1b),
	};

	OK(gives(f, 2, "q+a "));
	OK(gives(far, 2, "q a "));
	OK(gives(late, 2, "q a "));
}

static void
test_initiator(void)
{
	/* SYN without ACK wins over an earlier start. */
	struct biflow_flow syn[] = {
		flow("rst", 2, 50000, 1, 22, 0, 0, 0x14),
		flow("syn", 1, 22, 2, 50000, 5, 5, 0x02),
	};
	/* The earlier start wins over the port. */
	struct biflow_flow start[] = {
		flow("late", 2, 50000, 1, 22, 5, 5, 0),
		flow("early", 1, 22, 2, 50000, 0, 5, 0),
	};
	struct biflow_flow port[] = {
		flow("low", 2, 22, 1, 50000, 5, 5, 0x12),
		flow("high", 1, 50000, 2, 22, 5, 5, 0x12),
	};

	OK(gives(syn, 2, "syn+rst "));
	OK(gives(start, 2, "early+late "));
	OK(gives(port, 2, "high+low "));
	OK(biflow_answers(&port[0]) && !biflow_answers(&port[1]));
	OK(!biflow_answers(&syn[1]));
}

/* Ports used again within the tolerance, the last ACK as a flow of its own. */
static void
test_used_again(void)
{
	struct biflow_flow f[] = {
		flow("q1", 1, 40000, 2, 22, 0, 100, 0x1b),
		flow("a1", 2, 22, 1, 40000, 1, 100, 0x1b),
		flow("q2", 1, 40000, 2, 22, 300, 420, 0x1b),
		flow("a2", 2, 22, 1, 40000, 301, 420, 0x1b),
		flow("ack", 1, 40000, 2, 22, 101, 101, 0x10),
	};
	int order[] = { 0, 1, 2, 3, 4 };
	bool good = true;

	srand(1);
	for (int round = 0; round < 200; round++) {
		struct biflow_flow g[5];

		for (int i = 4; i > 0; i--) {
			int k = rand() % (i + 1), t = order[i];

			order[i] = order[k];
			order[k] = t;
		}
		for (int i = 0; i < 5; i++)
			g[i] = f[order[i]];
		good &= gives(g, 5, "q1+a1 ack q2+a2 ");
	}
	OK(good);
}

/* Out of order by up to a second, settled on the way. */
static void
test_watermark(void)
{
	struct biflow *b = begin(1000000);
	char names[2][8];

	for (int i = 0; i < MANY; i++) {
		struct biflow_flow q, a;
		int start = i * 100;

		snprintf(names[0], sizeof names[0], "q%d", i);
		snprintf(names[1], sizeof names[1], "a%d", i);
		q = flow(names[0], 1, 1024 + i, 2, 22, start, start + 50, 2);
		a = flow(names[1], 2, 22, 1, 1024 + i, start, start + 950, 18);
		if (i % 2) {
			biflow_add(b, &a);
			biflow_add(b, &q);
		} else {
			biflow_add(b, &q);
			biflow_add(b, &a);
		}
		biflow_expire(b, (int64_t)(start - 10000) * MS);
	}
	OK(pairs > 0 && alone == 0);
	biflow_expire(b, INT64_MAX);
	OK(pairs == MANY && alone == 0 && biflow_early(b, 0) == 0);
	biflow_free(b);
}

/* ---- any order ---- */

enum { SHUFFLED = 60, ROUNDS = 2000, LATENESS = 5000, ENDS = 10000 };

struct arrival {
	struct biflow_flow flow;
	char name[8];
	int64_t at;
};

static int
by_arrival(const void *p, const void *q)
{
	const struct arrival *a = p, *b = q;

	return (a->at > b->at) - (a->at < b->at);
}

static int
by_text(const void *p, const void *q)
{
	return strcmp(*(char *const *)p, *(char *const *)q);
}

/* What is told of them in the order of 'at', sorted. */
static void
tell_sorted(struct arrival *all, char *to)
{
	struct biflow *b = begin(1000000);
	char *words[SHUFFLED] = { NULL }, *save;
	int64_t mark = INT64_MIN;
	size_t n = 0;

	qsort(all, SHUFFLED, sizeof *all, by_arrival);
	for (int i = 0; i < SHUFFLED; i++) {
		int64_t last = all[i].flow.last;

		mark = last > mark ? last : mark;
		biflow_expire(b, mark - (int64_t)(LATENESS + ENDS) * MS - 1);
		all[i].flow.data = slice_str(all[i].name);
		biflow_add(b, &all[i].flow);
	}
	biflow_expire(b, INT64_MAX);
	biflow_free(b);
	for (char *w = strtok_r(told, " ", &save); w;
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	qsort(words, n, sizeof *words, by_text);
	*to = '\0';
	for (size_t i = 0; i < n; i++)
		strcat(strcat(to, words[i]), " ");
}

/* Whether one of the same direction has the same times. */
static bool
is_there(const struct arrival *all, int n, const struct arrival *a)
{
	for (int i = 0; i < n; i++)
		if (all[i].flow.first == a->flow.first &&
		    all[i].flow.last == a->flow.last &&
		    all[i].name[0] == a->name[0])
			return true;
	return false;
}

/* Flows of a conversation, whose times often meet. */
static void
make_flows(struct arrival *all)
{
	for (int i = 0; i < SHUFFLED;) {
		struct arrival *a = &all[i];
		int first = rand() % 120 * 250, lasts = rand() % 3 * 5000;
		bool forth = rand() % 2;

		snprintf(a->name, sizeof a->name, "%c%d", forth ? 'q' : 'a', i);
		a->flow = flow(a->name, forth ? 1 : 2, forth ? 40000 : 22,
		    forth ? 2 : 1, forth ? 22 : 40000, first,
		    first + lasts + rand() % 3, rand() % 2 ? 2 : 18);
		i += !is_there(all, i, a);
	}
}

static void
test_any_order(void)
{
	static struct arrival all[SHUFFLED];
	static char wanted[4096], got[4096];
	bool good = true;

	srand(2);
	for (int round = 0; round < ROUNDS; round++) {
		make_flows(all);
		for (int order = 0; order < 5; order++) {
			for (int i = 0; i < SHUFFLED; i++)
				all[i].at = all[i].flow.last +
					    rand() % (LATENESS + 1) *
						(int64_t)MS * (order > 0);
			tell_sorted(all, order ? got : wanted);
			good &= !order || strcmp(got, wanted) == 0;
		}
	}
	OK(good);
}

/*
 * Users that share one get what each would get alone: "x" is nearer to the
 * question than "y" is, but not for the second user, who has no "x".
 */
static void
test_users(void)
{
	struct biflow *b = begin(100);
	struct biflow_flow f[] = {
		flow("q", 1, 50000, 2, 22, 0, 50, 2),
		flow("x", 2, 22, 1, 50000, 10, 60, 18),
		flow("y", 2, 22, 1, 50000, 20, 70, 18),
	};

	f[0].users = 7;
	f[1].users = 1;
	f[2].users = 3;
	for (int i = 0; i < 3; i++)
		biflow_add(b, &f[i]);
	biflow_expire(b, INT64_MAX);
	OK(strcmp(told, "q+x q+y q y ") == 0);
	biflow_free(b);
	/* At once for one of two; the other waits. */
	b = begin(100);
	f[1].first = f[2].first = 0;
	f[1].last = f[2].last = f[0].last;
	f[0].users = 3;
	f[2].users = 2;
	for (int i = 0; i < 2; i++)
		biflow_add(b, &f[i]);
	OK(strcmp(told, "q+x ") == 0);
	biflow_add(b, &f[2]);
	OK(strcmp(told, "q+x q+y ") == 0);
	biflow_free(b);
	/* Each has room of its own, and is told of what is early. */
	b = begin(100);
	for (int i = 0; i < 150; i++) {
		f[0] = flow("x", 1, i, 2, 22, i, i, 2);
		f[0].users = i < 100 ? 1 : 2;
		biflow_add(b, &f[0]);
	}
	OK(biflow_early(b, 0) == 0 && biflow_early(b, 1) == 0);
	f[0].users = 3;
	biflow_add(b, &f[0]);
	OK(biflow_early(b, 0) == 1 && biflow_early(b, 1) == 0);
	biflow_free(b);
}

static void
test_bounds(void)
{
	struct biflow *b = begin(100);
	struct biflow_flow f;

	for (int i = 0; i < MANY; i++) {
		f = flow("x", 1, i, 2, 22, i, i, 2);
		biflow_add(b, &f);
	}
	OK(alone == MANY - 100 && biflow_early(b, 0) == MANY - 100);
	biflow_expire(b, INT64_MAX);
	OK(alone == MANY);
	biflow_free(b);
	/* All of one conversation. */
	b = begin(1000000);
	for (int i = 0; i < 100000; i++) {
		f = flow("x", 1, 1, 2, 22, i % 400, i % 400, 2);
		biflow_add(b, &f);
	}
	OK(biflow_early(b, 0) == 100000 - BIFLOW_TOGETHER);
	biflow_expire(b, INT64_MAX);
	OK(alone == 100000);
	biflow_free(b);
}

static void
test_long_data(void)
{
	struct biflow *b = begin(100);
	static char text[100000];
	struct biflow_flow f = flow("", 1, 1, 2, 22, 0, 0, 2);

	memset(text, 'x', sizeof text);
	for (size_t n = 0; n <= sizeof text; n += 997) {
		f.data = slice_of(text, n);
		f.ends.port[0]++;
		biflow_add(b, &f);
	}
	biflow_free(b);
	OK(pairs == 0);
}

/* On machines of either byte order. */
static void
test_order_of_ports(void)
{
	struct biflow_flow f[] = {
		flow("one", 1, 1, 2, 22, 0, 900, 0x1b),
		flow("256", 1, 256, 2, 22, 0, 900, 0x1b),
	};

	OK(gives(f, 2, "one 256 "));
}

int
main(void)
{
	test_pairs();
	test_order_of_ports();
	test_initiator();
	test_used_again();
	test_watermark();
	test_any_order();
	test_users();
	test_bounds();
	test_long_data();
	return DONE();
}
