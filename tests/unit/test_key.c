/* SPDX-License-Identifier: MIT */
#include "libcommon/key.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/sample.h"
#include "tests/unit/t.h"

enum { ROUNDS = 20000, PAIRS = 200000, TEXT = 12 };

/* A value with the text that it may borrow. */
struct sample {
	struct value v;
	char text[TEXT];
};

/* Small ones often, so that equal values meet. */
static i128
random_int(void)
{
	u128 v = (u128)sample_next() << 64 | sample_next();

	if (sample_below(2))
		return (i128)sample_below(9) - 4;
	v >>= sample_below(128);
	return (i128)(sample_below(2) ? v : ~v);
}

static double
random_real(void)
{
	static const double odd[] = { 0, -0.0, 0.1, -0.1, 0x1p-1074, 0x1p53,
		-0x1p53, 1e17, 1e18, -1e18, 0x1p63, 0x1p64, 1e19, 1e300, -1e300,
		0.5, 1.5, -1.5, 2.5 };
	uint64_t bits = sample_next();
	double d;

	if (sample_below(2))
		return odd[sample_below(sizeof odd / sizeof *odd)];
	memcpy(&d, &bits, sizeof d);
	return isfinite(d) ? d : 7.25;
}

static struct ip
random_ip(void)
{
	static const unsigned char mapped[12] = { [10] = 255, [11] = 255 };
	struct ip ip = { 0 };

	for (size_t i = 0; i < 16; i++)
		ip.b[i] = (unsigned char)(sample_below(3) * 127);
	if (sample_below(2))
		memcpy(ip.b, mapped, sizeof mapped);
	return ip;
}

/* The bytes that a key must tell apart, often at the ends. */
static struct slice
random_text(char *text)
{
	static const char bytes[] = { 0, 1, 'a', 'b', (char)254, (char)255 };
	size_t n = sample_below(TEXT);

	for (size_t i = 0; i < n; i++)
		text[i] = bytes[sample_below(sizeof bytes)];
	return slice_of(text, n);
}

static void
random_value(struct sample *s, enum value_type type)
{
	struct value *v = &s->v;

	*v = (struct value){ .type = type };
	switch (type) {
	case VALUE_BOOL:
		v->b = sample_below(2);
		break;
	case VALUE_INT:
		v->i = random_int();
		break;
	case VALUE_REAL:
		v->d = random_real();
		break;
	case VALUE_TIME:
		v->i = (int64_t)random_int();
		break;
	case VALUE_NET:
		v->net_len = (uint8_t)sample_below(129);
		/* fallthrough */
	case VALUE_IP:
		v->ip = random_ip();
		break;
	case VALUE_STR:
	case VALUE_JSON:
		v->s = random_text(s->text);
		break;
	default:
		break;
	}
}

/* The key in memory that ends where it does, for ASan to see. */
static struct slice
key_of(const struct value *v)
{
	size_t room = key_room(v);
	char *p = malloc(room), *key;
	size_t n = key_put(p, v);

	if (n > room || n == 0)
		abort();
	key = malloc(n);
	memcpy(key, p, n);
	free(p);
	return slice_of(key, n);
}

static bool
same_value(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_NONE || b->type == VALUE_NONE)
		return a->type == b->type;
	return value_compare(a, b) == 0;
}

static bool
round_trip(const struct value *v)
{
	struct slice key = key_of(v), again;
	struct arena arena = { 0 };
	struct value back;
	bool good = key_get(key.p, &back, &arena) == key.n &&
		    key_length(key.p) == key.n;

	/* A real that is whole comes back as an integer. */
	good = good && same_value(v, &back) &&
	       (back.type == v->type ||
		   (v->type == VALUE_REAL && back.type == VALUE_INT));
	again = key_of(&back);
	good = good && slice_eq(key, again);
	free((char *)again.p);
	free((char *)key.p);
	arena_free(&arena);
	return good;
}

static bool
round_trips(enum value_type type)
{
	struct sample s;
	bool good = true;

	for (int i = 0; i < ROUNDS; i++) {
		random_value(&s, type);
		good &= round_trip(&s.v);
	}
	return good;
}

static int
sign(int c)
{
	return (c > 0) - (c < 0);
}

/* Whether the keys of both order as the values do. */
static bool
agrees(const struct value *a, const struct value *b)
{
	struct slice x = key_of(a), y = key_of(b);
	int wanted = value_compare(a, b), got = sign(slice_cmp(x, y));

	free((char *)x.p);
	free((char *)y.p);
	return wanted == VALUE_UNORDERED || got == wanted;
}

static bool
orders(enum value_type one, enum value_type other)
{
	struct sample a, b;

	for (int i = 0; i < PAIRS; i++) {
		random_value(&a, one);
		random_value(&b, other);
		if (!agrees(&a.v, &b.v))
			return false;
	}
	return true;
}

