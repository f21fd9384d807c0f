/* SPDX-License-Identifier: MIT */
#include "cmd/flowwin/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "libcommon/die.h"
#include "libcommon/output.h"
#include "libcommon/xalloc.h"

enum { ROOM = 32 * 1024, BLOCK = 128 * 1024 };

struct spool {
	char *name;
	char *buf;
	size_t n, room;
	bool on_disk;               /* the file has what came before buf */
	struct spool *next, **link; /* of all that are open */
};

static struct spool *all;
static char *saving; /* the file beside the one that is being made, or NULL */

/* Whatever ends the program, no file is left. */
static void
remove_files(void)
{
	if (saving)
		unlink(saving);
	for (const struct spool *s = all; s; s = s->next)
		if (s->on_disk)
			unlink(s->name);
}

struct spool *
spool_new(const char *name)
{
	struct spool *s = xcalloc(1, sizeof *s);
	static bool registered;

	if (!registered)
		atexit(remove_files);
	registered = true;
	s->name = xstrdup(name);
	s->next = all;
	s->link = &all;
	if (all)
		all->link = &s->next;
	all = s;
	return s;
}

void
spool_free(struct spool *s)
{
	if (s->on_disk)
		unlink(s->name);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	free(s->name);
	free(s->buf);
	free(s);
}

static void
write_all(int fd, const char *p, size_t n, const char *name)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			die_errno("%s", name);
		p += w;
		n -= (size_t)w;
	}
}

static int
open_file(const char *name, int flags, mode_t mode)
{
	int fd = open(name, flags | O_CLOEXEC, mode);

	if (fd < 0)
		die_errno("%s", name);
	return fd;
}

/* Not what somebody put there, such as a link to another file. */
static int
new_file(const char *name, mode_t mode)
{
	unlink(name);
	return open_file(name, O_WRONLY | O_CREAT | O_EXCL, mode);
}

/* The folders of a name that has some. */
static void
make_folders(const char *name)
{
	char *path = xstrdup(name);

	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			die_errno("%s", path);
		*p = '/';
	}
	free(path);
}

static void
spill(struct spool *s)
{
	int fd;

	if (!s->on_disk)
		make_folders(s->name);
	fd = s->on_disk ? open_file(s->name, O_WRONLY | O_APPEND, 0)
			: new_file(s->name, 0600);
	s->on_disk = true;
	write_all(fd, s->buf, s->n, s->name);
	if (close(fd) < 0 && errno != EINTR)
		die_errno("%s", s->name);
	s->n = 0;
}

void
spool_put(struct spool *s, struct slice line)
{
	if (s->n + line.n + 1 > s->room && s->n + line.n + 1 > ROOM && s->n)
		spill(s);
	if (s->n + line.n + 1 > s->room) {
		s->room = 2 * (s->n + line.n + 1);
		s->buf = xreallocarray(s->buf, s->room, 1);
	}
	memcpy(s->buf + s->n, line.p, line.n);
	s->n += line.n;
	s->buf[s->n++] = '\n';
}

int
spool_open(struct spool *s)
{
	spill(s);
	return open_file(s->name, O_RDONLY, 0);
}

/* ---- compression ---- */

static bool
ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n > k && strcmp(name + n - k, suffix) == 0;
}

/* The bytes of the spool, a block at a time; 0 at the end. */
struct reading {
	struct spool *s;
	int fd;
	char block[BLOCK];
};

static size_t
next_block(struct reading *r)
{
	ssize_t n;

	do
		n = read(r->fd, r->block, sizeof r->block);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		die_errno("%s", r->s->name);
	return (size_t)n;
}

static void
copy_gzip(struct reading *r, int to, const char *name)
{
	enum { GZIP = 16 + MAX_WBITS };
	static char out[BLOCK];
	z_stream z = { 0 };
	int flush;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP, 8,
		Z_DEFAULT_STRATEGY) != Z_OK)
		die("%s: out of memory", name);
	do {
		z.avail_in = (uInt)next_block(r);
		z.next_in = (Bytef *)r->block;
		flush = z.avail_in ? Z_NO_FLUSH : Z_FINISH;
		do {
			z.next_out = (Bytef *)out;
			z.avail_out = sizeof out;
			deflate(&z, flush);
			write_all(to, out, sizeof out - z.avail_out, name);
		} while (z.avail_out == 0);
	} while (flush != Z_FINISH);
	deflateEnd(&z);
}

static void
copy_zstd(struct reading *r, int to, const char *name)
{
	static char block[BLOCK];
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_inBuffer in = { r->block, 0, 0 };
	ZSTD_EndDirective end;
	size_t left;

	if (!c)
		die("%s: out of memory", name);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	do {
		in = (ZSTD_inBuffer){ r->block, next_block(r), 0 };
		end = in.size ? ZSTD_e_continue : ZSTD_e_end;
		do {
			ZSTD_outBuffer out = { block, sizeof block, 0 };

			left = ZSTD_compressStream2(c, &out, &in, end);
			if (ZSTD_isError(left))
				die("%s: %s", name, ZSTD_getErrorName(left));
			write_all(to, block, out.pos, name);
		} while (end == ZSTD_e_end ? left > 0 : in.pos < in.size);
	} while (end != ZSTD_e_end);
	ZSTD_freeCCtx(c);
}

static void
copy_plain(struct reading *r, int to, const char *name)
{
	size_t n;

	while ((n = next_block(r)))
		write_all(to, r->block, n, name);
}

/* The entry of the file in its folder, too. */
static void
sync_folder(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *folder =
	    slash ? xstrndup(name, (size_t)(slash - name) + 1) : xstrdup(".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

void
spool_save(struct spool *s, const char *name)
{
	static struct reading r;
	char *beside = xmalloc(strlen(name) + sizeof ".part");
	int to;

	make_folders(name);
	sprintf(beside, "%s.part", name);
	out_check(beside);
	r.s = s;
	r.fd = spool_open(s);
	to = new_file(beside, 0666);
	saving = beside;
	if (ends_with(name, ".gz"))
		copy_gzip(&r, to, beside);
	else if (ends_with(name, ".zst"))
		copy_zstd(&r, to, beside);
	else
		copy_plain(&r, to, beside);
	if (fsync(to) < 0 || close(to) < 0)
		die_errno("%s", beside);
	close(r.fd);
	if (rename(beside, name) < 0)
		die_errno("%s", name);
	saving = NULL;
	sync_folder(name);
	free(beside);
}
