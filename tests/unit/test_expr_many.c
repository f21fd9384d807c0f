/* SPDX-License-Identifier: MIT */
/* expr_many: what it says of a record is what the tests say one by one. */
#include "libcommon/expr_many.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/t.h"

static const char *const tests[] = { "proto tcp and port 22",
	"proto tcp and port in [80, 443, 8000-8080]",
	"proto udp and src port 53", "not proto tcp",
	"proto tcp and not port 22", "packets <= 4",
	"proto tcp and packets > 70000", "port 22 or port 23 or proto udp",
	"proto tcp and (port 22 or packets <= 8 and bytes < 600)",
	"packets != 4 and bytes < 600", "port 22 and port 23 and port 24",
	"proto tcp and duration > 3s", "flows > 0 and proto tcp",
	"src port 22 and src port > 20 and src port < 30" };

enum { TESTS = sizeof tests / sizeof *tests, NAMES = 6 };

static const char *const names[NAMES] = { "protocol", "src_port", "dst_port",
	"packets", "bytes", "duration" };

/* NULL: the member is missing; each padded for num_short(). */
static const char *const texts[] = { NULL, "0       ", "4       ", "6       ",
	"17      ", "22      ", "23      ", "53      ", "443     ", "8010    ",
	"65535   ", "65536   ", "80000   ", "4.5     ", "-6      ", "4e0     ",
	"\"tcp\"   ", "\"bad\"   ", "null    ", "[]      " };

static const enum json_kind kinds[] = {
	['"'] = JSON_STRING, ['n'] = JSON_NULL, ['['] = JSON_ARRAY
};

static struct json_val
value(const char *text)
{
	struct json_val v = { .kind = JSON_NONE };

	if (!text)
		return v;
	v.p = text;
	v.n = (uint32_t)strcspn(text, " ");
	v.kind = JSON_NUMBER;
	if (strchr("\"n[", *text))
		v.kind = kinds[(unsigned char)*text];
	if (v.kind == JSON_STRING) {
		v.p++;
		v.n -= 2;
	}
	return v;
}

int
main(void)
{
	struct schema schema;
	struct expr_context context = { .schema = &schema };
	struct expr *e[TESTS + 1] = { NULL };
	struct json_val *v;
	struct expr_input in;
	struct expr_many *m;
	uint64_t may, ask;
	unsigned wrong = 0, spared = 0;

	schema_init(&schema);
	for (size_t i = 0; i < TESTS; i++)
		e[i] = expr_compile_test(tests[i], "test", &context);
	m = expr_many_new(e, TESTS + 1);
	v = calloc(schema.n_slots, sizeof *v);
	in.v = v;
	srand(1);
	for (int round = 0; round < 100000; round++) {
		/* Mostly numbers: then tables are asked. */
		size_t most = rand() % 4 ? 13 : sizeof texts / sizeof *texts;

		for (size_t i = 0; i < NAMES; i++)
			v[schema_slot(&schema, slice_str(names[i]))] =
			    value(texts[(size_t)rand() % most]);
		may = expr_many_may(m, v, &ask);
		wrong += !(may >> TESTS & 1) || ask >> TESTS & 1;
		for (size_t i = 0; i < TESTS; i++) {
			bool yes = false, is = may >> i & 1;
			const char *err = expr_test(e[i], &in, &yes);

			if (is && ask >> i & 1)
				continue;
			wrong += err || yes != is;
			spared++;
		}
	}
	OK(wrong == 0);
	OK(spared > 700000);
	free(v);
	return DONE();
}
