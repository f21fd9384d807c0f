/* SPDX-License-Identifier: MIT */
/*
 * die: program name, messages on standard error, exit statuses.
 *
 * Messages read "tool: what": lower case, no full stop.  Every tool ends with
 * one of the statuses below; pipe4flow(7) documents them.
 */
#ifndef DIE_H
#define DIE_H

enum exit_status {
	EXIT_DONE = 0,    /* all done */
	EXIT_PARTIAL = 1, /* done, but some input was skipped or unreadable */
	EXIT_FATAL = 2,   /* usage, or the environment failed */
};

#define PRINTF_LIKE(a, b) __attribute__((format(printf, a, b)))

void die_set_name(const char *argv0);
const char *die_name(void);

/* -q: warn() and warn_errno() keep silent; die() never does. */
void die_set_quiet(void);

/* Called before each message: clears what is on the terminal's line. */
void die_set_before(void (*call)(void));

_Noreturn void die(const char *fmt, ...) PRINTF_LIKE(1, 2);
_Noreturn void die_errno(const char *fmt, ...) PRINTF_LIKE(1, 2);
void warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void warn_errno(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
