/* SPDX-License-Identifier: MIT */
/*
 * ascii: what a character is, whatever the locale.
 */
#ifndef ASCII_H
#define ASCII_H

#include <stdbool.h>

static inline bool
ascii_is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

/* What a hexadecimal digit stands for, or 16. */
static inline unsigned
ascii_hex(char c)
{
	unsigned letter = (unsigned char)((c | 0x20) - 'a');

	if (ascii_is_digit(c))
		return (unsigned)(c - '0');
	return letter < 6 ? letter + 10 : 16;
}

/* Behind the digits from p on. */
static inline const char *
ascii_skip_digits(const char *p, const char *end)
{
	while (p < end && ascii_is_digit(*p))
		p++;
	return p;
}

#endif
