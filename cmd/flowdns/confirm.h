/* SPDX-License-Identifier: MIT */
/*
 * confirm: whether a client acted on what a resolver answered: a flow of the
 * client to an address that was answered to it, that began near the answer and
 * lasted no longer than six minutes.
 *
 * Answers and flows may come in any order; both wait for each other as long as
 * the other one would be in time.  A flow counts once for each resolver that
 * told its address, in the window of the flow.  At most so many wait; of those
 * beyond the oldest are forgotten, and counted.
 */
#ifndef CONFIRM_H
#define CONFIRM_H

#include "cmd/flowdns/tables.h"

struct confirm;

/*
 * Flows count in the table 'to', whose keys are client and server.  within:
 * ns between answer and the start of the flow; most: answers and flows that
 * wait.
 */
struct confirm *confirm_new(struct window *w, struct tally *to,
    struct facts_reader *reader, int64_t within, uint64_t most);

/*
 * The record at hand, of the pane: an answer, a flow, or neither.  NULL or a
 * message.
 */
const char *confirm_add(
    struct confirm *c, struct window_pane *pane, const struct facts *f);

/* Bytes of a unit's state, and: from now on it is about this one. */
size_t confirm_unit_size(void);
void confirm_select(struct confirm *c, char *state);

/* The unit at hand is gone. */
void confirm_drop(struct confirm *c);

/* Says what was forgotten. */
void confirm_close(struct confirm *c);

#endif
