/* SPDX-License-Identifier: MIT */
/* long file: mostly tables of cases. */

#include <math.h>
#include <stdlib.h>

#include "libcommon/num.h"
#include "libcommon/num_put.h"
#include "libcommon/num_units.h"
#include "tests/unit/t.h"

static uint64_t seed = 1;

static uint64_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* A copy that ends with its block, so that a sanitizer sees reads beyond. */
static struct slice
tight(struct slice s)
{
	char *p = malloc(s.n ? s.n : 1);

	memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

static const char *
u64(const char *text, uint64_t *v)
{
	struct slice s = tight(slice_str(text));
	const char *err = num_u64(s, v);

	free((char *)s.p);
	return err;
}

static bool
u64_is(const char *text, uint64_t want)
{
	uint64_t v = 0;

	return !u64(text, &v) && v == want;
}

static bool
u64_fails(const char *text, const char *why)
{
	uint64_t v;
	const char *err = u64(text, &v);

	if (!err || strcmp(err, why) != 0)
		printf("# \"%s\": %s\n", text, err ? err : "read");
	return err && !strcmp(err, why);
}

static const char expected[] = "number expected";
static const char beyond[] = "number beyond 64 bits";

/* Every length, and a byte that is no digit at every place. */
static bool
all_lengths(void)
{
	static const char others[] = "/:.-+ aF\x80\xb0\xff";
	char text[32];
	uint64_t v;

	for (int len = 1; len <= 20; len++)
		for (int round = 0; round < 200; round++) {
			uint64_t want = rnd();

			for (int i = 0; i < 20 - len; i++)
				want /= 10;
			snprintf(text, sizeof text, "%0*llu", len,
			    (unsigned long long)want);
			if (!u64_is(text, want))
				return false;
			text[rnd() % strlen(text)] =
			    others[rnd() % (sizeof others - 1)];
			if (!u64(text, &v))
				return false;
		}
	return true;
}

static void
test_u64(void)
{
	uint64_t v = 7;

	OK(u64_is("0", 0) && u64_is("7", 7) && u64_is("65535", 65535));
	OK(u64_is("18446744073709551615", UINT64_MAX));
	OK(u64_fails("18446744073709551616", beyond));
	OK(u64_fails("99999999999999999999", beyond));
	OK(u64_fails("100000000000000000000", beyond));
	OK(u64_is("01", 1) && u64_is("00000000000000000000000042", 42));
	OK(u64_is("000018446744073709551615", UINT64_MAX));
	OK(u64_fails("", expected) && u64_fails("+1", expected) &&
	    u64_fails(" 1", expected) && u64_fails("1 ", expected));
	OK(u64_fails("-0", expected) && u64_fails("1.0", expected) &&
	    u64_fails("1e3", expected) && u64_fails("0x10", expected));
	OK(u64_fails("1234567890123456789012345678901234567890x", expected));
	OK(num_u64((struct slice){ NULL, 0 }, &v) && v == 7);
	OK(all_lengths());
}

static bool
i64_is(const char *text, int64_t want)
{
	int64_t v = 0;

	return !num_i64(slice_str(text), &v) && v == want;
}

static void
test_i64(void)
{
	int64_t v;

	OK(i64_is("-0", 0) && i64_is("-1", -1) && i64_is("12", 12));
	OK(i64_is("9223372036854775807", INT64_MAX));
	OK(i64_is("-9223372036854775808", INT64_MIN));
	OK(num_i64(SLICE_LIT("9223372036854775808"), &v) &&
	    num_i64(SLICE_LIT("-9223372036854775809"), &v));
	OK(num_i64(SLICE_LIT("-"), &v) && num_i64(SLICE_LIT(""), &v) &&
	    num_i64(SLICE_LIT("--1"), &v) && num_i64(SLICE_LIT("+1"), &v));
}

static bool
double_is(const char *text, double want)
{
	double v = 77;
	const char *err = num_double(slice_str(text), &v);

	if (err || memcmp(&v, &want, sizeof v))
		printf("# \"%.60s\": %s %.17g\n", text, err ? err : "", v);
	return !err && memcmp(&v, &want, sizeof v) == 0;
}

static bool
all_fail(const char *const *text)
{
	double d;
	i128 n;

	for (; *text; text++)
		if (!num_double(slice_str(*text), &d) ||
		    !num_nano(slice_str(*text), &n)) {
			printf("# \"%s\" was read\n", *text);
			return false;
		}
	return true;
}

static const char *const no_numbers[] = { "", "-", "+1", " 1", "1 ", ".5", "5.",
	"1e", "1e+", "1e-", "e5", "-e5", "1.e5", "0x10", "nan", "inf",
	"Infinity", "1e5.5", "1..5", "1.5.5", "--1", "1-", "1e5x", NULL };

static bool
against_strtod(void)
{
	static const char *const formats[] = { "%.17g", "%.15g", "%.3f", "%.9e",
		"%.25e" };
	char text[400];

	for (int i = 0; i < 100000; i++) {
		uint64_t bits = rnd();
		double d;

		memcpy(&d, &bits, sizeof d);
		if (!isfinite(d))
			continue;
		snprintf(text, sizeof text, formats[i % 5], d);
		if (!double_is(text, strtod(text, NULL)))
			return false;
		d = (double)(int64_t)rnd() / (double)(1 + rnd() % 1000000);
		snprintf(text, sizeof text, formats[i % 5], d);
		if (!double_is(text, strtod(text, NULL)))
			return false;
	}
	return true;
}

/* Half way between 1 and the next double, to 2000 places. */
static bool
long_ties(void)
{
	static const char half[] =
	    "1.00000000000000011102230246251565404236316680908203125";
	char text[2100];
	size_t n = strlen(half);

	memset(text, '0', sizeof text);
	memcpy(text, half, n);
	text[2000] = '\0';
	if (!double_is(text, 1))
		return false;
	text[1999] = '1';
	if (!double_is(text, 1 + 0x1p-52))
		return false;
	memset(text, '0', 2000);
	text[0] = '1';
	memcpy(text + 1990, "e-1989", 7);
	if (!double_is(text, 1))
		return false;
	text[0] = '0';
	memcpy(text + 1989, "1.25e3", 7);
	return double_is(text, 1250) && double_is("0.0001e4", 1);
}

static void
test_double(void)
{
	double v = 7;

	OK(double_is("0", 0) && double_is("-0", -0.0) && double_is("0e99", 0) &&
	    double_is("-0.000", -0.0));
	OK(double_is("1.5", 1.5) && double_is("-1.5E2", -150) &&
	    double_is("1e+2", 100) && double_is("01", 1));
	OK(double_is("0.1", 0.1) && double_is("1e22", 1e22) &&
	    double_is("1e23", 1e23) && double_is("1e-23", 1e-23));
	OK(double_is("9007199254740993", 9007199254740992.0) &&
	    double_is("9007199254740993.00001", 9007199254740994.0));
	OK(double_is("4.9e-324", 4.9e-324) && double_is("1e-400", 0) &&
	    double_is("-1e-99999999999999999999", -0.0));
	OK(double_is("1.7976931348623157e308", 1.7976931348623157e308));
	OK(num_double(SLICE_LIT("1e400"), &v) && v == 7);
	OK(num_double(SLICE_LIT("-1.8e308"), &v) &&
	    num_double(SLICE_LIT("1e99999999999999999999"), &v) && v == 7);
	OK(all_fail(no_numbers));
	OK(long_ties());
	OK(against_strtod());
}

static bool
nano_is(const char *text, const char *want)
{
	char out[NUM_ROOM];
	i128 v;
	const char *err = num_nano(slice_str(text), &v);
	size_t n;

	if (err)
		return !strcmp(err, want);
	n = num_put_i128(out, v);
	if (!slice_is(slice_of(out, n), want))
		printf("# \"%s\": %.*s\n", text, (int)n, out);
	return slice_is(slice_of(out, n), want);
}

static void
test_nano(void)
{
	OK(nano_is("0", "0") && nano_is("-0.0", "0") &&
	    nano_is("1", "1000000000") && nano_is("-1.5", "-1500000000"));
	OK(nano_is("0.000000001", "1") && nano_is("1e-9", "1") &&
	    nano_is("1.000000000", "1000000000"));
	OK(nano_is("0.0000000005", "1") && nano_is("0.0000000004999", "0") &&
	    nano_is("-0.0000000005", "-1") && nano_is("1e-11", "0"));
	OK(nano_is("1437239253.475123456789", "1437239253475123457"));
	OK(nano_is("1.437239253475e9", "1437239253475000000") &&
	    nano_is("123456789e-9", "123456789"));
	OK(nano_is("170141183460469231731687303715.884105727",
	    "170141183460469231731687303715884105727"));
	OK(nano_is("170141183460469231731687303715.884105728",
	       "number beyond 128 bits") &&
	    nano_is("-170141183460469231731687303715.884105728",
		"-170141183460469231731687303715884105728"));
	OK(nano_is("1e30", "number beyond 128 bits") &&
	    nano_is("1e-99999999999999999999", "0") &&
	    nano_is("9e999999999999999999999", "number beyond 128 bits") &&
	    nano_is("0e999999999999999999999", "0"));
	OK(nano_is("999999999999999999999999999999999999999999",
	    "number beyond 128 bits"));
	OK(num_nano_of(1.5) == 1500000000 && num_nano_of(-0.1) == -100000000);
	OK(num_nano_of(1e28) / NUM_NANO == (i128)1e28 &&
	    num_nano_of(NAN) == 0 && num_nano_of(INFINITY) > 0 &&
	    num_nano_of(-1e300) < 0);
	OK(num_nano_of(1437239253.5) == 1437239253500000000 &&
	    num_nano_of(-0x1p60) == -(i128)NUM_NANO * ((int64_t)1 << 60));
}

struct wanted {
	const char *text;
	uint64_t value;
	const char *error;
};

static const char no_unit[] =
    "unknown unit: they are k, M, G, T, P, of 1024 Ki, Mi, Gi, Ti, Pi";
static const char not_whole[] = "not a whole number";

static const struct wanted quantities[] = {
	{ "0", 0, NULL },
	{ "10k", 10000, NULL },
	{ "10K", 10000, NULL },
	{ "1.5M", 1500000, NULL },
	{ "2G", 2000000000, NULL },
	{ "1T", 1000000000000, NULL },
	{ "18P", 18000000000000000, NULL },
	{ "64Ki", 65536, NULL },
	{ "1Mi", 1 << 20, NULL },
	{ "0.5Gi", 1 << 29, NULL },
	{ "4Pi", (uint64_t)4 << 50, NULL },
	{ "1.000", 1, NULL },
	{ "1.5000000000000000000000000000k", 1500, NULL },
	{ "0x1f", 31, NULL },
	{ "0XFFFFFFFFFFFFFFFF", UINT64_MAX, NULL },
	{ "18446744073709551615", UINT64_MAX, NULL },
	{ "18446744073709551.615k", UINT64_MAX, NULL },
	{ "18446744073709551.616k", 0, beyond },
	{ "18446744073709551616", 0, beyond },
	{ "20000P", 0, beyond },
	{ "0x10000000000000000", 0, beyond },
	{ "1.5", 0, not_whole },
	{ "1.0001k", 0, not_whole },
	{ "1.0000000000000000000000000001k", 0, not_whole },
	{ "1i", 0, no_unit },
	{ "1kk", 0, no_unit },
	{ "1m", 0, no_unit },
	{ "1kB", 0, no_unit },
	{ "1 k", 0, no_unit },
	{ "1e3", 0, no_unit },
	{ "", 0, expected },
	{ "k", 0, expected },
	{ "-1", 0, expected },
	{ "+1", 0, expected },
	{ "1.k", 0, expected },
	{ ".5k", 0, expected },
	{ "0x", 0, expected },
	{ "0xg", 0, expected },
};

static const char no_time_unit[] =
    "unknown unit of time: they are ns, us, ms, s, m, h, d, w";
static const char no_duration[] = "duration expected";

static const struct wanted durations[] = {
	{ "1.5s", 1500000000, NULL },
	{ "100ms", 100000000, NULL },
	{ "5m", 300000000000, NULL },
	{ "1h30m", 5400000000000, NULL },
	{ "2d", 172800000000000, NULL },
	{ "1w", 604800000000000, NULL },
	{ "20us", 20000, NULL },
	{ "5ns", 5, NULL },
	{ "0", 0, NULL },
	{ "90", 90000000000, NULL },
	{ "0.000000001", 1, NULL },
	{ "1.5h1.5s", 5401500000000, NULL },
	{ "9223372036854775807ns", INT64_MAX, NULL },
	{ "9223372036854775808ns", 0, "duration beyond 292 years" },
	{ "100000w", 0, "duration beyond 292 years" },
	{ "99999999999999999999s", 0, beyond },
	{ "1h30", 0, no_time_unit },
	{ "1x", 0, no_time_unit },
	{ "1 s", 0, no_time_unit },
	{ "1S", 0, no_time_unit },
	{ "-1s", 0, no_duration },
	{ "", 0, no_duration },
	{ "s", 0, no_duration },
	{ "1.s", 0, no_duration },
};

static bool
matches(const struct wanted *w, uint64_t v, const char *err)
{
	bool good =
	    w->error ? err && !strcmp(err, w->error) : !err && v == w->value;

	if (!good)
		printf("# \"%s\": %s\n", w->text, err ? err : "wrong value");
	return good;
}

static bool
all_quantities(void)
{
	bool good = true;

	for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++) {
		struct slice s = tight(slice_str(quantities[i].text));
		uint64_t v = 0;
		const char *err = num_quantity(s, &v);

		good &= matches(&quantities[i], v, err);
		free((char *)s.p);
	}
	return good;
}

