/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_tree.h"

#include <libpsl.h>
#include <math.h>

static void
none(struct value *out)
{
	out->type = VALUE_NONE;
}

static void
set_int(struct value *out, i128 i)
{
	out->type = VALUE_INT;
	out->i = i;
}

static void
set_real(struct value *out, double d)
{
	out->type = isnan(d) ? VALUE_NONE : VALUE_REAL;
	out->d = d;
}

/* The text of a value, borrowed or in the scratch arena. */
static bool
as_text(const struct value *v, struct slice *s, struct arena *scratch)
{
	char *p;

	if (v->type == VALUE_NONE)
		return false;
	if (v->type == VALUE_STR || v->type == VALUE_JSON) {
		*s = v->s;
		return true;
	}
	p = arena_alloc(scratch, 64);
	*s = slice_of(p, value_text(p, 64, v, NULL));
	return true;
}

static struct slice
lowered(struct slice s, struct arena *scratch)
{
	char *p = arena_alloc(scratch, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20
							     : s.p[i]);
	p[s.n] = '\0';
	return slice_of(p, s.n);
}

static void
fn_lower(
    struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	struct slice s;

	(void)n;
	if (!as_text(args, &s, scratch)) {
		none(out);
		return;
	}
	out->type = VALUE_STR;
	out->s = lowered(s, scratch);
}

/* The name of a host as such names are compared; what is no text stays. */
static void
fn_host(
    struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	if (args[0].type == VALUE_STR)
		fn_lower(args, n, out, scratch);
	else
		*out = args[0];
	if (out->type == VALUE_STR && out->s.n > 1)
		out->s.n -= out->s.p[out->s.n - 1] == '.';
}

const struct function fold_host = { "host", 1, 1, fn_host, "", GIVES_TEXT };

/* The registrable domain: the public suffix and one label more. */
static void
fn_domain(
    struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	const char *domain;
	struct slice s;
	struct ip ip;

	fn_lower(args, n, out, scratch);
	if (out->type == VALUE_NONE)
		return;
	s = out->s;
	while (s.n && s.p[s.n - 1] == '.')
		s.n--;
	((char *)s.p)[s.n] = '\0';
	domain =
	    memchr(s.p, '\0', s.n) || strstr(s.p, "..") || !ip_parse(s, &ip)
		? NULL
		: psl_registrable_domain(psl_builtin(), s.p);
	if (domain)
		out->s = slice_str(domain);
	else
		none(out);
}

/* Bytes; of an array or object its elements are not counted. */
static void
fn_len(struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	struct slice s;

	(void)n;
	if (as_text(args, &s, scratch))
		set_int(out, (i128)s.n);
	else
		none(out);
}

/* Shannon's, in bits a byte: - sum p log2 p. */
static void
fn_entropy(
    struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	unsigned count[256] = { 0 };
	uint64_t found[4] = { 0 }; /* the bytes that occur */
	double sum = 0;
	struct slice s;

	(void)n;
	if (!as_text(args, &s, scratch)) {
		none(out);
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		count[c]++;
		found[c / 64] |= 1ull << c % 64;
	}
	for (int k = 0; k < 4; k++)
		for (uint64_t left = found[k]; left; left &= left - 1) {
			double times = count[64 * k + __builtin_ctzll(left)];

			sum -= times * log2(times / (double)s.n);
		}
	set_real(out, s.n ? sum / (double)s.n : 0);
}

static void
fn_prefix(
    struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	struct ip ip;
	unsigned v4, v6;
	bool is_v4;

	if (args[0].type == VALUE_STR && ip_parse(args[0].s, &ip) == NULL)
		args[0] = (struct value){ .type = VALUE_IP, .ip = ip };
	value_as_number(&args[1]);
	value_as_number(&args[n - 1]);
	(void)scratch;
	if (args[0].type != VALUE_IP || args[1].type != VALUE_INT ||
	    args[n - 1].type != VALUE_INT) {
		none(out);
		return;
	}
	ip = args[0].ip;
	is_v4 = ip_is_v4(&ip);
	v4 = (unsigned)args[1].i;
	v6 = n > 2 ? (unsigned)args[2].i : 64;
	if (v4 > 32 || v6 > 128) {
		none(out);
		return;
	}
	out->type = VALUE_NET;
	out->ip = ip_mask(&ip, v4, v6);
	out->net_len = (uint8_t)(is_v4 ? v4 + 96 : v6);
}

