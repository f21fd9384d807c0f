/* SPDX-License-Identifier: MIT */
#include "libcommon/hll.h"

#include <stdlib.h>

#include "libcommon/hash.h"
#include "tests/unit/t.h"

enum { TEXT_ROOM = 16400, SEEDS = 5 };

static uint64_t state = 1;

/* splitmix64 */
static uint64_t
rnd(uint64_t below)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static uint64_t
hash_of(uint64_t seed, uint64_t i)
{
	uint64_t both[2] = { seed, i };

	return hash_fixed(both, sizeof both);
}

/* The items from..to - 1. */
static struct hll
range(uint64_t seed, uint64_t from, uint64_t to)
{
	struct hll h = { 0 };

	for (uint64_t i = from; i < to; i++)
		hll_add(&h, hash_of(seed, i));
	return h;
}

static char *
text_of(const struct hll *h)
{
	size_t room = hll_text_room(h), n;
	char *text = malloc(room + 1); /* no more, for ASan to see */

	n = hll_put(text, h);
	if (n > room)
		abort();
	text[n] = '\0';
	return text;
}

static bool
has_text(const struct hll *h, const char *expected)
{
	char *text = text_of(h);
	bool same = strcmp(text, expected) == 0;

	free(text);
	return same;
}

static bool
same(const struct hll *a, const struct hll *b)
{
	char *text = text_of(b);
	bool equal = hll_is_exact(a) == hll_is_exact(b) &&
		     hll_count(a) == hll_count(b) && has_text(a, text);

	free(text);
	return equal;
}

static void
test_exact(void)
{
	struct hll h = { 0 };
	bool good = true;

	OK(hll_count(&h) == 0 && hll_is_exact(&h));
	for (uint64_t i = 0; i < HLL_EXACT; i++) {
		hll_add(&h, hash_of(0, i));
		hll_add(&h, hash_of(0, i / 2));
		good &= hll_count(&h) == i + 1 && hll_is_exact(&h);
	}
	OK(good);
	for (uint64_t i = 0; i < HLL_EXACT; i++)
		hll_add(&h, hash_of(0, i));
	OK(hll_count(&h) == HLL_EXACT && hll_is_exact(&h));
	hll_add(&h, hash_of(0, HLL_EXACT));
	OK(!hll_is_exact(&h));
	OK(hll_count(&h) > HLL_EXACT * 0.97 &&
	    hll_count(&h) < HLL_EXACT * 1.03);
	hll_free(&h);
	OK(h.heap == NULL && hll_count(&h) == 0);
}

/* Hashes that meet in the table, and both ends. */
static void
test_odd_hashes(void)
{
	struct hll h = { 0 };

	for (uint64_t i = 0; i < 300; i++)
		hll_add(&h, i << 32);
	OK(hll_count(&h) == 300);
	hll_free(&h);
	hll_add(&h, 0);
	hll_add(&h, UINT64_MAX);
	hll_add(&h, 0);
	OK(hll_count(&h) == 2);
	OK(has_text(&h, "AQAAAAAAAAAAAf//////////"));
	hll_free(&h);
}

/* Within 3 standard errors, 1.04 / sqrt(2^HLL_BITS) = 0.8125 % each. */
static void
test_error(uint64_t n)
{
	double worst = 0, mean = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct hll h = range(seed, 0, n);
		double off = (double)hll_count(&h) / (double)n - 1;

		mean += off / SEEDS;
		worst = off > worst ? off : -off > worst ? -off : worst;
		hll_free(&h);
	}
	printf("# %llu: worst %.2f %%, mean %.2f %%\n", (unsigned long long)n,
	    worst * 100, mean * 100);
	OK(worst < 3 * 0.008125);
}

/* Parts that overlap, on both sides of the limit, in any order. */
static void
test_merge(uint64_t n)
{
	struct hll parts[6], whole = range(7, 0, n), copy = { 0 };
	bool good = true;

	for (uint64_t i = 0; i < 6; i++)
		parts[i] = range(7, n * i / 7, n * (i + 2) / 7);
	for (int order = 0; order < 20; order++) {
		struct hll sum = { 0 };

		for (int i = 0; i < 6; i++) {
			int k = i + (int)rnd((uint64_t)(6 - i));
			struct hll chosen = parts[k];

			parts[k] = parts[i];
			parts[i] = chosen;
			hll_merge(&sum, &parts[i]);
		}
		good &= same(&sum, &whole);
		hll_free(&sum);
	}
	OK(good);
	hll_merge(&copy, &whole);
	hll_merge(&copy, &copy);
	hll_merge(&copy, &(struct hll){ 0 });
	OK(same(&copy, &whole));
	hll_free(&copy);
	for (int i = 0; i < 6; i++)
		hll_free(&parts[i]);
	hll_free(&whole);
}

static void
test_round_trip(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 4, 5, 100, 1023, 1024,
		1025, 5000, 300000 };
	bool good = true;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct hll h = range(3, 0, sizes[i]), back;
		char *text = text_of(&h);

		good &= !hll_parse(slice_str(text), &back);
		good &= strlen(text) <= hll_text_room(&h) && same(&h, &back);
		hll_add(&h, 12345);
		hll_add(&back, 12345);
		good &= same(&h, &back);
		hll_free(&h);
		hll_free(&back);
		free(text);
	}
	OK(good);
}

