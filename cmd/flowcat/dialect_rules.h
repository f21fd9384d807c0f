/* SPDX-License-Identifier: MIT */
/*
 * dialect_rules: the rules of each dialect; dialect.h tells what they mean.
 * Each table ends with {}.
 */
#ifndef DIALECT_RULES_H
#define DIALECT_RULES_H

#include "cmd/flowcat/dialect.h"

/* dialect_programs.c: programs that have names of their own. */
extern const struct rule rules_nfdump[], rules_goflow2[], rules_pmacct[],
    rules_suricata[], rules_zeek[], rules_unirec[], rules_argus[];

/* dialect_ipfix.c: those that name IPFIX elements, beside elements[]. */
extern const struct rule rules_ipfix[], rules_ipfixcol2[], rules_ipfixcol1[];

#endif