/* bucket(x, width), or the greatest of several bounds that is not above x. */
static void
fn_bucket(
    struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	struct value x;
	double width;
	i128 w, i;

	(void)scratch;
	none(out);
	for (unsigned k = 0; k < n; k++)
		value_as_number(&args[k]);
	x = args[0];
	width = value_double(&args[1]);
	if (n > 2) {
		for (unsigned k = 1; k < n; k++) {
			int c = value_compare(&x, &args[k]);

			if ((c == 0 || c == 1) &&
			    (out->type == VALUE_NONE ||
				value_compare(&args[k], out) == 1))
				*out = args[k];
		}
		return;
	}
	if (!(width > 0))
		return;
	if (x.type == VALUE_TIME ||
	    (x.type == VALUE_INT && args[1].type == VALUE_INT)) {
		w = x.type == VALUE_TIME ? num_nano_of(width) : args[1].i;
		if (w <= 0)
			return;
		i = x.i / w - (x.i % w < 0);
		if (!__builtin_mul_overflow(i, w, &i))
			*out = (struct value){ .type = x.type, .i = i };
		return;
	}
	set_real(out, floor(value_double(&x) / width) * width);
}

static void
fn_abs(struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	(void)n;
	(void)scratch;
	*out = args[0];
	value_as_number(out);
	if (out->type == VALUE_INT && out->i == INT128_LEAST)
		set_real(out, -(double)out->i);
	else if (out->type == VALUE_INT && out->i < 0)
		out->i = -out->i;
	else if (out->type == VALUE_REAL)
		out->d = fabs(out->d);
	else if (out->type != VALUE_INT)
		none(out);
}

static void
fn_floor(
    struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	(void)n;
	(void)scratch;
	*out = args[0];
	value_as_number(out);
	if (out->type == VALUE_REAL && fabs(out->d) < 1e38)
		set_int(out, (i128)floor(out->d));
	else if (out->type != VALUE_INT)
		none(out);
}

/* The greatest (sign 1) or least (-1) of those that are known. */
static void
extreme(struct value *args, unsigned n, struct value *out, int sign)
{
	none(out);
	for (unsigned i = 0; i < n; i++)
		if (args[i].type != VALUE_NONE &&
		    (out->type == VALUE_NONE ||
			value_compare(&args[i], out) == sign))
			*out = args[i];
}

static void
fn_max(struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	(void)scratch;
	extreme(args, n, out, 1);
}

static void
fn_min(struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	(void)scratch;
	extreme(args, n, out, -1);
}

/* The first that is known. */
static void
fn_coalesce(
    struct value *args, unsigned n, struct value *out, struct arena *scratch)
{
	(void)scratch;
	none(out);
	for (unsigned i = 0; i < n && out->type == VALUE_NONE; i++)
		*out = args[i];
}

const struct function functions[] = {
	{ "abs", 1, 1, fn_abs, "abs(x): without its sign", GIVES_NUMBER },
	{ "bucket", 2, 32, fn_bucket,
	    "bucket(x, width) or bucket(x, bound, ..): lower end of x's bucket",
	    GIVES_NUMBER },
	{ "coalesce", 1, 8, fn_coalesce, "coalesce(a, b, ..): first known",
	    GIVES_ARGUMENT },
	{ "domain", 1, 1, fn_domain, "domain(name): registrable domain",
	    GIVES_TEXT },
	{ "entropy", 1, 1, fn_entropy, "entropy(text): bits a byte",
	    GIVES_NUMBER },
	{ "floor", 1, 1, fn_floor, "floor(x): integer not above x",
	    GIVES_NUMBER },
	{ "len", 1, 1, fn_len, "len(text): bytes", GIVES_NUMBER },
	{ "lower", 1, 1, fn_lower, "lower(text): in lower case", GIVES_TEXT },
	{ "max", 1, 8, fn_max, "max(a, b, ..): greatest", GIVES_ARGUMENT },
	{ "min", 1, 8, fn_min, "min(a, b, ..): least", GIVES_ARGUMENT },
	{ "prefix", 2, 3, fn_prefix,
	    "prefix(ip, v4 bits[, v6 bits]): network, 64 bits of IPv6",
	    GIVES_NUMBER },
	{ 0 },
};

/* Those with a grammar of their own. */
static const char *const special[] = { "if", "map", "exists", "any", "all" };

const char *
expr_function_name(unsigned i)
{
	enum { N = sizeof functions / sizeof *functions - 1 };

	if (i < N)
		return functions[i].name;
	return i - N < sizeof special / sizeof *special ? special[i - N] : NULL;
}
