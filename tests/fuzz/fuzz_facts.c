/* SPDX-License-Identifier: MIT */
/*
 * fuzz_facts: lines as records with DNS fields.  Whatever they say, a record
 * is refused or all of its facts can be told: text within its name, numbers
 * where their bits are.
 */
#include <string.h>

#include "cmd/flowdns/facts.h"
#include "libcommon/die.h"
#include "tests/fuzz/fuzz.h"

static struct run run;
static struct facts_reader *facts_reader;

static void
set_up(void)
{
	die_set_quiet();
	schema_init(&run.schema);
	facts_reader = facts_open(&run,
	    &(struct facts_opts){ .lists.local = "10.0.0.0/8,2001:db8::/32",
		.by_domain = true,
		.splits = true });
}

static void
look_at(const struct rec *rec)
{
	struct facts f;
	struct answers answers;
	struct value v;
	struct ip ip;
	char key[48];

	if (facts_read(facts_reader, rec->v, &f))
		return;
	MUST(!(f.bits & D_DNS) != !(f.bits & D_FLOW));
	for (int i = 0; i < F_ALL; i++) {
		facts_cell(facts_reader, &f, (enum fact)i, &v);
		MUST(v.type != VALUE_STR || v.s.n <= SEEN_NAME);
		if (v.type == VALUE_STR)
			MUST(!v.s.n || memchr(v.s.p, v.s.p[v.s.n - 1], v.s.n));
		MUST(facts_key(facts_reader, &f, (enum fact)i, key,
			 sizeof key) <= sizeof key);
	}
	facts_answers(facts_reader, &f, &answers);
	while (answers_next(&answers, &ip))
		continue;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char name[32];
	int fd = fuzz_file(data, n, name);
	char *operands[] = { name, NULL };
	struct reader_opts opts = { .operands = operands };
	struct reader reader = { 0 };

	if (!facts_reader)
		set_up();
	reader_open(&reader, &opts, &run.schema, NULL);
	while (reader_next(&reader))
		look_at(&reader.rec);
	reader_close(&reader);
	close(fd);
	return 0;
}
