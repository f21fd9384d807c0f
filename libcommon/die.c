/* SPDX-License-Identifier: MIT */
#include "libcommon/die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name = "pipe4flow";
static bool quiet;
static void (*before)(void);

void
die_set_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	name = slash ? slash + 1 : argv0;
}

const char *
die_name(void)
{
	return name;
}

void
die_set_quiet(void)
{
	quiet = true;
}

void
die_set_before(void (*call)(void))
{
	before = call;
}

/* One fprintf a message, so that messages of a pipeline do not interleave. */
static void
message(int err, const char *fmt, va_list ap)
{
	char text[2048];
	bool empty;

	vsnprintf(text, sizeof text, fmt, ap);
	if (before)
		before();
	/* An empty argument can be seen, too; ":2055" is none. */
	empty = !*text || strncmp(text, ": ", 2) == 0;
	fprintf(stderr, "%s: %s%s%s%s\n", name, empty ? "''" : "", text,
	    err ? ": " : "", err ? strerror(err) : "");
}

void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(0, fmt, ap);
	va_end(ap);
	exit(EXIT_FATAL);
}

void
die_errno(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	message(err, fmt, ap);
	va_end(ap);
	exit(EXIT_FATAL);
}

void
warn(const char *fmt, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, fmt);
	message(0, fmt, ap);
	va_end(ap);
}

void
warn_errno(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	if (quiet)
		return;
	va_start(ap, fmt);
	message(err, fmt, ap);
	va_end(ap);
}
