/* SPDX-License-Identifier: MIT */
#include "libcommon/value.h"

#include <math.h>
#include <stdio.h>

#include "libcommon/ascii.h"
#include "libcommon/num_put.h"
#include "libcommon/num_units.h"

static struct slice
decoded(const struct json_val *v, const struct value_reading *how)
{
	struct slice s = json_slice(v);
	char *p;

	if (!v->escaped)
		return s;
	p = arena_alloc(how->arena, s.n);
	return slice_of(p, json_unescape(s, p));
}

static bool
is_number_text(struct slice s)
{
	return json_scalar(s.p, s.n) == JSON_NUMBER;
}

static const char *
from_int(struct slice s, struct value *out)
{
	int64_t negative;
	uint64_t u;
	const char *err;

	if (s.n && *s.p == '-') {
		err = num_i64(s, &negative);
		out->i = negative;
	} else {
		err = num_u64(s, &u);
		out->i = u;
	}
	/* 1500.0 and 15e2 are whole, too. */
	if (err && is_number_text(s))
		err = num_whole(s, &out->i);
	if (!err && (out->i > UINT64_MAX || out->i < INT64_MIN))
		err = "number beyond 64 bits";
	out->type = VALUE_INT;
	return err;
}

static const char *
from_real(struct slice s, struct value *out)
{
	out->type = VALUE_REAL;
	return num_double(s, &out->d);
}

static bool
is_integer_text(struct slice s)
{
	const char *p = s.p + (s.n && *s.p == '-'), *end = s.p + s.n;

	return p < end && ascii_skip_digits(p, end) == end;
}

/* A number of any kind; sums of integers may have 128 bits. */
static const char *
from_number(struct slice s, struct value *out)
{
	out->type = VALUE_INT;
	if (is_integer_text(s) && (!from_int(s, out) || !num_whole(s, &out->i)))
		return NULL;
	return from_real(s, out);
}

static const char *
read_time(struct slice s, bool is_text, const struct value_reading *how,
    struct value *out)
{
	int64_t ns = 0;
	const char *err = is_text ? tstamp_parse(s, how->zone, &ns)
				  : tstamp_number(s, TSTAMP_GUESS, &ns);

	if (err && is_text && is_number_text(s))
		err = tstamp_number(s, TSTAMP_GUESS, &ns);
	out->type = VALUE_TIME;
	out->i = ns;
	return err;
}

static const char *
read_named(struct slice s, enum names_set set, struct value *out)
{
	int n = names_number(set, s);

	if (n < 0)
		return is_integer_text(s) ? from_int(s, out) : "unknown name";
	out->type = VALUE_INT;
	out->i = n;
	return NULL;
}

static const char *
read_flags(struct slice s, struct value *out)
{
	unsigned flags = 0;
	const char *err = flags_parse(s, &flags);

	out->type = VALUE_INT;
	out->i = flags;
	return err;
}

static const char *
read_ip(struct slice s, struct value *out)
{
	out->type = VALUE_IP;
	return ip_parse(s, &out->ip);
}

/* Text (a string's bytes) as a value of that type. */
static const char *
from_text(struct slice s, enum field_type type, enum names_set set,
    const struct value_reading *how, struct value *out)
{
	switch (type) {
	case FIELD_IP:
		return read_ip(s, out);
	case FIELD_TIME:
		return read_time(s, true, how, out);
	case FIELD_FLAGS:
		return read_flags(s, out);
	case FIELD_NAMED:
		return read_named(s, set, out);
	case FIELD_INT:
		return is_number_text(s) ? from_int(s, out) : "number expected";
	case FIELD_REAL:
		return is_number_text(s) ? from_real(s, out)
					 : "number expected";
	default:
		out->type = VALUE_STR;
		out->s = s;
		return NULL;
	}
}

static const char *
from_json_number(struct slice s, enum field_type type,
    const struct value_reading *how, struct value *out)
{
	const char *err;

	switch (type) {
	case FIELD_TIME:
		return read_time(s, false, how, out);
	case FIELD_IP:
		return "IP address expected";
	case FIELD_REAL:
		return from_real(s, out);
	case FIELD_FLAGS:
		err = from_int(s, out);
		out->i &= 0xff; /* as in text: the eight that have letters */
		return err;
	case FIELD_INT:
	case FIELD_NAMED:
		return from_int(s, out);
	case FIELD_STR:
		out->type = VALUE_STR;
		out->s = s;
		return NULL;
	default:
		return from_number(s, out);
	}
}

