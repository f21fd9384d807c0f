/* SPDX-License-Identifier: MIT */
/*
 * fuzz_frame: any bytes through the framer, in pieces of different sizes: the
 * same lines.  The first two bytes choose the sizes.
 */
#include <string.h>

#include "libcommon/frame.h"
#include "tests/fuzz/fuzz.h"

enum { MAX = 64 * 1024 };

static int
no_wait(void *arg)
{
	(void)arg;
	return -1;
}

/*
 * All that the framer makes of a file; returns the length, -1 for an error,
 * MAX if there was more than that.
 */
static ssize_t
frame_all(const char *name, size_t first, size_t room, char *out)
{
	struct source *s = source_open(name, false, NULL, NULL);
	struct frame f = { 0 };
	char *buf = malloc(first > room ? first : room);
	ssize_t r, n = 0;

	MUST(s);
	r = source_read(s, buf, first, no_wait, NULL);
	if (r > 0) {
		frame_needed(buf, (size_t)r);
		frame_open(&f, buf, (size_t)r);
		while ((r = frame_read(&f, s, buf, room, no_wait, NULL)) > 0) {
			MUST((size_t)r <= room);
			n += r;
			if (n >= MAX)
				break;
			memcpy(out + n - r, buf, (size_t)r);
		}
		frame_close(&f);
	}
	source_close(s);
	free(buf);
	return r < 0 ? -1 : n < MAX ? n : MAX;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char one[MAX], other[MAX];
	ssize_t got, again;
	char name[32];
	int fd;

	if (n < 2)
		return 0;
	fd = fuzz_file(data + 2, n - 2, name);
	got = frame_all(name, 4096, 4096, one);
	again = frame_all(name, data[0] + 1u, data[1] + 2u, other);
	/* libzstd sees a false content size only where there is room for it. */
	if ((got < 0) != (again < 0) && n > 5 &&
	    memcmp(data + 2, "\x28\xb5\x2f\xfd", 4) == 0)
		got = again = -1;
	if (got < MAX && again < MAX) {
		MUST(got == again);
		MUST(got < 0 || memcmp(one, other, (size_t)got) == 0);
	}
	close(fd);
	return 0;
}
