/* SPDX-License-Identifier: MIT */
/*
 * fuzz_convert: a byte that chooses the dialect (0: recognised) and the
 * options, then lines as other programs write them.  What comes of a record is
 * one JSON object on one line, or a message.
 */
#include <string.h>

#include "cmd/flowcat/convert.h"
#include "libcommon/die.h"
#include "tests/fuzz/fuzz.h"

static struct schema schema;

static void
check_line(const struct output *line)
{
	struct json_in in = { .p = line->buf, .end = line->buf + line->n };
	struct json_val v;

	MUST(line->n && !memchr(line->buf, '\n', line->n));
	MUST(!json_value(&in, &v) && in.p == in.end);
	MUST(v.kind == JSON_OBJECT);
}

static void
convert_all(
    struct convert *c, enum dialect_id only, char *name, struct output *line)
{
	char *operands[] = { name, NULL };
	struct reader_opts opts = {
		.operands = operands, .reframe = true, .lenient = true
	};
	struct reader r;

	reader_open(&r, &opts, &schema, NULL);
	while (reader_next(&r)) {
		enum dialect_id id = only ? only : convert_detect(c, &r.rec);
		const char *what = NULL;
		enum convert_result result;

		if (id <= DIALECT_CANONICAL)
			continue;
		line->n = 0;
		result = convert_put(c, id, &r.rec, line, &what);
		if (result == CONVERT_DONE)
			check_line(line);
		MUST(result != CONVERT_BAD || (what && *what));
	}
	reader_close(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct convert *plain, *keeping;
	static struct output line;
	char name[32];
	int fd;

	if (n == 0)
		return 0;
	if (!plain) {
		die_set_quiet();
		schema_init(&schema);
		plain = convert_new(&schema, NULL, DIALECT_NONE, false, false);
		keeping = convert_new(&schema, NULL, DIALECT_NONE, true, true);
		out_memory(&line);
	}
	fd = fuzz_file(data + 1, n - 1, name);
	convert_all(data[0] & 16 ? keeping : plain,
	    (enum dialect_id)(data[0] % 16 % DIALECTS), name, &line);
	close(fd);
	return 0;
}
