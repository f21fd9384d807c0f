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

const char *
octets_text(struct convert *c, const struct json_val *v, struct value *out)
{
	struct slice text = json_slice(v);
	char *to = arena_alloc(&c->scratch, text.n / 2 + 1);

	for (size_t i = 0; i < text.n; i++)
		if (ascii_hex(text.p[i]) > 15 || text.n % 2)
			return "hexadecimal digits expected";
	if (!text.n)
		return NULL;
	for (size_t i = 0; i < text.n / 2; i++)
		to[i] = (char)(ascii_hex(text.p[2 * i]) << 4 |
			       ascii_hex(text.p[2 * i + 1]));
	*out =
	    (struct value){ .type = VALUE_STR, .s = slice_of(to, text.n / 2) };
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
