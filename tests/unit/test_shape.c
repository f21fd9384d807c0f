/* SPDX-License-Identifier: MIT */
/* long file: one model, many ways to try it */
#include "libcommon/shape.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/input.h"
#include "libcommon/xalloc.h"
#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { MAX_LINE = 16 * 1024, MAX_KERNELS = 8 };

/* The kernels that this processor has; "portable" is the last. */
static const struct shape_kernel *kernels[MAX_KERNELS];
static int n_kernels;
static struct sample_guard guard;
static struct schema schema;
static struct shape *shape;

/* What went wrong: counted, the first few are shown. */
static int wrong;
static unsigned long accepted, refused;

static void
complain(const char *what, const char *line, size_t n)
{
	if (wrong++ < 5)
		printf("# %s: %.*s\n", what, (int)n, line);
}

/* The members of a line, as the general path finds them; -1: bad, -2: nested */
static int
parse(const char *line, size_t n, struct shape_member *m)
{
	struct json_in in = { .p = line, .end = line + n };
	struct json_iter it;
	int count = 0, flat = 1;

	json_space(&in);
	if (json_open(&in, &it) || !it.object)
		return -1;
	for (;;) {
		struct json_val key, v;
		bool done;

		if (json_member(&in, &it, &key, &done))
			return -1;
		if (done)
			break;
		if (json_value(&in, &v))
			return -1;
		flat &= !key.escaped && !v.escaped && v.kind != JSON_OBJECT &&
			v.kind != JSON_ARRAY && count < SHAPE_MAX_MEMBERS;
		if (flat)
			m[count++] =
			    (struct shape_member){ json_slice(&key), v };
	}
	json_space(&in);
	return in.p != in.end ? -1 : flat ? count : -2;
}

static const struct shape_value *
value_of_slot(size_t slot)
{
	for (uint32_t i = 0; i < shape->n_values; i++)
		if (shape->values[i].slot == slot)
			return &shape->values[i];
	return NULL;
}

/* Each slot has what the last member of that name has. */
static void
compare_values(const char *buf, const uint32_t *places,
    const struct shape_member *m, int count)
{
	for (size_t slot = 0; slot < schema.n_slots; slot++) {
		const struct shape_value *s = value_of_slot(slot);
		struct json_val want = { .kind = JSON_NONE };
		struct slice text;

		for (int i = 0; i < count; i++)
			if (slice_eq(m[i].key, schema.slots[slot]))
				want = m[i].v;
		if ((want.kind == JSON_NONE) != !s)
			complain("another set of members", buf, 80);
		if (!s)
			continue;
		text = shape_text(s, buf, places);
		if (text.p != want.p || text.n != want.n)
			complain("value elsewhere", want.p, want.n);
		if ((s->kind == JSON_STRING) != (want.kind == JSON_STRING))
			complain("another kind", want.p, want.n);
	}
}

/* The records that a kernel said are of the shape are what they should be. */
static void
check_run(const char *buf, const struct shape_run *run, const char **line)
{
	const uint32_t *places = run->places;

	for (uint32_t i = 0; i < run->n; i++, places += shape->n_steps) {
		const char *newline = buf + places[shape->n_steps] - 1;
		size_t n = (size_t)(newline - *line);
		struct shape_member m[SHAPE_MAX_MEMBERS];
		int count;

		if (buf + places[0] != *line)
			complain("a gap", *line, n);
		if (*newline != '\n' || memchr(*line, '\n', n))
			complain("not one line", *line, n);
		count = parse(*line, n, m);
		if (count < 0) {
			complain("accepted", *line, n);
			return;
		}
		compare_values(buf, places, m, count);
		*line = newline + 1;
	}
}

