/* SPDX-License-Identifier: MIT */
/* long file: one model for all orders */
#include "libcommon/order.h"

#include <math.h>

#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { CELLS = 3, MAX = 5000, ROOM = 128, KINDS = 13, SHAPES = 8 };

/* A group: its key and the cells of its row. */
struct row {
	char key[ROOM];
	size_t n;
	struct value cells[CELLS];
};

static struct row rows[MAX];
static struct agg agg;

/* ---- what an order is made for ---- */

static struct slice
key_of(void *arg, const void *block)
{
	const struct row *r = block;

	(void)arg;
	return slice_of(r->key, r->n);
}

static void
cells_of(void *arg, const void *block, struct value *cells, struct arena *arena)
{
	const struct row *r = block;

	(void)arg;
	for (size_t i = 0; i < CELLS; i++) {
		cells[i] = r->cells[i];
		/* Text that lives no longer than it may. */
		if (cells[i].type == VALUE_STR)
			cells[i].s = arena_slice(arena, cells[i].s);
	}
}

static void
start(struct order *o, const char *spec)
{
	order_init(o, &agg, spec);
	o->key = key_of;
	o->cells = cells_of;
}

/* ---- the full comparison ---- */

static const struct spec {
	const char *text;
	size_t n;
	struct order_criterion by[ORDER_MAX];
} specs[] = {
	{ NULL, 0, { { 0 } } },
	{ "", 0, { { 0 } } },
	{ "a", 1, { { 0, -1 } } },
	{ "-a", 1, { { 0, -1 } } },
	{ "+a", 1, { { 0, 1 } } },
	{ "b:a", 1, { { 1, 1 } } },
	{ "b:d", 1, { { 1, -1 } } },
	{ "+b:d", 1, { { 1, -1 } } },
	{ "a,b", 2, { { 0, -1 }, { 1, -1 } } },
	{ "+c, -a", 2, { { 2, 1 }, { 0, -1 } } },
	{ "b:a,+a,c", 3, { { 1, 1 }, { 0, 1 }, { 2, -1 } } },
	{ "a,a,a,a,a,b,b,+c", 8,
	    { { 0, -1 }, { 0, -1 }, { 0, -1 }, { 0, -1 }, { 0, -1 }, { 1, -1 },
		{ 1, -1 }, { 2, 1 } } },
};

enum { SPECS = sizeof specs / sizeof *specs };

static const struct spec *wanted; /* since qsort() hands nothing on */

static int
compare_cells(const struct value *a, const struct value *b, int sign)
{
	int c;

	if (a->type == VALUE_NONE || b->type == VALUE_NONE)
		return (a->type == VALUE_NONE) - (b->type == VALUE_NONE);
	c = value_compare(a, b);
	return c == VALUE_UNORDERED ? 0 : sign * c;
}

static int
compare_rows(const void *x, const void *y)
{
	const struct row *a = ((const struct order_entry *)x)->block;
	const struct row *b = ((const struct order_entry *)y)->block;

	for (size_t i = 0; i < wanted->n; i++) {
		size_t cell = wanted->by[i].cell;
		int c = compare_cells(
		    &a->cells[cell], &b->cells[cell], wanted->by[i].sign);

		if (c)
			return c;
	}
	return slice_cmp(slice_of(a->key, a->n), slice_of(b->key, b->n));
}

/* ---- rows ---- */

static struct value
unknown(void)
{
	return (struct value){ .type = VALUE_NONE };
}

static struct value
integer(i128 i)
{
	return (struct value){ .type = VALUE_INT, .i = i };
}

static struct value
real(double d)
{
	return (struct value){ .type = VALUE_REAL, .d = d };
}

/* Whole numbers on both sides of what a double can tell apart. */
static i128
large_number(void)
{
	i128 v = ((i128)1 << (50 + sample_below(70))) + sample_below(5);

	return sample_below(2) ? v : -v;
}

static double
any_real(void)
{
	static const double some[] = { 0.0, -0.0, 1.5, -1.5, 1e300, -1e300,
		5e-324, -5e-324, INFINITY, -INFINITY };

	if (sample_below(3) == 0)
		return some[sample_below(10)];
	return ((double)sample_below(1000) - 500) / 7;
}

