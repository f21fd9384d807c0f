/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/octets.h"

#include <stdio.h>

#include "libcommon/ascii.h"

/* How many octets the digits behind "0x" are; -1: they are none. */
static long
length(struct slice text)
{
	if (!slice_starts(text, "0x") || text.n % 2)
		return -1;
	for (size_t i = 2; i < text.n; i++)
		if (ascii_hex(text.p[i]) > 15)
			return -1;
	return (long)text.n / 2 - 1;
}

static uint8_t
octet(struct slice text, long i)
{
	return (uint8_t)(ascii_hex(text.p[2 + 2 * i]) << 4 |
			 ascii_hex(text.p[3 + 2 * i]));
}

/* RFC 1035 3.4.1, RFC 3596 2.2. */
static long
address_length(const struct value *type)
{
	if (type->type != VALUE_INT)
		return 0;
	return type->i == 1 ? 4 : type->i == 28 ? 16 : 0;
}

const char *
octets_rdata(struct convert *c, const struct json_val *v, struct value *out)
{
	struct slice text = json_slice(v);
	struct ip ip = { .b = { [10] = 0xff, [11] = 0xff } };
	long n = address_length(field_of(c, DNS_RTYPE)), have = length(text);
	char digits[16];
	uint64_t number;

	if (!text.n || have == 0)
		return NULL;
	if (n == 4 && !num_u64(text, &number) && number <= UINT32_MAX) {
		have = 4;
		text = slice_of(digits, (size_t)snprintf(digits, sizeof digits,
					    "0x%08x", (unsigned)number));
	}
	*out = (struct value){ .type = VALUE_STR, .s = text };
	if (!n || have < n)
		return NULL;
	for (long i = 0; i < n; i++)
		ip.b[16 - n + i] = octet(text, i);
	out->s.p = arena_alloc(&c->scratch, IP_ROOM);
	out->s.n = ip_put((char *)out->s.p, &ip);
	return NULL;
}

/* What the letter behind Python's backslash means. */
static char
meant(char letter)
{
	static const char letters[] = "tnr", octets[] = "\t\n\r";
	const char *at = memchr(letters, letter, sizeof letters - 1);

	return at ? octets[at - letters] : letter;
}

/* The text between the quotes of Python's b'..', as octets. */
static size_t
from_python(struct slice text, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		const char *p = text.p + i;
		size_t left = text.n - i;

		to[n] = *p;
		if (*p == '\\' && left > 3 && p[1] == 'x') {
			to[n] = (char)(ascii_hex(p[2]) << 4 | ascii_hex(p[3]));
			i += 3;
		} else if (*p == '\\' && left > 1) {
			to[n] = meant(p[1]);
			i++;
		}
		n++;
	}
	return n;
}

/*
 * The octets that digits stand for, behind 0x or not, or what unirec2json
 * writes, which is how Python shows them.
 */
static const char *
read_octets(struct convert *c, struct slice text, struct slice *octets)
{
	static const char head[] = "bytearray(b'";
	size_t n_head = sizeof head - 1, n = text.n / 2;
	char *to = arena_alloc(&c->scratch, text.n + 1);

	/* The first quote may be double, too. */
	if (slice_starts(text, "bytearray(b") && text.n > n_head + 1) {
		text = slice_of(text.p + n_head, text.n - n_head - 2);
		*octets = slice_of(to, from_python(text, to));
		return NULL;
	}
	if (slice_starts(text, "0x"))
		text = slice_of(text.p + 2, text.n - 2), n--;
	for (size_t i = 0; i < text.n; i++)
		if (ascii_hex(text.p[i]) > 15 || text.n % 2)
			return "hexadecimal digits expected";
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(ascii_hex(text.p[2 * i]) << 4 |
			       ascii_hex(text.p[2 * i + 1]));
	*octets = slice_of(to, n);
	return NULL;
}

const char *
octets_text(struct convert *c, const struct json_val *v, struct value *out)
{
	struct slice octets;
	const char *err = read_octets(c, json_slice(v), &octets);

	if (!err && octets.n)
		*out = (struct value){ .type = VALUE_STR, .s = octets };
	return err;
}

const char *
octets_hash(struct convert *c, const struct json_val *v, struct value *out)
{
	static const char digits[] = "0123456789abcdef";
	struct slice octets;
	bool known = false;
	const char *err;
	char *to;

	/* ipfixcol2 writes up to eight octets as a number: no hash has so few.
	 */
	if (v->kind != JSON_STRING)
		return NULL;
	err = read_octets(c, json_slice(v), &octets);
	if (err)
		return err;
	to = arena_alloc(&c->scratch, 2 * octets.n + 1);
	for (size_t i = 0; i < octets.n; i++) {
		to[2 * i] = digits[(uint8_t)octets.p[i] >> 4];
		to[2 * i + 1] = digits[octets.p[i] & 15];
		known |= octets.p[i] != 0;
	}
	if (known)
		*out = (struct value){ .type = VALUE_STR,
			.s = slice_of(to, 2 * octets.n) };
	return NULL;
}

static bool
is_grease(unsigned suite)
{
	return (suite & 0x0f0f) == 0x0a0a && suite >> 8 == (suite & 0xff);
}

const char *
octets_ciphers(struct convert *c, const struct json_val *v, struct value *out)
{
	static const char digits[] = "0123456789ABCDEF";
	struct slice text = json_slice(v);
	long n = length(text);
	char *to, *start;

	if (!text.n)
		return NULL;
	if (n < 0 || n % 2)
		return "cipher suites expected, 0x and four digits each";
	to = start = arena_alloc(&c->scratch, 1 + 7 * (size_t)n / 2);
	for (long i = 0; i < n; i += 2) {
		unsigned suite = octet(text, i) | octet(text, i + 1) << 8;

		if (!suite || is_grease(suite))
			continue;
		memcpy(to, ",0x", 3);
		for (int k = 0; k < 4; k++)
			to[3 + k] = digits[suite >> (12 - 4 * k) & 15];
		to += 7;
	}
	if (to > start)
		*out = (struct value){ .type = VALUE_STR,
			.s = slice_of(start + 1, (size_t)(to - start) - 1) };
	return NULL;
}
