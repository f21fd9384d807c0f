/* SPDX-License-Identifier: MIT */
#include "libcommon/quant.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/t.h"

enum { MANY = 1000000, TEXT_ROOM = 100000 };

static uint64_t state = 1;

/* splitmix64 */
static uint64_t
rnd(uint64_t below)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

/* 0 < u <= 1 */
static double
uniform(void)
{
	return (double)(rnd((uint64_t)1 << 53) + 1) * 0x1p-53;
}

static char *
text_of(const struct quant *q)
{
	size_t room = quant_text_room(q), n;
	char *text = malloc(room + 1); /* no more, for ASan to see */

	n = quant_put(text, q);
	if (n > room)
		abort();
	text[n] = '\0';
	return text;
}

static bool
has_text(const struct quant *q, const char *expected)
{
	char *text = text_of(q);
	bool same = strcmp(text, expected) == 0;

	free(text);
	return same;
}

static bool
same(const struct quant *a, const struct quant *b)
{
	char *text = text_of(b);
	bool equal = a->count == b->count && has_text(a, text);

	free(text);
	return equal;
}

/* The bucket of one value, as text. */
static bool
falls(double v, const char *expected)
{
	struct quant q = { 0 };
	bool good;

	quant_add(&q, v);
	good = has_text(&q, expected);
	quant_free(&q);
	return good;
}

/* The bound g^i cut to a double is in i, the next double in i + 1. */
static bool
parted(double bound, const char *in, const char *above)
{
	return falls(bound, in) && falls(nextafter(bound, INFINITY), above);
}

/* The bounds were computed apart, with fractions of integers. */
static void
test_buckets(void)
{
	OK(parted(0x1.13962fafec6e8p-30, "-1036:1", "-1035:1"));
	OK(parted(0x1.7cb71c996d4a7p-15, "-500:1", "-499:1"));
	OK(parted(0x1.f5dc83cd4e930p-1, "-1:1", "0:1"));
	OK(parted(1, "0:1", "1:1"));
	OK(parted(0x1.052bf5a814afdp+0, "1:1", "2:1"));
	OK(parted(0x1.01c43042aa0d0p+1, "35:1", "36:1"));
	OK(parted(0x1.ceff87e21fe31p+28, "1000:1", "1001:1"));
	OK(parted(0x1.576f65a3001ccp+66, "2302:1", "2303:1"));
	OK(parted(0x1.5e5f8be45a9eap+66, "2303:1", "2303:1"));
	OK(parted(nextafter(QUANT_MIN, 0), "z:1", "-1036:1"));
	OK(falls(0, "z:1") && falls(-0.0, "z:1") && falls(-1e9, "z:1"));
	OK(falls(NAN, "z:1") && falls(-INFINITY, "z:1"));
	OK(falls(INFINITY, "2303:1") && falls(1e300, "2303:1"));
	OK(falls(QUANT_MAX, "2303:1") && falls(0x1p-1074, "z:1"));
}

/* Every bucket in turn, downwards and upwards, far apart and close. */
static void
test_growth(void)
{
	struct quant down = { 0 }, up = { 0 }, mixed = { 0 };

	for (int i = 0; i < 9660; i++) {
		quant_add(&up, 1.1e-9 * pow(1.007, i));
		quant_add(&down, 1.1e-9 * pow(1.007, 9659 - i));
		quant_add(&mixed, 1.1e-9 * pow(1.007, i * 11 % 9660));
	}
	OK(up.count == 9660 && same(&up, &down) && same(&up, &mixed));
	OK(up.n > 3300 && up.n <= 3340);
	OK(down.n > 3300 && down.n <= 3340);
	quant_free(&down);
	quant_free(&up);
	quant_free(&mixed);
}

static int
ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Whether every quantile of n values, which it sorts, is within 1 %. */
static bool
within(double *v, size_t n)
{
	struct quant q = { 0 };
	bool good = true;

	for (size_t i = 0; i < n; i++)
		quant_add(&q, v[i]);
	qsort(v, n, sizeof *v, ascending);
	for (int i = 0; i <= 1000; i++) {
		double p = i / 1000.0;
		double exact = v[(size_t)(p * (double)(n - 1))];
		double off = fabs(quant_value(&q, p) - exact);

		good &= off <= exact * (QUANT_ERROR + 1e-12);
	}
	quant_free(&q);
	return good;
}

