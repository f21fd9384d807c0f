/* SPDX-License-Identifier: MIT */
/*
 * counters: what was collected and lost, of all and of each exporter's domain,
 * and telling it.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/ip.h"

/* Since the start, of all exporters. */
struct collect_counts {
	uint64_t messages, options, templates;
	uint64_t bad_messages;  /* not understood, or ending too early */
	uint64_t bad_templates; /* none that records could follow */
	uint64_t restarts;      /* sequence numbers that fit no gap */
	uint64_t dropped;       /* datagrams, by the kernel */
	uint64_t refused;   /* not allowed, without a certificate, too many */
	uint64_t displaced; /* connections, silent, by new ones */
	uint64_t evicted;   /* exporters */
};

extern struct collect_counts collect_counts;

/* Counted for each exporter's address and domain; their sum is of all. */
enum share {
	SHARE_FLOWS,
	SHARE_LOST_FLOWS,    /* by sequence numbers of v5 and IPFIX */
	SHARE_LOST_MESSAGES, /* by those of v9 */
	SHARE_NO_TEMPLATE,   /* data sets whose template never came */
	SHARES
};

struct shares;

/*
 * Counts n more.  *s is NULL at first; it stays until the program ends.  Those
 * beyond 255 are counted together, as others.
 */
void shares_add(struct shares **s, const struct ip *ip, uint32_t domain,
    enum share what, uint64_t n);

/* Whether ten seconds have passed since *last was set; sets it.  0: never. */
bool counters_may_tell(int64_t *last);

/* What was lost since the last time, as messages; every ten seconds at most. */
void counters_tell_sometimes(void);

/*
 * At the end: the same once more, and with stats ("" or "json", else NULL) all
 * counts.  Returns whether something was lost.
 */
bool counters_tell_all(const char *stats);

#endif