static struct value
text(void)
{
	static const char letters[] = "aaaaaaaaaaabbbbbb\x01\xff";

	return (struct value){ .type = VALUE_STR,
		.s = slice_of(letters + sample_below(10), sample_below(9)) };
}

static struct value
address(void)
{
	struct value v = { .type = VALUE_IP };
	char name[32];

	snprintf(name, sizeof name, "10.%u.0.%u", sample_below(4),
	    sample_below(256));
	ip_parse(slice_str(name), &v.ip);
	return v;
}

/* Of one kind all can be compared. */
static struct value
cell(int kind)
{
	int small = (int)sample_below(20) - 10;

	switch (kind) {
	case 0:
		return integer(small);
	case 1:
		return integer(large_number());
	case 2:
		return real(any_real());
	case 3:
		return (struct value){ .type = VALUE_NANO, .i = small };
	case 4:
		return (struct value){ .type = VALUE_TIME,
			.i = 1437239253475000000 + small };
	case 5:
		return text();
	case 6:
		return address();
	case 7:
		return (struct value){ .type = VALUE_BOOL, .b = small > 0 };
	case 8:
		return small > 5 ? unknown() : cell(0);
	case 9:
		return small > 5 ? unknown() : cell(2);
	case 10:
		return small > 5 ? unknown() : cell(5);
	case 11:
		return small > 5 ? real(small / 2.0) : cell(0);
	default:
		return (struct value){ 0 };
	}
}

/* Keys have 'common' bytes in common. */
static void
fill_key(struct row *r, int shape, uint32_t i)
{
	static const size_t commons[SHAPES] = { 0, 1, 5, 63, 64, 65, 100, 3 };
	size_t n = commons[shape];

	memset(r->key, 'k', n);
	if (shape == SHAPES - 1) { /* many begin with others */
		memset(r->key + n, i / 40 & 1 ? '\0' : '\xff', 1 + i % 40);
		n += 1 + i % 40;
		if (i >= 80)
			r->key[n++] = (char)(i / 80);
	} else {
		for (int shift = 24; shift >= 0; shift -= 8)
			r->key[n++] = (char)(i * 2654435761u >> shift);
		memset(r->key + n, '\0', i % 4);
		n += i % 4;
	}
	r->n = n;
}

static void
fill(struct row *r, const int *kinds, int shape, uint32_t i)
{
	for (int k = 0; k < CELLS; k++)
		r->cells[k] = cell(kinds[k]);
	fill_key(r, shape, i);
}

/* ---- ranking, as a window does it ---- */

/* True if no rank had to be computed anew; *anew: then it did not suffice. */
static bool
rank(struct order *o, struct order_entry *e, size_t from, size_t n, bool *anew)
{
	bool same = true;

	for (size_t i = from; i < n; i++)
		same &= order_rank(o, &e[i]);
	for (size_t i = 0; i < n && !same; i++)
		*anew |= !order_rank(o, &e[i]);
	return same;
}

static bool
same_blocks(const struct order_entry *a, const struct order_entry *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].block != b[i].block)
			return false;
	return true;
}

static bool
ranks_rise(const struct order_entry *e, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (e[i].rank < e[i - 1].rank)
			return false;
	return true;
}

/* Sorted, and the first few: as the full comparison has it. */
static bool
agrees(struct order *o, const struct order_entry *e, size_t n)
{
	static struct order_entry want[MAX], work[2 * MAX];
	static struct order_entry first[MAX];
	size_t limits[] = { 0, 1, 2, n / 3, n ? n - 1 : 0, n };
	struct order_entry *got;
	bool good;

	memcpy(want, e, n * sizeof *e);
	qsort(want, n, sizeof *want, compare_rows);
	memcpy(work, e, n * sizeof *e);
	got = order_sort(o, work, work + n, n);
	good = (got == work || got == work + n) && same_blocks(got, want, n);
	good &= ranks_rise(want, n);
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		if (limits[i] > n)
			continue;
		order_first(o, e, n, first, limits[i]);
		good &= same_blocks(first, want, limits[i]);
	}
	return good;
}

