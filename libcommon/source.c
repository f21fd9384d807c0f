/* SPDX-License-Identifier: MIT */
#include "libcommon/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "libcommon/ahead.h"
#include "libcommon/stop.h"
#include "libcommon/xalloc.h"

enum {
	RAW_CAP = 64 * 1024,
	FOLLOW_MS = 100,
	ROTATED_MS = 1000,
	PIPE_SIZE = 1 << 20,
	ZSTD_WINDOW_LOG = 23, /* 8 MiB, so that memory stays bounded */
};

/* What is known of the call in progress: whom to tell before a wait. */
struct idle {
	int (*call)(void *arg); /* returns how long to wait, ms or -1 */
	void *arg;
};

struct source {
	int fd;
	struct kafka_source *kafka;     /* in place of fd */
	const struct source_kind *kind; /* the same, with its state */
	void *state;
	const char *name;
	bool regular, follow, eof;
	int next;   /* --follow: the file that replaced this one, or -1 */
	int silent; /* ms without a byte since then */
	bool cut;   /* the last byte was no newline */
	bool binary;
	const char *error;
	uint64_t offset, size;
	ssize_t (*read)(
	    struct source *s, char *buf, size_t n, const struct idle *idle);
	/* Bytes read ahead for recognition, or to be decompressed. */
	char *raw;
	size_t raw_at, raw_n;
	z_stream z;
	ZSTD_DStream *zstd;
	size_t zstd_due;     /* what ZSTD wants: 0 between frames */
	struct ahead *ahead; /* it reads; or NULL */
	uint64_t given;      /* the offset of what it gave */
	bool held;           /* zstd: output filled, more may wait inside */
	bool between;        /* gzip: between members */
};

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/*
 * The file was replaced (rotated) or cut: continue with the new one.  Who
 * writes may go on with the old one for a while, so that is read until nothing
 * came for some time, or the new one was replaced, too.
 */
static bool
reopen_if_rotated(struct source *s, int ms)
{
	struct stat now, held;
	bool replaced = stat(s->name, &now) == 0 &&
			fstat(s->next < 0 ? s->fd : s->next, &held) == 0 &&
			!is_same(&now, &held);

	if (s->next < 0 && !replaced) {
		if (fstat(s->fd, &held) < 0 ||
		    (uint64_t)held.st_size >= s->offset)
			return false;
		s->offset = 0;
		s->cut = false; /* who writes goes on within the line */
		return lseek(s->fd, 0, SEEK_SET) == 0;
	}
	if (s->next < 0) {
		s->next = open(s->name, O_RDONLY | O_CLOEXEC);
		s->silent = 0;
		return false;
	}
	s->silent += ms;
	if (!replaced && s->silent < ROTATED_MS)
		return false;
	close(s->fd);
	s->fd = s->next;
	s->next = -1;
	s->offset = 0;
	return true;
}

static ssize_t read_plain(
    struct source *s, char *buf, size_t n, const struct idle *idle);

static ssize_t
read_fd(struct source *s, char *buf, size_t n, const struct idle *idle)
{
	for (;;) {
		ssize_t got;
		int ms;

		while (!s->regular && stop_wait(s->fd, 0) == 0 &&
		       stop_wait(s->fd, idle->call(idle->arg)) == 0)
			continue;
		if (stop_asked())
			return 0;
		got = read(s->fd, buf, n);
		if (got > 0) {
			s->offset += (uint64_t)got;
			s->silent = 0;
			s->cut = buf[got - 1] != '\n';
			return got;
		}
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0) {
			s->error = strerror(errno);
			return -1;
		}
		if (!s->follow || !s->regular)
			return 0;
		ms = idle->call(idle->arg);
		ms = ms < 0 || ms > FOLLOW_MS ? FOLLOW_MS : ms;
		if (!reopen_if_rotated(s, ms)) {
			if (stop_wait(-1, ms) < 0)
				return 0;
		} else if (s->cut && s->read == read_plain && !s->binary) {
			/* The last line ends with its file. */
			s->cut = false;
			*buf = '\n';
			return 1;
		}
	}
}

/* What was read ahead first, then the descriptor. */
static ssize_t
read_plain(struct source *s, char *buf, size_t n, const struct idle *idle)
{
	size_t ahead = s->raw_n - s->raw_at;

	if (!ahead)
		return read_fd(s, buf, n, idle);
	n = n < ahead ? n : ahead;
	memcpy(buf, s->raw + s->raw_at, n);
	s->raw_at += n;
	return (ssize_t)n;
}

/* At least one byte to decompress: 1; end: 0; error: -1. */
static int
refill(struct source *s, const struct idle *idle)
{
	ssize_t got;

	if (s->raw_at < s->raw_n)
		return 1;
	got = read_fd(s, s->raw, RAW_CAP, idle);
	s->raw_at = 0;
	s->raw_n = got > 0 ? (size_t)got : 0;
	return got > 0 ? 1 : (int)got;
}