/* What is said of the record behind the runs is what a look at it tells. */
static void
check_known(const char *buf, size_t n, const uint32_t *places,
    const struct shape_run *last, uint32_t known, uint32_t at)
{
	uint32_t *again = malloc(shape_room(n) * sizeof *again), found = 0;
	const uint32_t *behind =
	    last ? last->places + last->n * shape->n_steps : places;
	struct shape_run runs[SHAPE_LANES];
	bool steady = shape->steady;

	shape->steady = false;
	if (known && kernels[n_kernels - 1]->run(
			 shape, buf, at, (uint32_t)n, again, runs, &found))
		complain("a record that is of the shape", buf + at, n - at);
	if (known && (found != known || memcmp(behind, again,
					    (known + 1) * sizeof *again) != 0))
		complain("places of what is known", buf + at, n - at);
	shape->steady = steady;
	free(again);
}

/* The records that a kernel finds from buf on, as one part or as several. */
static long
run_kernel(const struct shape_kernel *kernel, const char *buf, size_t n,
    uint32_t *places, bool steady)
{
	struct shape_run runs[SHAPE_LANES];
	const char *line = buf;
	uint32_t n_runs, known = 0;
	long found = 0;

	shape->steady = steady;
	n_runs = kernel->run(shape, buf, 0, (uint32_t)n, places, runs, &known);
	for (uint32_t i = 0; i < n_runs; i++) {
		if (!runs[i].n)
			complain("an empty run", buf, n);
		found += runs[i].n;
		check_run(buf, &runs[i], &line);
	}
	check_known(buf, n, places, n_runs ? &runs[n_runs - 1] : NULL, known,
	    (uint32_t)(line - buf));
	if (shape->steady != (line == buf + n))
		complain("steady or not", buf, n);
	return found;
}

/*
 * All kernels over a block, which stands as input.h says it does, and at one
 * end or the other there is nothing more.  The number of records, -1 if they
 * do not agree.
 */
static long
run_at(const char *text, size_t n, bool at_end)
{
	char *buf =
	    at_end ? guard.p + guard.n - INPUT_PAD - n : guard.p + INPUT_PAD;
	uint32_t *places = malloc(shape_room(n) * sizeof *places);
	long run = -1;

	memset(buf - INPUT_PAD, 0, INPUT_PAD);
	memset(buf + n, '7', INPUT_PAD);
	memcpy(buf, text, n);
	for (int i = 2 * n_kernels; n && i-- > 0;) {
		long got =
		    run_kernel(kernels[i / 2], buf, n, places, i % 2 == 0);

		if (run < 0)
			run = got;
		if (got != run)
			complain(kernels[i / 2]->name, text, n);
	}
	free(places);
	return n ? run : 0;
}

static long
run(const char *text, size_t n)
{
	long front, back;

	while (n && text[n - 1] != '\n') /* no block ends so */
		n--;
	front = run_at(text, n, false);
	back = run_at(text, n, true);
	if (front != back)
		complain("not the same at both ends", text, n);
	accepted += (unsigned long)front;
	refused += front == 0;
	return front;
}

/* Learns from a line (its newline is at line[n]). */
static bool
learn(const char *line, size_t n)
{
	struct shape_member m[SHAPE_MAX_MEMBERS];
	char *copy = xcalloc(n + 2 + SHAPE_REACH, 1);
	int count;
	bool good;

	copy[0] = copy[n + 1] = '\n';
	memcpy(copy + 1, line, n);
	count = parse(copy + 1, n, m);
	good = count >= 0 &&
	       shape_learn(shape, &schema, copy + 1, n, m, (uint32_t)count);
	free(copy);
	return good;
}

/* ---- mutations ---- */

/* The line with 'cut' bytes at 'at' replaced by 'put'. */
static void
try_edit(const char *line, size_t n, size_t at, size_t cut, struct slice put)
{
	static char text[MAX_LINE];
	size_t tail = n - at - cut;

	memcpy(text, line, at);
	memcpy(text + at, put.p, put.n);
	memcpy(text + at + put.n, line + at + cut, tail);
	run(text, at + put.n + tail);
}

