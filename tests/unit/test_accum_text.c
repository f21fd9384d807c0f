/* SPDX-License-Identifier: MIT */
/* The text of states: what load() takes and refuses. */
#include <stdlib.h>

#include "libcommon/accum.h"
#include "libcommon/key.h"
#include "tests/unit/t.h"

enum { CAP = 5 };

/* Whether it loads; then it is saved again as it was. */
static bool
loads(const char *name, const char *text)
{
	struct accum_spec spec;
	struct output out;
	bool good, same;
	void *state;

	if (!accum_find(slice_str(strcmp(name, "p") ? name : "p90"), &spec))
		abort();
	if (spec.param)
		spec.param = CAP;
	state = calloc(1, spec.fn->size);
	good = !spec.fn->load(state, &spec, slice_str(text));
	out_memory(&out);
	spec.fn->save(state, &out);
	same = slice_is(slice_of(out.buf, out.n), good ? text : "");
	if (!same)
		printf("# %s: '%s' comes back as '%.*s'\n", name, text,
		    (int)out.n, out.buf);
	out_close(&out);
	if (spec.fn->free)
		spec.fn->free(state);
	free(state);
	return good && same;
}

/* Texts apart by spaces: all of them, none of them. */
static bool
each_loads(const char *name, const char *texts, bool wanted)
{
	char *copy = strdup(texts), *rest = copy, *text;
	bool good = true;

	while ((text = strsep(&rest, " "))) {
		if (loads(name, text) == wanted)
			continue;
		printf("# %s: '%s'\n", name, text);
		good = false;
	}
	free(copy);
	return good;
}

static bool
takes(const char *name, const char *texts)
{
	return each_loads(name, texts, true);
}

static bool
refuses(const char *name, const char *texts)
{
	return each_loads(name, texts, false);
}

static void
test_texts(void)
{
	bool good = true;

	for (const struct accum_fn *f = accum_fns; f->name; f++)
		good &= takes(f->name, "") && refuses(f->name, ", : -");
	OK(good);
	OK(takes("count", "1 18446744073709551615"));
	OK(refuses("count", "0 01 -1 +1 18446744073709551616 1: 0x1 1.0"));
	OK(takes("sum", "1:0 2:-7 1:170141183460469231731687303715884105727"));
	OK(takes("avg", "1:-170141183460469231731687303715884105728"));
	OK(refuses("sum", "0:0 1 1: :1 1:-0 1:01 1:--1 1:-01 1:1:1 01:1"));
	OK(refuses("sum", "1:170141183460469231731687303715884105728"));
	OK(refuses("sum", "1:-170141183460469231731687303715884105729"));
	OK(refuses("sum", "1:999999999999999999999999999999999999999999"));
	OK(takes("stddev", "1:2:4 2:-2:2 1:0:0 2:0:a"));
	OK(refuses("stddev", "1:2:3 1:0:00 1:0:A 1:0 1:0: 0:0:0 2:4:7"));
	OK(takes("bits", "0 ff ffffffffffffffff"));
	OK(refuses("bits", "0f FF 10000000000000000 g -1"));
	OK(takes("min", ":0100 :0101") && refuses("min", "5:0101 0101"));
	OK(takes("first", ":0101 5:0101 -9223372036854775807:0101"));
	OK(refuses("last", "-9223372036854775808:0101 -0:0101 05:0101"));
	OK(refuses("last", "9223372036854775808:0101 5: 5:01 5:010 5:0A"));
	OK(takes("set", "0100 0100,0101"));
	OK(refuses("set", "0101,0100 0100,0100 0100, ,0100 0100,,0101"));
	OK(takes("set", "060000,06610000,06620000,06630000,06640000"));
	OK(refuses("set", "0100,060000,06610000,06620000,06630000,06640000"));
	OK(takes("top", "0100:1 0100:1,0101:2 :5 :5,0100:1"));
	OK(refuses("top", "0100 0100:0 0101:1,0100:1 0100:1,0100:1 0100:1,"));
	OK(refuses("top", ":0 0100:1,:5 :5,:5 0100:18446744073709551615,:1"));
	OK(refuses("entropy", ":18446744073709551615,0100:1 :1:1 0100:01"));
	OK(takes("p", "z:1 0:1 z:1,-5:2") && refuses("median", "z:0 1:1,0:1"));
	OK(refuses("distinct", "AQA= AQA AQAA"));
}

/* Key bytes that are what key_put() writes, and not. */
static void
test_keys(void)
{
	OK(takes("min", ":060000 :06610000 :0600ff0000 :06ff0000"));
	OK(refuses("min", ":06 :0600 :0661 :066100 :06000000 :0600010000"));
	OK(takes("min", ":075b5d0000 :077b7d0000"));
	OK(refuses("min", ":07 :070000 :075b5d00 :075b0000 :07350000"));
	OK(refuses("min", ":075b0a5d0000 :075b5d2c0000 :075b00ff5d0000"));
	OK(refuses("min", ":00 :0102 :01 :010100 :08 :08000000 :ff :80"));
	/* 1 is whole, 0.5 is not, 1e300 is no integer of 53 bits. */
	OK(takes("max", ":02bff000000000000000 :02bfe000000000000002"));
	OK(refuses("max", ":02bff000000000000002 :02bfe000000000000000"));
	OK(refuses("max", ":02fe37e43c8800759c00 :02bff000000000000003"));
	OK(refuses("max", ":02bff000000000000001 :02bff0000000000000"));
	OK(takes("max", ":02fe37e43c8800759c02 :038000000000000000"));
	OK(takes("max", ":0400000000000000000000ffff0a000001"));
	OK(takes("max", ":050000000000000000000000000000000080"));
	OK(refuses("max", ":050000000000000000000000000000000081"));
	OK(!key_check(slice_of(NULL, 0)));
}

int
main(void)
{
	test_texts();
	test_keys();
	return DONE();
}
