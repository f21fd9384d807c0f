/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/flowcat/stream.h"
#include "libcommon/die.h"
#include "libcommon/xalloc.h"

enum { MAX = 64 };

struct connection {
	struct stream *stream;
	struct tls_session *tls; /* or NULL */
	int fd;
	bool heard;  /* has sent a message */
	size_t left; /* to be received yet, once we stop */
};

struct connections {
	const struct sockets *sockets;
	int epoll;
	struct connection all[MAX]; /* oldest first */
	size_t n, turn;             /* turn: whose it is */
	int64_t told;               /* see counters_may_tell() */
	bool stopping;
};

struct connections *
connections_new(const struct sockets *sockets, int epoll)
{
	struct connections *c = xcalloc(1, sizeof *c);

	c->sockets = sockets;
	c->epoll = epoll;
	return c;
}

/* Not each time: anybody can fail. */
static void
tell_failure(struct connections *c, const struct connection *one)
{
	char ip[IP_ROOM];
	int n = (int)ip_put(ip, &one->stream->from.ip);

	if (!counters_may_tell(&c->told))
		return;
	warn("collector: %.*s port %u: TLS: %s", n, ip, one->stream->from.port,
	    tls_reason(one->tls));
}

static void
drop(struct connections *c, size_t i)
{
	struct connection *one = &c->all[i];

	if (one->tls && !tls_is_ready(one->tls)) {
		collect_counts.refused++;
		tell_failure(c, one);
	}
	if (one->tls)
		tls_end(one->tls);
	stream_free(one->stream);
	close(one->fd);
	memmove(one, one + 1, (--c->n - i) * sizeof *one);
}

void
connections_free(struct connections *c)
{
	while (c->n) {
		/* What was half there when we were asked to stop is no loss. */
		c->all[c->n - 1].stream->n = 0;
		drop(c, c->n - 1);
	}
	free(c);
}

/* ---- new ones ---- */

static bool
make_room(struct connections *c)
{
	for (size_t i = 0; i < c->n && c->n == MAX; i++)
		if (!c->all[i].heard) {
			collect_counts.displaced++;
			drop(c, i);
		}
	return c->n < MAX;
}

static void
add(struct connections *c, int fd, const struct sockaddr_storage *a)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct message_from from = { 0 };
	struct connection *one;

	if (!sockets_peer(c->sockets, a, &from.ip, &from.port) ||
	    !make_room(c) || epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
		collect_counts.refused++;
		close(fd);
		return;
	}
	one = &c->all[c->n++];
	*one = (struct connection){ .stream = stream_new(), .fd = fd };
	from.link = one->stream->from.link;
	one->stream->from = from;
	if (c->sockets->tls)
		one->tls = tls_accept(c->sockets->tls);
}

static void
accept_all(struct connections *c)
{
	for (unsigned i = 0; i < c->sockets->n; i++) {
		struct sockaddr_storage a = { 0 };
		socklen_t len = sizeof a;
		int fd = accept4(c->sockets->fd[i], (struct sockaddr *)&a, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			add(c, fd, &a);
	}
}

void
connections_stop(struct connections *c)
{
	for (int i = 0; i < SOCKETS_BACKLOG; i++)
		accept_all(c);
	for (size_t i = 0; i < c->n; i++) {
		int n = 0;

		ioctl(c->all[i].fd, FIONREAD, &n);
		c->all[i].left = n > 0 ? (size_t)n : 0;
		if (c->all[i].tls) /* it may hold some, too */
			c->all[i].left += MESSAGE_MAX;
	}
	c->stopping = true;
}

/* ---- reading ---- */

/* As recv. */
static ssize_t
receive(const struct connections *c, struct connection *one)
{
	struct stream *s = one->stream;
	size_t room = MESSAGE_MAX - s->n;
	ssize_t got;

	if (c->stopping && room > one->left)
		room = one->left;
	if (!room) {
		errno = EAGAIN;
		return -1;
	}
	got = one->tls ? tls_recv(one->tls, one->fd, s->buf + s->n, room)
		       : recv(one->fd, s->buf + s->n, room, MSG_DONTWAIT);
	if (got > 0 && c->stopping)
		one->left -= (size_t)got;
	return got;
}

/* Whether there is a message; the connection may be gone after it. */
static bool
read_one(struct connections *c, size_t i, struct output *out)
{
	struct connection *one = &c->all[i];
	struct stream *s = one->stream;
	bool found;
	ssize_t got = receive(c, one);
	bool over = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);

	s->n += got > 0 ? (size_t)got : 0;
	if (!stream_read(s, out, &found) || (!found && over))
		drop(c, i);
	else
		one->heard |= found;
	return found;
}

bool
connections_next(struct connections *c, struct output *out)
{
	if (!c->stopping)
		accept_all(c);
	for (size_t n = c->n; n && c->n; n--)
		if (read_one(c, c->turn++ % c->n, out))
			return true;
	return false;
}
