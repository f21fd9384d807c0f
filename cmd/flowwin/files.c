/* SPDX-License-Identifier: MIT */
/*
 * --split and --exec: the records of each window into a file of its own, or to
 * a command of its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/flowwin/mode.h"
#include "cmd/flowwin/spool.h"
#include "libcommon/die.h"
#include "libcommon/hash.h"
#include "libcommon/xalloc.h"

struct files {
	struct flowwin *f;
	struct open_window {
		int64_t number;
		struct spool *spool;
	} * open; /* in order of numbers */
	size_t n, cap;
	struct groups names; /* that were used */
};

/* Beside the file, as far as its folder is known; else for a while only. */
static struct spool *
new_spool(const struct files *t, int64_t number)
{
	const char *split = t->f->opt->split, *folder = getenv("TMPDIR");
	size_t n = split ? strcspn(split, "%") : 0;
	char name[4096];

	folder = folder && *folder ? folder : "/tmp";
	while (n && split[n - 1] != '/')
		n--;
	snprintf(name, sizeof name, "%.*s%s.flowwin-%ld-%" PRId64 ".part",
	    (int)(split ? n : strlen(folder)), split ? split : folder,
	    split ? "" : "/", (long)getpid(), number);
	return spool_new(name);
}

/* The spool of a window that is open, made if need be. */
static struct spool *
spool_of(struct files *t, int64_t number)
{
	size_t i = t->n;

	while (i && t->open[i - 1].number > number)
		i--;
	if (i && t->open[i - 1].number == number)
		return t->open[i - 1].spool;
	t->open = xgrow(t->open, &t->cap, t->n, sizeof *t->open);
	memmove(t->open + i + 1, t->open + i, (t->n - i) * sizeof *t->open);
	t->open[i] = (struct open_window){ number, new_spool(t, number) };
	t->n++;
	return t->open[i].spool;
}

static const char *
take(struct flowwin *f)
{
	struct files *t = f->mode;
	const struct rec *rec = &f->run.reader.rec;
	struct window_pane *pane = window_take(&f->window);
	int64_t first, last;

	if (!pane)
		return NULL;
	window_numbers(&f->window, pane, &first, &last);
	for (int64_t i = first; i <= last; i++)
		spool_put(spool_of(t, i), slice_of(rec->p, rec->n));
	return NULL;
}

/* ---- a window is over ---- */

enum { NAME_ROOM = 4096 };

static time_t
seconds_of(int64_t ns)
{
	return (time_t)(ns / NUM_NANO - (ns % NUM_NANO < 0));
}

/* A template with %s filled in: strftime() asks TZ for it. */
static bool
fill_seconds(char *out, const char *template, time_t seconds)
{
	size_t n = 0;

	for (const char *p = template; *p && n < NAME_ROOM - 32; p++) {
		/* Flags, a width, E and O make no difference. */
		size_t k =
		    *p == '%' ? 1 + strspn(p + 1, "_-0^#+123456789EO") : 0;

		if (k && p[k] == 's') {
			n += (size_t)sprintf(
			    out + n, "%lld", (long long)seconds);
			p += k;
			continue;
		}
		out[n++] = *p;
		if (p[0] == '%' && p[1] == '%')
			out[n++] = *++p;
	}
	out[n] = '\0';
	return n < NAME_ROOM - 32;
}

/* The same with the rest of the time filled in, by the clocks of a zone. */
static bool
fill_time(
    char *out, const char *template, int64_t ns, const struct tstamp_zone *zone)
{
	time_t local = seconds_of(tstamp_to_local(ns, zone));
	long offset = (long)(local - seconds_of(ns));
	struct tm tm;
	char name[32] = "UTC";

	gmtime_r(&local, &tm);
	tm.tm_gmtoff = offset;
	if (offset)
		snprintf(name, sizeof name, "%c%02ld%02ld",
		    offset < 0 ? '-' : '+', labs(offset) / 3600,
		    labs(offset) / 60 % 60);
	tm.tm_zone = name;
	return strftime(out, NAME_ROOM, template, &tm) > 0;
}

/* The template with the time of the window's start filled in. */
static char *
name_of(struct files *t, const struct window_bounds *b)
{
	const struct winspec *w = &t->f->window.spec;
	const struct tstamp_zone *zone = w->local ? w->local : t->f->run.zone;
	char template[NAME_ROOM], name[NAME_ROOM];
	struct stat s;
	bool fresh;

	if (!fill_seconds(template, t->f->opt->split, seconds_of(b->start)) ||
	    !fill_time(name, template, b->start, zone))
		die("--split %s: the name is too long, or empty",
		    t->f->opt->split);
	groups_get(&t->names, name, strlen(name), &fresh);
	if (!fresh)
		die("--split %s: two windows would have the file %s",
		    t->f->opt->split, name);
	if (lstat(name, &s) == 0 && !S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode))
		die("--split %s: %s is no regular file, so it cannot be "
		    "replaced",
		    t->f->opt->split, name);
	out_check(name);
	return xstrdup(name);
}

static void
set_time(const char *name, int64_t ns)
{
	char text[TSTAMP_ROOM];

	text[tstamp_put(text, ns)] = '\0';
	setenv(name, text, 1);
}

static void
run_command(struct files *t, struct spool *s, const struct window_bounds *b)
{
	int fd = spool_open(s), status = 0;
	pid_t pid;

	out_flush(&t->f->run.out);
	set_time("WINDOW_START", b->start);
	set_time("WINDOW_END", b->end);
	pid = fork();
	if (pid < 0)
		die_errno("fork");
	if (pid == 0) {
		dup2(fd, STDIN_FILENO);
		close(fd);
		execl("/bin/sh", "sh", "-c", t->f->opt->exec, (char *)NULL);
		_exit(127);
	}
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (status == 0)
		return;
	t->f->run.reader.partial = true;
	warn("--exec: the command ended with status %d for the window of %s",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
	    getenv("WINDOW_START"));
}

static void
window_over(void *arg, const struct window_bounds *b)
{
	struct files *t = arg;
	struct spool *s;

	if (!t->n || t->open[0].number != b->number)
		return;
	s = t->open[0].spool;
	memmove(t->open, t->open + 1, --t->n * sizeof *t->open);
	if (t->f->opt->split) {
		char *name = name_of(t, b);

		spool_save(s, name);
		free(name);
	} else {
		run_command(t, s, b);
	}
	spool_free(s);
	t->f->written++;
}

static void
pane_passes(void *arg, struct window_pane *pane)
{
	(void)arg;
	(void)pane;
}

static void
setup(struct flowwin *f, struct window_client *client)
{
	struct files *t = xcalloc(1, sizeof *t);

	if (f->window.spec.kind == WINDOW_SESSION)
		opts_usage("--split and --exec go with windows that all keys "
			   "share, not with sessions");
	t->f = f;
	f->mode = t;
	groups_init(&t->names, 0);
	*client = (struct window_client){ .arg = t,
		.enter = pane_passes,
		.emit = window_over,
		.leave = pane_passes };
}

const struct mode mode_files = { setup, take, NULL };
