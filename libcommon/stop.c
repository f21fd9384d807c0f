/* SPDX-License-Identifier: MIT */
#include "libcommon/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "libcommon/die.h"

static volatile sig_atomic_t asked;
static int wake[2] = { -1, -1 }; /* a signal between test and poll wakes it */

static void
on_signal(int sig)
{
	int saved = errno;

	if (asked) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	asked = 1;
	if (write(wake[1], "", 1) < 0) {
		/* full: it wakes all the same */
	}
	errno = saved;
}

void
stop_init(void)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;
	static const int signals[] = { SIGTERM, SIGINT };

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		die_errno("pipe");
	for (int i = 0; i < 2; i++) {
		/* Ignored by the parent (nohup, background job): stay so. */
		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
}

bool
stop_asked(void)
{
	return asked;
}

int
stop_wait(int fd, int timeout)
{
	struct pollfd p[2] = { { .fd = wake[0], .events = POLLIN },
		{ .fd = fd, .events = POLLIN } };
	int n = poll(p, 2, timeout);

	if (asked || (n < 0 && errno == EINTR))
		return asked ? -1 : 0;
	return n > 0;
}
