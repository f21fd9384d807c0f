/* SPDX-License-Identifier: MIT */
/*
 * spread: a flow that lasts is divided over the panes that it covers, from
 * date_first_seen to its event time: packets, bytes (both directions), duration
 * in proportion to the time, each rounded so that the parts add up to the whole
 * exactly.
 *
 * The record itself counts, with flows and count(), where its event time is;
 * the other parts have flows 0 (and flows_rev).  What belongs to windows that
 * were emitted already goes to the first one that is open.
 */
#ifndef SPREAD_H
#define SPREAD_H

#include "libcommon/window.h"

enum { SPREAD_FIELDS = 9, SPREAD_ONCE = 2, SPREAD_MAX_PARTS = 10000 };

struct spread_field {
	int slot;
	enum field_type type;
	bool nano;  /* it is no whole number */
	i128 total; /* in units, or in 10^-9 of them */
	i128 given; /* to earlier parts */
	char text[48];
};

struct spread {
	bool on;

	/* Private. */
	struct window *window;
	int first_slot, once_slots[SPREAD_ONCE];
	struct spread_field fields[SPREAD_FIELDS];
	struct json_val *v; /* of a part */
	size_t n_slots;
	char message[96];
};

typedef const char *spread_fn(
    void *arg, struct window_pane *pane, const struct expr_input *in);

/* Before the schema is complete. */
void spread_open(struct spread *s, struct window *w);

/*
 * Takes the record at hand into the window and calls add() for it, or for each
 * of its parts.  NULL or a message.
 */
const char *spread_add(struct spread *s, spread_fn *add, void *arg);

#endif
