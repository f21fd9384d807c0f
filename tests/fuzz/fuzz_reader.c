/* SPDX-License-Identifier: MIT */
/*
 * fuzz_reader: any bytes as a file.  Each record that is handed out is a valid
 * JSON object on one line, its values are within it, and the shapes find what
 * the general path finds.  The first byte chooses options.
 */
#include <string.h>

#include "libcommon/die.h"
#include "libcommon/hash.h"
#include "libcommon/reader.h"
#include "tests/fuzz/fuzz.h"

static const char *const wanted[] = { "a", "b", "c", "a.b", "a.0", "bytes",
	"src_ip_addr" };

enum { WANTED = sizeof wanted / sizeof *wanted };

static uint32_t
no_shape(struct shape_set *set, const char *buf, uint32_t from, uint32_t to,
    const struct shape_room *room)
{
	(void)set, (void)buf, (void)from, (void)to, (void)room;
	return 0;
}

static void
check_record(const struct rec *rec)
{
	struct json_in in = { .p = rec->p, .end = rec->p + rec->n };
	struct json_val v;

	MUST(!memchr(rec->p, '\n', rec->n));
	json_space(&in);
	MUST(!json_value(&in, &v));
	MUST(v.kind == JSON_OBJECT);
	json_space(&in);
	MUST(in.p == in.end);
}

/* A value within its record, and a number for what it is. */
static uint64_t
digest(const struct rec *rec, const struct json_val *v, uint64_t seed)
{
	struct slice s = json_slice(v);

	seed = seed * 31 + (uint64_t)json_kind_of(v);
	if (v->kind == JSON_NONE)
		return seed;
	MUST(v->p >= rec->p && v->p + v->n <= rec->p + rec->n);
	return hash_bytes(s.p, s.n, seed + v->escaped + 2 * v->bad);
}

static uint64_t
read_all(
    char *name, const struct schema *schema, unsigned options, shape_fn *verify)
{
	char *operands[] = { name, NULL };
	struct reader_opts opts = { .operands = operands,
		.reframe = options & 1,
		.lenient = options & 2,
		.max_line = options & 4 ? 100 : 0 };
	struct reader r;
	uint64_t h = 0;

	reader_open(&r, &opts, schema, NULL);
	if (verify)
		r.shapes.verify = verify;
	while (reader_next(&r)) {
		if (!opts.lenient)
			check_record(&r.rec);
		h = hash_bytes(r.rec.p, r.rec.n, h + r.rec.fresh);
		for (int i = 0; i < WANTED; i++)
			h = digest(&r.rec, &r.rec.v[i], h);
	}
	h = h * 31 + r.records;
	h = h * 31 + r.rejected;
	reader_close(&r);
	return h;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct schema schema;
	char name[32];
	int fd;

	if (n == 0)
		return 0;
	if (!schema.n) {
		schema_init(&schema);
		for (int i = 0; i < WANTED; i++)
			schema_add(&schema, slice_str(wanted[i]));
		die_set_quiet();
	}
	fd = fuzz_file(data + 1, n - 1, name);
	MUST(read_all(name, &schema, data[0], NULL) ==
	     read_all(name, &schema, data[0], no_shape));
	close(fd);
	return 0;
}
