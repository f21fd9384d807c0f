/* SPDX-License-Identifier: MIT */
/*
 * fuzz_unit: the note of a commit, as anyone may have written it, with its tag
 * up to the first newline.  What is read is written and read the same.
 */
#include <stdbool.h>
#include <string.h>

#include "libcommon/unit.h"
#include "tests/fuzz/fuzz.h"

static bool
same(const struct unit *a, const struct unit *b)
{
	return a->was == b->was && a->muted_to == b->muted_to &&
	       a->skip_to == b->skip_to && a->index == b->index &&
	       a->mark.max == b->mark.max && a->mark.least == b->mark.least &&
	       a->mark.last == b->mark.last && a->mark.run == b->mark.run;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *end = n ? memchr(data, '\n', n) : NULL;
	size_t len = end ? (size_t)(end - data) : 0;
	char tag[UNIT_TAG] = "", note[KAFKA_NOTE] = "", again[KAFKA_NOTE];
	struct unit *u, *v;

	n -= len + (end != NULL);
	if (len >= sizeof tag || n >= sizeof note ||
	    (len && memchr(data, ' ', len)))
		return 0;
	if (len)
		memcpy(tag, data, len);
	if (n)
		memcpy(note, data + len + (end != NULL), n);
	u = unit_new(0, 1000);
	v = unit_new(0, 1000);
	if (unit_restore(u, tag, 0, note) && *note) {
		unit_note(u, tag, u->skip_to, again);
		MUST(strlen(again) < sizeof again - 1);
		MUST(unit_restore(v, tag, 0, again));
		MUST(same(u, v));
	}
	unit_free(u);
	unit_free(v);
	return 0;
}