/*
 * Every byte of a line (with its newline) replaced by each byte of 'set', left
 * out, doubled, and each of the set put in before it.
 */
static void
mutate_each(const char *line, size_t n, struct slice set)
{
	for (size_t at = 0; at + 1 < n; at++) {
		try_edit(line, n, at, 1, slice_of("", 0));
		try_edit(line, n, at, 0, slice_of(line + at, 1));
		for (size_t i = 0; i < set.n; i++) {
			try_edit(line, n, at, 1, slice_of(set.p + i, 1));
			try_edit(line, n, at, 0, slice_of(set.p + i, 1));
		}
	}
}

/* Several at once, mostly with what JSON is made of. */
static void
mutate_some(const char *line, size_t n, int rounds)
{
	static const char set[] = "\"\"\"\"\"\"\n\\{}[],,,:::  00123.-+eEtrue";
	char text[MAX_LINE];

	while (rounds--) {
		memcpy(text, line, n);
		for (unsigned k = 2 + sample_below(4); k > 0; k--) {
			size_t at = sample_below((unsigned)n);

			if (sample_below(3) == 0)
				text[at] = text[sample_below((unsigned)n)];
			else
				text[at] = set[sample_below(sizeof set - 1)];
		}
		run(text, n);
		/* Two pieces change places. */
		memcpy(text, line, n);
		if (n > 40) {
			size_t a = sample_below((unsigned)n - 40), b = a + 20,
			       len = 1 + sample_below(19);

			memcpy(text + a, line + b, len);
			memcpy(text + b, line + a, len);
			run(text, n);
		}
	}
}

static const char *const seeds[] = {
	"{\"a\":1}",
	"{\"a\":\"\"}",
	"{\"a\":\"x\",\"b\":\"y\"}",
	"{\"a\":12345678,\"b\":1.5,\"c\":\"text\",\"d\":0}",
	"{ \"a\": 1, \"bb\" : 2.25 ,\"c\"  :  \"3\"  } ",
	"  {\"a\":true,\"b\":null,\"c\":false,\"d\":-1,\"e\":1e5}\r",
	"{\"a\":123456789012345678901234567890,\"b\":12345678901234567}",
	"{\"a\":\"x\",\"b\":\"y\",\"a\":1}",
	"{\"nothing\":1,\"of\":\"this\",\"is\":0.125,\"wanted\":\"\"}",
	"{\"date_first_seen\":\"2015-07-18T18:07:33.475+01:00\",\"date_last_s"
	"een\":\"2015-07-18T18:07:33.475+01:00\",\"duration\":12.345,\"src_ip_"
	"addr\":\"192.0.2.1\",\"dst_ip_addr\":\"198.51.100.7\",\"src_port\":53"
	"211,\"dst_port\":443,\"protocol\":6,\"flags\":\".AP.SF\",\"tos\":0,\""
	"packets\":12,\"bytes\":3456}",
};

static void
test_mutations(void)
{
	static char all[256];
	const char some[] = "\"\n\\{}[],:.-+eE 059tfn\t\r\x01|\x7f\xc3\xff";

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
		size_t n = strlen(seeds[i]);
		char line[1024];

		memcpy(line, seeds[i], n);
		line[n] = '\n';
		if (!learn(line, n))
			continue;
		mutate_each(line, n + 1,
		    n < 100 ? slice_of(all, 256)
			    : slice_of(some, sizeof some - 1));
		mutate_some(line, n + 1, 20000);
	}
}

/* ---- scalars ---- */

static const char *const scalars[] = { "0", "1", "-0", "-1", "00", "01", "-01",
	"1.", ".5", "-", "+1", "1.5", "0.5", "00.5", "01.5", "10.5", "1.25",
	"1.125", "1..5", "1.5.5", "1.5e3", "1e5", "1e", "1e+", "1E-5", "0e0",
	"0x10", "true", "false", "null", "tru", "truee", "nul", "NaN", "1 ",
	" 1", "1 2", "1,", "", "12345678", "123456789", "1234567.8",
	"12345678.5", "0.000001", "0.1234567", "01234567", "1234567a",
	"a2345678", "12.45678", "0123456789012345", "1234567890123456",
	"12345678901234567", "1234567890.123456", "123456789012345.",
	"12345678901234567890123", "99999999", "1:2", "1/2", "--1", "1-",
	"\"\"", "\"1\"", "{}", "[]", "\t1", "1\r", "1\x80", "\xff", "\v1" };