/* In two parts, as groups come with later windows. */
static bool
sorts(const struct spec *spec, const int *kinds, const int *shapes, size_t n)
{
	static struct order_entry e[MAX];
	struct order o;
	bool good = true, anew = false;

	wanted = spec;
	start(&o, spec->text);
	for (size_t i = 0; i < n; i++) {
		int shape = shapes[i * 2 >= n];
		uint32_t other = i * 2 >= n ? MAX : 0;

		fill(&rows[i], kinds, shape, (uint32_t)i + other);
		e[i] = (struct order_entry){ &rows[i], sample_next() };
	}
	for (size_t i = n; i > 1; i--) {
		size_t k = sample_below((unsigned)i);
		struct order_entry swap = e[k];

		e[k] = e[i - 1];
		e[i - 1] = swap;
	}
	rank(&o, e, 0, n / 2, &anew);
	good &= agrees(&o, e, n / 2);
	rank(&o, e, n / 2, n, &anew);
	good &= agrees(&o, e, n) && !anew;
	if (!good)
		printf("# %s: %zu of kinds %d %d %d, keys %d %d\n",
		    spec->text ? spec->text : "", n, kinds[0], kinds[1],
		    kinds[2], shapes[0], shapes[1]);
	order_free(&o);
	return good;
}

static void
test_orders(void)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 17, 150, 1000 };
	bool good = true;

	for (int i = 0; i < SPECS * KINDS * 4; i++) {
		int kinds[CELLS], shapes[2];
		const struct spec *s = &specs[i % SPECS];

		for (int k = 0; k < CELLS; k++)
			kinds[k] = (int)sample_below(KINDS);
		kinds[s->by[0].cell] = i / SPECS % KINDS;
		shapes[0] = (int)sample_below(SHAPES - 1);
		shapes[1] = shapes[0];
		good &= sorts(s, kinds, shapes, sizes[sample_below(7)]);
	}
	OK(good);
	good = true;
	for (int i = 0; i < SPECS; i++)
		good &=
		    sorts(&specs[i], (int[]){ 0, 8, 7 }, (int[]){ 0, 0 }, MAX);
	OK(good);
}

/* By key alone, with beginnings in common, then with fewer. */
static void
test_keys(void)
{
	static const int kinds[CELLS] = { 0, 0, 0 };
	bool good = true;

	for (int a = 0; a < SHAPES; a++)
		for (int b = 0; b < SHAPES - 1; b++) {
			int shapes[] = { a, a == SHAPES - 1 ? a : b };

			good &= sorts(&specs[0], kinds, shapes, 300);
			good &= sorts(&specs[2], kinds, shapes, 300);
		}
	OK(good);
}

/* What order_rank() says of the others. */
static void
test_void(void)
{
	static const char *const keys[] = { "commonA", "commonB", "comet",
		"commonC", "coming", "", "zebra" };
	static const bool same[] = { true, false, false, true, true, false,
		true };
	struct order_entry e[7];
	struct row some[7];
	struct order o;
	bool good = true;

	start(&o, NULL);
	for (int i = 0; i < 7; i++) {
		some[i].n = strlen(keys[i]);
		memcpy(some[i].key, keys[i], some[i].n);
		e[i] = (struct order_entry){ &some[i], 0 };
		good &= order_rank(&o, &e[i]) == same[i];
		for (int k = 0; k <= i; k++)
			good &= order_rank(&o, &e[k]);
	}
	OK(good);
	OK(e[0].rank < e[1].rank && e[1].rank < e[3].rank &&
	    e[3].rank > e[2].rank && e[4].rank < e[0].rank &&
	    e[5].rank < e[2].rank && e[6].rank > e[1].rank);
	order_free(&o);
	/* Ranks by value stand for themselves. */
	start(&o, "a");
	good = true;
	for (int i = 0; i < 7; i++) {
		some[i].cells[0] = some[i].cells[1] = some[i].cells[2] =
		    integer(i);
		good &= order_rank(&o, &e[i]);
	}
	OK(good && e[6].rank < e[5].rank && e[1].rank < e[0].rank);
	order_free(&o);
}

