/* SPDX-License-Identifier: MIT */
#include "libcommon/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/die.h"
#include "libcommon/json.h"
#include "libcommon/xalloc.h"

enum { PIPE_SIZE = 1 << 20, LEND_MIN = 1024 };

void
out_prepare(struct output *out, const char *name)
{
	*out = (struct output){ .cap = OUT_CAP };
	if (name && strcmp(name, "-") != 0) {
		out->name = name;
		out->fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	} else {
		/* A copy: others may write there, too, and close it. */
		out->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	}
	if (out->fd < 0)
		die_errno("%s", name ? name : "standard output");
#ifdef F_SETPIPE_SZ
	fcntl(out->fd, F_SETPIPE_SZ, PIPE_SIZE); /* no pipe, no matter */
#endif
	out->buf = xmalloc(out->cap);
}

/* Files that are read or being written: no output may be one of them. */
static struct spared {
	dev_t device;
	ino_t number;
	const struct output *by; /* NULL: it is read, .. */
	bool whole;              /* .. and nothing more of it will be */
} * spared;
static size_t n_spared, cap_spared;

static void
spare(const struct stat *s, const struct output *by, bool whole)
{
	if (!S_ISREG(s->st_mode))
		return;
	spared = xgrow(spared, &cap_spared, n_spared, sizeof *spared);
	spared[n_spared++] = (struct spared){ s->st_dev, s->st_ino, by, whole };
}

void
out_spare(const char *name)
{
	bool standard = strcmp(name, "-") == 0;
	struct stat s;

	if ((standard ? fstat(STDIN_FILENO, &s) : stat(name, &s)) == 0)
		spare(&s, NULL, false);
}

void
out_keep(const char *name)
{
	struct stat s;

	if (stat(name, &s) == 0)
		spare(&s, NULL, true);
}

/* name: NULL of standard output. */
static void
check_spared(const struct stat *s, const char *name)
{
	for (size_t i = 0; i < n_spared; i++)
		if (spared[i].device == s->st_dev &&
		    spared[i].number == s->st_ino && (name || !spared[i].whole))
			die("%s: it is %s, so it cannot be written",
			    name ? name : "standard output",
			    spared[i].by ? "written already" : "read");
}

void
out_check(const char *name)
{
	struct stat s;

	if (stat(name, &s) == 0)
		check_spared(&s, name);
}

void
out_begin(struct output *out)
{
	struct stat s;

	if (out->fd < 0 || fstat(out->fd, &s) || !S_ISREG(s.st_mode))
		return;
	check_spared(&s, out->name);
	if (!out->name)
		return;
	if (ftruncate(out->fd, 0))
		die_errno("%s", out->name);
	spare(&s, out, false);
}

void
out_open(struct output *out, const char *name)
{
	out_prepare(out, name);
	out_begin(out);
}

void
out_open_sink(struct output *out, const struct out_sink *sink)
{
	*out = (struct output){ .fd = -1, .sink = *sink, .cap = OUT_CAP };
	out->buf = xmalloc(out->cap);
}

static bool
is_memory(const struct output *out)
{
	return out->fd < 0 && !out->sink.write;
}

static void
write_all(struct output *out, const char *p, size_t n)
{
	if (out->sink.write && n) {
		out->sink.write(out->sink.arg, p, n);
		return;
	}
	while (n > 0) {
		ssize_t w = write(out->fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0 && errno == EPIPE)
			_exit(EXIT_FATAL);
		if (w < 0)
			die_errno(
			    "%s", out->name ? out->name : "standard output");
		p += w;
		n -= (size_t)w;
	}
}

void
out_flush(struct output *out)
{
	struct slice lent = out->lent;
	size_t n = lent.n ? out->held : out->n;

	out->n = 0;
	out->lent.n = 0;
	write_all(out, out->buf, n);
	write_all(out, lent.p, lent.n);
}

void
out_push(struct output *out)
{
	out_flush(out);
	if (out->sink.push)
		out->sink.push(out->sink.arg);
}

void
out_settle(struct output *out)
{
	if (out->lent.n)
		out_flush(out);
}

void
out_lend(struct output *out, const char *p, size_t n)
{
	if (out->lent.n && out->lent.p + out->lent.n == p) {
		out->lent.n += n;
		return;
	}
	out_settle(out);
	if (is_memory(out) || n < LEND_MIN) {
		out_put(out, p, n);
		return;
	}
	out->lent = slice_of(p, n);
	out->held = out->n;
	out->n = out->cap; /* so that the next out_put() comes to us */
}

void
out_memory(struct output *out)
{
	*out = (struct output){ .fd = -1 };
}

bool
out_make_room(struct output *out, size_t n)
{
	if (is_memory(out)) {
		out->cap = 2 * (out->n + n);
		out->buf = xreallocarray(out->buf, out->cap, 1);
	} else {
		out_flush(out);
	}
	return n <= out->cap - out->n;
}

void
out_spill(struct output *out, const char *p, size_t n)
{
	if (out_make_room(out, n)) {
		out_put(out, p, n);
		return;
	}
	write_all(out, p, n);
}

void
out_close(struct output *out)
{
	if (is_memory(out)) {
		free(out->buf);
		return;
	}
	out_flush(out);
	if (out->sink.close)
		out->sink.close(out->sink.arg);
	else if (close(out->fd) < 0 && errno != EINTR)
		die_errno("%s", out->name ? out->name : "standard output");
	free(out->buf);
	for (size_t i = n_spared; i-- > 0;)
		if (spared[i].by == out)
			spared[i] = spared[--n_spared];
	*out = (struct output){ .fd = -1 };
}

void
out_json_string(struct output *out, struct slice s)
{
	char buf[6 * 128];

	while (s.n) {
		size_t n = s.n < 128 ? s.n : 128;

		/* Never cut a UTF-8 sequence in two. */
		while (n < s.n && n > 120 &&
		       ((unsigned char)s.p[n] & 0xc0) == 0x80)
			n--;
		out_put(out, buf, json_escape(slice_of(s.p, n), buf));
		s.p += n;
		s.n -= n;
	}
}
