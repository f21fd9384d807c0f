/* SPDX-License-Identifier: MIT */
/* long file: one table of cases after another */
#include "libcommon/reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/die.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

static struct schema schema;

/* All that a reader handed out, as text, and what it said of itself. */
struct told {
	char *text;
	size_t n;
	uint64_t records, rejected;
	bool partial;
	int status; /* of the process, 0 if it was none */
	char *errors, *rejects;
	size_t n_errors, n_rejects;
};

enum path { BEST, GENERAL, PORTABLE };

static uint32_t
no_shape(struct shape_set *set, const char *buf, uint32_t from, uint32_t to,
    const struct shape_room *room)
{
	(void)set, (void)buf, (void)from, (void)to, (void)room;
	return 0;
}

static void
tell_record(FILE *f, const struct rec *rec)
{
	static const char kinds[] = "-SNtfnOAB";

	fprintf(f, "%s%.*s", rec->fresh ? "fresh " : "", (int)rec->n, rec->p);
	for (size_t i = 0; i < schema.n_slots; i++) {
		const struct json_val *v = &rec->v[i];

		fprintf(f, " %c", kinds[json_kind_of(v)]);
		if (v->kind == JSON_NONE)
			continue;
		fprintf(f, "%s%s%.*s", v->escaped ? "e" : "", v->bad ? "b" : "",
		    (int)v->n, v->p);
		if (v->p < rec->p || v->p + v->n > rec->p + rec->n)
			fprintf(f, " OUTSIDE");
	}
	fprintf(f, "\n");
}

struct job {
	struct reader_opts opts;
	enum path path;
	FILE *to;
	struct told *told;
	bool reject_all, drip;
};

static void
read_records(void *arg)
{
	struct job *job = arg;
	struct reader r;

	reader_open(&r, &job->opts, &schema, NULL);
	if (job->path == GENERAL)
		r.shapes.verify = no_shape;
	if (job->drip)
		r.in.idle = sample_drip_on;
	while (reader_next(&r)) {
		tell_record(job->to, &r.rec);
		if (job->reject_all)
			reader_reject(&r, "because");
	}
	fflush(job->to);
	job->told->records = r.records;
	job->told->rejected = r.rejected;
	job->told->partial = r.partial;
	reader_close(&r);
}

/* Reads the operands with standard error in a file. */
static struct told
told_by(struct job job)
{
	struct told t = { 0 };
	char *errors = sample_name("errors"), *rejects = sample_name("rejects");
	int held = dup(STDERR_FILENO);

	free(sample_file("rejects", "", 0));
	job.told = &t;
	job.to = open_memstream(&t.text, &t.n);
	job.opts.rejects = rejects;
	if (job.path == PORTABLE)
		setenv("PIPE4FLOW_CPU", "portable", 1);
	if (job.opts.strict) {
		t.status = sample_child(read_records, &job, errors);
	} else if (freopen(errors, "w", stderr)) {
		read_records(&job);
		fflush(stderr);
		dup2(held, STDERR_FILENO);
	}
	unsetenv("PIPE4FLOW_CPU");
	close(held);
	fclose(job.to);
	t.errors = sample_read(errors, &t.n_errors);
	t.rejects = sample_read(rejects, &t.n_rejects);
	free(errors);
	free(rejects);
	return t;
}

static void
forget(struct told *t)
{
	free(t->text);
	free(t->errors);
	free(t->rejects);
}

static struct told
told_of(const void *p, size_t n, struct job job)
{
	char *path = sample_file("flows", p, n);
	struct told t;

	job.opts.operands = (char *[]){ path, NULL };
	t = told_by(job);
	free(path);
	return t;
}

/* The same records and values whichever way they are found. */
static bool
agree(const struct told *a, const struct told *b)
{
	return slice_eq(slice_of(a->text, a->n), slice_of(b->text, b->n)) &&
	       a->records == b->records && a->rejected == b->rejected &&
	       strcmp(a->errors, b->errors) == 0 &&
	       slice_eq(slice_of(a->rejects, a->n_rejects),
		   slice_of(b->rejects, b->n_rejects));
}

static bool
every_path_agrees(const char *p, size_t n)
{
	struct told best = told_of(p, n, (struct job){ .path = BEST }),
		    general = told_of(p, n, (struct job){ .path = GENERAL }),
		    portable = told_of(p, n, (struct job){ .path = PORTABLE });
	bool good = agree(&best, &general) && agree(&best, &portable);

	good &= !strstr(best.text, "OUTSIDE");
	forget(&best);
	forget(&general);
	forget(&portable);
	return good;
}

