/* SPDX-License-Identifier: MIT */
/* Where pattern files are found. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/flowmatch/pattern.h"
#include "libcommon/die.h"
#include "libcommon/xalloc.h"

#ifndef PATTERNS_DIR
#define PATTERNS_DIR "/usr/local/share/pipe4flow/patterns"
#endif

enum { ROOM = 4096, MOST = 16 * 1024 * 1024 };

/* Beside the program: of a build tree, of an installation that was moved. */
static const char *const beside[] = { "../share/patterns",
	"../share/pipe4flow/patterns", NULL };

/* The i-th folder to look in; false: there are no more. */
static bool
folder(size_t i, char dir[ROOM])
{
	const char *list = getenv("PIPE4FLOW_PATTERNS");
	char own[ROOM];
	ssize_t n;
	int len;

	for (; list && *list; i--) {
		const char *end = strchrnul(list, ':');

		if (i == 0) {
			len = (int)(end - list < ROOM ? end - list : ROOM - 1);
			snprintf(dir, ROOM, "%.*s", len, list);
			return true;
		}
		list = *end ? end + 1 : end;
	}
	if (i == 0) {
		snprintf(dir, ROOM, "%s", PATTERNS_DIR);
		return true;
	}
	if (i >= sizeof beside / sizeof *beside)
		return false;
	n = readlink("/proc/self/exe", own, sizeof own - 1);
	while (n > 0 && own[n - 1] != '/')
		n--;
	len = snprintf(
	    dir, ROOM, "%.*s%s", (int)(n > 0 ? n : 0), own, beside[i - 1]);
	return len < ROOM;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *
pattern_names(void)
{
	static char text[1024];
	char dir[ROOM], *list[256];
	size_t n = 0, used = 0;
	const struct dirent *e;
	DIR *d;

	for (size_t i = 0; folder(i, dir); i++) {
		d = opendir(dir);
		while (d && (e = readdir(d)) && n < 256) {
			size_t len = strlen(e->d_name);

			if (len > 5 &&
			    strcmp(e->d_name + len - 5, ".json") == 0)
				list[n++] = xstrndup(e->d_name, len - 5);
		}
		if (d)
			closedir(d);
	}
	if (n)
		qsort(list, n, sizeof *list, by_name);
	for (size_t i = 0; i < n && used < sizeof text - 80; i++)
		if (!i || strcmp(list[i], list[i - 1]) != 0)
			used +=
			    (size_t)snprintf(text + used, sizeof text - used,
				"%s%.64s", used ? ", " : "", list[i]);
	return used ? text : "none";
}

static FILE *
open_named(const char *name, char path[ROOM])
{
	size_t n = strlen(name);
	char dir[ROOM];
	FILE *f;

	if (strchr(name, '/') ||
	    (n > 5 && strcmp(name + n - 5, ".json") == 0)) {
		snprintf(path, ROOM, "%s", name);
		f = fopen(path, "r");
		if (!f)
			die_errno("%s", path);
		return f;
	}
	for (size_t i = 0; folder(i, dir); i++) {
		if (snprintf(path, ROOM, "%s/%s.json", dir, name) >= ROOM)
			continue;
		f = fopen(path, "r");
		if (f)
			return f;
		if (errno != ENOENT && errno != ENOTDIR)
			die_errno("%s", path);
	}
	die("%s: there are no such patterns (there are: %s)", name,
	    pattern_names());
}

struct pattern_set *
pattern_load(const char *name, const struct expr_context *context, bool compat,
    bool learning)
{
	char path[ROOM], error[PATTERN_ERROR], *text = xmalloc(MOST);
	FILE *f = open_named(name, path);
	size_t n = fread(text, 1, MOST, f);
	struct pattern_set *s;

	if (ferror(f))
		die_errno("%s", path);
	if (n == MOST)
		die("%s: this is no pattern file", path);
	fclose(f);
	s = pattern_parse(text, n, context, compat, learning, error);
	if (!s)
		die("patterns %s: %s%s", path, error,
		    memmem(text, n, "}\n{", 3)
			? "; these are records: patterns come before files"
			: "");
	free(text);
	return s;
}
