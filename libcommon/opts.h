/* SPDX-License-Identifier: MIT */
/*
 * opts: a table of options -> parsing, --help, --version, usage errors.
 *
 * A tool gives its own table and the groups of common options that it has.
 * Long options may be abbreviated, short ones bundled; "--" ends them.
 */
#ifndef OPTS_H
#define OPTS_H

#include <stdbool.h>
#include <stdint.h>

enum opt_kind {
	OPT_END,
	OPT_FLAG,   /* bool */
	OPT_U64,    /* uint64_t, as "10k" */
	OPT_STRING, /* const char * */
	OPT_ONCE,   /* the same; given twice it is an error */
	OPT_MAYBE,  /* const char *, "" where --name has no =argument */
	OPT_CALL,   /* call() with the argument; NULL or a message */
};

struct opt {
	enum opt_kind kind;
	char letter; /* 0: none */
	const char *name;
	void *to;
	const char *arg; /* what the argument is called */
	const char *help;
	const char *(*call)(const char *arg);
};

struct tool {
	const char *name;
	const char *synopsis; /* behind the name */
	const char *summary;
	const struct opt *const *groups; /* NULL-terminated list of tables */
	const char *examples;            /* lines for the end of --help */
};

/*
 * Parses argv; returns the operands, NULL-terminated.  Ends the program for
 * --help, --version and usage errors.
 */
char **opts_parse(const struct tool *tool, int argc, char **argv);

/* Ends the program: message, and where help is. */
_Noreturn void opts_usage(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

#endif