/* ---- what one line gives ---- */

/* After a first line that teaches the shape, if any. */
static bool
gives(const char *first, const char *line, const char *values)
{
	char text[1000], *last;
	struct told t;
	bool good;

	snprintf(text, sizeof text, "%s%s", first, line);
	t = told_of(text, strlen(text), (struct job){ 0 });
	if (t.n)
		t.text[t.n - 1] = '\0';
	last = strrchr(t.text, '\n');
	last = last ? last + 1 : t.text;
	good = strlen(last) >= strlen(values) &&
	       strcmp(last + strlen(last) - strlen(values), values) == 0;
	if (!good)
		printf("# '%s', expected '%s'\n", last, values);
	forget(&t);
	return good;
}

/* Slots: a, b, n.x, q.0.name */
static void
test_values(void)
{
	const char *none = "", *flat = "{\"a\":1,\"b\":\"x\"}\n";

	OK(gives(none, flat, " N1 Sx - -"));
	OK(gives(flat, "{\"a\":22,\"b\":\"yy\"}\n", " N22 Syy - -"));
	OK(gives(flat, "{\"a\":true,\"b\":\"\"}\n", " ttrue S - -"));
	OK(gives(flat, "{\"a\":-1e5,\"b\":\"\"}\n", " N-1e5 S - -"));
	OK(gives(flat, "{\"a\":null,\"b\":\"\"}\n", " nnull S - -"));
	OK(gives(flat, "{\"a\":false,\"b\":\"\"}\n", " ffalse S - -"));
	OK(gives(flat, "{\"a\":1,\"b\":\"\\n\"}\n", " N1 Se\\n - -"));
	OK(gives(flat, "{\"a\":1,\"b\":\"\xc3\xa9\"}\n", " N1 S\xc3\xa9 - -"));
	OK(gives(flat, "{\"a\":\"1\",\"b\":\"x\"}\n", " S1 Sx - -"));
	OK(gives(flat, "{\"b\":\"x\",\"a\":1}\n", " N1 Sx - -"));
	OK(gives(flat, "{\"b\":\"x\"}\n", " - Sx - -"));
	OK(gives(flat, "{}\n", " - - - -"));
	OK(gives(flat, " { \"a\" : 1 , \"b\" : 2 } \n", " N1 N2 - -"));
	OK(gives(flat, "{\"a\":[1],\"b\":{}}\n", " A[1] O{} - -"));
	OK(gives(flat, "{\"\\u0061\":7}\n", " N7 - - -"));
	OK(gives(flat, "{\"a\":7}", " N7 - - -"));
}

static void
test_nested(void)
{
	const char *flat = "{\"n.x\":1,\"q.0.name\":2}\n";

	OK(gives("", flat, " - - N1 N2"));
	OK(gives(flat, "{\"n\":{\"x\":3}}\n", " - - N3 -"));
	OK(gives(flat, "{\"n\":{\"y\":3}}\n", " - - - -"));
	OK(gives(flat, "{\"n\":{\"a\":3,\"x\":\"s\"}}\n", " - - Ss -"));
	OK(gives(flat, "{\"n\":3}\n", " - - - -"));
	OK(gives(flat, "{\"n\":[3]}\n", " - - - -"));
	OK(gives(
	    flat, "{\"q\":[{\"name\":\"z\"},{\"name\":1}]}\n", " - - - Sz"));
	OK(gives(flat, "{\"q\":[]}\n", " - - - -"));
	OK(gives(flat, "{\"q\":[1,{\"name\":1}]}\n", " - - - -"));
	OK(gives(flat, "{\"n\":{\"\\u0078\":3}}\n", " - - N3 -"));
}

