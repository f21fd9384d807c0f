/* SPDX-License-Identifier: MIT */
/*
 * connections: --distances, a row of each connection: its vector, and how far
 * it is from each pattern.
 */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include "cmd/flowmatch/match.h"

/* Fills in the watch; rows can be written when it is open. */
struct connections *connections_new(
    struct matches *matches, struct match_watch *watch);
void connections_open(struct connections *c);
void connections_close(struct connections *c);

#endif
