/* SPDX-License-Identifier: MIT */
/*
 * lists: what a user tells about names and addresses: the local network, names
 * that are bad or in order, resolvers that answer by HTTPS.
 */
#ifndef LISTS_H
#define LISTS_H

#include "cmd/flowdns/namelist.h"
#include "libcommon/expr_set.h"

struct lists_opts {
	const char *local;     /* -L: prefixes, @FILE; or NULL */
	const char *resolvers; /* a file, or NULL: those well known */
	const char *whitelist, *blacklist;
};

/* NULL: not given. */
struct lists {
	struct set *local, *resolvers;
	struct namelist *white, *black;

	/* Private. */
	struct lists_opts opts;
	struct arena scratch;
};

/* What cannot be read ends the program. */
void lists_open(struct lists *l, const struct lists_opts *opts);

/*
 * Reads the names anew if SIGHUP asked for that; true if it did.  A file that
 * cannot be read is told, and its old names stay.
 */
bool lists_reload(struct lists *l);

#endif