static void
test_duplicates(void)
{
	const char *twice = "{\"a\":1,\"a\":2}\n";

	OK(gives("", twice, " N2 - - -"));
	OK(gives(twice, "{\"a\":3,\"a\":4}\n", " N4 - - -"));
	OK(gives(twice, "{\"a\":3,\"a\":\"s\"}\n", " Ss - - -"));
	OK(gives(twice, "{\"a\":3,\"\\u0061\":5}\n", " N5 - - -"));
	OK(gives("", "{\"n.x\":1,\"n\":{\"x\":2}}\n", " - - N2 -"));
	OK(gives("", "{\"n\":{\"x\":2},\"n.x\":1}\n", " - - N1 -"));
	OK(gives("", "{\"n\":{\"x\":1,\"x\":2}}\n", " - - N2 -"));
	OK(gives("", "{\"n\":{\"x\":1},\"n\":{}}\n", " - - - -"));
	OK(gives("{\"zz\":1,\"zz\":2,\"a\":3}\n",
	    "{\"zz\":4,\"zz\":5,\"a\":6}\n", " N6 - - -"));
}

static void
test_line_ends(void)
{
	OK(gives("{\"a\":1}\r\n{\"a\":2}\r\n", "{\"a\":3}\r\n", " N3 - - -"));
	OK(gives("{\"a\":1}\n", "{\"a\":3}\r\n", " N3 - - -"));
	OK(gives("{\"a\":1}\r\n", "{\"a\":3}\n", " N3 - - -"));
	OK(gives("\n\n \t\r\n{\"a\":1}\n\n", "\r\n{\"a\":3}\n\n", " N3 - - -"));
}

/* ---- mixtures ---- */

static const char *const mixed[] = {
	"{\"a\":%d,\"b\":\"x%d\"}\n",
	"{\"a\":%d,\"b\":\"y%d\"}\n",
	"{\"b\":\"x%d\",\"a\":%d}\n",
	"{ \"a\": %d, \"b\": %d }\r\n",
	"{\"a\":%d.%d}\n",
	"{\"a\":%d,\"a\":%d}\n",
	"{\"a\":%d,\"c\":\"\\\"%d\",\"b\":true}\n",
	"{\"a\":%d,\"c\":\"\xc3\xa9\",\"b\":-%d}\n",
	"{\"n\":{\"x\":%d},\"q\":[{\"name\":%d}]}\n",
	"{\"n.x\":%d,\"q.0.name\":\"%d\"}\n",
	"{\"e\":%d,\"e\":%d,\"a\":null}\n",
	"\n",
	"   \r\n",
	"{\"a\":%d,\"b\":%d\n",
	"{\"a\":%d,\"b\":\"%d}\n",
	"{\"a\":0%d,\"b\":\"x%d\"}\n",
	"{\"a\":%d,\"b\":\"\xff%d\"}\n",
	"not %d JSON %d\n",
	"{\"a\":%d,\"b\":\"x%d\"}{}\n",
	"[{\"a\":%d},%d]\n",
	"{\"a\":%d,\"b\":\"x\n\"%d}\n",
	"{\"a\":%d,\"l\":\"                                             %d\"}\n",
};

/* Runs of lines of one kind, as real input has them, and changes of kind. */
static size_t
mixture(char *out, size_t room, unsigned change, unsigned kinds)
{
	char *p = out;
	unsigned kind = 0;

	while ((size_t)(p - out) < room - 200) {
		if (sample_below(change) == 0)
			kind = sample_below(kinds);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		p += sprintf(p, mixed[kind], 1 + sample_below(1u << 20),
		    1 + sample_below(100));
#pragma GCC diagnostic pop
	}
	return (size_t)(p - out);
}

static void
test_mixtures(void)
{
	enum { ROOM = 100 * 1000, KINDS = sizeof mixed / sizeof *mixed };
	char *text = malloc(ROOM);
	bool good = true;

	for (unsigned change = 1; change < 300; change *= 2)
		for (unsigned kinds = 1; kinds <= KINDS; kinds += 3) {
			size_t n = mixture(text, ROOM, change, kinds);

			good &= every_path_agrees(text, n - sample_below(20));
		}
	OK(good);
	free(text);
}

/* More shapes than are kept. */
static void
test_many_shapes(void)
{
	enum { ROOM = 200 * 1000, SHAPES = 3 * SHAPE_SET };
	char *text = malloc(ROOM), *p = text;
	struct told t;

	for (int i = 0; i < 2000; i++)
		p += sprintf(p, "{\"m%d\":%d,\"a\":%d}\n",
		    (i * 7 + i / 50) % SHAPES, i, i);
	OK(every_path_agrees(text, (size_t)(p - text)));
	t = told_of(text, (size_t)(p - text), (struct job){ 0 });
	OK(t.records == 2000 && t.rejected == 0 && !t.partial);
	forget(&t);
	free(text);
}

