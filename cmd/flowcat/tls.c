/* SPDX-License-Identifier: MIT */
/*
 * The library works on memory only: what arrives is put in, what it answers
 * is sent by us, so that a peer that is gone raises no SIGPIPE.
 */
#include "cmd/flowcat/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "libcommon/die.h"
#include "libcommon/xalloc.h"

enum { PIECE = 16 * 1024 };

struct tls {
	SSL_CTX *context;
};

struct tls_session {
	SSL *ssl;
	BIO *in, *out;
	const char *reason;
};

/* The first thing that went wrong. */
static const char *
failure(void)
{
	unsigned long err = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(err)
				 ? strerror(ERR_GET_REASON(err))
				 : ERR_reason_error_string(err);

	return reason ? reason : "failed";
}

struct tls *
tls_new(const struct tls_files *files, const char *where)
{
	struct tls *t = xcalloc(1, sizeof *t);
	SSL_CTX *c = t->context = SSL_CTX_new(TLS_server_method());

	if (!c)
		die("%s: TLS: %s", where, failure());
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_set_options(c,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(
	    c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (SSL_CTX_use_certificate_chain_file(c, files->cert) != 1)
		die("%s: cert=%s: %s", where, files->cert, failure());
	if (SSL_CTX_use_PrivateKey_file(c, files->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(c) != 1)
		die("%s: key=%s: %s", where, files->key, failure());
	if (SSL_CTX_load_verify_locations(c, files->ca, NULL) != 1)
		die("%s: ca=%s: %s", where, files->ca, failure());
	/* The names that the exporter chooses its certificate by. */
	SSL_CTX_set_client_CA_list(c, SSL_load_client_CA_file(files->ca));
	return t;
}

void
tls_free(struct tls *t)
{
	SSL_CTX_free(t->context);
	free(t);
}

struct tls_session *
tls_accept(struct tls *t)
{
	struct tls_session *s = xcalloc(1, sizeof *s);

	s->ssl = SSL_new(t->context);
	s->in = BIO_new(BIO_s_mem());
	s->out = BIO_new(BIO_s_mem());
	if (!s->ssl || !s->in || !s->out)
		die("TLS: out of memory");
	SSL_set_bio(s->ssl, s->in, s->out);
	SSL_set_accept_state(s->ssl);
	return s;
}

void
tls_end(struct tls_session *s)
{
	SSL_free(s->ssl);
	free(s);
}

/* False: the peer does not take what it asked for. */
static bool
send_answer(struct tls_session *s, int fd)
{
	char piece[PIECE];
	int n;

	while ((n = BIO_read(s->out, piece, sizeof piece)) > 0)
		if (send(fd, piece, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) !=
		    n)
			return errno = EPROTO, false;
	return true;
}

/* From the socket to the library: as recv. */
static ssize_t
take_in(struct tls_session *s, int fd)
{
	char piece[PIECE];
	ssize_t n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);

	if (n > 0 && BIO_write(s->in, piece, (int)n) != n)
		die("TLS: out of memory");
	return n;
}

/* What the library has for us: as recv, EAGAIN when it wants more bytes. */
static ssize_t
take_out(struct tls_session *s, void *buf, size_t n)
{
	size_t got = 0;

	ERR_clear_error();
	if (SSL_read_ex(s->ssl, buf, n, &got) == 1)
		return (ssize_t)got;
	switch (SSL_get_error(s->ssl, 0)) {
	case SSL_ERROR_ZERO_RETURN:
		SSL_shutdown(s->ssl); /* its farewell is answered */
		return 0;
	case SSL_ERROR_WANT_READ:
		errno = EAGAIN;
		return -1;
	default:
		if (!SSL_is_init_finished(s->ssl))
			s->reason = failure();
		errno = EPROTO;
		return -1;
	}
}

ssize_t
tls_recv(struct tls_session *s, int fd, void *buf, size_t n)
{
	size_t got = 0;
	ssize_t more = 1;

	while (got < n && more > 0) {
		int err;

		more = take_out(s, (char *)buf + got, n - got);
		err = errno;
		got += more > 0 ? (size_t)more : 0;
		if (!send_answer(s, fd))
			return got ? (ssize_t)got : -1;
		if (more < 0 && err == EAGAIN)
			more = take_in(s, fd);
		else
			errno = err;
	}
	return got || !n ? (ssize_t)got : more;
}

bool
tls_is_ready(const struct tls_session *s)
{
	return SSL_is_init_finished(s->ssl);
}

const char *
tls_reason(const struct tls_session *s)
{
	return s->reason ? s->reason : "ended early";
}
