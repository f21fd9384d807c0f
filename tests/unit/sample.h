/* SPDX-License-Identifier: MIT */
/*
 * sample: what unit tests feed to a module: random numbers (the same in each
 * run), files in a directory of their own, pipes that deliver a few bytes at a
 * time, and memory between two guard pages.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static uint64_t sample_state;

/* splitmix64: Steele, Lea, Flood, OOPSLA 2014. */
UNUSED static uint64_t
sample_next(void)
{
	uint64_t z = sample_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

UNUSED static unsigned
sample_below(unsigned n)
{
	return (unsigned)(sample_next() % n);
}

/* ---- files ---- */

static char sample_dir[256];
static pid_t sample_owner;

static void
sample_clean(void)
{
	char command[300];

	snprintf(command, sizeof command, "rm -rf '%s'", sample_dir);
	if (getpid() == sample_owner && system(command) != 0)
		perror(sample_dir);
}

/* The name of a file in a directory that goes when the test ends. */
UNUSED static char *
sample_name(const char *name)
{
	const char *tmp = getenv("TMPDIR");
	char *path;

	if (!sample_owner) {
		snprintf(sample_dir, sizeof sample_dir, "%s/unit.XXXXXX",
		    tmp ? tmp : "/tmp");
		if (!mkdtemp(sample_dir)) {
			perror(sample_dir);
			exit(2);
		}
		sample_owner = getpid();
		atexit(sample_clean);
	}
	if (asprintf(&path, "%s/%s", sample_dir, name) < 0)
		exit(2);
	return path;
}

/* Writes a file; returns its name, to be freed. */
UNUSED static char *
sample_file(const char *name, const void *p, size_t n)
{
	char *path = sample_name(name);
	FILE *f = fopen(path, "w");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
		perror(path);
		exit(2);
	}
	return path;
}

/* All of a file; *n its length; a NUL behind it. */
UNUSED static char *
sample_read(const char *path, size_t *n)
{
	FILE *f = fopen(path, "r");
	char *p = calloc(1, 1);

	if (!f) {
		perror(path);
		exit(2);
	}
	for (*n = 0;;) {
		size_t got;

		p = realloc(p, *n + 4097);
		if (!p)
			exit(2);
		got = fread(p + *n, 1, 4096, f);
		*n += got;
		if (!got)
			break;
	}
	p[*n] = '\0';
	fclose(f);
	return p;
}

/* ---- pipes ---- */

/* What a pipe still has to deliver, and how much at a time. */
static struct sample_drip {
	int fd; /* to write to */
	const char *p;
	size_t n, step;
	char name[32]; /* to open for reading, then call sample_drip_on() */
	int read_end;
} sample_drip;

/* A pipe that gives step bytes whenever its reader is about to wait. */
UNUSED static const char *
sample_drip_open(const char *p, size_t n, size_t step)
{
	int fd[2];

	if (pipe(fd) < 0) {
		perror("pipe");
		exit(2);
	}
	sample_drip = (struct sample_drip){
		.fd = fd[1], .p = p, .n = n, .step = step, .read_end = fd[0]
	};
	snprintf(
	    sample_drip.name, sizeof sample_drip.name, "/dev/fd/%d", fd[0]);
	return sample_drip.name;
}

/* To be the idle() of a source: more bytes, or the end. */
UNUSED static int
sample_drip_on(void *arg)
{
	struct sample_drip *d = &sample_drip;
	size_t n = d->n < d->step ? d->n : d->step;

	(void)arg;
	if (d->read_end >= 0)
		close(d->read_end);
	d->read_end = -1;
	if (n == 0 || write(d->fd, d->p, n) != (ssize_t)n) {
		close(d->fd);
		return -1;
	}
	d->p += n;
	d->n -= n;
	return -1;
}

/* ---- memory that ends ---- */

/* n bytes (less than a megabyte) with a guard page at either end. */
struct sample_guard {
	char *p;
	size_t n;
};

UNUSED static struct sample_guard
sample_guard(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n = 1 << 20;
	char *p = mmap(
	    NULL, n + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + page, n, PROT_READ | PROT_WRITE)) {
		perror("mmap");
		exit(2);
	}
	return (struct sample_guard){ p + page, n };
}

/* ---- child processes ---- */

/*
 * Runs f(arg) in a child whose standard error goes to the file 'errors' (or
 * nowhere).  Returns its exit status, 128 + n for a signal.
 */
UNUSED static int
sample_child(void (*f)(void *arg), void *arg, const char *errors)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!freopen(errors ? errors : "/dev/null", "w", stderr))
			_exit(99);
		f(arg);
		fflush(NULL);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

#endif
