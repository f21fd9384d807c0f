/* SPDX-License-Identifier: MIT */
#include "libcommon/input.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/slice.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { ROOM = 8 << 20 };

/* All that came out of an input, and what was said. */
static struct seen {
	char *bytes, *spilt;
	size_t n, n_spilt;
	int fresh, spills, troubles, moves, bad;
	char trouble[256]; /* the last */
	uint64_t delivered;
	bool all_regular;
} seen;

static void
trouble(void *arg, const char *what)
{
	struct input *in = arg;

	seen.troubles++;
	snprintf(seen.trouble, sizeof seen.trouble, "%s: %s", in->name, what);
}

static void
spill(void *arg, const char *p, size_t n, bool end)
{
	(void)arg;
	memcpy(seen.spilt + seen.n_spilt, p, n);
	seen.n_spilt += n;
	if (end)
		seen.spilt[seen.n_spilt++] = '|';
	seen.spills += end;
}

/* Whoever kept the last chunk is told before it goes. */
static void
moving(void *arg)
{
	(void)arg;
	seen.moves++;
}

/* A chunk is what the header says it is. */
static void
check_chunk(const char *p, size_t n)
{
	volatile char sum = 0;

	if (p[-1] != '\n' || p[n - 1] != '\n')
		seen.bad++;
	if (n > IN_CHUNK && memchr(p, '\n', n) != p + n - 1)
		seen.bad++;
	for (size_t i = 0; i < INPUT_PAD; i++)
		sum ^= p[n + i]; /* readable */
}

/* Reads all; 'in' has its options. */
static void
read_all(struct input *in)
{
	struct seen *s = &seen;
	bool fresh;
	size_t n;
	char *p;

	free(s->bytes);
	free(s->spilt);
	*s = (struct seen){ .bytes = malloc(ROOM), .spilt = malloc(ROOM) };
	in->trouble = trouble;
	in->spill = spill;
	in->idle = sample_drip_on;
	in->moving = moving;
	in->arg = in;
	input_open(in);
	while (input_chunk(in, &p, &n, &fresh)) {
		check_chunk(p, n);
		s->fresh += fresh;
		if (s->n + n <= ROOM)
			memcpy(s->bytes + s->n, p, n);
		s->n += n;
	}
	s->delivered = in->bytes;
	s->all_regular = in->all_regular;
	input_close(in);
}

static bool
seen_is(const char *p, size_t n)
{
	return !seen.bad && seen.delivered == n + seen.n_spilt &&
	       slice_eq(slice_of(seen.bytes, seen.n), slice_of(p, n));
}

static bool
seen_text(const char *text)
{
	return seen_is(text, strlen(text));
}

static bool
spilt_text(const char *text)
{
	return slice_is(slice_of(seen.spilt, seen.n_spilt), text);
}

/* ---- lines of all lengths ---- */

/* Lines of up to max bytes, n in all (the last perhaps without newline). */
static char *
random_lines(size_t n, size_t max)
{
	char *p = malloc(n + 1);

	for (size_t i = 0; i < n; i++) {
		char c = (char)sample_next();

		/* No byte of a magic number, which might come first. */
		p[i] = memchr("\x1f\x28\xef\n", c, 4) ? '\0' : c;
		if (sample_next() % (max + 1) == 0)
			p[i] = '\n';
	}
	return p;
}

static bool
file_comes_through(char *p, size_t n)
{
	char *path = sample_file("lines", p, n);
	struct input in = { .operands = (char *[]){ path, NULL } };

	read_all(&in);
	free(path);
	if (n && p[n - 1] != '\n')
		p[n++] = '\n';
	return seen_is(p, n) && seen.troubles == 0 && seen.spills == 0 &&
	       seen.fresh == (n > 0) && seen.all_regular;
}

