/* SPDX-License-Identifier: MIT */
#include "libcommon/num_units.h"

#include "libcommon/ascii.h"
#include "libcommon/num.h"

static const char expected[] = "number expected";
static const char beyond_64[] = "number beyond 64 bits";

/* whole + frac / scale, as users write it. */
struct fixed {
	uint64_t whole;
	uint64_t frac;
	uint64_t scale;
	bool cut; /* digits that are not zero followed */
};

static const char *
read_fixed(struct slice *s, struct fixed *f)
{
	const char *p = s->p, *end = p + s->n, *start = p, *err;

	*f = (struct fixed){ .scale = 1 };
	p = ascii_skip_digits(p, end);
	if (p == start)
		return expected;
	err = num_u64(slice_of(start, (size_t)(p - start)), &f->whole);
	if (!err && p < end && *p == '.') {
		start = ++p;
		for (; p < end && ascii_is_digit(*p); p++) {
			if (p - start >= 18) {
				f->cut |= *p != '0';
				continue;
			}
			f->frac = f->frac * 10 + (uint64_t)(*p - '0');
			f->scale *= 10;
		}
		if (p == start)
			err = expected;
	}
	*s = slice_of(p, (size_t)(end - p));
	return err;
}

static u128
times(const struct fixed *f, uint64_t unit, bool *exact)
{
	u128 frac = (u128)f->frac * unit;

	*exact = !f->cut && frac % f->scale == 0;
	return (u128)f->whole * unit + frac / f->scale;
}

static const char *
read_hex(struct slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (!s.n)
		return expected;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = ascii_hex(s.p[i]);

		if (digit > 15)
			return expected;
		if (v >> 60)
			return beyond_64;
		v = v << 4 | digit;
	}
	*out = v;
	return NULL;
}

const char *
num_quantity(struct slice s, uint64_t *out)
{
	static const char units[] = "kMGTP";
	struct fixed f;
	uint64_t unit = 1, step = 1000;
	const char *err, *letter;
	bool exact;
	u128 v;

	if (s.n > 1 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x')
		return read_hex(slice_of(s.p + 2, s.n - 2), out);
	err = read_fixed(&s, &f);
	if (err)
		return err;
	if (s.n == 2 && s.p[1] == 'i') {
		step = 1024;
		s.n--;
	}
	letter = s.n ? memchr(units, *s.p == 'K' ? 'k' : *s.p, 5) : units;
	if (s.n > 1 || !letter || (!s.n && step == 1024))
		return "unknown unit: they are k, M, G, T, P, of 1024 Ki, Mi, Gi, Ti, Pi";
	for (size_t n = s.n ? (size_t)(letter - units) + 1 : 0; n; n--)
		unit *= step;
	v = times(&f, unit, &exact);
	if (!exact)
		return "not a whole number";
	if (v > UINT64_MAX)
		return beyond_64;
	*out = (uint64_t)v;
	return NULL;
}

static const struct {
	const char *name;
	int64_t ns;
} time_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60000000000 },
	{ "h", 3600000000000 },
	{ "d", 86400000000000 },
	{ "w", 604800000000000 },
};

static int64_t
time_unit(struct slice s)
{
	for (size_t i = 0; i < sizeof time_units / sizeof *time_units; i++)
		if (slice_is(s, time_units[i].name))
			return time_units[i].ns;
	return 0;
}

const char *
num_duration(struct slice s, int64_t *ns)
{
	bool first = true, exact;
	u128 sum = 0;

	do {
		struct fixed f;
		struct slice name;
		int64_t unit = NUM_NANO;
		const char *err = read_fixed(&s, &f);

		if (err)
			return err == expected ? "duration expected" : err;
		name = slice_of(s.p, 0);
		while (name.n < s.n && !ascii_is_digit(name.p[name.n]))
			name.n++;
		if (name.n || !first)
			unit = time_unit(name);
		if (!unit)
			return "unknown unit of time: they are ns, us, ms, s, m, h, d, w";
		sum += times(&f, (uint64_t)unit, &exact);
		if (sum > INT64_MAX)
			return "duration beyond 292 years";
		s = slice_of(s.p + name.n, s.n - name.n);
		first = false;
	} while (s.n);
	*ns = (int64_t)sum;
	return NULL;
}
