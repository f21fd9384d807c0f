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
#define REDRAW 0.25 /* s */

enum { CELLS = 20, USUAL_WIDTH = 80 };

static struct {
	bool on, shares, unsized;
	uint64_t total; /* of regular files, as they lie on the disk */
	uint64_t bytes, records;
	uint64_t told; /* records, when last drawn */
	double drawn, due;
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
	line.drawn = line.due = seconds();
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

static void
draw(double now)
{
	char text[256], part[CELLS + 16] = "", bar[CELLS + 8] = "";
	struct winsize w;
	int width = USUAL_WIDTH;
	double rate = (double)(line.records - line.told) /
		      (now > line.drawn ? now - line.drawn : 1);

	if (line.total && !line.unsized) {
		/* A file may have grown meanwhile. */
		double done = (double)line.bytes / (double)line.total;
		int percent = done < 1 ? (int)(100 * done) : 100;
		int cells = percent * CELLS / 100;

		snprintf(part, sizeof part, "%3d %%, ", percent);
		snprintf(bar, sizeof bar, " [%.*s%*s]", cells,
		    "====================", CELLS - cells, "");
	}
	snprintf(text, sizeof text, "%s: %srecords %" PRIu64 ", %.*f/s%s",
	    die_name(), part, line.records, rate > 0 && rate < 10, rate, bar);
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col)
		width = w.ws_col;
	/* One column stays free: a full line would wrap. */
	fprintf(stderr, "\r%.*s\033[K\r", width - 1, text);
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
