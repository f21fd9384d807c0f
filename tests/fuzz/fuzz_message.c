/* SPDX-License-Identifier: MIT */
/*
 * fuzz_message: any bytes as messages of an exporter, each with two bytes of
 * length before it.  What comes out are JSON objects, one a line.
 */
#include <string.h>

#include "cmd/flowcat/message.h"
#include "libcommon/json.h"
#include "tests/fuzz/fuzz.h"

static void
check_lines(struct output *out)
{
	const char *p = out->buf, *end = p ? p + out->n : p;

	while (p < end) {
		struct json_in in = { .p = p,
			.end = memchr(p, '\n', (size_t)(end - p)) };
		struct json_val v;

		MUST(in.end && *p == '{');
		MUST(!json_value(&in, &v) && in.p == in.end);
		p = in.end + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message_from from = { .link = 1 };
	struct output out;

	out_memory(&out);
	while (n > 2) {
		size_t len = (size_t)data[0] << 8 | data[1];
		uint8_t *copy;

		data += 2;
		n -= 2;
		len = len < n ? len : n;
		copy = calloc(1, len + TEMPLATES_TAIL);
		memcpy(copy, data, len);
		out.n = 0;
		message_read(copy, len, &from, &out);
		check_lines(&out);
		free(copy);
		data += len;
		n -= len;
	}
	exporters_end(1);
	out_close(&out);
	return 0;
}