static void
test_error(void)
{
	double *v = malloc(MANY * sizeof *v);

	for (size_t i = 0; i < MANY; i++)
		v[i] = uniform();
	OK(within(v, MANY)); /* uniform */
	for (size_t i = 0; i < MANY; i++)
		v[i] = -log(uniform()) * 1e6;
	OK(within(v, MANY)); /* exponential */
	for (size_t i = 0; i < MANY; i++)
		v[i] = 64 * pow(uniform(), -1 / 1.1);
	OK(within(v, MANY)); /* Pareto */
	for (size_t i = 0; i < MANY; i++)
		v[i] = exp(log(1e-9) + uniform() * log(1e29));
	OK(within(v, MANY)); /* logarithmic, over all buckets */
	for (size_t i = 0; i < MANY; i++)
		v[i] = rnd(3) ? (double)(40 + rnd(1461)) : 0;
	OK(within(v, MANY)); /* packet lengths, with zeros */
	for (size_t i = 0; i < MANY; i++)
		v[i] = rnd(2) ? 1 : 1e12;
	OK(within(v, MANY)); /* two values */
	OK(within(v, 1) && within(v, 2) && within(v, 3));
	free(v);
}

static void
test_value(void)
{
	struct quant q = { 0 };

	OK(isnan(quant_value(&q, 0.5)));
	quant_add(&q, -5);
	OK(quant_value(&q, 0) == 0 && quant_value(&q, 1) == 0);
	quant_add(&q, 100);
	quant_add(&q, 200);
	OK(quant_value(&q, 0.49) == 0);
	OK(fabs(quant_value(&q, 0.5) - 100) <= 1);
	OK(fabs(quant_value(&q, 0.99) - 100) <= 1);
	OK(fabs(quant_value(&q, 1) - 200) <= 2);
	OK(quant_value(&q, -1) == 0 && quant_value(&q, NAN) == 0);
	OK(quant_value(&q, 7) == quant_value(&q, 1));
	quant_free(&q);
	OK(q.heap == NULL && isnan(quant_value(&q, 0.5)));
}

/* Values of very different sizes, zeros too. */
static struct quant
random_quant(size_t n)
{
	struct quant q = { 0 };
	double low = -10 + 20 * uniform(), wide = 9 * uniform();

	while (n--)
		quant_add(&q, rnd(9) ? pow(10, low + wide * uniform()) : 0);
	return q;
}

static void
test_merge(void)
{
	bool merged = true, taken = true;

	for (int round = 0; round < 200; round++) {
		struct quant a = random_quant(rnd(500));
		struct quant b = random_quant(rnd(500));
		struct quant ab = { 0 }, ba = { 0 };

		quant_merge(&ab, &a);
		quant_merge(&ab, &b);
		quant_merge(&ba, &b);
		quant_merge(&ba, &a);
		merged &= same(&ab, &ba) && ab.count == a.count + b.count;
		quant_subtract(&ab, &b);
		quant_subtract(&ba, &a);
		taken &= same(&ab, &a) && same(&ba, &b);
		quant_subtract(&ab, &a);
		taken &= ab.count == 0 && has_text(&ab, "");
		quant_free(&a);
		quant_free(&b);
		quant_free(&ab);
		quant_free(&ba);
	}
	OK(merged);
	OK(taken);
}