static bool
all_durations(void)
{
	bool good = true;

	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		struct slice s = tight(slice_str(durations[i].text));
		int64_t ns = 0;
		const char *err = num_duration(s, &ns);

		good &= matches(&durations[i], (uint64_t)ns, err);
		free((char *)s.p);
	}
	return good;
}

static bool
put_is(double v, const char *want)
{
	char out[NUM_ROOM];
	size_t n = num_put_double(out, v);

	if (!slice_is(slice_of(out, n), want))
		printf("# %.17g: %.*s\n", v, (int)n, out);
	return slice_is(slice_of(out, n), want);
}

/* Reads back, is JSON, and no shorter %g does. */
static bool
round_trip(double v)
{
	char out[NUM_ROOM + 1], shorter[64];
	size_t n = num_put_double(out, v), digits = 0;
	double back = 0;
	int precision = 1;

	out[n] = '\0';
	if (num_double(slice_of(out, n), &back) || back != v ||
	    strtod(out, NULL) != v || n > NUM_ROOM)
		return false;
	do
		snprintf(shorter, sizeof shorter, "%.*g", precision, v);
	while (strtod(shorter, NULL) != v && precision++ < 17);
	for (size_t i = 0; i < n && (out[i] | 32) != 'e'; i++)
		digits += out[i] >= (digits ? '0' : '1') && out[i] <= '9';
	while (digits > 15 && digits > (size_t)precision && out[n - 1] == '0')
		digits--, n--;
	return digits <= 15 || fabs(v) < 1e17 || digits == (size_t)precision;
}

