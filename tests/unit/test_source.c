/* SPDX-License-Identifier: MIT */
#include "libcommon/source.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "libcommon/slice.h"
#include "libcommon/stop.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { ROOM = 1 << 20 };

struct bytes {
	char p[ROOM];
	size_t n;
};

static struct bytes plain, packed, got;

/* ---- making ---- */

static void
append(struct bytes *b, const char *p, size_t n)
{
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void
fill_plain(size_t n)
{
	plain.n = n;
	for (size_t i = 0; i < n; i++)
		plain.p[i] =
		    (char)(sample_below(4) ? 'a' + i % 26 : sample_next());
}

/* One more member with these bytes. */
static void
append_gzip(struct bytes *b, const char *p, size_t n)
{
	z_stream z = { .next_in = (Bytef *)p,
		.avail_in = (uInt)n,
		.next_out = (Bytef *)b->p + b->n,
		.avail_out = (uInt)(ROOM - b->n) };

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	b->n = ROOM - z.avail_out;
	deflateEnd(&z);
}

static void
append_zstd(struct bytes *b, const char *p, size_t n)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	b->n += ZSTD_compress2(c, b->p + b->n, ROOM - b->n, p, n);
	ZSTD_freeCCtx(c);
}

typedef void append_fn(struct bytes *b, const char *p, size_t n);

static const struct {
	const char *name;
	append_fn *append;
	size_t magic; /* bytes by which it is known */
} formats[] = {
	{ "plain", append, 0 },
	{ "gzip", append_gzip, 2 },
	{ "zstd", append_zstd, 4 },
};

/* ---- reading ---- */

static int
no_wait(void *arg)
{
	(void)arg;
	return -1;
}

/* All of a source, 'step' bytes at a time; NULL or what went wrong. */
static const char *
read_all(struct source *s, size_t step, int (*idle)(void *arg))
{
	static char err[200];
	ssize_t n;

	got.n = 0;
	err[0] = '\0';
	for (;;) {
		char *buf = malloc(step);

		n = source_read(s, buf, step, idle, NULL);
		if (n > 0 && got.n + (size_t)n <= ROOM)
			append(&got, buf, (size_t)n);
		free(buf);
		if (n <= 0)
			break;
	}
	if (n < 0)
		snprintf(err, sizeof err, "%s", source_error(s));
	source_close(s);
	return *err ? err : NULL;
}

static const char *
read_file(const struct bytes *b, size_t step)
{
	char *path = sample_file("source", b->p, b->n);
	struct source *s = source_open(path, false, NULL, NULL);
	const char *err = s ? read_all(s, step, no_wait) : strerror(errno);

	free(path);
	return err;
}

static bool
got_is(const struct bytes *b)
{
	return slice_eq(slice_of(got.p, got.n), slice_of(b->p, b->n));
}

/* ---- tests ---- */

static bool
round_trip(append_fn *f, size_t size, size_t step)
{
	fill_plain(size);
	packed.n = 0;
	f(&packed, plain.p, plain.n);
	return !read_file(&packed, step) && got_is(&plain);
}

static void
test_sizes(append_fn *f)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 15, 16, 17, 100, 4096,
		65535, 65536, 65537, 131072, 200000 };
	static const size_t steps[] = { 1, 2, 3, 16, 64, 4096, 65536, 131072 };
	bool all = true, exact = true;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (size_t j = 0; j < sizeof steps / sizeof *steps; j++)
			all &= round_trip(f, sizes[i], steps[j]);
		if (sizes[i])
			exact &= round_trip(f, sizes[i], sizes[i]);
	}
	OK(all);
	OK(exact);
}

static void
test_members(append_fn *f)
{
	bool good = true;

	for (size_t step = 1; step < 70000; step = step * 3 + 1) {
		packed.n = 0;
		fill_plain(70000);
		f(&packed, plain.p, 30000);
		f(&packed, plain.p + 30000, 0);
		f(&packed, plain.p + 30000, 1);
		f(&packed, plain.p + 30001, 39999);
		good &= !read_file(&packed, step) && got_is(&plain);
	}
	OK(good);
}

/* What ends too early says so, at every byte, with what there was. */
static void
test_truncated(append_fn *f, size_t magic)
{
	bool said = true, prefix = true;
	static struct bytes cut;

	fill_plain(300);
	packed.n = 0;
	f(&packed, plain.p, plain.n);
	for (cut.n = magic; cut.n < packed.n; cut.n++) {
		const char *err;

		memcpy(cut.p, packed.p, cut.n);
		err = read_file(&cut, 64);
		said &= err && strstr(err, "too early");
		prefix &=
		    got.n <= plain.n && memcmp(got.p, plain.p, got.n) == 0;
	}
	OK(said);
	OK(prefix);
	/* Less than the magic number is text. */
	for (cut.n = 0; cut.n < magic; cut.n++)
		said &= !read_file(&cut, 64) && got_is(&cut);
	OK(said);
	/* The second member is cut. */
	cut.n = packed.n;
	memcpy(cut.p, packed.p, packed.n);
	f(&cut, plain.p, plain.n);
	cut.n -= 5;
	OK(read_file(&cut, 64) && got.n >= plain.n);
}

/* A bit turned over anywhere is noticed, or does not matter. */
static void
test_damaged(append_fn *f, size_t magic)
{
	bool good = true;

	fill_plain(300);
	packed.n = 0;
	f(&packed, plain.p, plain.n);
	for (size_t bit = 8 * magic; bit < 8 * packed.n; bit++) {
		packed.p[bit / 8] ^= (char)(1 << bit % 8);
		good &= read_file(&packed, 64) || got_is(&plain);
		packed.p[bit / 8] ^= (char)(1 << bit % 8);
	}
	OK(good);
	append(&packed, "garbage", 7);
	OK(read_file(&packed, 64) && got_is(&plain));
}

