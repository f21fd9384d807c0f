/* SPDX-License-Identifier: MIT */
#include "libcommon/near.h"

#include <stdio.h>
#include <string.h>

static unsigned
least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edit distance with neighbours swapped, case ignored; long words are far. */
static unsigned
distance(struct slice a, const char *b)
{
	enum { MAX = 24 };
	unsigned d[MAX + 1][MAX + 1];
	size_t n = strlen(b);

	if (a.n > MAX || n > MAX)
		return MAX;
	for (size_t i = 0; i <= a.n; i++)
		for (size_t j = 0; j <= n; j++) {
			bool same =
			    i && j && (a.p[i - 1] | 0x20) == (b[j - 1] | 0x20);
			bool swap = i > 1 && j > 1 &&
				    (a.p[i - 1] | 0x20) == (b[j - 2] | 0x20) &&
				    (a.p[i - 2] | 0x20) == (b[j - 1] | 0x20);

			d[i][j] = (unsigned)(i + j);
			if (i && j)
				d[i][j] = least_of(d[i - 1][j - 1] + !same,
				    least_of(d[i - 1][j], d[i][j - 1]) + 1);
			if (swap)
				d[i][j] =
				    least_of(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[a.n][n];
}

void
near_look(struct near *n, const char *candidate)
{
	unsigned d = distance(n->word, candidate);
	size_t len = strlen(candidate);

	/* "src_ip" is not src_as. */
	if (len == n->word.n + 5 && strcmp(candidate + len - 5, "_addr") == 0 &&
	    memcmp(candidate, n->word.p, n->word.n) == 0)
		d = 1;
	if (d > 0 && d < n->least && d * 3 <= n->word.n) {
		n->least = d;
		n->best = candidate;
	}
}

const char *
near_hint(struct near *n)
{
	*n->hint = '\0';
	if (n->best)
		snprintf(
		    n->hint, sizeof n->hint, "; did you mean '%s'?", n->best);
	return n->hint;
}
