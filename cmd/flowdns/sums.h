/* SPDX-License-Identifier: MIT */
/*
 * sums: records of one key that come near each other are added up before they
 * go to their table, as a response follows its query, and a busy client itself.
 *
 * A place is taken over by what comes: what was there goes to the table, where
 * it belongs in the end.  So the table's sums are exact.
 *
 * Measured on 5 M records of dnsgen: see bench/README.md.
 */
#ifndef SUMS_H
#define SUMS_H

#include "cmd/flowdns/facts.h"
#include "libcommon/winagg.h"

enum { SUMS_KEYS = 3, SUMS_MAX = 12, SUMS_TABLES = 32 };

struct sums;

/*
 * For an aggregate over facts, the i-th of the list.  NULL if it is not fit:
 * keys that are no plain facts, or calls that are no sums of one, unless these
 * may be left out ('partly').
 */
struct sums *sums_new(struct winagg *a, size_t i, bool partly);

/*
 * The record at hand, for up to SUMS_TABLES tables: places are fetched at once,
 * for each may be a miss.
 */
void sums_add(struct sums *const *v, size_t n, struct window_pane *pane,
    struct facts_reader *r, struct facts *f);

/* All that is held goes to the table, before a pane of it is looked at. */
void sums_flush(struct sums *s);

#endif