static void
test_round_trip(void)
{
	OK(round_trips(VALUE_NONE));
	OK(round_trips(VALUE_BOOL));
	OK(round_trips(VALUE_INT));
	OK(round_trips(VALUE_REAL));
	OK(round_trips(VALUE_TIME));
	OK(round_trips(VALUE_IP));
	OK(round_trips(VALUE_NET));
	OK(round_trips(VALUE_STR));
	OK(round_trips(VALUE_JSON));
}

static struct value
of_int(i128 i)
{
	return (struct value){ .type = VALUE_INT, .i = i };
}

static struct value
of_real(double d)
{
	return (struct value){ .type = VALUE_REAL, .d = d };
}

static struct value
of_text(const char *p, size_t n)
{
	return (struct value){ .type = VALUE_STR, .s = { p, n } };
}

static bool
same_key(struct value a, struct value b)
{
	struct slice x = key_of(&a), y = key_of(&b);
	bool same = slice_eq(x, y);

	free((char *)x.p);
	free((char *)y.p);
	return same;
}

static bool
before(struct value a, struct value b)
{
	struct slice x = key_of(&a), y = key_of(&b);
	int c = slice_cmp(x, y);

	free((char *)x.p);
	free((char *)y.p);
	return c < 0;
}

static void
test_order(void)
{
	OK(orders(VALUE_BOOL, VALUE_BOOL));
	OK(orders(VALUE_INT, VALUE_INT));
	OK(orders(VALUE_TIME, VALUE_TIME));
	OK(orders(VALUE_IP, VALUE_IP));
	OK(orders(VALUE_STR, VALUE_STR));
	OK(orders(VALUE_JSON, VALUE_JSON));
	OK(before(of_text("a", 1), of_text("a\0", 2)));
	OK(before(of_text("a\0\xff", 3), of_text("a\1", 2)));
	OK(before(of_int(-1), of_int(0)) && before(of_int(9), of_int(10)));
	OK(before(of_real(-1.5), of_real(-0.5)));
	OK(before(of_real(-0.5), of_real(0.5)));
}

/* Numbers are one type, whether they are whole or not. */
static void
test_numbers(void)
{
	const i128 top = (i128)(~(u128)0 >> 1);
	struct value v = of_int(top);

	OK(round_trip(&v));
	v = of_int(-top - 1);
	OK(round_trip(&v) && before(v, of_int(top)));
	OK(same_key(of_int(2), of_real(2)));
	OK(same_key(of_int(0), of_real(-0.0)));
	OK(same_key(of_int(-5), of_real(-5)));
	OK(!same_key(of_int(2), of_real(2.5)));
	OK(!same_key(of_int(2), of_text("2", 1)));
	OK(same_key(of_int(1000000000000000000), of_real(1e18)));
	OK(same_key(of_int((i128)1 << 64), of_real(0x1p64)));
	OK(before(of_int(1), of_real(1.5)) && before(of_real(1.5), of_int(2)));
	OK(before(of_real(-0.5), of_int(0)));
	OK(orders(VALUE_REAL, VALUE_REAL));
}

/* Networks of different lengths too. */
static void
test_networks(void)
{
	OK(orders(VALUE_NET, VALUE_NET));
}

/* Keys of several values: parted again, equal only if all are. */
static void
test_several(void)
{
	bool parted = true, apart = true, equal = true;
	int met = 0;

	for (int i = 0; i < PAIRS; i++) {
		struct sample s[2][2];
		char key[2][4 * (KEY_ROOM + 2 * TEXT)];
		size_t n[2] = { 0 }, at = 0;
		struct arena arena = { 0 };
		struct value v;
		bool same = true, same_keys;

		for (int j = 0; j < 4; j++) {
			struct sample *one = &s[j / 2][j % 2];

			random_value(one, VALUE_STR);
			if (sample_below(4) == 0)
				random_value(one, sample_below(2));
			n[j / 2] += key_put(key[j / 2] + n[j / 2], &one->v);
		}
		for (int j = 0; j < 2; j++) {
			at += key_get(key[0] + at, &v, &arena);
			parted &= same_value(&v, &s[0][j].v);
			same &= s[0][j].v.type == s[1][j].v.type &&
				same_value(&s[0][j].v, &s[1][j].v);
		}
		parted &= at == n[0];
		same_keys =
		    slice_eq(slice_of(key[0], n[0]), slice_of(key[1], n[1]));
		equal &= !same || same_keys;
		apart &= same || !same_keys;
		met += same;
		arena_free(&arena);
	}
	OK(parted);
	OK(equal && met > 100);
	OK(apart);
}

static void
test_counts(void)
{
	bool same = true;

	for (uint64_t n = 0; n <= 1ull << 53; n += 1 + n / 3) {
		struct value v = of_int((i128)n);
		struct slice key = key_of(&v);
		char room[KEY_COUNT];

		same &= slice_eq(key, slice_of(room, key_put_count(room, n)));
		free((char *)key.p);
	}
	OK(same);
}

int
main(void)
{
	test_round_trip();
	test_order();
	test_numbers();
	test_networks();
	test_several();
	test_counts();
	return DONE();
}
