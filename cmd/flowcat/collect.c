/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/collect.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/flowcat/connections.h"
#include "cmd/flowcat/stream.h"
#include "libcommon/die.h"
#include "libcommon/stop.h"
#include "libcommon/xalloc.h"

enum {
	BATCH = 32,         /* datagrams received at once */
	DATAGRAM_MIN = 512, /* less than the kernel's own part of one */
	CONTROL = CMSG_SPACE(sizeof(uint32_t)),
};

struct collect {
	struct output text; /* lines, given out up to 'at' */
	size_t at;
	struct sockets sockets;
	int epoll;
	/* Datagrams: those from 'next' on are not yet read. */
	struct mmsghdr *batch;
	unsigned next, received;
	uint32_t dropped[SOCKETS_MAX]; /* as the kernel counts them */
	size_t left[SOCKETS_MAX];      /* to be read before we stop */
	bool stopping;
	struct connections *connections; /* or NULL */
	struct stream *file;             /* or NULL */
	char *bytes; /* of the file, read before it was known what it is */
	size_t ahead, used;
	const char *error;
};

static bool used; /* there was something to collect */

bool
collect_close(const char *stats)
{
	exporters_end(0);
	return counters_tell_all(used ? stats : NULL);
}

static void
watch(struct collect *c, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };

	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		die_errno("epoll");
}

/* ---- datagrams ---- */

static void
open_batch(struct collect *c)
{
	c->batch = xcalloc(BATCH, sizeof *c->batch);
	for (unsigned i = 0; i < BATCH; i++) {
		struct msghdr *h = &c->batch[i].msg_hdr;

		h->msg_name = xcalloc(1, sizeof(struct sockaddr_storage));
		h->msg_iov = xcalloc(1, sizeof *h->msg_iov);
		h->msg_iov->iov_base = xmalloc(MESSAGE_MAX + TEMPLATES_TAIL);
		h->msg_iov->iov_len = MESSAGE_MAX;
		h->msg_iovlen = 1;
		h->msg_control = xcalloc(1, CONTROL);
	}
}

static void
close_batch(struct collect *c)
{
	for (unsigned i = 0; i < BATCH; i++) {
		struct msghdr *h = &c->batch[i].msg_hdr;

		free(h->msg_name);
		free(h->msg_iov->iov_base);
		free(h->msg_iov);
		free(h->msg_control);
	}
	free(c->batch);
}

static void
set_dropped(struct collect *c, unsigned socket, uint32_t n)
{
	if ((int32_t)(n - c->dropped[socket]) <= 0)
		return;
	collect_counts.dropped += n - c->dropped[socket];
	c->dropped[socket] = n;
}

/* The kernel's count of datagrams dropped before this one, per socket. */
static void
count_dropped(struct collect *c, struct msghdr *h, unsigned socket)
{
	for (struct cmsghdr *m = CMSG_FIRSTHDR(h); m; m = CMSG_NXTHDR(h, m)) {
		uint32_t n;

		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&n, CMSG_DATA(m), sizeof n);
		set_dropped(c, socket, n);
	}
}

/* So much is there to be read; and what was dropped behind it. */
static void
stop_datagrams(struct collect *c)
{
	uint32_t mem[SK_MEMINFO_VARS] = { 0 };

	for (unsigned i = 0; i < c->sockets.n; i++) {
		socklen_t n = sizeof mem;

		if (getsockopt(
			c->sockets.fd[i], SOL_SOCKET, SO_MEMINFO, mem, &n))
			continue;
		c->left[i] = mem[SK_MEMINFO_RMEM_ALLOC];
		set_dropped(c, i, mem[SK_MEMINFO_DROPS]);
	}
}

/* So much of it was read: a datagram takes more than its bytes. */
static void
take_off(size_t *left, size_t n)
{
	n += DATAGRAM_MIN;
	*left -= n < *left ? n : *left;
}

static bool
receive(struct collect *c)
{
	for (unsigned i = 0; i < c->sockets.n; i++) {
		int got;

		if (c->stopping && !c->left[i])
			continue;
		for (unsigned k = 0; k < BATCH; k++) {
			c->batch[k].msg_hdr.msg_namelen =
			    sizeof(struct sockaddr_storage);
			c->batch[k].msg_hdr.msg_controllen = CONTROL;
		}
		got = recvmmsg(
		    c->sockets.fd[i], c->batch, BATCH, MSG_DONTWAIT, NULL);
		if (got <= 0)
			continue;
		c->next = 0;
		c->received = (unsigned)got;
		for (int k = 0; k < got; k++) {
			count_dropped(c, &c->batch[k].msg_hdr, i);
			take_off(&c->left[i], c->batch[k].msg_len);
		}
		return true;
	}
	return false;
}