/* An error leaves an empty set; what is accepted is canonical. */
static bool
parses_well(const char *text, size_t n, bool *accepted)
{
	char *copy = malloc(n ? n : 1); /* its end is the end for ASan */
	struct hll h;
	bool good;

	memcpy(copy, text, n);
	*accepted = !hll_parse(slice_of(copy, n), &h);
	if (*accepted) {
		char *again = text_of(&h);

		good = strlen(again) == n && memcmp(again, copy, n) == 0;
		free(again);
	} else {
		good = h.heap == NULL && h.n == 0 && h.room == 0;
	}
	hll_count(&h);
	hll_free(&h);
	free(copy);
	return good;
}

static bool
rejects(const char *text)
{
	bool accepted, good = parses_well(text, strlen(text), &accepted);

	return good && !accepted;
}

static void
test_rejects(void)
{
	OK(rejects(""));
	OK(rejects("AQA") && rejects("AQA==") && rejects("AQAA"));
	OK(rejects("AgA=") && rejects("AQE=") && rejects("AQ=="));
	OK(rejects("===="));
	OK(rejects("AQ A") && rejects("AQ-A") && rejects("A=A="));
	OK(rejects("AQB="));                     /* unused bits set */
	OK(rejects("AQAAAAAAAAAAAA=="));         /* the hash 0 */
	OK(rejects("AQAAAAAAAAAAAQAAAAAAAAAB")); /* twice the same */
	OK(rejects("AQAAAAAAAAAAAgAAAAAAAAAB")); /* descending */
	OK(rejects("AQ4="));
}

/* Cuts, lengthens, takes out or replaces. */
static void
damage(char *text, size_t *n)
{
	static const char some[] = "AQgz09+/=-_ \n\xff";
	size_t at = rnd(*n + 1), less = rnd(*n - at < 4 ? *n - at + 1 : 4);

	switch (rnd(5)) {
	case 0:
		*n = at;
		break;
	case 1:
		memset(text + *n, 'A', 4);
		*n += rnd(5);
		break;
	case 2:
		*n -= less;
		memmove(text + at, text + at + less, *n - at);
		break;
	default:
		text[at] = some[rnd(sizeof some)];
	}
}

static void
test_damaged(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 20, 1024, 4000 };
	char *text = malloc(TEXT_ROOM * 2);
	int seen[2] = { 0 };
	bool good = true, accepted;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct hll h = range(5, 0, sizes[i]);

		for (int round = 0; round < 1000; round++) {
			size_t n = hll_put(text, &h);

			for (uint64_t k = rnd(3) + 1; k; k--)
				damage(text, &n);
			good &= parses_well(text, n, &accepted);
			seen[accepted]++;
		}
		hll_free(&h);
	}
	printf("# %d rejected, %d accepted\n", seen[0], seen[1]);
	OK(good && seen[0] > 0);
	free(text);
}

/* Dense text: head, digits, end; whether it is accepted, and its count. */
static bool
dense(const char *head, char digit, const char *end, uint64_t *count)
{
	char text[TEXT_ROOM];
	struct hll h;
	size_t n = 16388;

	memset(text, digit, n);
	memcpy(text, head, 4);
	memcpy(text + n - 4, end, 4);
	if (hll_parse(slice_of(text, n), &h))
		return false;
	*count = hll_count(&h);
	hll_free(&h);
	return true;
}

static void
test_registers(void)
{
	uint64_t n = 0;

	/* All of the highest rank, 51: beyond any number. */
	OK(dense("AQ7P", 'P', "PPM=", &n) && n == UINT64_MAX);
	OK(!dense("AQ7P", '/', "PPM=", &n));
	OK(!dense("AQ4A", 'A', "AAA=", &n));
	/* One register alone. */
	OK(dense("AQ4A", 'A', "AAE=", &n) && n == 1);
	/* Computed apart with 60 digits: all but the first of rank 51. */
	OK(dense("AQ4D", 'P', "PPM=", &n) && n == 193623433);
}

/* Ranks 51 and 44; the expected number was computed apart, 60 digits. */
static void
test_saturated(void)
{
	const double expected = 4.138392554864832e+17;
	struct hll h = { 0 };
	double off;

	hll_add(&h, (uint64_t)1 << 6);
	for (uint64_t i = 1; i < 1 << HLL_BITS; i++)
		hll_add(&h, i << 50 | (i < 8192 ? 0 : 1 << 6));
	off = (double)hll_count(&h) / expected - 1;
	OK(off < 1e-12 && off > -1e-12);
	hll_free(&h);
}

/* A hash more than the exact form may have. */
static void
test_too_many(void)
{
	char text[TEXT_ROOM];
	struct hll h = { 0 }, back;
	size_t n;

	for (uint64_t i = 0; i < HLL_EXACT; i++)
		hll_add(&h, i << 20 | 0xff);
	n = hll_put(text, &h);
	OK(n == hll_text_room(&h) && memcmp(text + n - 4, "/w==", 4) == 0);
	memcpy(text + n - 4, "////////////", 12);
	OK(hll_parse(slice_of(text, n + 8), &back));
	hll_free(&h);
}

int
main(void)
{
	test_exact();
	test_odd_hashes();
	test_error(10000);
	test_error(100000);
	test_error(1000000);
	test_merge(700);
	test_merge(3000);
	test_merge(50000);
	test_round_trip();
	test_rejects();
	test_damaged();
	test_registers();
	test_saturated();
	test_too_many();
	return DONE();
}