static void
test_lines(void)
{
	static const size_t max[] = { 0, 1, 5, 20, 300, IN_CHUNK,
		2 * IN_CHUNK };
	bool good = true, brim = true;

	for (size_t n = 0; n < 200; n++)
		for (size_t i = 0; i < sizeof max / sizeof *max; i++) {
			char *p = random_lines(n, max[i]);

			good &= file_comes_through(p, n);
			free(p);
		}
	OK(good);
	for (size_t i = 0; i < sizeof max / sizeof *max; i++) {
		size_t n = 3 * (size_t)IN_CAP + sample_below(1000);
		char *p = random_lines(n, max[i]);

		brim &= file_comes_through(p, n);
		free(p);
	}
	OK(brim);
}

/* One line that is as long as a buffer, or nearly, and others about it. */
static void
test_brim(void)
{
	static const size_t about[] = { IN_CHUNK, IN_CAP, 2 * IN_CAP };
	bool good = true;

	for (size_t i = 0; i < sizeof about / sizeof *about; i++)
		for (size_t n = about[i] - 3; n <= about[i] + 3; n++) {
			char *p = malloc(n + 20);

			if (n > INPUT_MAX_LINE - 20)
				break;
			memset(p, 'x', n + 20);
			good &= file_comes_through(p, n);
			p[n] = 'x';
			p[n - 1] = '\n';
			good &= file_comes_through(p, n);
			good &= file_comes_through(p, n + 5);
			p[4] = p[n + 5] = '\n';
			good &= file_comes_through(p, n + 10);
			free(p);
		}
	OK(good);
}

static void
test_pipe(void)
{
	bool good = true;
	const size_t n = 400;

	for (size_t step = 1; step < 50; step++) {
		char *p = random_lines(n, 30);
		char *name = (char *)(uintptr_t)sample_drip_open(p, n, step);
		struct input in = { .operands = (char *[]){ name, NULL } };

		read_all(&in);
		p[n] = '\n';
		good &= seen_is(p, p[n - 1] == '\n' ? n : n + 1);
		good &= !seen.all_regular && seen.fresh == 1;
		free(p);
	}
	OK(good);
}

/* ---- operands ---- */

static void
test_operands(void)
{
	char *a = sample_file("a", "1\n2", 3), *b = sample_file("b", "", 0),
	     *c = sample_file("c", "3\n", 2), *d = sample_file("d", "\n", 1),
	     *bom = sample_file("bom",
		 "\xef\xbb\xbf"
		 "4",
		 4),
	     *operands[300];
	struct input in = { .operands = operands };

	memcpy(operands, (char *[]){ a, b, c, b, NULL }, 5 * sizeof a);
	read_all(&in);
	OK(seen_text("1\n2\n3\n") && seen.fresh == 2 && seen.troubles == 0);

	in = (struct input){ .operands = operands };
	memcpy(operands, (char *[]){ b, NULL }, 2 * sizeof a);
	read_all(&in);
	OK(seen_text("") && seen.fresh == 0);

	in = (struct input){ .operands = operands };
	memcpy(operands, (char *[]){ d, bom, c, NULL }, 4 * sizeof a);
	read_all(&in);
	OK(seen_text("\n4\n3\n") && seen.fresh == 3);

	in = (struct input){ .operands = operands };
	memcpy(operands, (char *[]){ a, "/nowhere/at/all", c, NULL },
	    4 * sizeof a);
	read_all(&in);
	OK(seen_text("1\n2\n3\n") && seen.troubles == 1);
	OK(strcmp(seen.trouble, "/nowhere/at/all: No such file or directory") ==
	    0);

	in = (struct input){ .operands = operands };
	memcpy(operands, (char *[]){ "/", c, NULL }, 3 * sizeof a);
	read_all(&in);
	OK(seen_text("3\n") && strcmp(seen.trouble, "/: Is a directory") == 0);

	in = (struct input){ .operands = operands };
	for (int i = 0; i < 299; i++)
		operands[i] = i % 3 ? c : b;
	operands[299] = NULL;
	read_all(&in);
	OK(seen.n == 2 * 199 && seen.fresh == 199 && !seen.bad);
}