/* Each value of the table where each valid one of it was learned. */
static void
test_scalars(void)
{
	size_t n = sizeof scalars / sizeof *scalars;
	char line[256];
	int missed = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int len = sprintf(
			    line, "{\"k\":\"v\",\"a\":%s,\"b\":1}", scalars[i]);
			size_t s = strlen(scalars[j]);

			if (!learn(line, (size_t)len))
				break;
			len = sprintf(line, "{\"k\":\"v\",\"a\":%s,\"b\":1}\n",
			    scalars[j]);
			if (!run(line, (size_t)len) &&
			    json_scalar(scalars[j], s) &&
			    json_scalar(scalars[i], strlen(scalars[i])))
				missed++;
		}
	OK(missed == 0);
}

/* ---- records of random shapes ---- */

struct member {
	char key[40];
	const char *space[4]; /* before and behind the key and the value */
	int kind;
};

static const char *
random_value(char *out, int kind)
{
	static const char safe[] = "abcxyzABC0189 .:,-+_/~!?'<>";
	int len = (int)sample_below(kind == 0 ? 40 : 20);

	if (kind == 0) {
		*out++ = '"';
		for (int i = 0; i < len; i++)
			*out++ = safe[sample_below(sizeof safe - 1)];
		strcpy(out, "\"");
	} else if (kind == 1) {
		sprintf(out, "%llu",
		    (unsigned long long)(sample_next() >> (44 + len)));
	} else if (kind == 2) {
		sprintf(out, "%u.%03u", sample_below(100), sample_below(1000));
	} else if (kind == 3) {
		sprintf(out, "%llu", (unsigned long long)sample_next());
	} else {
		static const char *const other[] = { "true", "false", "null",
			"-1", "1e5", "-0.25" };

		strcpy(out, other[sample_below(6)]);
	}
	return out;
}

static void
random_members(struct member *m, int count)
{
	static const char *const spaces[] = { "", "", "", " ", "  ", "\t" };

	for (int i = 0; i < count; i++) {
		int len = sprintf(m[i].key, "k%d", i);

		for (unsigned pad = sample_below(36); pad > 8; pad--)
			m[i].key[len++] = '_';
		m[i].key[len] = '\0';
		m[i].kind = (int)sample_below(5);
		for (int s = 0; s < 4; s++)
			m[i].space[s] =
			    spaces[sample_below(1 + (unsigned)i % 6)];
	}
}

static size_t
random_line(char *out, const struct member *m, int count)
{
	char *start = out;

	*out++ = '{';
	for (int i = 0; i < count; i++) {
		char value[64];

		random_value(value, m[i].kind);
		out += sprintf(out, "%s%s\"%s\"%s:%s%s%s", i ? "," : "",
		    m[i].space[0], m[i].key, m[i].space[1], m[i].space[2],
		    value, m[i].space[3]);
	}
	strcpy(out, "}\n");
	return (size_t)(out + 2 - start);
}

/*
 * One record learned, others of the same members found to be so, then some of
 * them spoilt.
 */
static void
random_shape(int count, int *missed, int *unfit)
{
	struct member m[SHAPE_MAX_MEMBERS];
	char text[MAX_LINE];
	long lines = 0;
	size_t n;

	random_members(m, count);
	n = random_line(text, m, count);
	if (!learn(text, n - 1)) {
		++*unfit;
		return;
	}
	for (n = 0; n < MAX_LINE - 6000 && lines < 20; lines++)
		n += random_line(text + n, m, count);
	if (run(text, n) != lines)
		++*missed;
	mutate_some(text, n, 100);
	n = random_line(text, m, count);
	mutate_some(text, n, 50);
}

