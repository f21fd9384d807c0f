/* SPDX-License-Identifier: MIT */
#include "libcommon/frame.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/slice.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

#define L(s)                        \
	{                           \
		"" s, sizeof(s) - 1 \
	}

static const struct {
	struct slice in, out;
} cases[] = {
	/* arrays */
	{ L("[{\"a\":1},{\"b\":2}]"), L("{\"a\":1}\n{\"b\":2}\n") },
	{ L("[\n{\"a\":1},\n{\"b\":2}\n]\n"), L("{\"a\":1}\n{\"b\":2}\n") },
	{ L(" [ {\"a\":1} , {\"b\":2} ] "), L("{\"a\":1}\n{\"b\":2}\n") },
	{ L("[[{\"a\":1}],[{\"b\":2}]]"), L("{\"a\":1}\n{\"b\":2}\n") },
	{ L("[{\"a\":1}]\n[{\"b\":2}]"), L("{\"a\":1}\n{\"b\":2}\n") },
	{ L("[]"), L("") },
	{ L(""), L("") },
	{ L(" \n\t\r "), L("") },
	{ L("[{}]"), L("{}\n") },
	/* over many lines */
	{ L("{\n  \"a\": 1,\r\n\t\"b\": [\n1]\n}\n"),
	    L("{   \"a\": 1,   \"b\": [ 1] }\n") },
	{ L("{\n\"a\":1\n}\n{\n\"b\":2\n}"), L("{ \"a\":1 }\n{ \"b\":2 }\n") },
	/* without a newline between */
	{ L("{\"a\":1}{\"b\":2}"), L("{\"a\":1}\n{\"b\":2}\n") },
	{ L("{\"a\":1} {\"b\":2}\t{}"), L("{\"a\":1}\n{\"b\":2}\n{}\n") },
	{ L("{\"a\":1},{\"b\":2},"), L("{\"a\":1}\n{\"b\":2}\n") },
	/* nested values, and brackets in strings */
	{ L("{\"a\":[{\"b\":{}}],\"c\":[]}{}"),
	    L("{\"a\":[{\"b\":{}}],\"c\":[]}\n{}\n") },
	{ L("[{\"a\":\"}{][\",\"b\":\"\\\"}\\\\\"},{\"c\":\"\"}]"),
	    L("{\"a\":\"}{][\",\"b\":\"\\\"}\\\\\"}\n{\"c\":\"\"}\n") },
	/* in a wrapper */
	{ L("{\"ArgusData\":[{\"a\":1},{\"b\":2}]}"),
	    L("{\"a\":1}\n{\"b\":2}\n") },
	{ L("{ \"ArgusData\" : [\n {\"a\":1}\n] }\n"), L("{\"a\":1}\n") },
	{ L("{\"ArgusData\":[]}"), L("") },
	{ L("{\"ArgusData\":[{\"ArgusData\":1}]}"), L("{\"ArgusData\":1}\n") },
	{ L("{\"ArgusData\":1}"), L("{\"ArgusData\":1}\n") },
	{ L("{\"ArgusData\":{\"a\":1}}"), L("{\"ArgusData\":{\"a\":1}}\n") },
	{ L("{\"ArgusDatum\":[1]}"), L("{\"ArgusDatum\":[1]}\n") },
	{ L("{\"ArgusData\",[1]}"), L("{\"ArgusData\",[1]}\n") },
	{ L("{\"ArgusData\""), L("{\"ArgusData\"") },
	{ L("{\"ArgusData\" : "), L("{\"ArgusData\" : ") },
	{ L("{\"Argus"), L("{\"Argus") },
	/* cut off */
	{ L("[{\"a\":1},{\"b\":"), L("{\"a\":1}\n{\"b\":") },
	{ L("{"), L("{") },
	{ L("{\"a\":1}{\"b\":\"x\\"), L("{\"a\":1}\n{\"b\":\"x\\") },
	/* what is no object stands on a line of its own */
	{ L("{\"a\":1}\nxyz\n{\"b\":2}"), L("{\"a\":1}\nxyz\n{\"b\":2}\n") },
	{ L("{\"a\":1}xyz{\"b\":2}"), L("{\"a\":1}\nxyz\n{\"b\":2}\n") },
	{ L("[\n{\"a\":1},\nnull,\n{\"b\":2}]"),
	    L("{\"a\":1}\nnull,\n{\"b\":2}\n") },
	{ L("{\"a\":1}}\n{}"), L("{\"a\":1}\n}\n{}\n") },
	{ L("{} xyz"), L("{}\nxyz") },
	{ L("{}\0{}"), L("{}\n\0\n{}\n") },
	{ L("{}\n\"a b\"\n{}"), L("{}\n\"a b\"\n{}\n") },
	/* a line end in a string stays bad, and one record */
	{ L("[{\"a\":\"x\ny\"},{}]"), L("{\"a\":\"x\vy\"}\n{}\n") },
};

