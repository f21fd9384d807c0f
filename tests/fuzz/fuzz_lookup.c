/* SPDX-License-Identifier: MIT */
/*
 * fuzz_lookup: a byte that chooses the type of the field, then a CSV table as
 * --lookup of flowcat has it.  Each cell of a table that is accepted is JSON,
 * each key that is text finds a row.
 */
#include <stdbool.h>
#include <string.h>

#include "libcommon/csv.h"
#include "libcommon/lookup.h"
#include "tests/fuzz/fuzz.h"

static bool
is_json(struct slice s)
{
	struct json_in in = { .p = s.p, .end = s.p + s.n };
	struct json_val v;

	return !json_value(&in, &v) && in.p == in.end;
}

static void
check_row(const struct lookup *l, const struct slice *row)
{
	for (size_t i = 0; i < lookup_columns(l); i++)
		MUST(!row[i].n || is_json(row[i]));
}

/* Asks for the keys of the table as text. */
static void
check_keys(const struct lookup *l, char *text, size_t n, bool all)
{
	struct arena scratch = { 0 };
	const struct slice *row;
	struct csv c;

	csv_open(&c, text, n);
	MUST(!csv_next(&c));
	while (!csv_next(&c) && c.n) {
		struct slice s = c.cells[0].s;
		struct json_val v = {
			.p = s.p, .n = (uint32_t)s.n, .kind = JSON_STRING
		};
		const char *err = lookup_find(l, &v, &scratch, &row);

		if (row)
			check_row(l, row);
		MUST(!all || (!err && row));
	}
	arena_free(&scratch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const names[] = { NULL, "src_ip_addr", "dst_port",
		"protocol", "dns_qname", "duration", "dns_rdata_all" };
	char *text, *copy;
	const char *name, *err;
	struct lookup *l;
	unsigned line;

	if (!n)
		return 0;
	name = names[*data % (sizeof names / sizeof *names)];
	n--;
	text = malloc(n + 1);
	copy = malloc(n + 1);
	if (!text || !copy)
		abort();
	memcpy(text, data + 1, n);
	memcpy(copy, data + 1, n);
	l = lookup_new(name ? field_find(slice_str(name)) : NULL);
	err = lookup_read(l, text, n, &line);
	if (!err)
		check_keys(l, copy, n, name && strcmp(name, "dns_qname") == 0);
	lookup_free(l);
	free(text);
	free(copy);
	return 0;
}