/*
 * The first part of a block that is cut has all records of one shape, the next
 * ones have none.  Places that an earlier block has left behind those of the
 * first part are those of a record further on.
 */
static void
test_change_at_a_cut(void)
{
	enum { LINE = 27, FIRST = LINE - 1, BEFORE = 9000 };
	char *text = malloc((size_t)BEFORE * 30), *p = text, *names[3] = { 0 };
	struct told t;

	p += sprintf(p, "{\"a\":100000,\"b\":\"x\",\"q\":1}\n");
	for (int i = 0; i < BEFORE; i++)
		p += sprintf(p, "{\"a\":1%06d,\"b\":\"x\",\"m\":1}\n", i);
	names[0] = sample_file("before", text, (size_t)(p - text));
	p = text;
	for (int i = 0; i < 4 * FIRST; i++)
		p += sprintf(p, "{\"a\":1%05d,\"b\":\"x\",\"%c\":1}\n", i,
		    i < FIRST ? 'm' : 'q');
	names[1] = sample_file("flows", text, (size_t)(p - text));
	t = told_by((struct job){ .opts.operands = names });
	OK(t.records == 1 + BEFORE + 4 * FIRST && t.rejected == 0);
	forget(&t);
	free(names[0]);
	free(names[1]);
	free(text);
}

/* A step of 32 bytes with a value behind it, or with more bytes. */
static void
test_steps_of_a_piece(void)
{
	const char *lines = "{\"kkkkkkkkkkkkkkkkkkkkkkkkkkkk\":5,\"a\":5}\n"
			    "{\"kkkkkkkkkkkkkkkkkkkkkkkkkkkk\":\"\",\"a\":5}\n"
			    "{\"kkkkkkkkkkkkkkkkkkkkkkkkkkkk\":\"\",\"a\":5}\n"
			    "{\"kkkkkkkkkkkkkkkkkkkkkkkkkkkk\":,\"a\":5}\n";

	OK(every_path_agrees(lines, strlen(lines)));
}

/* A single byte is changed at every place of a few records. */
static void
test_mutations(void)
{
	static const char set[] = "\"\n\\{}[],:.-e0 \r\x01\xc3";
	const char *three = "{\"a\":12,\"b\":\"xy\"}\n{\"a\":3,\"b\":\"z\"}\n"
			    "{\"a\":4.5,\"b\":\"\"}\n";
	char text[200];
	size_t n = strlen(three);
	bool good = true;

	for (size_t at = 0; at < n; at++)
		for (size_t i = 0; i < sizeof set; i++) {
			memcpy(text, three, n);
			text[at] = set[i];
			good &= every_path_agrees(text, n);
		}
	OK(good);
}

static void
test_pipe(void)
{
	char text[3000];
	size_t n = mixture(text, sizeof text, 3, 12);
	struct told whole = told_of(text, n, (struct job){ 0 });
	bool good = true;

	for (size_t step = 1; step < 100; step += 3) {
		char *name = (char *)(uintptr_t)sample_drip_open(text, n, step);
		struct job job = { .drip = true,
			.opts.operands = (char *[]){ name, NULL } };
		struct told t = told_by(job);

		good &= slice_eq(
		    slice_of(t.text, t.n), slice_of(whole.text, whole.n));
		forget(&t);
	}
	OK(good);
	forget(&whole);
}

/* ---- bad lines ---- */

static void
test_bad_lines(void)
{
	const char text[] =
	    "{\"a\":1}\n{\"a\":}\n\n{\"a\":2}\n[1]\n{\"a\":3} x\n"
	    "{\"a\":4}\n{\"a\":\"\xff\"}\n{\"a\":01}\nx\n\0\n"
	    "{\"a\":5";
	struct told t = told_of(text, sizeof text - 1, (struct job){ 0 });
	char *line;

	OK(t.records == 3 && t.rejected == 8 && t.partial);
	OK(strstr(t.errors, "flows:2: expected a value\n"));
	OK(strstr(t.errors, "flows:5: not a JSON object\n"));
	OK(strstr(t.errors, "flows:6: more than one value on the line\n"));
	OK(strstr(t.errors, "flows:8: invalid UTF-8 in string\n"));
	OK(strstr(t.errors, "flows:9: number with a leading zero\n"));
	OK(!strstr(t.errors, "flows:10: "));
	OK(strstr(t.errors, ": 8 bad records in all\n"));
	OK(slice_eq(slice_of(t.rejects, t.n_rejects),
	    SLICE_LIT("{\"a\":}\n[1]\n{\"a\":3} x\n{\"a\":\"\xff\"}\n{\"a\":01}"
		      "\nx\n\0\n{\"a\":5\n")));
	line = strstr(t.text, "{\"a\":4}");
	OK(line && t.text[t.n - 1] == '\n');
	forget(&t);
}

