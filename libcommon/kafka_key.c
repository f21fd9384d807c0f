/* SPDX-License-Identifier: MIT */
#include "libcommon/kafka_key.h"

#include "libcommon/agg.h"
#include "libcommon/opts.h"
#include "libcommon/xalloc.h"

enum { SEPARATOR = 0x1f };

void
kafka_key_open(struct kafka_key *k, const char *list,
    const char *const *members, const struct value_reading *how)
{
	static char *none[] = { "/dev/null", NULL };
	struct expr_context context = { .schema = &k->schema, .how = *how };
	struct slice part;

	schema_init(&k->schema);
	while (list && agg_split(&list, &part)) {
		if (k->n == KAFKA_KEYS)
			opts_usage("--partition-key: too many");
		k->exprs[k->n++] = expr_compile(
		    xstrndup(part.p, part.n), "--partition-key", &context);
	}
	for (; !k->n && members && *members; members++)
		k->slots[k->n++] = schema_add(&k->schema, slice_str(*members));
	/* The same for all: what no record has, and text all the same. */
	if (!k->n && members) {
		k->slots[0] = k->slots[1] =
		    schema_add(&k->schema, SLICE_LIT("\x1f"));
		k->n = 2;
	}
	if (!k->n)
		return;
	out_memory(&k->line);
	reader_open(&k->reader, &(struct reader_opts){ .operands = none },
	    &k->schema, NULL);
}

static size_t
put(struct kafka_key *k, size_t i, char *p, size_t room)
{
	struct expr_input in = { .v = k->reader.rec.v };
	struct value v;
	size_t n;

	if (k->exprs[i])
		return expr_value(k->exprs[i], &in, &v) || v.type == VALUE_NONE
			   ? 0
			   : value_text(p, room, &v, expr_result(k->exprs[i]));
	n = in.v[k->slots[i]].kind == JSON_NONE ? 0 : in.v[k->slots[i]].n;
	n = n < room ? n : room;
	if (n)
		memcpy(p, in.v[k->slots[i]].p, n);
	return n;
}

struct slice
kafka_key_of(struct kafka_key *k, struct slice line)
{
	size_t at = 0;

	k->line.n = 0;
	out_slice(&k->line, line);
	out_put(&k->line, (char[READER_PAD]){ 0 }, READER_PAD);
	if (!reader_enter(&k->reader, slice_of(k->line.buf, line.n)))
		return slice_of(k->text, 0);
	for (size_t i = 0; i < k->n; i++) {
		if (i && at < sizeof k->text)
			k->text[at++] = SEPARATOR;
		at += put(k, i, k->text + at, sizeof k->text - at);
	}
	return slice_of(k->text, at);
}

void
kafka_key_close(struct kafka_key *k)
{
	if (!k->n)
		return;
	reader_close(&k->reader);
	out_close(&k->line);
}
