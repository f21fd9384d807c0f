/* SPDX-License-Identifier: MIT */
#include "libcommon/bulk.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/num.h"
#include "tests/unit/t.h"

static const int64_t day = (int64_t)86400 * NUM_NANO;

static bool
is_refused(const char *index)
{
	struct bulk b;

	return bulk_open(&b, index) != NULL;
}

/* The action of a row of that time. */
static const char *
action(struct bulk *b, int64_t time, const char *identity)
{
	static struct output out;
	static char text[1024];

	if (!out.buf)
		out_memory(&out);
	out.n = 0;
	bulk_action(b, &out, time, slice_str(identity));
	snprintf(text, sizeof text, "%.*s", (int)out.n, out.buf);
	return text;
}

static void
names(void)
{
	char most[BULK_NAME + 2];

	memset(most, 'a', BULK_NAME + 1);
	most[BULK_NAME + 1] = '\0';
	OK(is_refused(most));
	most[BULK_NAME] = '\0';
	OK(!is_refused(most));
	/* a year takes four */
	memcpy(most + BULK_NAME - 3, "%Y", 3);
	OK(is_refused(most));
	OK(!is_refused("flows-%Y.%m.%d"));
	OK(!is_refused(".flows"));
	OK(is_refused(""));
	OK(is_refused("."));
	OK(is_refused(".."));
	OK(is_refused("-flows"));
	OK(is_refused("_flows"));
	OK(is_refused("+flows"));
	OK(is_refused("Flows"));
	OK(is_refused("flows%"));
	OK(is_refused("flows-%H"));
	OK(is_refused("flows-%%"));
	OK(is_refused("a b"));
	OK(is_refused("a\nb"));
	OK(is_refused("a\"b"));
	OK(is_refused("a:b"));
	OK(is_refused("a\xc3\xa4"));
}

static void
actions(void)
{
	struct bulk b;
	char *first;

	OK(!bulk_open(&b, "flows"));
	OK(!b.timed);
	OK(strcmp(action(&b, 0, ""), "{\"index\":{\"_index\":\"flows\"}}\n") ==
	    0);
	/* the hash is fixed for ever: of XXH3, 128 bits, unseeded */
	OK(strcmp(action(&b, 0, "a"),
	       "{\"index\":{\"_index\":\"flows\",\"_id\":"
	       "\"a96faf705af16834e6c632b61e964e1f\"}}\n") == 0);
	first = strdup(action(&b, 0, "{\"a\":1"));
	OK(strcmp(action(&b, 1, "{\"a\":1"), first) == 0);
	OK(strcmp(action(&b, 0, "{\"a\":2"), first) != 0);
	free(first);

	OK(!bulk_open(&b, "f-%Y.%m.%d-x"));
	OK(b.timed);
	OK(strstr(action(&b, 0, ""), "\"f-1970.01.01-x\""));
	OK(strstr(action(&b, day - 1, ""), "\"f-1970.01.01-x\""));
	OK(strstr(action(&b, day, ""), "\"f-1970.01.02-x\""));
	OK(strstr(action(&b, -1, ""), "\"f-1969.12.31-x\""));
	OK(strstr(action(&b, -day, ""), "\"f-1969.12.31-x\""));
	OK(strstr(action(&b, INT64_MIN, ""), "\"f-1677.09.21-x\""));
	OK(strstr(action(&b, INT64_MAX, ""), "\"f-2262.04.11-x\""));
}

int
main(void)
{
	names();
	actions();
	return DONE();
}