static void
test_random_shapes(void)
{
	int missed = 0, unfit = 0;

	for (int round = 0; round < 600; round++)
		random_shape(1 + (int)sample_below(20), &missed, &unfit);
	OK(missed == 0);
	OK(unfit == 0);
	for (int count = 21; count <= SHAPE_MAX_MEMBERS; count++)
		random_shape(count, &missed, &unfit);
	OK(missed == 0);
}

/* ---- what is not fit ---- */

static void
test_learning(void)
{
	struct shape_member m[SHAPE_MAX_MEMBERS];
	const char line[] = "\n{\"a\":1,\"a\":2}\n";

	OK(!learn("{}", 2));
	OK(!learn("{\"a\":1,\"a\":2}", 13));  /* wanted, and twice */
	OK(learn("{\"zz\":1,\"zz\":2}", 15)); /* twice, and not wanted */
	OK(parse(line + 1, sizeof line - 3, m) == 2);
	OK(!shape_learn(shape, &schema, line + 1, sizeof line - 3, m,
	    SHAPE_MAX_MEMBERS + 1));
	OK(learn("{\"a\":1}", 7));
	OK(run("{\"a\":1}\n{\"a\":22}\n{\"b\":1}\n", 25) == 2);
	OK(run("{\"a\":1}\n{\"a\":\"\"}\n{\"a\":1}\n", 25) == 1);
	OK(run("", 0) == 0);
	OK(run("\n\n\n", 3) == 0);
}

/* A shape with much white space meets records without: at a block's edge. */
static void
test_white_space(void)
{
	static const char *const formats[] = { "{\"a\":\"x\"%s,\"b\":1}\n",
		"{%s\"a\":\"x\",\"b\":1}\n", "{\"a\":%s\"x\",\"b\":1}\n",
		"{\"a\":%s1,\"b\":\"y\"}\n", "{\"a\":1%s,\"b\":\"y\"}\n",
		"{\"a\":\"x\",\"b\":1}%s\n", "{\"a\":\"x\",\"b\":\"y\"%s}\n",
		"{\"a\"%s:\"x\",\"b\":\"y\"}\n" };
	enum { KINDS = sizeof formats / sizeof *formats };
	char spaces[4001], lines[2][5000];

	for (int i = 0; i < KINDS * KINDS; i++)
		for (int pad = 50; pad <= 3200; pad *= 4) {
			sprintf(spaces, "%*s", pad, "");
			sprintf(lines[0], formats[i / KINDS], spaces);
			sprintf(lines[1], formats[i % KINDS], "");
			if (learn(lines[0], strlen(lines[0]) - 1))
				run(lines[1], strlen(lines[1]));
		}
}

int
main(void)
{
	static const char *const wanted[] = { "a", "b", "c", "e", "k1", "k3",
		"k12", "k40", "bytes", "duration", "src_ip_addr", "absent" };

	setlinebuf(stdout);
	unsetenv("PIPE4FLOW_CPU");
	guard = sample_guard();
	schema_init(&schema);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		schema_add(&schema, slice_str(wanted[i]));
	shape = xaligned(sizeof *shape);
	*shape = (struct shape){ 0 };
	for (const struct shape_kernel *k = shape_kernels; k->name; k++)
		if (k->usable())
			kernels[n_kernels++] = k;
		else
			printf("ok %d - %s # SKIP processor has no %s\n",
			    ++t_run, k->name, k->name);
	test_learning();
	test_scalars();
	test_random_shapes();
	test_mutations();
	OK(wrong == 0);
	printf(
	    "# %lu records accepted, %lu blocks refused\n", accepted, refused);
	OK(accepted > 10000 && refused > 10000);
	test_white_space();
	OK(wrong == 0);
	return DONE();
}
