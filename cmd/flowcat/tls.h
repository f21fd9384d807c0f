/* SPDX-License-Identifier: MIT */
/*
 * tls: the server's side of TLS (RFC 7011 11.1 and 11.3) on sockets that do
 * not block: 1.2 or later, both sides show a certificate.
 */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* PEM files; ca signed the certificates that exporters show. */
struct tls_files {
	char *cert, *key, *ca;
};

struct tls;         /* what all connections of a socket share */
struct tls_session; /* one connection */

/* Errors end the program; where names the operand in them. */
struct tls *tls_new(const struct tls_files *files, const char *where);
void tls_free(struct tls *t);

struct tls_session *tls_accept(struct tls *t);
void tls_end(struct tls_session *s);

/*
 * As recv(2) of a socket that does not block; also shakes hands.  All that
 * the socket holds is taken before EAGAIN.  EPROTO: it is over.
 */
ssize_t tls_recv(struct tls_session *s, int fd, void *buf, size_t n);

/* Both sides have shown who they are. */
bool tls_is_ready(const struct tls_session *s);

/* Why they have not. */
const char *tls_reason(const struct tls_session *s);

#endif