/* Numbers that doubles cannot tell apart are told apart, late as well. */
static void
test_exact(void)
{
	struct order_entry e[4];
	struct row some[4];
	struct order o;

	wanted = &specs[4]; /* +a */
	start(&o, wanted->text);
	for (int i = 0; i < 4; i++) {
		some[i].n = 1;
		some[i].key[0] = (char)i;
		for (int k = 0; k < CELLS; k++)
			some[i].cells[k] = integer(7);
		e[i] = (struct order_entry){ &some[i], 0 };
		order_rank(&o, &e[i]);
	}
	OK(agrees(&o, e, 4));
	for (int i = 0; i < 4; i++) {
		some[i].cells[0] = integer(((i128)1 << 60) - i);
		order_rank(&o, &e[i]);
	}
	OK(e[0].rank == e[3].rank && agrees(&o, e, 4));
	order_free(&o);
}

/* Several at a time: each sorts by its own. */
static void
test_two(void)
{
	struct order_entry e[2], spare[2];
	struct row some[2];
	struct order up, down;

	start(&up, "+a,b");
	start(&down, "a,b");
	for (int i = 0; i < 2; i++) {
		some[i].n = 0;
		some[i].cells[1] = some[i].cells[2] = integer(0);
		some[i].cells[0] = integer(((i128)1 << 60) + i);
		e[i] = (struct order_entry){ &some[i], 0 };
	}
	order_first(&up, e, 2, spare, 2);
	OK(spare[0].block == &some[0] && spare[1].block == &some[1]);
	order_first(&down, e, 2, spare, 2);
	OK(spare[0].block == &some[1] && spare[1].block == &some[0]);
	OK(order_sort(&up, e, spare, 2)->block == &some[0] &&
	    order_sort(&down, e, spare, 2)->block == &some[1]);
	order_free(&up);
	order_free(&down);
}

/* Addresses of one network: ranks and the prefix tell all. */
static void
test_told(void)
{
	enum { N = 2000, KEY = 17 };
	static struct order_entry e[N];
	char key[KEY + 8];
	struct order o;
	bool good = true;

	start(&o, NULL);
	for (uint32_t i = 0; i < N; i++) {
		rows[i].n = KEY;
		memset(rows[i].key, 4, KEY);
		rows[i].key[KEY - 3] = (char)(i * 31);
		memcpy(rows[i].key + KEY - 2, &i, 2);
		e[i].block = &rows[i];
	}
	order_rank_all(&o, e, N);
	OK(order_tells(&o, KEY) && !order_tells(&o, KEY + 6));
	for (uint32_t i = 0; i < N; i++) {
		order_key(&o, &e[i], key, KEY);
		good &= memcmp(key, rows[i].key, KEY) == 0;
	}
	OK(good);
	order_free(&o);
}

/* ---- errors ---- */

static void
begin(void *spec)
{
	struct order o;

	order_init(&o, &agg, spec);
}

static void
test_errors(void)
{
	OK(sample_child(begin, "a,b", NULL) == 0);
	OK(sample_child(begin, "d", NULL) == 2 &&
	    sample_child(begin, "a,d", NULL) == 2 &&
	    sample_child(begin, "++a", NULL) == 2);
	OK(sample_child(begin, "a:x", NULL) == 2 &&
	    sample_child(begin, "a:", NULL) == 2 &&
	    sample_child(begin, "+", NULL) == 2);
	OK(sample_child(begin, "a,a,a,a,a,a,a,a", NULL) == 0 &&
	    sample_child(begin, "a,a,a,a,a,a,a,a,a", NULL) == 2);
}

int
main(void)
{
	struct schema schema;
	struct expr_context context = { .schema = &schema };

	schema_init(&schema);
	agg_init(&agg, NULL, "a=count(),b=sum(bytes),c=max(packets)",
	    "date_last_seen", &context);
	OK(agg.cells.n == CELLS);
	test_orders();
	test_keys();
	test_void();
	test_exact();
	test_two();
	test_told();
	test_errors();
	return DONE();
}
