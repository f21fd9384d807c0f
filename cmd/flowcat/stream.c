/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/stream.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/xalloc.h"

enum { HEAD = 16 }; /* of a message: its length is at 2 */

struct stream *
stream_new(void)
{
	static uint32_t links; /* given out so far */
	struct stream *s = xcalloc(1, sizeof *s);

	s->from.link = ++links;
	return s;
}

bool
stream_read(struct stream *s, struct output *out, bool *found)
{
	size_t len = (size_t)s->buf[2] << 8 | s->buf[3];

	*found = false;
	if (s->n < 4)
		return true;
	if (s->buf[0] != 0 || s->buf[1] != 10 || len < HEAD) {
		collect_counts.bad_messages++;
		s->n = 0;
		return false;
	}
	if (s->n < len)
		return true;
	*found = true;
	message_read(s->buf, len, &s->from, out);
	s->n -= len;
	memmove(s->buf, s->buf + len, s->n);
	return true;
}

void
stream_free(struct stream *s)
{
	collect_counts.bad_messages += s->n > 0;
	exporters_end(s->from.link);
	free(s);
}
