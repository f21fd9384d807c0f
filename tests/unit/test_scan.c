/* SPDX-License-Identifier: MIT */
#include "libcommon/scan.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { MAX_LEN = 300, CANARIES = 16 };

static struct sample_guard guard;

/* What the header promises, word for word. */
static bool
is_mark(unsigned char c)
{
	return c == '"' || c == '\n';
}

static bool
is_special(unsigned char c)
{
	return c < 0x20 || c >= 0x80 || (c && strchr("\\[]{}|", c));
}

/* A block in which about percent of the bytes are of interest. */
static void
fill(char *p, size_t n, unsigned percent)
{
	static const char of_interest[] = "\"\"\"\"\n\\[]{}|\x1f\x80\xff\t\r";

	for (size_t i = 0; i < n; i++) {
		if (sample_below(100) < percent)
			p[i] =
			    of_interest[sample_below(sizeof of_interest - 1)];
		else
			p[i] = (char)(0x20 + sample_below(0x5f));
	}
}

/* Whether a kernel finds in a block what is there, and writes no further. */
static bool
finds(scan_fn *scan, const char *buf, size_t len)
{
	size_t room = len + SCAN_SLACK, words = len / 64 + 1;
	uint32_t *pos = malloc((room + CANARIES) * sizeof *pos), n, seen = 0;
	struct scan_special *special = calloc(words, sizeof *special);
	uint64_t specials = 0;
	bool good = true;

	memset(pos, 0xa5, (room + CANARIES) * sizeof *pos);
	n = scan(buf, len, pos, special);
	for (size_t i = 0; i <= len; i++) {
		good &= scan_specials_before(special, (uint32_t)i) == specials;
		if (i == len)
			break;
		specials += is_special((unsigned char)buf[i]);
		if (is_mark((unsigned char)buf[i]))
			good &= seen < n && pos[seen++] == i;
	}
	good &= seen == n;
	for (size_t i = room; i < room + CANARIES; i++)
		good &= pos[i] == 0xa5a5a5a5;
	free(pos);
	free(special);
	return good;
}

static bool
every_alignment(scan_fn *scan, unsigned percent)
{
	bool good = true;

	for (size_t len = 0; len <= MAX_LEN; len++) {
		char *end = guard.p + guard.n, *p;

		/* All that may be read, then the guard page. */
		p = end - (len + 63) / 64 * 64;
		fill(p, (size_t)(end - p), percent);
		good &= finds(scan, p, len);
		for (size_t at = 0; at < 64; at++) {
			p = guard.p + at;
			fill(p, len + 64, percent);
			good &= finds(scan, p, len);
		}
	}
	return good;
}

/* The same byte everywhere, and each byte alone. */
static bool
every_byte(scan_fn *scan)
{
	bool good = true;

	for (int c = 0; c < 256; c++) {
		memset(guard.p, c, 256);
		good &= finds(scan, guard.p, 200);
		for (size_t at = 0; at < 70; at++) {
			memset(guard.p, 'x', 256);
			guard.p[at] = (char)c;
			good &= finds(scan, guard.p, 130);
		}
	}
	return good;
}

static bool
random_bytes(scan_fn *scan)
{
	bool good = true;

	for (int round = 0; round < 2000; round++) {
		size_t len = sample_below(5000);

		for (size_t i = 0; i < len + 64; i++)
			guard.p[i] = (char)sample_next();
		good &= finds(scan, guard.p, len);
	}
	return good;
}

static void
test_kernel(const struct scan_kernel *k)
{
	static const unsigned percent[] = { 0, 1, 5, 25, 60, 100 };

	if (!k->usable()) {
		printf("ok %d - %s # SKIP processor has no %s\n", ++t_run,
		    k->name, k->name);
		return;
	}
	printf("# %s\n", k->name);
	for (size_t i = 0; i < sizeof percent / sizeof *percent; i++)
		OK(every_alignment(k->scan, percent[i]));
	OK(every_byte(k->scan));
	OK(random_bytes(k->scan));
}

/* PIPE4FLOW_CPU forbids the better kernels. */
static const char *
best_with(const char *cpu)
{
	const struct scan_kernel *k = scan_kernels;

	setenv("PIPE4FLOW_CPU", cpu, 1);
	while (k->scan != scan_best())
		k++;
	unsetenv("PIPE4FLOW_CPU");
	return k->name;
}

int
main(void)
{
	unsetenv("PIPE4FLOW_CPU");
	guard = sample_guard();
	for (const struct scan_kernel *k = scan_kernels; k->name; k++)
		test_kernel(k);
	OK(strcmp(best_with("portable"), "portable") == 0);
	OK(strcmp(best_with("sse2"), "avx2") != 0);
	OK(strcmp(best_with("sse2"), "avx512") != 0);
	OK(strcmp(best_with("avx2"), "avx512") != 0);
	return DONE();
}
