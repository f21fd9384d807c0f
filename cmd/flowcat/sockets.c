/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/sockets.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/die.h"
#include "libcommon/num.h"
#include "libcommon/opts.h"
#include "libcommon/xalloc.h"

enum {
	FIRST_PASSED = 3, /* sd_listen_fds(3) */
	RCVBUF = 16 << 20,
};

/* An operand taken apart. */
struct address {
	const char *text;
	char *host, *port; /* host: NULL for loopback */
	uint64_t rcvbuf;
	struct tls_files tls;
};

bool
sockets_is_name(const char *name)
{
	return strncmp(name, "udp://", 6) == 0 ||
	       strncmp(name, "tcp://", 6) == 0 ||
	       strncmp(name, "tls://", 6) == 0;
}

/* ---- settings ---- */

static void
set_allow(struct sockets *s, struct address *a, char *nets)
{
	const char *text = a->text;

	s->allow = s->allow ? s->allow : prefixset_new();
	for (char *save = NULL, *one = strtok_r(nets, ",", &save); one;
	     one = strtok_r(NULL, ",", &save)) {
		struct ip_prefix p;
		const char *err = ip_prefix_parse(slice_str(one), &p);

		if (err)
			opts_usage("%s: allow=%s: %s", text, one, err);
		prefixset_add(s->allow, &p);
	}
}

static void
set_rcvbuf(struct sockets *s, struct address *a, char *value)
{
	(void)s;
	if (num_u64(slice_str(value), &a->rcvbuf) || a->rcvbuf > 1 << 30)
		opts_usage("%s: rcvbuf=%s: bytes expected", a->text, value);
}

static void
set(struct sockets *s, struct address *a, char *setting)
{
	static const struct {
		const char *name;
		void (*set)(struct sockets *s, struct address *a, char *value);
		size_t file; /* else where its name goes */
	} settings[] = {
		{ "allow", set_allow, 0 },
		{ "rcvbuf", set_rcvbuf, 0 },
		{ "cert", NULL, offsetof(struct address, tls.cert) },
		{ "key", NULL, offsetof(struct address, tls.key) },
		{ "ca", NULL, offsetof(struct address, tls.ca) },
	};
	char *value = strchr(setting, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < sizeof settings / sizeof *settings; i++)
		if (strcmp(setting, settings[i].name) == 0) {
			if (settings[i].set)
				settings[i].set(s, a, value);
			else
				memcpy((char *)a + settings[i].file, &value,
				    sizeof value);
			return;
		}
	opts_usage("%s: %s: allow=NETS, rcvbuf=BYTES, or of tls:// cert=FILE, "
		   "key=FILE, ca=FILE expected",
	    a->text, setting);
}

static void
check_tls(struct sockets *s, struct address *a)
{
	bool tls = a->text[1] == 'l';

	if (tls && (!a->tls.cert || !a->tls.key || !a->tls.ca))
		opts_usage("%s: ?cert=FILE&key=FILE&ca=FILE expected", a->text);
	if (!tls && (a->tls.cert || a->tls.key || a->tls.ca))
		opts_usage("%s: cert=, key= and ca= belong to tls://", a->text);
	if (tls)
		s->tls = tls_new(&a->tls, a->text);
}

/* ---- sockets ---- */

static void
take_apart(struct sockets *s, struct address *a)
{
	char *rest = xstrdup(a->text + strlen("udp://"));
	char *query = strchr(rest, '?');
	char *colon, *end;
	uint64_t port;

	if (query) {
		*query++ = '\0';
		for (char *save = NULL, *one = strtok_r(query, "&", &save); one;
		     one = strtok_r(NULL, "&", &save))
			set(s, a, one);
	}
	colon = strrchr(rest, ':');
	if (!colon || num_u64(slice_str(colon + 1), &port) || !port ||
	    port > UINT16_MAX) {
		opts_usage("%s: a port expected, as in udp://:2055", a->text);
		return;
	}
	*colon = '\0';
	a->port = colon + 1;
	a->host = *rest ? rest : NULL;
	end = rest + strlen(rest);
	if (*rest == '[' && end[-1] == ']') {
		end[-1] = '\0';
		a->host++;
	}
}