static bool
text_gives(const char *text, const char *want)
{
	bool good = true;

	packed.n = plain.n = 0;
	append(&packed, text, strlen(text));
	append(&plain, want, strlen(want));
	for (size_t step = 1; step < 10; step++)
		good &= !read_file(&packed, step) && got_is(&plain);
	return good;
}

static void
test_byte_order_mark(void)
{
	OK(text_gives("\xef\xbb\xbf{}\n", "{}\n"));
	OK(text_gives("\xef\xbb\xbf", ""));
	OK(text_gives("\xef\xbb", "\xef\xbb"));
	OK(text_gives("\xef", "\xef"));
	OK(text_gives("\xef\xbb{}", "\xef\xbb{}"));
	OK(text_gives("\xef\xbb\xbf\xef\xbb\xbf", "\xef\xbb\xbf"));
	OK(text_gives("{\xef\xbb\xbf}", "{\xef\xbb\xbf}"));
	OK(text_gives("\x1f", "\x1f"));
	OK(text_gives("\x28\xb5\x2f", "\x28\xb5\x2f"));
	OK(text_gives("(abc", "(abc"));
	OK(text_gives("", ""));
}

/* From a pipe, few bytes at a time. */
static bool
from_pipe(const struct bytes *b, size_t step, size_t buf)
{
	struct source *s =
	    source_open(sample_drip_open(b->p, b->n, step), false, NULL, NULL);

	return s && !source_is_regular(s) && !read_all(s, buf, sample_drip_on);
}

static void
test_pipe(append_fn *f)
{
	bool good = true;

	fill_plain(500);
	packed.n = 0;
	f(&packed, plain.p, plain.n);
	f(&packed, plain.p, 0);
	for (size_t step = 1; step < 20; step++)
		for (size_t buf = 1; buf < 600; buf = buf * 2 + 1)
			good &= from_pipe(&packed, step, buf) && got_is(&plain);
	OK(good);
	packed.n = 0;
	append(&packed, "\xef\xbb\xbf{}", 5);
	OK(from_pipe(&packed, 1, 1) && slice_is(slice_of(got.p, got.n), "{}"));
	packed.n = 0;
	OK(from_pipe(&packed, 1, 1) && got.n == 0);
}

/* Input of a pipe is handed out as it comes: the first byte before the last. */
static void
test_live(void)
{
	char buf[100];
	struct source *s =
	    source_open(sample_drip_open("{}\n{}\n", 6, 3), false, NULL, NULL);

	OK(source_read(s, buf, sizeof buf, sample_drip_on, NULL) == 3);
	OK(source_read(s, buf, sizeof buf, sample_drip_on, NULL) == 3);
	OK(source_read(s, buf, sizeof buf, sample_drip_on, NULL) == 0);
	source_close(s);
}

static void
test_facts(void)
{
	char *path = sample_file("facts", "hello\n", 6), buf[10];
	struct source *s = source_open(path, false, NULL, NULL);

	OK(s && source_is_regular(s));
	OK(source_size(s) == 6 && source_offset(s) == 0);
	OK(source_read(s, buf, sizeof buf, no_wait, NULL) == 6);
	OK(source_offset(s) == 6);
	OK(source_read(s, buf, sizeof buf, no_wait, NULL) == 0);
	source_close(s);
	free(path);
	errno = 0;
	OK(!source_open("/nowhere/at/all", false, NULL, NULL) &&
	    errno == ENOENT);
	OK(!source_open("/", false, NULL, NULL) && errno == EISDIR);
}

/* ---- following a file ---- */

static char *log_path;
static int log_step;

/* Called whenever the follower has read all there is. */
static int
log_goes_on(void *arg)
{
	FILE *f = NULL;

	(void)arg;
	switch (log_step++) {
	case 0: /* a line in two pieces */
		f = fopen(log_path, "a");
		fputs("tw", f);
		break;
	case 1:
		f = fopen(log_path, "a");
		fputs("o\n", f);
		break;
	case 2: /* cut, and shorter */
		f = fopen(log_path, "w");
		fputs("3\n", f);
		break;
	case 3: /* another file of that name */
		unlink(log_path);
		f = fopen(log_path, "w");
		fputs("four\n", f);
		break;
	default: /* the old one is given a second */
		if (log_step > 20)
			raise(SIGTERM);
	}
	if (f)
		fclose(f);
	return -1;
}

static void
follow(void *arg)
{
	const char *want = "one\ntwo\n3\nfour\n";
	struct source *s;

	(void)arg;
	stop_init();
	s = source_open(log_path, true, NULL, NULL);
	if (!s || read_all(s, 64, log_goes_on) ||
	    !slice_is(slice_of(got.p, got.n), want))
		_exit(1);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		printf("# %s\n", formats[i].name);
		test_sizes(formats[i].append);
		test_members(formats[i].append);
		test_pipe(formats[i].append);
		if (!formats[i].magic)
			continue;
		test_truncated(formats[i].append, formats[i].magic);
		test_damaged(formats[i].append, formats[i].magic);
	}
	test_byte_order_mark();
	test_live();
	test_facts();
	log_path = sample_file("log", "one\n", 4);
	OK(sample_child(follow, NULL, NULL) == 0);
	return DONE();
}
