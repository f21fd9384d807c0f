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
static struct shape_set set;
static struct shape *shapes[SHAPE_SET];

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
value_of_slot(const struct shape *shape, size_t slot)
{
	for (uint32_t i = 0; i < shape->n_values; i++)
		if (shape->values[i].slot == slot)
			return &shape->values[i];
	return NULL;
}

/* Each slot has what the last member of that name has. */
static void
compare_values(const struct shape *shape, const char *buf,
    const uint32_t *places, const struct shape_member *m, int count)
{
	for (size_t slot = 0; slot < schema.n_slots; slot++) {
		const struct shape_value *s = value_of_slot(shape, slot);
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

/* The records that a kernel said are of a shape are what they should be. */
static void
check_run(const char *buf, const struct shape_run *run, const char **line)
{
	const struct shape *shape = run->shape;
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
		compare_values(shape, buf, places, m, count);
		*line = newline + 1;
	}
}

/* Lines of no shape. */
static void
pass_lines(uint32_t n, const char **line)
{
	while (n--)
		*line = (char *)rawmemchr(*line, '\n') + 1;
}

/* The records that a kernel finds, as one part or as several. */
static long
run_kernel(const struct shape_kernel *kernel, const char *buf, size_t n,
    const struct shape_room *room, bool steady)
{
	const struct shape_run *runs = room->runs;
	const char *line = buf;
	uint32_t n_runs;
	bool alike = true;
	long found = 0;

	set.steady = steady;
	set.usual = set.v[sample_below(set.n)];
	n_runs = kernel->run(&set, buf, 0, (uint32_t)n, room);
	for (uint32_t i = 0; i < n_runs; i++) {
		if (!runs[i].n)
			complain("an empty run", buf, n);
		alike &= runs[i].shape && runs[i].shape == runs->shape;
		if (runs[i].shape) {
			found += runs[i].n;
			check_run(buf, &runs[i], &line);
		} else {
			pass_lines(runs[i].n, &line);
		}
	}
	if (line != buf + n)
		complain("lines are missing", buf, n);
	if (set.steady != alike)
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
	struct shape_room room;
	long run = -1;

	shape_room_open(&room, n);
	memset(buf - INPUT_PAD, 0, INPUT_PAD);
	memset(buf + n, '7', INPUT_PAD);
	memcpy(buf, text, n);
	for (int i = 2 * n_kernels; n && i-- > 0;) {
		long got =
		    run_kernel(kernels[i / 2], buf, n, &room, i % 2 == 0);

		if (run < 0)
			run = got;
		if (got != run)
			complain(kernels[i / 2]->name, text, n);
	}
	shape_room_close(&room);
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

/* Learns from a line (its newline is at line[n]), beside what is known. */
static bool
learn_too(const char *line, size_t n)
{
	struct shape_member m[SHAPE_MAX_MEMBERS];
	char *copy = xcalloc(n + 2 + SHAPE_REACH, 1);
	int count;
	bool good;

	copy[0] = copy[n + 1] = '\n';
	memcpy(copy + 1, line, n);
	count = parse(copy + 1, n, m);
	good = count >= 0 && shape_learn(shapes[set.n], &schema, copy + 1, n, m,
				 (uint32_t)count);
	free(copy);
	if (good)
		shape_set_put(&set, shapes[set.n], set.n);
	return good;
}

/* Nothing else is known. */
static bool
learn(const char *line, size_t n)
{
	set = (struct shape_set){ 0 };
	return learn_too(line, n);
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
 * Every byte of a line (with its newline) replaced by each of 'bytes', left
 * out, doubled, and each of them put in before it.
 */
static void
mutate_each(const char *line, size_t n, struct slice bytes)
{
	for (size_t at = 0; at + 1 < n; at++) {
		try_edit(line, n, at, 1, slice_of("", 0));
		try_edit(line, n, at, 0, slice_of(line + at, 1));
		for (size_t i = 0; i < bytes.n; i++) {
			try_edit(line, n, at, 1, slice_of(bytes.p + i, 1));
			try_edit(line, n, at, 0, slice_of(bytes.p + i, 1));
		}
	}
}

/* Several at once, mostly with what JSON is made of. */
static void
mutate_some(const char *line, size_t n, int rounds)
{
	static const char bytes[] =
	    "\"\"\"\"\"\"\n\\{}[],,,:::  00123.-+eEtrue";
	char text[MAX_LINE];

	while (rounds--) {
		memcpy(text, line, n);
		for (unsigned k = 2 + sample_below(4); k > 0; k--) {
			size_t at = sample_below((unsigned)n);

			if (sample_below(3) == 0)
				text[at] = text[sample_below((unsigned)n)];
			else
				text[at] =
				    bytes[sample_below(sizeof bytes - 1)];
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

/* ---- several shapes at once ---- */

/* Some members less, and some that change between text and number. */
static int
vary(const struct member *from, int count, struct member *to)
{
	int n = 0;

	for (int i = 0; i < count; i++) {
		if (sample_below(5) == 0)
			continue;
		to[n] = from[i];
		if (sample_below(5) == 0)
			to[n].kind = to[n].kind ? 0 : 1;
		n++;
	}
	return n;
}

/* Up to SHAPE_SET kinds of records, which take turns, with others between. */
static void
mixed_shapes(int *missed, int *odd)
{
	struct member all[20], m[SHAPE_SET][20];
	int count = 3 + (int)sample_below(18), n[SHAPE_SET], kinds = 0;
	char text[MAX_LINE];
	long want = 0, got;
	size_t len = 0;

	random_members(all, count);
	set = (struct shape_set){ 0 };
	for (int i = 0; i < SHAPE_SET; i++) {
		n[kinds] = vary(all, count, m[kinds]);
		len = n[kinds] ? random_line(text, m[kinds], n[kinds]) : 0;
		/* It may be one that is known. */
		if (len && !(set.n && run(text, len)) &&
		    learn_too(text, len - 1))
			kinds++;
	}
	len = 0;
	while (kinds && len < MAX_LINE - 3000) {
		unsigned k = sample_below((unsigned)kinds + 1);

		if (k < (unsigned)kinds) {
			len += random_line(text + len, m[k], n[k]);
			want++;
		} else if (sample_below(4) == 0) {
			len += (size_t)sprintf(
			    text + len, "{\"zz\":{}}\n%s", k % 2 ? "\n" : "");
			++*odd;
		}
	}
	got = len ? run(text, len) : 0;
	*missed += got != want;
	if (len > 4000)
		mutate_some(text, len - 3000, 30);
}

static void
test_mixed_shapes(void)
{
	int missed = 0, odd = 0;

	for (int round = 0; round < 300; round++)
		mixed_shapes(&missed, &odd);
	OK(missed == 0);
	OK(odd > 300);
}

/* One shape takes the place of another. */
static void
test_replaced_shape(void)
{
	const char abc[24 + SHAPE_REACH] = "{\"a\":1}\n{\"b\":1}\n{\"c\":1}\n";
	struct shape_member m[SHAPE_MAX_MEMBERS];

	OK(learn("{\"a\":1}", 7) && learn_too("{\"b\":1}", 7));
	OK(run(abc, 24) == 2);
	OK(parse(abc + 16, 7, m) == 1);
	OK(shape_learn(shapes[2], &schema, abc + 16, 7, m, 1));
	shape_set_put(&set, shapes[2], 0);
	OK(set.n == 2 && run(abc, 24) == 2);
	shape_set_put(&set, shapes[0], 2);
	OK(set.n == 3 && run(abc, 24) == 3);
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
	OK(!shape_learn(shapes[1], &schema, line + 1, sizeof line - 3, m,
	    SHAPE_MAX_MEMBERS + 1));
	OK(learn("{\"a\":1}", 7));
	OK(run("{\"a\":1}\n{\"a\":22}\n{\"b\":1}\n", 25) == 2);
	OK(run("{\"a\":1}\n{\"a\":\"\"}\n{\"a\":1}\n", 25) == 2);
	OK(run("", 0) == 0);
	OK(run("\n\n\n", 3) == 0);
}

/*
 * Numbers longer than what is looked at at once, perhaps with a letter in it,
 * before lines that could be their end.
 */
static void
test_long_numbers(void)
{
	static const char *const begun[] = { "{\"a\":1", "{\"a\":1.5" };
	char text[MAX_LINE], number[100];
	int missed = 0, taken = 0;

	for (int i = 0; i < 2 * 2 * 90; i++) {
		int len = i / 4, decimal = i % 2, bad = i / 2 % 2;
		size_t n = 0;
		long got;

		sprintf(text, "%s}", begun[decimal]);
		if (!learn(text, strlen(text)))
			missed++;
		memset(number, '1', sizeof number);
		memcpy(number, begun[decimal] + 5, 1u + 2u * (unsigned)decimal);
		number[1 + 2 * decimal + len] = '\0';
		if (bad && len)
			number[2 * decimal + len] = 'x';
		while (n < 3000)
			n += (size_t)sprintf(text + n,
			    "{\"a\":%s}\n{\"b\":\"%0*d\"}\n{\"a\":1}\n", number,
			    i % 30, 0);
		got = run(text, n);
		for (const char *p = text; p < text + n;
		     p = strchr(p, '\n') + 1)
			got -= p[2] == 'a' &&
			       (!(bad && len) || strchr(p, '}') - p == 6);
		missed += got < 0;
		taken += got > 0;
	}
	OK(missed == 0);
	OK(taken == 0);
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
	for (int i = 0; i < SHAPE_SET; i++)
		shapes[i] = xaligned(sizeof **shapes);
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
	test_mixed_shapes();
	test_replaced_shape();
	OK(wrong == 0);
	printf(
	    "# %lu records accepted, %lu blocks refused\n", accepted, refused);
	OK(accepted > 10000 && refused > 10000);
	test_long_numbers();
	test_white_space();
	OK(wrong == 0);
	return DONE();
}
