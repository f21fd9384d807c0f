/* SPDX-License-Identifier: MIT */
/*
 * nets: a list of networks as an option has it: "10.0.0.0/8,2001:db8::/32",
 * "@FILE" (the first word of each line, '#' begins a comment), or both.
 */
#ifndef NETS_H
#define NETS_H

#include "libcommon/expr_set.h"

/* Sealed, to be asked by set_has_ip().  Errors end the program; option names
 * it in them. */
struct set *nets_read(const char *arg, const char *option);

#endif
