/* SPDX-License-Identifier: MIT */
/*
 * collect: flows straight from exporters: datagrams (udp://), connections
 * (tcp://, tls://, RFC 7011 10.4) and files of IPFIX messages (RFC 5655), as
 * lines of the dialect "ipfix".
 */
#ifndef COLLECT_H
#define COLLECT_H

#include <stdbool.h>

#include "libcommon/source.h"

extern const struct source_kind collect_kind;

/*
 * At the end, once: tells what was lost and not yet told, and with --stats
 * ("" or "json", else NULL) all counts.  Returns whether something was lost.
 */
bool collect_close(const char *stats);

#endif