static bool
round_trips(void)
{
	for (int i = 0; i < 100000; i++) {
		uint64_t bits = rnd();
		double d;

		memcpy(&d, &bits, sizeof d);
		if (isfinite(d) && !round_trip(d))
			return false;
		d = (double)(rnd() % 1000000000) / 1000;
		if (!round_trip(d) || !round_trip(-d / 3) ||
		    !round_trip(ldexp(d, (int)(rnd() % 120) - 60)))
			return false;
	}
	return true;
}

static bool
nano_put_is(i128 v, const char *want)
{
	char out[NUM_ROOM];

	return slice_is(slice_of(out, num_put_nano(out, v)), want);
}

static bool
integers_round_trip(void)
{
	char out[NUM_ROOM];

	for (int i = 0; i < 10000; i++) {
		uint64_t want = rnd() >> rnd() % 64, v;
		i128 wide = (i128)((u128)rnd() << 64 | rnd()) >> rnd() % 127;
		i128 back;

		if (num_u64(slice_of(out, num_put_u64(out, want)), &v) ||
		    v != want)
			return false;
		if (num_nano(slice_of(out, num_put_nano(out, wide)), &back) ||
		    back != wide)
			return false;
	}
	return true;
}

static void
test_put(void)
{
	const i128 top = (i128)(~(u128)0 >> 1);
	char out[NUM_ROOM];

	OK(put_is(0, "0") && put_is(-0.0, "-0") && put_is(1, "1") &&
	    put_is(-2.5, "-2.5"));
	OK(put_is(1e6, "1000000") && put_is(1e15, "1000000000000000") &&
	    put_is(1e16, "10000000000000000") && put_is(1e17, "1e+17"));
	OK(put_is(0.1, "0.1") && put_is(0.1 + 0.2, "0.30000000000000004") &&
	    put_is(1 / 3.0, "0.3333333333333333"));
	OK(put_is(1e-5, "0.00001") && put_is(1.5e-7, "0.00000015") &&
	    put_is(1e-17, "0.00000000000000001") && put_is(1e-18, "1e-18"));
	OK(put_is(1.7976931348623157e308, "1.7976931348623157e+308") &&
	    put_is(5e-324, "4.94065645841247e-324"));
	OK(put_is(NAN, "null") && put_is(INFINITY, "null") &&
	    put_is(-INFINITY, "null"));
	OK(put_is(123456789012345.67, "123456789012345.67") &&
	    put_is(1437239253.475, "1437239253.475"));
	OK(round_trips());
	OK(nano_put_is(1500000000, "1.5") && nano_put_is(1, "0.000000001") &&
	    nano_put_is(7000000000, "7") && nano_put_is(-1, "-0.000000001") &&
	    nano_put_is(0, "0"));
	OK(nano_put_is(top, "170141183460469231731687303715.884105727") &&
	    nano_put_is(-top - 1, "-170141183460469231731687303715.884105728"));
	OK(slice_is(slice_of(out, num_put_u64(out, UINT64_MAX)),
	    "18446744073709551615"));
	OK(slice_is(slice_of(out, num_put_i128(out, -top - 1)),
	    "-170141183460469231731687303715884105728"));
	OK(integers_round_trip());
}