static void
test_union(void)
{
	struct quant parts[4] = { 0 }, sum = { 0 }, whole = { 0 };

	for (size_t i = 0; i < MANY / 10; i++) {
		double v = pow(10, 10 * uniform() - 5);

		quant_add(&whole, v);
		quant_add(&parts[rnd(4)], v);
	}
	for (int i = 0; i < 4; i++) {
		quant_merge(&sum, &parts[i]);
		quant_free(&parts[i]);
	}
	OK(same(&sum, &whole));
	quant_merge(&sum, &sum);
	OK(sum.count == whole.count * 2);
	quant_subtract(&sum, &sum);
	OK(sum.count == 0 && has_text(&sum, ""));
	/* More than there is: nothing is below zero. */
	quant_add(&sum, 1);
	quant_add(&sum, 0);
	quant_subtract(&sum, &whole);
	quant_add(&whole, 0);
	quant_add(&whole, 0);
	quant_subtract(&sum, &whole);
	OK(sum.count == 0 && has_text(&sum, ""));
	quant_free(&sum);
	quant_free(&whole);
}

/* An error leaves it empty; what is accepted is canonical. */
static bool
parses_well(const char *text, size_t n, bool *accepted)
{
	char *copy = malloc(n ? n : 1); /* its end is the end for ASan */
	struct quant q;
	bool good;

	memcpy(copy, text, n);
	*accepted = !quant_parse(slice_of(copy, n), &q);
	if (*accepted) {
		char *again = text_of(&q);

		good = strlen(again) == n && memcmp(again, copy, n) == 0;
		free(again);
	} else {
		good = q.heap == NULL && q.n == 0 && q.count == 0;
	}
	quant_value(&q, uniform());
	quant_free(&q);
	free(copy);
	return good;
}

static bool
parses(const char *text)
{
	bool accepted, good = parses_well(text, strlen(text), &accepted);

	return good && accepted;
}

static bool
rejects(const char *text)
{
	bool accepted, good = parses_well(text, strlen(text), &accepted);

	return good && !accepted;
}

static void
test_text(void)
{
	bool good = true;

	OK(parses("") && parses("z:7") && parses("0:1") && parses("z:1,-3:4"));
	OK(parses("-1036:1,0:18446744073709551613,2303:1"));
	OK(rejects(",") && rejects("0:1,") && rejects(",0:1"));
	OK(rejects("0") && rejects(":") && rejects("0:") && rejects(":1"));
	OK(rejects("0:0") && rejects("0:01") && rejects("z:0"));
	OK(rejects("00:1") && rejects("-0:1") && rejects("-:1"));
	OK(rejects("+1:1") && rejects("1: 1") && rejects("1:-1"));
	OK(rejects("1:1,1:1") && rejects("1:1,0:1") && rejects("0:1,z:1"));
	OK(rejects("z:1,z:1") && rejects("zz:1") && rejects("1:1:1"));
	OK(rejects("-1037:1") && rejects("2304:1") && rejects("1e3:1"));
	OK(rejects("99999999999999999999:1"));
	OK(rejects("0:18446744073709551616"));
	OK(rejects("0:18446744073709551615,1:1"));
	for (int round = 0; round < 100; round++) {
		struct quant q = random_quant(rnd(1000)), back;
		char *text = text_of(&q);

		good &= !quant_parse(slice_str(text), &back);
		good &= same(&q, &back);
		quant_free(&q);
		quant_free(&back);
		free(text);
	}
	OK(good);
}

static void
test_damaged(void)
{
	static const char some[] = "0123456789:,-z \n\xff";
	char *text = malloc(TEXT_ROOM);
	int seen[2] = { 0 };
	bool good = true, accepted;

	for (int round = 0; round < 20000; round++) {
		struct quant q = random_quant(rnd(20));
		size_t n = quant_put(text, &q);

		for (uint64_t k = rnd(3) + 1; k; k--) {
			size_t at = rnd(n + 1);

			text[at] = some[rnd(sizeof some)];
			if (rnd(4) == 0)
				n = at;
		}
		good &= parses_well(text, n, &accepted);
		seen[accepted]++;
		quant_free(&q);
	}
	printf("# %d rejected, %d accepted\n", seen[0], seen[1]);
	OK(good && seen[0] > 0 && seen[1] > 0);
	free(text);
}

int
main(void)
{
	test_buckets();
	test_growth();
	test_error();
	test_value();
	test_merge();
	test_union();
	test_text();
	test_damaged();
	return DONE();
}
