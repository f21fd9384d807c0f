/* SPDX-License-Identifier: MIT */
/*
 * fuzz_namelist: a name up to the first newline, then a list of names of any
 * form.  What is found is the name or what stands behind one of its dots.
 */
#include <string.h>

#include "cmd/flowdns/namelist.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data, *entry;
	const char *end = n ? memchr(text, '\n', n) : NULL;
	size_t len = end ? (size_t)(end - text) : n, rest = n - len, k;
	struct namelist *l;

	if (!n)
		return 0;
	l = namelist_parse(slice_of(text + len, rest));
	MUST(namelist_count(l) <= rest);
	entry = namelist_find(l, slice_of(text, len));
	if (entry) {
		k = strlen(entry);
		MUST(k <= len && !memcmp(text + len - k, entry, k));
		MUST(k == len || text[len - k - 1] == '.');
	}
	namelist_free(l);
	return 0;
}