static void
test_rejected_by_the_tool(void)
{
	const char *text = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n";
	struct told t =
	    told_of(text, strlen(text), (struct job){ .reject_all = true });

	OK(t.records == 0 && t.rejected == 3 && t.partial);
	OK(strcmp(t.rejects, text) == 0);
	OK(strstr(t.errors, "flows:3: because\n"));
	forget(&t);
}

static void
test_strict(void)
{
	const char *text = "{\"a\":1}\n{\"a\":}\n{\"a\":2}\n";
	struct job job = { .opts = { .strict = true } };
	struct told t = told_of(text, strlen(text), job);

	OK(t.status == EXIT_FATAL);
	OK(strstr(t.errors, "flows:2: expected a value\n"));
	forget(&t);
	t = told_of(text, 8, job);
	OK(t.status == EXIT_DONE && t.n_errors == 0);
	forget(&t);
	job.opts.operands = (char *[]){ "/nowhere/at/all", NULL };
	t = told_by(job);
	OK(t.status == EXIT_FATAL);
	forget(&t);
}

static void
test_long_lines(void)
{
	const char *text =
	    "{\"a\":1,\"b\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}\n"
	    "{\"a\":2}\n{\"a\":}\n"
	    "{\"a\":3,\"b\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}\n";
	struct told t =
	    told_of(text, strlen(text), (struct job){ .opts.max_line = 20 });

	OK(t.records == 1 && t.rejected == 3 && t.partial);
	OK(strncmp(t.text, "fresh {\"a\":2} N2", 16) == 0);
	OK(strstr(t.errors, "flows:3: expected a value\n"));
	OK(strstr(t.errors, "line too long"));
	OK(strlen(t.rejects) == strlen(text) - 8);
	OK(strncmp(t.rejects, text, 20) == 0);
	forget(&t);
}

static void
test_operands(void)
{
	char *a = sample_file("a", "{\"a\":1}\n{\"a\":2}", 15),
	     *b = sample_file("b", "x\n{\"a\":3}\n{\"a\":4}\n", 18);
	struct job job = { .opts.operands =
			       (char *[]){ a, "/nowhere", b, a, NULL } };
	struct told t = told_by(job);

	OK(t.records == 6 && t.rejected == 1 && t.partial);
	OK(strcmp(t.text,
	       "fresh {\"a\":1} N1 - - -\n{\"a\":2} N2 - - -\n"
	       "fresh {\"a\":3} N3 - - -\n{\"a\":4} N4 - - -\n"
	       "fresh {\"a\":1} N1 - - -\n{\"a\":2} N2 - - -\n") == 0);
	OK(strstr(t.errors, "/nowhere: No such file or directory\n"));
	OK(strstr(t.errors, "/b:1: not a JSON object\n"));
	forget(&t);
	free(a);
	free(b);
}

static void
test_lenient(void)
{
	const char *text = "{\"a\":ftp,\"b\":\"x\ty\"}\n{\"a\":\"\xff\"}\n"
			   "{\"a\":1,\"b\":\"z\"}\n{\"n\":{\"x\":tcp}}\n";
	struct told t =
	    told_of(text, strlen(text), (struct job){ .opts.lenient = true });

	OK(t.records == 4 && t.rejected == 0 && !t.partial);
	OK(strstr(t.text, " Bftp Sbx\ty - -\n"));
	OK(strstr(t.text, " Sb\xff - - -\n"));
	OK(strstr(t.text, " - - Btcp -\n"));
	forget(&t);
}

/* Records that are not quite JSON are marked, those behind them are not. */
static void
test_irregular(void)
{
	const char *text = "{\"a\":1}\n{\"a\":2}\n{\"a\":ftp}\n{\"a\":3}\n"
			   "{\"a\":[\"\t\"]}\n{\"a\":[\"\"]}\n";
	char *path = sample_file("odd", text, strlen(text));
	struct reader_opts opts = { .operands = (char *[]){ path, NULL },
		.lenient = true };
	struct reader r;
	unsigned marks = 0;

	reader_open(&r, &opts, &schema, NULL);
	while (reader_next(&r))
		marks = marks << 1 | r.rec.irregular;
	reader_close(&r);
	OK(r.records == 6 && marks == 2 + 8);
	free(path);
}