const char *
value_read(const struct json_val *v, enum field_type type, enum names_set set,
    const struct value_reading *how, struct value *out)
{
	out->type = VALUE_NONE;
	switch (json_kind_of(v)) {
	case JSON_NONE:
	case JSON_NULL:
		return NULL;
	case JSON_NUMBER:
		return from_json_number(json_slice(v), type, how, out);
	case JSON_STRING:
	case JSON_BARE:
		return from_text(decoded(v, how), type, set, how, out);
	case JSON_TRUE:
	case JSON_FALSE:
		out->type = VALUE_BOOL;
		out->b = json_kind_of(v) == JSON_TRUE;
		break;
	default:
		out->type = VALUE_JSON;
		out->s = json_slice(v);
	}
	return type == FIELD_ANY || type == FIELD_BOOL
		   ? NULL
		   : "a single value expected";
}

/* What a user writes without saying its type. */
static const char *
guess(struct slice s, const struct value_reading *how, struct value *out)
{
	struct ip_prefix p;
	int64_t ns;
	uint64_t u;

	if (is_number_text(s))
		return from_number(s, out);
	if (!num_quantity(s, &u)) {
		*out = (struct value){ .type = VALUE_INT, .i = u };
		return NULL;
	}
	if (s.n && ascii_is_digit(*s.p) && !num_duration(s, &ns)) {
		*out = (struct value){ .type = VALUE_REAL,
			.d = (double)ns / NUM_NANO };
		return NULL;
	}
	if (!read_ip(s, out))
		return NULL;
	if (memchr(s.p, '/', s.n) && !ip_prefix_parse(s, &p)) {
		*out = (struct value){
			.type = VALUE_NET, .net_len = p.len, .ip = p.ip
		};
		return NULL;
	}
	if (s.n >= 7 && s.p[4] == '-' && !read_time(s, true, how, out))
		return NULL;
	out->type = VALUE_STR;
	out->s = s;
	return NULL;
}

const char *
value_parse(struct slice text, enum field_type type, enum names_set set,
    const struct value_reading *how, struct value *out)
{
	int64_t ns;
	uint64_t u;

	switch (type) {
	case FIELD_ANY:
		return guess(text, how, out);
	case FIELD_INT:
		if (is_number_text(text))
			return from_number(text, out);
		if (num_quantity(text, &u))
			return "a number expected, as 10k, 2M or 64Ki";
		*out = (struct value){ .type = VALUE_INT, .i = u };
		return NULL;
	case FIELD_REAL:
		if (is_number_text(text))
			return from_real(text, out);
		if (num_duration(text, &ns))
			return guess(text, how, out);
		*out = (struct value){ .type = VALUE_REAL,
			.d = (double)ns / NUM_NANO };
		return NULL;
	case FIELD_NAMED:
		if (read_named(text, set, out) && num_quantity(text, &u))
			return "unknown name";
		if (names_number(set, text) < 0 && !is_integer_text(text))
			*out = (struct value){ .type = VALUE_INT, .i = u };
		return NULL;
	default:
		return from_text(text, type, set, how, out);
	}
}

void
value_as_number(struct value *v)
{
	if (v->type == VALUE_STR && is_number_text(v->s))
		from_number(v->s, v);
}

static int
sign(double a, double b)
{
	return a < b ? -1 : a > b ? 1 : a == b ? 0 : VALUE_UNORDERED;
}

double
value_double(const struct value *v)
{
	if (v->type == VALUE_INT)
		return (double)v->i;
	if (v->type == VALUE_REAL)
		return v->d;
	if (v->type == VALUE_TIME || v->type == VALUE_NANO)
		return (double)v->i / NUM_NANO;
	if (v->type == VALUE_BOOL)
		return v->b;
	return NAN;
}

bool
value_nano(const struct value *v, i128 *out)
{
	if (v->type == VALUE_INT)
		return !__builtin_mul_overflow(v->i, (i128)NUM_NANO, out);
	if (v->type == VALUE_NANO) {
		*out = v->i;
		return true;
	}
	if (v->type != VALUE_REAL || !(fabs(v->d) < 1e28))
		return false;
	*out = num_nano_of(v->d);
	return true;
}

/* Exactly, beyond 2^53, too. */
static int
compare_whole(i128 a, double b)
{
	i128 whole;

	if (!(fabs(b) < 1e38))
		return sign((double)a, b);
	whole = (i128)b;
	return a == whole ? sign((double)whole, b) : a < whole ? -1 : 1;
}

static int
reversed(int c)
{
	return c == VALUE_UNORDERED ? c : -c;
}

static int
compare_text(const struct value *text, const struct value *other)
{
	static const enum field_type as[] = {
		[VALUE_INT] = FIELD_REAL,
		[VALUE_REAL] = FIELD_REAL,
		[VALUE_NANO] = FIELD_REAL,
		[VALUE_IP] = FIELD_IP,
		[VALUE_TIME] = FIELD_TIME,
	};
	const struct value_reading how = { 0 };
	struct value v;

	if (other->type >= sizeof as / sizeof *as || !as[other->type])
		return VALUE_UNORDERED;
	if (other->type == VALUE_INT && is_integer_text(text->s) &&
	    !from_number(text->s, &v))
		return value_compare(&v, other);
	if (from_text(text->s, as[other->type], 0, &how, &v))
		return VALUE_UNORDERED;
	return value_compare(&v, other);
}

