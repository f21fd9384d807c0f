/* SPDX-License-Identifier: MIT */
#include "libcommon/accum_text.h"

#include <stdlib.h>

#include "libcommon/ascii.h"
#include "libcommon/key.h"
#include "libcommon/num_put.h"
#include "libcommon/xalloc.h"

static const char digits[] = "0123456789abcdef";

void
text_put_u64(struct output *out, uint64_t v)
{
	char text[NUM_ROOM];

	out_put(out, text, num_put_u64(text, v));
}

void
text_put_i128(struct output *out, i128 v)
{
	char text[NUM_ROOM];

	out_put(out, text, num_put_i128(text, v));
}

void
text_put_hex(struct output *out, const uint64_t *words, size_t n)
{
	bool begun = false;

	for (size_t i = 16 * n; i-- > 0;) {
		unsigned digit = words[i / 16] >> i % 16 * 4 & 15;

		begun |= digit || i == 0;
		if (begun)
			out_char(out, digits[digit]);
	}
}

void
text_put_key(struct output *out, struct slice key)
{
	char text[2 * 128];
	size_t n = 0;

	for (size_t i = 0; i < key.n; i++) {
		unsigned char c = (unsigned char)key.p[i];

		text[n++] = digits[c >> 4];
		text[n++] = digits[c & 15];
		if (n == sizeof text || i == key.n - 1) {
			out_put(out, text, n);
			n = 0;
		}
	}
}

struct slice
text_part(struct slice *s, char separator)
{
	const char *at = s->n ? memchr(s->p, separator, s->n) : NULL;
	struct slice head = *s;

	*s = (struct slice){ 0 };
	if (at) {
		*s = slice_of(at + 1, (size_t)(head.p + head.n - at) - 1);
		head.n = (size_t)(at - head.p);
	}
	return head;
}

bool
text_count(struct slice s, uint64_t *n)
{
	return s.n && *s.p != '0' && !num_u64(s, n);
}

bool
text_i128(struct slice s, i128 *v)
{
	const u128 most = (u128)1 << 127; /* and one less above zero */
	bool minus = s.n && *s.p == '-';
	u128 sum = 0;

	if (s.n == minus || (s.p[minus] == '0' && s.n > 1))
		return false;
	for (size_t i = minus; i < s.n; i++) {
		unsigned char digit = (unsigned char)(s.p[i] - '0');

		if (digit > 9 || sum > most / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*v = (i128)(minus ? -sum : sum);
	return sum < most + minus;
}

/* As we write it: small letters.  16 if it is none. */
static unsigned
value_of(char c)
{
	return c >= 'A' && c <= 'F' ? 16 : ascii_hex(c);
}

bool
text_hex(struct slice s, uint64_t *words, size_t n)
{
	memset(words, 0, n * sizeof *words);
	if (!s.n || s.n > 16 * n || (*s.p == '0' && s.n > 1))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = value_of(s.p[s.n - 1 - i]);

		if (digit > 15)
			return false;
		words[i / 16] |= (uint64_t)digit << i % 16 * 4;
	}
	return true;
}

char *
text_key(struct slice s, size_t *n)
{
	char *key;

	*n = s.n / 2;
	if (!s.n || s.n % 2)
		return NULL;
	key = xmalloc(*n);
	for (size_t i = 0; i < *n; i++) {
		unsigned high = value_of(s.p[2 * i]);
		unsigned low = value_of(s.p[2 * i + 1]);

		if ((high | low) > 15)
			break;
		key[i] = (char)(high << 4 | low);
		if (i == *n - 1 && key_check(slice_of(key, *n)))
			return key;
	}
	free(key);
	return NULL;
}
