/* SPDX-License-Identifier: MIT */
/*
 * sockets: what a collector listens on.
 *
 * udp://[ADDR]:PORT[?allow=NETS&rcvbuf=BYTES], tcp://..,
 * tls://..?cert=FILE&key=FILE&ca=FILE; without ADDR on the loopback
 * addresses, with * on all.  Sockets that systemd passes
 * (LISTEN_FDS) are taken where kind and port agree.  Errors end the program.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/flowcat/tls.h"
#include "libcommon/ip.h"
#include "libcommon/prefixset.h"

enum { SOCKETS_MAX = 16, SOCKETS_BACKLOG = 64 };

struct sockets {
	bool tcp; /* connections */
	int fd[SOCKETS_MAX];
	unsigned n;
	struct prefixset *allow; /* or NULL: all */
	struct tls *tls;         /* or NULL */
};

bool sockets_is_name(const char *name);
void sockets_open(struct sockets *s, const char *name);
void sockets_close(struct sockets *s);

struct sockaddr_storage;

/* The other side's address; false if it is not allowed. */
bool sockets_peer(const struct sockets *s, const struct sockaddr_storage *a,
    struct ip *ip, uint16_t *port);

#endif