static ssize_t
fail(struct source *s, const char *what)
{
	s->error = what;
	return -1;
}

static ssize_t
read_gzip(struct source *s, char *buf, size_t n, const struct idle *idle)
{
	s->z.next_out = (Bytef *)buf;
	s->z.avail_out = (uInt)n;
	while (s->z.avail_out == (uInt)n) {
		int r = refill(s, idle);

		if (r <= 0 && !(r == 0 && s->between))
			return r < 0 ? -1
			       : stop_asked()
				   ? 0
				   : fail(s, "the gzip data ends too early");
		if (r == 0)
			return 0;
		/* Zeros behind the last member: padding of tapes. */
		if (s->between && !s->raw[s->raw_at]) {
			s->raw_at++;
			continue;
		}
		if (s->between && inflateReset(&s->z) != Z_OK)
			return fail(s, "out of memory");
		s->between = false;
		s->z.next_in = (Bytef *)s->raw + s->raw_at;
		s->z.avail_in = (uInt)(s->raw_n - s->raw_at);
		r = inflate(&s->z, Z_NO_FLUSH);
		s->raw_at = s->raw_n - s->z.avail_in;
		if (r == Z_STREAM_END)
			s->between = true;
		else if (r != Z_OK && r != Z_BUF_ERROR)
			return fail(s, "the gzip data is damaged");
	}
	return (ssize_t)(n - s->z.avail_out);
}

static ssize_t
read_zstd(struct source *s, char *buf, size_t n, const struct idle *idle)
{
	ZSTD_outBuffer out = { buf, n, 0 };

	while (out.pos == 0) {
		ZSTD_inBuffer in;
		int r = s->held ? 1 : refill(s, idle);

		if (r < 0)
			return -1;
		if (r == 0)
			return s->zstd_due && !stop_asked()
				   ? fail(s, "the zstd data ends too early")
				   : 0;
		in = (ZSTD_inBuffer){ s->raw, s->raw_n, s->raw_at };
		s->zstd_due = ZSTD_decompressStream(s->zstd, &out, &in);
		s->raw_at = in.pos;
		if (ZSTD_isError(s->zstd_due))
			return fail(s, ZSTD_getErrorName(s->zstd_due));
		s->held = s->zstd_due && out.pos == out.size;
	}
	return (ssize_t)out.pos;
}

static bool
starts(const struct source *s, const char *magic, size_t n)
{
	return s->raw_n >= n && memcmp(s->raw, magic, n) == 0;
}

/* A frame, or one to be skipped (RFC 8878, 3.1.2), which pzstd begins with. */
static bool
starts_zstd(const struct source *s)
{
	return starts(s, "\x28\xb5\x2f\xfd", 4) ||
	       (s->raw_n >= 4 && (s->raw[0] & 0xf0) == 0x50 &&
		   memcmp(s->raw + 1, "\x2a\x4d\x18", 3) == 0);
}

/* What others try first, and what is to be done with it. */
static const struct {
	const char *magic;
	size_t n;
	const char *hint;
} foreign[] = {
	{ "\x0c\xa5", 2, "nfdump's own format: nfdump -r FILE -o json" },
	{ "\xa5\x0c", 2, "nfdump's own format: nfdump -r FILE -o json" },
	{ "\xd4\xc3\xb2\xa1", 4, "packets (pcap): export flows of them first" },
	{ "\xa1\xb2\xc3\xd4", 4, "packets (pcap): export flows of them first" },
	{ "\x0a\x0d\x0d\x0a", 4,
	    "packets (pcapng): export flows of them first" },
	{ "\xfd"
	  "7zXZ",
	    5, "compressed by xz: xz -dc FILE |" },
	{ "BZh", 3, "compressed by bzip2: bzip2 -dc FILE |" },
	{ "\x04\x22\x4d\x18", 4, "compressed by lz4: lz4 -dc FILE |" },
};