/* Whole runs taken at once give the same bytes, and each record once. */
static void
test_runs(void)
{
	enum { ROOM = 50 * 1000 };
	char *text = malloc(ROOM), *got = malloc(ROOM), *p = got;
	size_t n = mixture(text, ROOM, 40, 6);
	char *path = sample_file("runs", text, n);
	struct reader_opts opts = { .operands = (char *[]){ path, NULL } };
	struct reader r;
	struct slice run;
	uint64_t records = 0;

	reader_open(&r, &opts, &schema, NULL);
	while (reader_next(&r)) {
		memcpy(p, r.rec.p, r.rec.n);
		p += r.rec.n;
		*p++ = '\n';
		records += 1 + reader_take_run(&r, &run);
		memcpy(p, run.p, run.n);
		p += run.n;
	}
	OK(slice_eq(slice_of(got, (size_t)(p - got)), slice_of(text, n)));
	OK(r.records == records);
	reader_close(&r);
	for (size_t i = 0; i < n; i++)
		records -= text[i] == '\n';
	OK(records == 0);
	free(text);
	free(got);
	free(path);
}

/* The payload of an envelope becomes the record. */
static void
test_enter(void)
{
	const char *text = "{\"a\":\"{}\",\"b\":{\"a\":7,\"n\":{\"x\":8}}}\n"
			   "{\"b\":[1]}\n{\"b\":{\"a\":9}}\n";
	char *path = sample_file("envelopes", text, strlen(text));
	struct reader_opts opts = { .operands = (char *[]){ path, NULL } };
	struct reader r;

	die_set_quiet();
	reader_open(&r, &opts, &schema, NULL);
	OK(reader_next(&r) && reader_enter(&r, json_slice(&r.rec.v[1])));
	OK(slice_is(slice_of(r.rec.p, r.rec.n), "{\"a\":7,\"n\":{\"x\":8}}"));
	OK(slice_is(json_slice(&r.rec.v[0]), "7"));
	OK(r.rec.v[1].kind == JSON_NONE);
	OK(slice_is(json_slice(&r.rec.v[2]), "8"));
	OK(reader_next(&r) && !reader_enter(&r, json_slice(&r.rec.v[1])));
	OK(r.rejected == 1);
	OK(reader_next(&r) && reader_enter(&r, json_slice(&r.rec.v[1])));
	OK(slice_is(json_slice(&r.rec.v[0]), "9"));
	OK(!reader_next(&r) && r.records == 2);
	reader_close(&r);
	free(path);
}

/* ---- real records ---- */

static void
test_samples(void)
{
	static const struct {
		const char *name;
		uint64_t records;
		bool reframe;
	} samples[] = {
		{ "tests/data/lab/nfdump.json.gz", 1251, true },
		{ "tests/data/lab/nfacctd.json.gz", 1251, false },
		{ "tests/data/lab/nfacctd.json.gz", 1251, true },
		{ "tests/data/lab/pmacct.json.gz", 1338, false },
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		char *name = (char *)(uintptr_t)samples[i].name;
		struct job job = { .opts = { .reframe = samples[i].reframe,
				       .operands = (char *[]){ name, NULL } } };
		struct told best = told_by(job), general;

		job.path = GENERAL;
		general = told_by(job);
		OK(best.records == samples[i].records && !best.partial);
		OK(agree(&best, &general));
		forget(&best);
		forget(&general);
	}
}

int
main(void)
{
	schema_init(&schema);
	schema_add(&schema, slice_str("a"));
	schema_add(&schema, slice_str("b"));
	schema_add(&schema, slice_str("n.x"));
	schema_add(&schema, slice_str("q.0.name"));
	test_values();
	test_nested();
	test_duplicates();
	test_line_ends();
	test_mixtures();
	test_many_shapes();
	test_change_at_a_cut();
	test_steps_of_a_piece();
	test_mutations();
	test_pipe();
	test_bad_lines();
	test_rejected_by_the_tool();
	test_strict();
	test_long_lines();
	test_operands();
	test_lenient();
	test_irregular();
	test_runs();
	test_samples();
	test_enter();
	return DONE();
}
