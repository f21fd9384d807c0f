/* SPDX-License-Identifier: MIT */
/* glance: what is passed over is what the test drops without a complaint. */
#include "libcommon/glance.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/expr.h"
#include "libcommon/reader.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

static const char *const tests[] = { "proto tcp and dst port 443",
	"dst port 443 and not proto tcp", "packets > 70000",
	"packets < 99999999", "packets > 99999998",
	"packets > 99999999 and proto tcp", "packets >= 100000000",
	"packets > 18446744073709551614", "dst port >= 80 and dst port <= 443",
	"not dst port 443", "proto tcp and src ip 10.0.0.1",
	"dst port != 0 and packets = 0", "flows > 0 and proto tcp",
	"proto tcp or dst port 443" };

/* More than once: those that are common. */
static const char *const values[] = { "6", "6", "6", "17", "443", "443", "80",
	"0", "1", "65535", "65536", "70001", "99999998", "99999999",
	"100000000", "18446744073709551615", "18446744073709551616", "443.0",
	"4.43e2", "-6", "true", "null", "\"443\"", "\"tcp\"", "\"bad\"" };

enum { RECORDS = 20000, VALUES = sizeof values / sizeof *values };

/* Mostly plain numbers, so that there are runs of one shape. */
static const char *
value(void)
{
	return values[sample_below(sample_below(50) ? 16 : VALUES)];
}

static void
write_records(const char *name)
{
	FILE *f = fopen(name, "w");

	for (int i = 0; i < RECORDS; i++) {
		fprintf(f, "{\"src_ip_addr\":\"10.0.0.%u\",", sample_below(3));
		if (sample_below(40))
			fprintf(f, "\"dst_port\":%s,", value());
		fprintf(
		    f, "\"protocol\":%s,\"packets\":%s}\n", value(), value());
	}
	fclose(f);
}

static struct schema schema;
static uint64_t over, kept;

/* 'k' for a record that the test keeps, '!' for one it complains of. */
static char *
judge(char *name, struct expr *e, bool glance)
{
	char *operands[] = { name, NULL }, *verdicts = calloc(1, RECORDS + 1);
	struct reader_opts opts = { .operands = operands, .max_line = 4096 };
	const struct glance_range *ranges;
	struct reader r;
	size_t n;

	ranges = expr_ranges(e, &n);
	memset(verdicts, '.', RECORDS);
	reader_open(&r, &opts, &schema, NULL);
	for (;;) {
		struct expr_input in;
		const char *err;
		bool yes;

		if (glance)
			over += reader_pass_over(&r, ranges, n);
		if (!reader_next(&r))
			break;
		in = (struct expr_input){ .v = r.rec.v };
		err = expr_test(e, &in, &yes);
		if (err || yes)
			verdicts[r.line - 1] = err ? '!' : 'k';
		kept += !err && yes;
	}
	OK(r.records == RECORDS);
	reader_close(&r);
	return verdicts;
}

/* The same test, but not as ranges joined by and. */
static struct expr *
long_form(const char *test, const struct expr_context *context)
{
	char text[256];
	size_t n;
	struct expr *e;

	snprintf(text, sizeof text, "(%s) or (%s)", test, test);
	e = expr_compile_test(text, "test", context);
	expr_ranges(e, &n);
	OK(n == 0);
	return e;
}

int
main(void)
{
	struct expr_context context = { .schema = &schema };
	char *name = sample_name("records");
	size_t n;

	write_records(name);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		struct expr *e;
		char *with, *without;

		schema_init(&schema);
		e = expr_compile_test(tests[i], "test", &context);
		without = judge(name, long_form(tests[i], &context), false);
		over = 0;
		with = judge(name, e, true);
		if (!OK(strcmp(with, without) == 0))
			printf("# %s\n", tests[i]);
		expr_ranges(e, &n);
		/* A block of 16 bytes never has a run of records. */
		if (!OK((over > 0) == (IN_CAP > 16 && n > 0 &&
					  strncmp(tests[i], "flows", 5))))
			printf("# %s: %zu\n", tests[i], n);
		free(with);
		free(without);
	}
	OK(kept > RECORDS);
	return DONE();
}
