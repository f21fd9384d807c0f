/* SPDX-License-Identifier: MIT */
#include "libcommon/bulk.h"

#include "libcommon/hash.h"
#include "libcommon/num.h"
#include "libcommon/tstamp.h"

/* Where tstamp_put() writes what a pattern stands for. */
static const struct part {
	char letter;
	unsigned char at, n;
} parts[] = { { 'Y', 0, 4 }, { 'm', 5, 2 }, { 'd', 8, 2 } };

static const struct part *
find_part(char letter)
{
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].letter == letter)
			return &parts[i];
	return NULL;
}

static void
fill(struct bulk *b, int64_t time)
{
	char text[TSTAMP_ROOM];

	tstamp_put(text, time);
	b->n = 0;
	for (const char *p = b->index; *p; p++) {
		const struct part *part = *p == '%' ? find_part(*++p) : NULL;

		memcpy(b->name + b->n, part ? text + part->at : p,
		    part ? part->n : 1);
		b->n += part ? part->n : 1;
	}
}

const char *
bulk_open(struct bulk *b, const char *index)
{
	size_t n = 0;

	*b = (struct bulk){ .index = index, .day = INT64_MIN };
	if (!*index || strchr("-_+", *index) || strcmp(index, ".") == 0 ||
	    strcmp(index, "..") == 0)
		return "an index's name begins with a letter or digit";
	for (const char *p = index; *p; p++) {
		const struct part *part = *p == '%' ? find_part(p[1]) : NULL;

		if (*p == '%' && !part)
			return "the patterns are %Y, %m and %d";
		if (*p <= ' ' || *p > '~' || strchr("\\/*?\"<>|,#:", *p) ||
		    (*p >= 'A' && *p <= 'Z'))
			return "an index's name has no capitals, no blanks, and "
			       "none of \\/*?\"<>|,#:";
		b->timed |= part != NULL;
		n += part ? part->n : 1;
		p += part != NULL;
	}
	return n > BULK_NAME ? "an index's name has at most 255 bytes" : NULL;
}

/* The hash is that of XXH3 with 128 bits, the same everywhere and for ever. */
static void
put_id(struct output *out, struct slice identity)
{
	static const char digits[] = "0123456789abcdef";
	XXH128_hash_t h = XXH3_128bits(identity.p, identity.n);
	char hex[32];

	for (int i = 0; i < 32; i++) {
		uint64_t half = i < 16 ? h.high64 : h.low64;

		hex[i] = digits[half >> (60 - 4 * (i % 16)) & 15];
	}
	out_str(out, ",\"_id\":\"");
	out_put(out, hex, sizeof hex);
	out_char(out, '"');
}

void
bulk_action(
    struct bulk *b, struct output *out, int64_t time, struct slice identity)
{
	const int64_t length = (int64_t)86400 * NUM_NANO;
	int64_t day = time / length - (time % length < 0);

	if (day != b->day)
		fill(b, time);
	b->day = day;
	out_str(out, "{\"index\":{\"_index\":\"");
	out_put(out, b->name, b->n);
	out_char(out, '"');
	if (identity.n)
		put_id(out, identity);
	out_str(out, "}}\n");
}

void
bulk_end(struct output *out, int64_t time)
{
	char text[TSTAMP_ROOM];

	out_str(out, ",\"@timestamp\":\"");
	out_put(out, text, tstamp_put(text, time));
	out_str(out, "\"}\n");
}