static const char *
choose_reader(struct source *s)
{
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (starts(s, foreign[i].magic, foreign[i].n))
			return foreign[i].hint;
	s->read = read_plain;
	if (starts(s, "\xef\xbb\xbf", 3)) {
		s->raw_at = 3;
	} else if (starts(s, "\x1f\x8b", 2)) {
		if (inflateInit2(&s->z, 15 + 16) != Z_OK)
			return "out of memory";
		s->read = read_gzip;
	} else if (starts_zstd(s)) {
		s->zstd = ZSTD_createDStream();
		if (!s->zstd)
			return "out of memory";
		ZSTD_initDStream(s->zstd);
		ZSTD_DCtx_setParameter(
		    s->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
		s->read = read_zstd;
	}
	return NULL;
}

/* In a thread: a file is read without waits, so nobody is idle. */
static ssize_t
read_block(void *arg, char *buf, size_t n, uint64_t *offset)
{
	struct source *s = arg;
	ssize_t got = s->read(s, buf, n, &(struct idle){ NULL, NULL });

	*offset = s->offset;
	return got;
}

/*
 * The first call recognises the format.  It waits for more than one byte only
 * where that byte begins a magic number, so that a pipe stays live.
 */
static ssize_t
read_first(struct source *s, char *buf, size_t n, const struct idle *idle)
{
	const char *err;

	do {
		ssize_t got =
		    read_fd(s, s->raw + s->raw_n, s->raw_n ? 1 : RAW_CAP, idle);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		s->raw_n += (size_t)got;
	} while (s->raw_n < 4 && (memchr("\x1f\x28\xef", s->raw[0], 3) ||
				     (s->raw[0] & 0xf0) == 0x50));
	err = choose_reader(s);
	if (err)
		return fail(s, err);
	if (s->read != read_plain && !s->follow && s->size > AHEAD_CAP)
		s->ahead = ahead_start(read_block, s);
	return source_read(s, buf, n, idle->call, idle->arg);
}

static ssize_t
read_kafka(struct source *s, char *buf, size_t n, const struct idle *idle)
{
	return kafka_source_read(s->kafka, buf, n, idle->call, idle->arg);
}

static struct source *
open_kafka(const char *name, const struct kafka_keeper *keeper)
{
	struct source *s = xcalloc(1, sizeof *s);

	s->fd = -1;
	s->name = name;
	s->kafka = kafka_source_open(name, keeper);
	s->read = read_kafka;
	return s;
}

static ssize_t
read_kind(struct source *s, char *buf, size_t n, const struct idle *idle)
{
	return s->kind->read(s->state, NULL, buf, n, idle->call, idle->arg);
}

static struct source *
open_kind(const char *name, const struct source_kind *kind)
{
	struct source *s = xcalloc(1, sizeof *s);

	s->fd = -1;
	s->name = name;
	s->kind = kind;
	s->state = kind->open(name);
	s->read = read_kind;
	return s;
}

static struct source *
open_file(const char *name, bool follow)
{
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	struct source *s;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		return NULL;
	}
	s = xcalloc(1, sizeof *s);
	s->fd = fd;
	s->next = -1;
	s->name = name;
	s->regular = S_ISREG(st.st_mode);
	s->follow = follow && !is_stdin;
	s->size = s->regular ? (uint64_t)st.st_size : 0;
	s->raw = xmalloc(RAW_CAP);
	s->read = read_first;
#ifdef F_SETPIPE_SZ
	if (S_ISFIFO(st.st_mode))
		fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
#endif
#ifdef POSIX_FADV_SEQUENTIAL
	if (s->regular)
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
	return s;
}

struct source *
source_open(const char *name, bool follow, const struct kafka_keeper *keeper,
    const struct source_kind *kind)
{
	if (kind && kind->is_name(name))
		return open_kind(name, kind);
	return kafka_is_address(name) ? open_kafka(name, keeper)
				      : open_file(name, follow);
}

struct kafka_source *
source_kafka(const struct source *s)
{
	return s->kafka;
}

ssize_t
source_read(
    struct source *s, char *buf, size_t n, int (*idle)(void *arg), void *arg)
{
	if (!s->ahead)
		return s->read(s, buf, n, &(struct idle){ idle, arg });
	return stop_asked() ? 0 : ahead_read(s->ahead, buf, n, &s->given);
}

const char *
source_error(const struct source *s)
{
	return s->kind ? s->kind->error(s->state) : s->error;
}

bool
source_is_file(const char *name)
{
	struct stat st;
	int r =
	    strcmp(name, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(name, &st);

	return r == 0 && S_ISREG(st.st_mode);
}

bool
source_is_regular(const struct source *s)
{
	return s->regular;
}

uint64_t
source_offset(const struct source *s)
{
	return s->ahead ? s->given : s->offset;
}

uint64_t
source_size(const struct source *s)
{
	return s->size;
}

void
source_is_binary(struct source *s)
{
	s->binary = true;
}

void
source_close(struct source *s)
{
	if (s->ahead)
		ahead_stop(s->ahead);
	if (s->read == read_gzip)
		inflateEnd(&s->z);
	ZSTD_freeDStream(s->zstd);
	if (s->kafka)
		kafka_source_close(s->kafka);
	else if (s->kind)
		s->kind->close(s->state);
	else if (s->fd != STDIN_FILENO)
		close(s->fd);
	if (s->follow && s->next >= 0)
		close(s->next);
	free(s->raw);
	free(s);
}
