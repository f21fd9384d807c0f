/* SPDX-License-Identifier: MIT */
#include "libcommon/progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/die.h"

#define CLEAR "\r\033[K"
#define REDRAW 0.25      /* s */
#define LEAST_PASSED 0.5 /* s, before it is told how long the rest takes */

enum { CELLS = 20, LEAST_CELLS = 5, USUAL_WIDTH = 80 };

static struct {
	bool on, shares, unsized;
	uint64_t total; /* of regular files, as they lie on the disk */
	uint64_t bytes, records;
	uint64_t told; /* records, when last drawn */
	double began, drawn, due;
} line;

static volatile sig_atomic_t shown;

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* "| head" ends us here: the shell's prompt shall not stand in the line. */
static void
on_pipe(int sig)
{
	if (shown && write(STDERR_FILENO, CLEAR, strlen(CLEAR)) < 0) {
		/* nobody looks at it then */
	}
	raise(sig);
}

void
progress_open(int out)
{
	struct sigaction sa = { .sa_handler = on_pipe,
		.sa_flags = SA_RESETHAND };
	struct sigaction old;
	const char *term = getenv("TERM");

	if (!isatty(STDERR_FILENO) || !term || strcmp(term, "dumb") == 0)
		return;
	line.on = true;
	line.shares = isatty(out);
	line.began = line.drawn = line.due = seconds();
	die_set_before(progress_erase);
	if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(SIGPIPE, &sa, NULL);
}

void
progress_expect(char *const *operands, bool follow)
{
	struct stat st;

	line.unsized |= follow;
	for (; line.on && *operands; operands++) {
		if (strcmp(*operands, "-") == 0 ? fstat(STDIN_FILENO, &st)
						: stat(*operands, &st))
			continue; /* will be reported when it is opened */
		if (S_ISREG(st.st_mode))
			line.total += (uint64_t)st.st_size;
		else
			line.unsized |= !S_ISCHR(st.st_mode);
	}
}

static bool
is_sized(void)
{
	return line.total && !line.unsized;
}

/* A file may have grown meanwhile. */
static int
percent(void)
{
	double done = (double)line.bytes / (double)line.total;

	return done < 1 ? (int)(100 * done) : 100;
}

/* "831 B", "1.4 GB" */
static void
put_bytes(char *out, size_t room)
{
	double d = (double)line.bytes;
	const char *unit = " kMGTPE";

	while (d >= 999.95 && unit[1]) {
		d /= 1000;
		unit++;
	}
	snprintf(out, room, *unit == ' ' ? "%.0f B" : "%.1f %cB", d, *unit);
}

/* How long the rest takes, if it goes on like this: ", 1:05 left". */
static void
put_left(char *out, size_t room, double now)
{
	double passed = now - line.began, left;
	unsigned s;

	*out = '\0';
	if (!is_sized() || !line.bytes || passed < LEAST_PASSED)
		return;
	left =
	    passed / (double)line.bytes *
	    (line.total > line.bytes ? (double)(line.total - line.bytes) : 0);
	s = left < 359999 ? (unsigned)(left + 0.5) : 359999;
	if (s < 3600)
		snprintf(out, room, ", %u:%02u left", s / 60, s % 60);
	else
		snprintf(out, room, ", %u:%02u:%02u left", s / 3600,
		    s / 60 % 60, s % 60);
}

/* What fits behind the text. */
static void
put_bar(char *out, size_t room, int width)
{
	int cells = width < CELLS ? width : CELLS;
	int full = percent() * cells / 100;

	if (cells >= LEAST_CELLS)
		snprintf(out, room, " [%.*s%*s]", full,
		    "====================", cells - full, "");
}

static void
draw(double now)
{
	char text[256], part[16] = "", bytes[32], left[32];
	struct winsize w;
	int width = USUAL_WIDTH, n;
	double rate = (double)(line.records - line.told) /
		      (now > line.drawn ? now - line.drawn : 1);

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col)
		width = w.ws_col;
	if (is_sized())
		snprintf(part, sizeof part, "%3d %%, ", percent());
	put_bytes(bytes, sizeof bytes);
	put_left(left, sizeof left, now);
	n = snprintf(text, sizeof text,
	    "%s: %srecords %" PRIu64 ", %.*f/s, %s%s", die_name(), part,
	    line.records, rate > 0 && rate < 10, rate, bytes, left);
	/* One column stays free: a full line would wrap. */
	width--;
	if (is_sized() && n > 0 && n < width)
		put_bar(text + n, sizeof text - (size_t)n, width - n - 3);
	fprintf(stderr, "\r%.*s\033[K\r", width, text);
}

void
progress_tick(struct progress_part *part, uint64_t bytes, uint64_t records)
{
	double now;

	if (!line.on)
		return;
	line.bytes += bytes - part->bytes;
	line.records += records - part->records;
	*part = (struct progress_part){ bytes, records };
	now = seconds();
	if (now < line.due)
		return;
	shown = 1;
	draw(now);
	line.told = line.records;
	line.drawn = now;
	line.due = now + REDRAW;
}

bool
progress_shares_terminal(void)
{
	return line.shares;
}

void
progress_erase(void)
{
	if (!shown)
		return;
	fputs(CLEAR, stderr);
	shown = 0;
}

void
progress_close(void)
{
	progress_erase();
	line.on = false;
}
