/* SPDX-License-Identifier: MIT */
/*
 * message: one message of IPFIX (RFC 7011), NetFlow v9 (RFC 3954) or NetFlow
 * v5, told apart by the version that it begins with.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "cmd/flowcat/exporters.h"

enum { MESSAGE_MAX = 65535 };

struct message_from {
	struct ip ip; /* of a file: :: */
	uint16_t port;
	uint32_t link;
};

/*
 * Appends its flows to out as lines, see templates.h.  The bytes are
 * overwritten.  What is wrong is counted in collect_counts.
 */
void message_read(
    uint8_t *p, size_t n, const struct message_from *from, struct output *out);

#endif
