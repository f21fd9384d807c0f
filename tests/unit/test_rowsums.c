/* SPDX-License-Identifier: MIT */
/* rowsums: the same bytes as row.h. */
#include "libcommon/rowsums.h"

#include <stdlib.h>

#include "libcommon/key.h"
#include "tests/unit/t.h"

enum { HEAD = 2, KEYS = 2, CALLS = 3, COLUMNS = HEAD + KEYS + CALLS };

static struct schema schema;
static struct agg agg;
static struct row_column columns[COLUMNS];
static size_t from[COLUMNS];
static uint64_t state = 1;

static uint64_t
any(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return state >> 20;
}

static struct ip
any_address(void)
{
	struct ip ip = { { 0 } };

	for (int i = 0; i < 16; i++)
		ip.b[i] = any() % 3 ? (uint8_t)any() : 0;
	if (any() % 2) {
		memset(ip.b, 0, 10);
		ip.b[10] = ip.b[11] = 255;
	}
	return ip;
}

/* Of all lengths, and the last and the first of each. */
static uint64_t
any_number(void)
{
	uint64_t n = any() << 24 ^ any(), power = 1;

	for (uint64_t k = any() % 20; k--;)
		power *= 10;
	return any() % 4 ? n >> any() % 64 : power - any() % 2;
}

static struct row_out *
open_rows(struct output *out, const struct value *row)
{
	struct row_out *r;

	out_memory(out);
	r = row_open(out, ROW_JSON, columns, COLUMNS, NULL);
	row_fix(r, row, HEAD);
	return r;
}

static void
test_same(void)
{
	struct value row[COLUMNS] = { { .type = VALUE_TIME },
		{ .type = VALUE_TIME, .i = 5000000000 } };
	struct output slow, quick;
	struct row_out *r = open_rows(&slow, row);
	struct row_out *q = open_rows(&quick, row);
	struct rowsums *s = rowsums_new(&agg, q, &quick, from, HEAD, COLUMNS);
	bool good = true;

	OK(s != NULL);
	if (s)
		rowsums_begin(s);
	for (int i = 0; i < 100000 && s; i++) {
		char key[KEYS * KEY_IP];
		uint64_t numbers[CALLS];

		for (int k = 0; k < KEYS; k++) {
			row[HEAD + k] = (struct value){ .type = VALUE_IP,
				.ip = any_address() };
			key_put_ip(key + k * KEY_IP, &row[HEAD + k].ip);
		}
		for (int k = 0; k < CALLS; k++) {
			numbers[k] = any_number();
			row[HEAD + KEYS + k] =
			    (struct value){ .type = VALUE_INT,
				    .i = numbers[k] };
		}
		row_put(r, row);
		good &= rowsums_put(s, slice_of(key, sizeof key), numbers);
	}
	OK(good);
	OK(slice_eq(slice_of(slow.buf, slow.n), slice_of(quick.buf, quick.n)));
	slow.n = quick.n;
	OK(!rowsums_put(s, slice_of("\1\1\1\1", 4), (uint64_t[CALLS]){ 0 }));
	OK(quick.n == slow.n);
	rowsums_free(s);
	row_close(r);
	row_close(q);
	out_close(&slow);
	out_close(&quick);
}

/* What it is not made for. */
static void
test_other(void)
{
	static struct agg other;
	struct expr_context context = { .schema = &schema };
	struct output out;
	struct row_out *r;
	struct value row[COLUMNS] = { { .type = VALUE_TIME },
		{ .type = VALUE_TIME } };

	r = open_rows(&out, row);
	OK(!rowsums_new(&agg, r, &out, from, 0, COLUMNS));
	OK(!rowsums_new(&agg, r, &out, from, HEAD, HEAD + 1));
	agg_init(&other, "src_ip_addr,dst_ip_addr",
	    "a=sum(flows),b=avg(packets),c=sum(bytes)", "date_last_seen",
	    &context);
	OK(!rowsums_new(&other, r, &out, from, HEAD, COLUMNS));
	agg_init(&other, "src_ip_addr,dst_ip_addr",
	    "a=sum(flows),b=sum(packets),c=sum(bytes)/2", "date_last_seen",
	    &context);
	from[COLUMNS - 1]++; /* behind the sum that it is computed from */
	OK(!rowsums_new(&other, r, &out, from, HEAD, COLUMNS));
	row_close(r);
	out_close(&out);
}

int
main(void)
{
	struct expr_context context = { .schema = &schema };

	schema_init(&schema);
	agg_init(&agg, "src_ip_addr,dst_ip_addr",
	    "flows=sum(flows),packets=sum(packets),bytes=sum(bytes)",
	    "date_last_seen", &context);
	columns[0].name = "window_start";
	columns[1].name = "window_end";
	for (size_t i = HEAD; i < COLUMNS; i++) {
		from[i] = i - HEAD;
		columns[i] = (struct row_column){ agg.cell_names[i - HEAD],
			agg.cell_types[i - HEAD] };
	}
	columns[HEAD + KEYS + 1].name = "odd \"name\"";
	test_same();
	test_other();
	return DONE();
}