static void
prepare(const struct sockets *s, const struct address *a, int fd)
{
	int yes = 1, bytes = (int)a->rcvbuf;

	if (s->tcp)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes);
}

static uint16_t
port_of(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6
		   ? ntohs(((const struct sockaddr_in6 *)a)->sin6_port)
	       : a->ss_family == AF_INET
		   ? ntohs(((const struct sockaddr_in *)a)->sin_port)
		   : 0;
}

/* Of the sockets that systemd passes, those of this kind and port. */
static void
take_passed(struct sockets *s, const struct address *a)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int n = fds ? atoi(fds) : 0;

	if (!pid || atol(pid) != (long)getpid())
		return;
	for (int fd = FIRST_PASSED; fd < FIRST_PASSED + n; fd++) {
		struct sockaddr_storage bound = { 0 };
		socklen_t len = sizeof bound, kind_len = sizeof(int);
		int kind = 0;

		if (s->n == SOCKETS_MAX ||
		    getsockname(fd, (struct sockaddr *)&bound, &len) ||
		    getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &kind_len) ||
		    kind != (s->tcp ? SOCK_STREAM : SOCK_DGRAM) ||
		    port_of(&bound) != atoi(a->port))
			continue;
		prepare(s, a, fd);
		s->fd[s->n++] = fd;
	}
}

static int
listen_on(const struct sockets *s, const struct address *a,
    const struct addrinfo *at, bool both)
{
	int fd = socket(at->ai_family,
	    at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
	int yes = 1, only = !both;

	if (fd < 0)
		return -1;
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
	if (s->tcp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	prepare(s, a, fd);
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 &&
	    (!s->tcp || listen(fd, SOCKETS_BACKLOG) == 0))
		return fd;
	close(fd);
	return -1;
}

void
sockets_open(struct sockets *s, const char *name)
{
	struct address a = { .text = name, .rcvbuf = RCVBUF };
	struct addrinfo want = { 0 }, *found = NULL;
	bool both;
	int err;

	*s = (struct sockets){ .tcp = name[0] == 't' };
	take_apart(s, &a);
	check_tls(s, &a);
	if (s->allow)
		prefixset_seal(s->allow);
	take_passed(s, &a);
	if (s->n)
		return;
	want.ai_socktype = s->tcp ? SOCK_STREAM : SOCK_DGRAM;
	if (a.host && strcmp(a.host, "*") == 0)
		a.host = "::";
	both = a.host && strcmp(a.host, "::") == 0;
	err = getaddrinfo(a.host, a.port, &want, &found);
	if (err)
		die("%s: %s", name, gai_strerror(err));
	for (const struct addrinfo *at = found; at && s->n < SOCKETS_MAX;
	     at = at->ai_next) {
		int fd = listen_on(s, &a, at, both);

		if (fd >= 0)
			s->fd[s->n++] = fd;
		else if (errno == EADDRINUSE || errno == EACCES)
			die_errno("%s", name);
	}
	if (!s->n)
		die_errno("%s", name);
	freeaddrinfo(found);
}

void
sockets_close(struct sockets *s)
{
	for (unsigned i = 0; i < s->n; i++)
		close(s->fd[i]);
	if (s->allow)
		prefixset_free(s->allow);
	if (s->tls)
		tls_free(s->tls);
}

bool
sockets_peer(const struct sockets *s, const struct sockaddr_storage *a,
    struct ip *ip, uint16_t *port)
{
	*ip = (struct ip){ .b = { [10] = 0xff, [11] = 0xff } };
	*port = port_of(a);
	if (a->ss_family == AF_INET6)
		memcpy(ip->b, &((const struct sockaddr_in6 *)a)->sin6_addr, 16);
	else if (a->ss_family == AF_INET)
		memcpy(
		    ip->b + 12, &((const struct sockaddr_in *)a)->sin_addr, 4);
	return !s->allow || prefixset_has(s->allow, ip);
}
