/* SPDX-License-Identifier: MIT */
/*
 * t: unit tests in TAP.  OK(condition) is one test; main() ends with
 * return DONE();
 */
#ifndef T_H
#define T_H

#include <stdio.h>

static int t_run, t_failed;

#define OK(condition) t_ok(!!(condition), #condition, __FILE__, __LINE__)

static inline int
t_ok(int good, const char *what, const char *file, int line)
{
	t_run++;
	t_failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", t_run, what);
	if (!good)
		printf("# failed at %s:%d\n", file, line);
	return good;
}

/* The plan comes last; the status tells a shell. */
static inline int
t_done(void)
{
	printf("1..%d\n", t_run);
	return t_failed != 0;
}

#define DONE() t_done()

#endif