/* What was whole before the damage is delivered, and the next operand read. */
static void
test_damage(void)
{
	static const char gzip[] = "\x1f\x8b\x08\0\0\0\0\0\0\3garbage";
	char *bad = sample_file("bad.gz", gzip, sizeof gzip - 1),
	     *good = sample_file("good", "1\n", 2),
	     *operands[] = { bad, good, NULL };
	struct input in = { .operands = operands };

	read_all(&in);
	OK(seen_text("1\n") && seen.troubles == 1);
	OK(strstr(seen.trouble, "the gzip data is damaged"));
}

/* ---- lines too long ---- */

static void
read_text(const char *text, size_t max_line)
{
	char *path = sample_file("long", text, strlen(text)),
	     *operands[] = { path, NULL };
	struct input in = { .operands = operands, .max_line = max_line };

	read_all(&in);
	free(path);
}

static void
test_long_lines(void)
{
	read_text("1234567890\nabc\n", 10);
	OK(seen_text("1234567890\nabc\n") && seen.spills == 0);
	read_text("12345678901\nabc\n", 10);
	OK(seen_text("abc\n") && spilt_text("12345678901|"));
	OK(seen.troubles == 0 && seen.spills == 1);
	read_text("abc\n12345678901", 10);
	OK(seen_text("abc\n") && spilt_text("12345678901|"));
	read_text("abc\n1234567890", 10);
	OK(seen_text("abc\n1234567890\n") && seen.spills == 0);
	read_text("123456789012345678901234567890123456789012345678901234567890"
		  "\nabc\n123456789012345678901234567890\ndef\n",
	    20);
	OK(seen_text("abc\ndef\n") && seen.spills == 2 && seen.troubles == 0);
	OK(spilt_text("12345678901234567890123456789012345678901234567890123456"
		      "7890|123456789012345678901234567890|"));
}

/* Far longer than the buffer, between others; at the end; with no end. */
static void
test_very_long_lines(void)
{
	const size_t n = 3 * (size_t)IN_CAP, max = 2 * (size_t)IN_CAP;
	char *text = malloc(n + 16);

	memset(text, 'x', n + 16);
	memcpy(text, "abc\n", 4);
	strcpy(text + n, "\ndef\n");
	read_text(text, max);
	OK(seen_text("abc\ndef\n") && seen.spills == 1 && seen.troubles == 0);
	OK(seen.n_spilt == n - 4 + 1);
	strcpy(text + n, "\n");
	read_text(text, max);
	OK(seen_text("abc\n") && seen.spills == 1 && seen.n_spilt == n - 3);
	text[n] = '\0';
	read_text(text, max);
	OK(seen_text("abc\n") && seen.spills == 1 && seen.n_spilt == n - 3);
	read_text(text + 4, max);
	OK(seen_text("") && seen.spills == 1 && seen.n_spilt == n - 3);
	free(text);
}

/* ---- framing ---- */

static void
read_reframed(const char *text)
{
	char *path = sample_file("frames", text, strlen(text)),
	     *plain = sample_file("plain", "{\"z\":1}\n", 8),
	     *operands[] = { path, plain, path, NULL };
	struct input in = { .operands = operands, .reframe = true };

	read_all(&in);
	free(path);
	free(plain);
}

static void
test_reframe(void)
{
	read_reframed("[{\"a\":1},\n{\"b\":2}]\n");
	OK(seen_text(
	    "{\"a\":1}\n{\"b\":2}\n{\"z\":1}\n{\"a\":1}\n{\"b\":2}\n"));
	OK(seen.fresh == 3);
	read_reframed("{\n\"a\":1\n}\n");
	OK(seen_text("{ \"a\":1 }\n{\"z\":1}\n{ \"a\":1 }\n"));
	read_reframed("{}{}");
	OK(seen_text("{}\n{}\n{\"z\":1}\n{}\n{}\n"));
	read_reframed("[{\"a\":");
	OK(seen_text("{\"a\":\n{\"z\":1}\n{\"a\":\n"));
	read_reframed("{}\n");
	OK(seen_text("{}\n{\"z\":1}\n{}\n"));
}

int
main(void)
{
	test_lines();
	test_brim();
	test_pipe();
	test_operands();
	test_damage();
	test_long_lines();
	test_very_long_lines();
	test_reframe();
	return DONE();
}
