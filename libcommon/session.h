/* SPDX-License-Identifier: MIT */
/*
 * session: windows per key: records of a key that are less than 'gap' apart,
 * the first and the last less than 'max'.  The window is [first, last + gap),
 * cut at first + max; a record exactly 'gap' behind begins a new session.
 *
 * Records may come in any order: what lies together is merged at once.  With a
 * maximum it matters where a session begins, so pieces stay apart until no
 * earlier record can come.  Sessions are closed in order of their end, then
 * of their key.
 */
#ifndef SESSION_H
#define SESSION_H

#include "libcommon/agg.h"
#include "libcommon/window.h"

struct sessions;

/* A session that has ended; key and states are valid during the call. */
typedef void session_fn(void *arg, struct slice key, char *states,
    const struct window_bounds *bounds);

struct sessions *sessions_new(
    struct agg *a, struct window *w, session_fn *closed, void *arg);

/* Adds the record at hand, or tells the window that it is late. */
const char *sessions_add(struct sessions *s, const struct expr_input *in);

/* Adds states of records that lie together, from first to last. */
void sessions_merge(struct sessions *s, int64_t first, int64_t last,
    struct slice key, const char *states);

/* Closes what ends at or before the watermark. */
void sessions_advance(struct sessions *s, int64_t watermark);

/* With all that is open. */
void sessions_free(struct sessions *s);

#endif
