/* SPDX-License-Identifier: MIT */
#include "libcommon/output.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/die.h"
#include "libcommon/json.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { MAX = 3 * OUT_CAP + 100000 };

static char *model; /* what should have been written */
static size_t model_n;

static void
put(struct output *out, const char *p, size_t n)
{
	out_put(out, p, n);
	memcpy(model + model_n, p, n);
	model_n += n;
}

static bool
file_is_model(const char *path)
{
	size_t n;
	char *p = sample_read(path, &n);
	bool good = slice_eq(slice_of(p, n), slice_of(model, model_n));

	free(p);
	return good;
}

/* Pieces of all sizes arrive in order. */
static bool
writes(const char *path, size_t max_piece)
{
	struct output out;
	static char piece[2 * OUT_CAP + 100];

	model_n = 0;
	out_open(&out, path);
	for (int i = 0; i < 2000; i++) {
		size_t n = sample_next() % (max_piece + 1);

		if (model_n + n > MAX)
			break;
		memset(piece, 'a' + i % 26, n);
		put(&out, piece, n);
		if (sample_below(20) == 0)
			out_flush(&out);
	}
	out_close(&out);
	return file_is_model(path) && out.fd < 0;
}

static void
test_sizes(void)
{
	static const size_t sizes[] = { 0, 1, 2, 15, 16, 17, 100, OUT_CAP - 1,
		OUT_CAP, OUT_CAP + 1, 2 * OUT_CAP };
	char *path = sample_name("out");

	model = malloc(MAX);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		OK(writes(path, sizes[i]));
	free(path);
}

/* Nothing is lost where a piece fills the buffer exactly, or nearly. */
static void
test_brim(void)
{
	char *path = sample_name("brim"), *piece = malloc(OUT_CAP + 2);
	bool good = true;

	memset(piece, 'x', OUT_CAP + 2);
	for (size_t first = OUT_CAP - 2; first <= OUT_CAP + 2; first++) {
		struct output out;

		model_n = 0;
		out_open(&out, path);
		put(&out, piece, first);
		put(&out, "", 0);
		put(&out, "yz", 2);
		out_close(&out);
		good &= file_is_model(path);
	}
	OK(good);
	free(piece);
	free(path);
}

static void
test_helpers(void)
{
	char *path = sample_name("helpers"), *got;
	struct output out;
	size_t n;

	out_open(&out, path);
	out_slice(&out, slice_str("one "));
	out_slice(&out, (struct slice){ NULL, 0 });
	out_str(&out, "two ");
	out_char(&out, '3');
	out_json_string(&out, slice_str(" \"4\"\n"));
	out_json_string(&out, (struct slice){ NULL, 0 });
	out_close(&out);
	got = sample_read(path, &n);
	OK(strcmp(got, "one two 3 \\\"4\\\"\\n") == 0);
	free(got);
	/* A file is truncated. */
	out_open(&out, path);
	out_close(&out);
	got = sample_read(path, &n);
	OK(n == 0);
	free(got);
	free(path);
}

/* A long string in one piece or in many: the same escapes. */
static void
test_json_string(void)
{
	char *path = sample_name("string");
	bool good = true;

	for (int round = 0; round < 300; round++) {
		char in[1500], want[6 * sizeof in], *got;
		size_t len = 0, n, end = sample_below(sizeof in - 4);
		struct output out;

		while (len < end && round % 2)
			in[len++] = (char)sample_next();
		while (len < end)
			len += (size_t)sprintf(in + len, "%s",
			    sample_below(3) ? "\xf0\x9f\x98\x80" : "\xc3\xa9");
		n = json_escape(slice_of(in, len), want);
		out_open(&out, path);
		out_json_string(&out, slice_of(in, len));
		out_close(&out);
		model_n = n;
		memcpy(model, want, n);
		got = sample_read(path, &n);
		good &= slice_eq(slice_of(got, n), slice_of(model, model_n));
		free(got);
	}
	OK(good);
	free(path);
}

/* Bytes lent between others, now neighbours and now not, arrive in order. */
static void
test_lending(void)
{
	static const size_t sizes[] = { 0, 1, 500, 1023, 1024, 1025, 3000 };
	char *path = sample_name("lent"), block[20000];
	bool good = true;

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)sample_next();
	for (int round = 0; round < 200; round++) {
		struct output out;
		size_t at = 0, n;

		model_n = 0;
		out_open(&out, path);
		for (;; at += n + sample_below(2) * 7) {
			n = sizes[sample_below(7)];
			if (at + n > sizeof block)
				break;
			out_lend(&out, block + at, n);
			memcpy(model + model_n, block + at, n);
			model_n += n;
			if (sample_below(3) == 0)
				put(&out, block, sizes[sample_below(6)]);
			if (sample_below(9) == 0)
				out_settle(&out);
			if (sample_below(9) == 0)
				out_flush(&out);
		}
		out_close(&out);
		good &= file_is_model(path);
	}
	OK(good);
	free(path);
}

static void
test_memory(void)
{
	struct output out;

	out_memory(&out);
	model_n = 0;
	put(&out, "", 0);
	OK(out.n == 0);
	for (int i = 0; i < 100; i++)
		put(&out, "0123456789012345678901234567890123456789", 37);
	out_lend(&out, model, 2000);
	memcpy(model + model_n, model, 2000);
	model_n += 2000;
	OK(slice_eq(slice_of(out.buf, out.n), slice_of(model, model_n)));
	out.n = 0;
	out_str(&out, "again");
	OK(slice_is(slice_of(out.buf, out.n), "again"));
	out_close(&out);
}

static void
write_many(void *arg)
{
	struct output out;

	out_open(&out, arg);
	for (int i = 0; i < OUT_CAP; i++)
		out_str(&out, "flow\n");
	out_close(&out);
}

/* Little enough to wait in the buffer until it is closed. */
static void
write_little(void *arg)
{
	struct output out;

	out_open(&out, arg);
	out_str(&out, "flow\n");
	out_close(&out);
}

static void
write_to_nobody(void *arg)
{
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe(fd) < 0)
		_exit(99);
	close(fd[0]);
	dup2(fd[1], STDOUT_FILENO);
	write_many(arg);
}

static void
test_failures(void)
{
	char *errors = sample_name("errors"), *text;
	size_t n;

	if (access("/dev/full", W_OK) == 0) {
		OK(sample_child(write_many, "/dev/full", errors) == EXIT_FATAL);
		text = sample_read(errors, &n);
		OK(strstr(text, ": /dev/full: "));
		free(text);
		OK(sample_child(write_little, "/dev/full", errors) ==
		    EXIT_FATAL);
	}
	OK(sample_child(write_little, "/nowhere/at/all", errors) == EXIT_FATAL);
	text = sample_read(errors, &n);
	OK(strstr(text, ": /nowhere/at/all: "));
	free(text);
	OK(sample_child(write_to_nobody, NULL, errors) == EXIT_FATAL);
	text = sample_read(errors, &n);
	OK(n == 0);
	free(text);
	free(errors);
}

int
main(void)
{
	test_sizes();
	test_brim();
	test_helpers();
	test_json_string();
	test_lending();
	test_memory();
	test_failures();
	return DONE();
}
