/* SPDX-License-Identifier: MIT */
/*
 * window_input: what windows know of the input: its operands, partitions of
 * Kafka that come and go, and that no record comes.
 */
#ifndef WINDOW_INPUT_H
#define WINDOW_INPUT_H

#include "libcommon/window.h"

/* After run_open(), with its operands. */
void window_open(
    struct window *w, const struct window_client *client, char **operands);

#endif