static bool
next_datagram(struct collect *c)
{
	struct message_from from = { 0 };
	struct mmsghdr *m;

	if (c->next == c->received && !receive(c))
		return false;
	m = &c->batch[c->next++];
	if (sockets_peer(
		&c->sockets, m->msg_hdr.msg_name, &from.ip, &from.port))
		message_read(
		    m->msg_hdr.msg_iov->iov_base, m->msg_len, &from, &c->text);
	else
		collect_counts.refused++;
	return true;
}

/* ---- the kind ---- */

static void *
open_sockets(const char *name)
{
	struct collect *c = xcalloc(1, sizeof *c);

	used = true;
	sockets_open(&c->sockets, name);
	out_memory(&c->text);
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0)
		die_errno("epoll");
	for (unsigned i = 0; i < c->sockets.n; i++)
		watch(c, c->sockets.fd[i]);
	if (c->sockets.tcp)
		c->connections = connections_new(&c->sockets, c->epoll);
	else
		open_batch(c);
	return c;
}

static int
is_messages(const char *p, size_t n)
{
	static const char magic[] = { 0, 10 };

	if (n && p[0] != magic[0])
		return 0;
	return n < sizeof magic ? -1 : memcmp(p, magic, sizeof magic) == 0;
}

static void *
begin_file(const char *p, size_t n)
{
	struct collect *c = xcalloc(1, sizeof *c);

	used = true;
	out_memory(&c->text);
	c->epoll = -1;
	c->file = stream_new();
	c->ahead = n;
	c->bytes = xmalloc(n);
	memcpy(c->bytes, p, n);
	return c;
}

/* More bytes of the file: those that were looked at come first. */
static ssize_t
fill(struct collect *c, struct source *from, int (*idle)(void *arg), void *arg)
{
	struct stream *s = c->file;
	size_t room = MESSAGE_MAX - s->n;
	ssize_t got;

	if (c->used == c->ahead) {
		got = source_read(from, (char *)s->buf + s->n, room, idle, arg);
	} else {
		room = room < c->ahead - c->used ? room : c->ahead - c->used;
		memcpy(s->buf + s->n, c->bytes + c->used, room);
		c->used += room;
		got = (ssize_t)room;
	}
	s->n += got > 0 ? (size_t)got : 0;
	return got;
}

/* The next message of a file into c->text: 1; 0 at the end; -1. */
static int
next_in_file(
    struct collect *c, struct source *from, int (*idle)(void *arg), void *arg)
{
	bool found = false;

	while (!stop_asked()) {
		ssize_t got;

		if (!stream_read(c->file, &c->text, &found)) {
			c->error = "no IPFIX message; the rest is left out";
			return -1;
		}
		if (found)
			return 1;
		got = fill(c, from, idle, arg);
		if (got < 0)
			c->error = source_error(from);
		if (got > 0)
			continue;
		if (got == 0 && c->file->n && !stop_asked()) {
			c->error = "the last message is cut off";
			got = -1;
		}
		return (int)got;
	}
	return 0;
}

/* What has arrived by now is still read, and no more. */
static void
begin_stop(struct collect *c)
{
	if (c->connections)
		connections_stop(c->connections);
	else
		stop_datagrams(c);
	c->stopping = true;
}

/* The next message that arrives into c->text: 1; 0 at the end. */
static int
next_to_arrive(struct collect *c, int (*idle)(void *arg), void *arg)
{
	for (;;) {
		if (stop_asked() && !c->stopping)
			begin_stop(c);
		if (c->connections ? connections_next(c->connections, &c->text)
				   : next_datagram(c))
			break;
		if (c->stopping)
			return 0;
		counters_tell_sometimes();
		stop_wait(c->epoll, idle(arg));
	}
	counters_tell_sometimes();
	return 1;
}

static ssize_t
read_lines(void *state, struct source *from, char *buf, size_t n,
    int (*idle)(void *arg), void *arg)
{
	struct collect *c = state;

	while (c->at == c->text.n) {
		int got;

		c->at = c->text.n = 0;
		got = from ? next_in_file(c, from, idle, arg)
			   : next_to_arrive(c, idle, arg);
		if (got <= 0)
			return got;
	}
	n = n < c->text.n - c->at ? n : c->text.n - c->at;
	memcpy(buf, c->text.buf + c->at, n);
	c->at += n;
	return (ssize_t)n;
}

static const char *
error_of(const void *state)
{
	return ((const struct collect *)state)->error;
}

static void
close_collect(void *state)
{
	struct collect *c = state;

	if (c->connections)
		connections_free(c->connections);
	if (c->file)
		stream_free(c->file);
	sockets_close(&c->sockets);
	if (c->batch)
		close_batch(c);
	if (c->epoll >= 0)
		close(c->epoll);
	out_close(&c->text);
	free(c->bytes);
	free(c);
}

const struct source_kind collect_kind = {
	.is_name = sockets_is_name,
	.open = open_sockets,
	.is_content = is_messages,
	.begin = begin_file,
	.read = read_lines,
	.error = error_of,
	.close = close_collect,
};
