/* SPDX-License-Identifier: MIT */
/*
 * stream: bytes in which IPFIX messages follow each other, of a file
 * (RFC 5655) or a connection (RFC 7011 10.4).
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>

#include "cmd/flowcat/message.h"

struct stream {
	struct message_from from;
	size_t n; /* bytes that are there */
	uint8_t buf[MESSAGE_MAX + TEMPLATES_TAIL];
};

struct stream *stream_new(void);

/*
 * The first message that is there as a whole, see message_read().  False: it
 * is no stream of messages; counted.
 */
bool stream_read(struct stream *s, struct output *out, bool *found);

/* Counts a rest; forgets its exporters. */
void stream_free(struct stream *s);

#endif
