/* SPDX-License-Identifier: MIT */
/*
 * connections: exporters by TCP and TLS, each in its turn.
 *
 * There are 64 at most.  A new one then displaces the oldest of those that
 * have sent no message yet, or is refused; both are counted.
 */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <stdbool.h>

#include "cmd/flowcat/sockets.h"
#include "libcommon/output.h"

struct connections;

/* epoll watches what is accepted; sockets stay the caller's. */
struct connections *connections_new(const struct sockets *sockets, int epoll);
void connections_free(struct connections *c);

/* One message of the next that has one; false if none is there. */
bool connections_next(struct connections *c, struct output *out);

/* From now on only what has arrived already. */
void connections_stop(struct connections *c);

#endif