int
value_compare(const struct value *a, const struct value *b)
{
	int c;

	if (value_is_number(a) && value_is_number(b)) {
		if (a->type == b->type && a->type != VALUE_REAL)
			return (a->i > b->i) - (a->i < b->i);
		if (a->type == VALUE_INT && b->type == VALUE_REAL)
			return compare_whole(a->i, b->d);
		if (a->type == VALUE_REAL && b->type == VALUE_INT)
			return reversed(compare_whole(b->i, a->d));
		return sign(value_double(a), value_double(b));
	}
	if (a->type == VALUE_STR && b->type != VALUE_STR)
		return compare_text(a, b);
	if (b->type == VALUE_STR && a->type != VALUE_STR)
		return reversed(compare_text(b, a));
	if (a->type != b->type)
		return VALUE_UNORDERED;
	switch (a->type) {
	case VALUE_BOOL:
		return a->b - b->b;
	case VALUE_TIME:
		return (a->i > b->i) - (a->i < b->i);
	case VALUE_NET:
	case VALUE_IP:
		c = memcmp(&a->ip, &b->ip, sizeof a->ip);
		if (!c && a->type == VALUE_NET)
			c = a->net_len - b->net_len;
		return (c > 0) - (c < 0);
	case VALUE_STR:
	case VALUE_JSON:
		c = slice_cmp(a->s, b->s);
		return (c > 0) - (c < 0);
	default:
		return VALUE_UNORDERED;
	}
}

/* The text of all but strings, in a buffer of at least 64 bytes. */
enum { SHORT_TEXT = 64 };

static size_t
short_text(char *out, const struct value *v, const struct field *f)
{
	struct ip_prefix p;

	switch (v->type) {
	case VALUE_BOOL:
		return (size_t)sprintf(out, "%s", v->b ? "true" : "false");
	case VALUE_INT:
		if (f && f->type == FIELD_FLAGS)
			return flags_put(out, (unsigned)v->i);
		return num_put_i128(out, v->i);
	case VALUE_REAL:
		return num_put_double(out, v->d);
	case VALUE_NANO:
		return num_put_nano(out, v->i);
	case VALUE_TIME:
		return tstamp_put(out, (int64_t)v->i);
	case VALUE_IP:
		return ip_put(out, &v->ip);
	case VALUE_NET:
		p = (struct ip_prefix){ v->ip, v->net_len };
		return ip_prefix_put(out, &p);
	default:
		return 0;
	}
}

size_t
value_text(char *out, size_t room, const struct value *v, const struct field *f)
{
	char text[64];
	struct slice s = v->s;

	if (v->type != VALUE_STR && v->type != VALUE_JSON)
		s = slice_of(text, short_text(text, v, f));
	if (s.n > room)
		s.n = room;
	memcpy(out, s.p, s.n);
	return s.n;
}

static bool
is_bare(const struct value *v, const struct field *f)
{
	return v->type == VALUE_BOOL || v->type == VALUE_REAL ||
	       v->type == VALUE_NANO ||
	       (v->type == VALUE_INT && !(f && f->type == FIELD_FLAGS));
}

/* What fits in the buffer, without a copy; false: the long way. */
static bool
put_short(struct output *out, const struct value *v, const struct field *f)
{
	char *p = out_room(out, SHORT_TEXT + 2);
	bool quoted = !is_bare(v, f);
	size_t n;

	if (!p)
		return false;
	*p = '"';
	n = quoted + short_text(p + quoted, v, f);
	p[n] = '"';
	out->n += n + quoted;
	return true;
}

void
value_json(struct output *out, const struct value *v, const struct field *f)
{
	char text[SHORT_TEXT];
	size_t n;

	if (v->type != VALUE_NONE && v->type != VALUE_STR &&
	    v->type != VALUE_JSON && put_short(out, v, f))
		return;
	if (v->type == VALUE_NONE) {
		out_put(out, "null", 4);
		return;
	}
	if (v->type == VALUE_JSON) {
		out_slice(out, v->s);
		return;
	}
	if (is_bare(v, f)) {
		n = short_text(text, v, f);
		out_put(out, text, n);
		return;
	}
	out_char(out, '"');
	if (v->type == VALUE_STR) {
		out_json_string(out, v->s);
	} else {
		n = short_text(text, v, f);
		out_put(out, text, n);
	}
	out_char(out, '"');
}