/*
 * The text through a framer that sees 'first' bytes at the beginning, then
 * 'step' at a time, and is asked for 'room' at most.
 */
static bool
frames(struct slice in, struct slice want, size_t step, size_t room)
{
	struct frame f = { 0 };
	char first[256], *buf = malloc(room), got[256];
	struct source *s =
	    source_open(sample_drip_open(in.p, in.n, step), false, NULL, NULL);
	ssize_t r = source_read(s, first, sizeof first, sample_drip_on, NULL);
	size_t n = 0;

	frame_open(&f, first, (size_t)r);
	while ((r = frame_read(&f, s, buf, room, sample_drip_on, NULL)) > 0) {
		if ((size_t)r > room || n + (size_t)r > sizeof got)
			break;
		memcpy(got + n, buf, (size_t)r);
		n += (size_t)r;
	}
	frame_close(&f);
	source_close(s);
	free(buf);
	return r == 0 && slice_eq(slice_of(got, n), want);
}

static bool
frames_always(struct slice in, struct slice want)
{
	static const size_t rooms[] = { 2, 3, 7, 16, 256 };
	bool good = true;

	for (size_t step = 1; step <= in.n + 1; step++)
		for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
			good &= frames(in, want, step, rooms[i]);
	return good;
}

static bool
needed(const char *text)
{
	return frame_needed(text, strlen(text)) > 0;
}

static void
test_needed(void)
{
	OK(!needed(""));
	OK(!needed(" \n"));
	OK(!needed("{\"a\":1}"));
	OK(!needed("{\"a\":1}\n{\"b\":2}\n"));
	OK(!needed("{\"a\":1}\r\n{\"b\":2}\r\n"));
	OK(!needed(" {\"a\":1} \n"));
	OK(!needed("{\"a\":{\"b\":[{}]}}\n{}\n"));
	OK(!needed("{\"a\":\"}{\"}\n{}\n"));
	OK(!needed("xyz\n{\"a\":1}{\"b\":2}"));
	OK(needed("["));
	OK(needed("\n [{\"a\":1}]"));
	OK(needed("{\n\"a\":1}"));
	OK(needed("{\"a\":1}{\"b\":2}"));
	OK(needed("{\"a\":1} {\"b\":2}\n"));
	OK(needed("{\"a\":1},\n{\"b\":2}\n"));
	OK(needed("{\"ArgusData\":[\n{\"a\":1}]}"));
	OK(needed("{\"ArgusData\":[{\"a\":1},{\"b\":2}]}\n"));
}

/* A failure of the source comes through, after what was read. */
static void
test_error(void)
{
	static const char gzip[] = "\x1f\x8b\x08\0\0\0\0\0\0\3garbage";
	char *path = sample_file("bad.gz", gzip, sizeof gzip - 1), buf[64];
	struct source *s = source_open(path, false, NULL, NULL);
	struct frame f = { 0 };

	frame_open(&f, "[{},{\"a", 7);
	OK(frame_read(&f, s, buf, sizeof buf, sample_drip_on, NULL) == 6);
	OK(memcmp(buf, "{}\n{\"a", 6) == 0);
	OK(frame_read(&f, s, buf, sizeof buf, sample_drip_on, NULL) == -1);
	OK(frame_read(&f, s, buf, sizeof buf, sample_drip_on, NULL) == -1);
	OK(source_error(s) != NULL);
	frame_close(&f);
	source_close(s);
	free(path);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (!OK(frames_always(cases[i].in, cases[i].out)))
			printf("# %s\n", cases[i].in.p);
	test_needed();
	test_error();
	return DONE();
}