static bool
whole_is(const char *text, i128 wanted)
{
	i128 v = -1;
	const char *err = num_whole(slice_str(text), &v);

	return !err && v == wanted;
}

static bool
no_whole(const char *text, const char *wanted)
{
	i128 v;
	const char *err = num_whole(slice_str(text), &v);

	return err && strcmp(err, wanted) == 0;
}

static void
test_whole(void)
{
	const char *part = "whole number expected";

	OK(whole_is("1500.0", 1500) && whole_is("15e2", 1500) &&
	    whole_is("1.5E+3", 1500) && whole_is("150000e-2", 1500));
	OK(whole_is("0.0", 0) && whole_is("-0", 0) && whole_is("0e99999", 0) &&
	    whole_is("-12.000", -12) && whole_is("0.0012e4", 12));
	OK(whole_is("18446744073709551615.0", UINT64_MAX) &&
	    whole_is("1e19", (i128)10000000000000000000u) &&
	    whole_is("-9223372036854775808", INT64_MIN));
	OK(whole_is("18446744073709551616", (i128)1 << 64) &&
	    whole_is("-36893488147419103232", -((i128)1 << 65)) &&
	    whole_is(
		"1e37", (i128)10000000000000000000u * 1000000000000000000));
	OK(no_whole("1e38", "number beyond 128 bits") &&
	    no_whole("1e999999999999999999", "number beyond 128 bits"));
	OK(no_whole("1.5", part) && no_whole("1e-1", part) &&
	    no_whole("1.00000000000000000001", part) &&
	    no_whole("1e-999999999999", part) && no_whole("0.1", part));
}

int
main(void)
{
	test_u64();
	test_i64();
	test_double();
	test_nano();
	OK(all_quantities());
	OK(all_durations());
	test_put();
	test_whole();
	return DONE();
}
