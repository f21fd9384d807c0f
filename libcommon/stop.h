/* SPDX-License-Identifier: MIT */
/*
 * stop: SIGTERM and SIGINT end the input, so that a tool flushes what it holds
 * and ends in order; a second one ends it at once.
 */
#ifndef STOP_H
#define STOP_H

#include <stdbool.h>

void stop_init(void);
bool stop_asked(void);

/*
 * Waits until fd is readable: 1; until the timeout (ms, -1 for none): 0;
 * until a signal: -1.  fd -1 waits for time or a signal alone.
 */
int stop_wait(int fd, int timeout);

#endif
