/* SPDX-License-Identifier: MIT */
#include "libcommon/anon.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "libcommon/ascii.h"
#include "libcommon/die.h"
#include "libcommon/hash.h"
#include "libcommon/xalloc.h"

enum {
	BLOCK = 16,   /* of AES-128 */
	KEY = 32,     /* of which half is AES's */
	V4_BITS = 18, /* of the cache's size */
	V6_BITS = 15,
	MAX_TEXT = IP_ROOM + 256, /* an address with a length, or a zone */
};

/* Zeros: nothing is known. */
struct v4 {
	uint32_t from, to;
};

struct v6 {
	struct ip from, to;
};

struct anon {
	EVP_CIPHER_CTX *aes;
	uint8_t pad[BLOCK];
	bool as_nfanon;
	const struct set *nets;
	struct v4 *v4;
	struct v6 *v6;
	uint64_t seed;
};

static void
encrypt(struct anon *a, uint8_t *out, const uint8_t *in, size_t n)
{
	int done;

	if (!EVP_EncryptUpdate(a->aes, out, &done, in, (int)n))
		die("AES failed");
}

static bool
key_bytes(struct slice text, uint8_t *key)
{
	if (text.n == KEY) {
		memcpy(key, text.p, KEY);
		return true;
	}
	if (text.n == 2 * KEY + 2 && slice_starts(text, "0x"))
		text = slice_of(text.p + 2, 2 * KEY);
	if (text.n != 2 * KEY ||
	    strspn(text.p, "0123456789abcdefABCDEF") < 2 * KEY)
		return false;
	for (size_t i = 0; i < KEY; i++)
		sscanf(text.p + 2 * i, "%2hhx", &key[i]);
	return true;
}

struct anon *
anon_new(struct slice text)
{
	uint8_t key[KEY];
	struct anon *a;

	if (!key_bytes(text, key))
		return NULL;
	a = xcalloc(1, sizeof *a);
	a->aes = EVP_CIPHER_CTX_new();
	if (!a->aes ||
	    !EVP_EncryptInit_ex(a->aes, EVP_aes_128_ecb(), NULL, key, NULL))
		die("AES failed");
	encrypt(a, a->pad, key + BLOCK, BLOCK);
	OPENSSL_cleanse(key, sizeof key);
	a->v4 = xzeros(sizeof *a->v4 << V4_BITS);
	a->v6 = xzeros(sizeof *a->v6 << V6_BITS);
	a->seed = hash_seed();
	return a;
}

static FILE *
opened(const char *file)
{
	FILE *f = fopen(file, "r");

	if (!f)
		die_errno("%s", file);
	out_keep(file);
	return f;
}

struct anon *
anon_open(const char *file)
{
	char line[2 * KEY + 8] = "";
	FILE *f = opened(file);
	struct anon *a;

	setvbuf(f, NULL, _IONBF, 0); /* no copy of the key stays */
	if (!fgets(line, sizeof line, f) && ferror(f))
		die_errno("%s", file);
	fclose(f);
	a = anon_new(slice_of(line, strcspn(line, "\r\n")));
	OPENSSL_cleanse(line, sizeof line);
	if (!a)
		die("%s: expected a key: 32 characters, or 0x and 64 "
		    "hexadecimal digits",
		    file);
	return a;
}

void
anon_as_nfanon(struct anon *a)
{
	a->as_nfanon = true;
}

void
anon_keep(struct anon *a, const struct set *nets)
{
	a->nets = nets;
}

/*
 * Bit i of the result is flipped by the first bit of AES over the i bits before
 * it, filled up from the pad.
 */
static void
scramble(struct anon *a, const uint8_t *from, uint8_t *to, unsigned bits)
{
	uint8_t in[128 * BLOCK], out[128 * BLOCK];

	for (unsigned i = 0; i < bits; i++) {
		uint8_t *block = in + i * BLOCK, mask = 0xff >> i % 8;

		memcpy(block, from, i / 8);
		memcpy(block + i / 8, a->pad + i / 8, BLOCK - i / 8);
		block[i / 8] =
		    (uint8_t)((from[i / 8] & ~mask) | (a->pad[i / 8] & mask));
	}
	encrypt(a, out, in, bits * BLOCK);
	memcpy(to, from, bits / 8);
	for (unsigned i = 0; i < bits; i++)
		to[i / 8] ^= (uint8_t)((out[i * BLOCK] & 0x80) >> i % 8);
}

static void
swap_halves(uint8_t *to, const uint8_t *from)
{
	for (unsigned i = 0; i < 16; i++)
		to[i] = from[(i & 8) + 7 - (i & 7)];
}

/* See anon.h; and bits of the result stand the other way round in a byte. */
static void
scramble_as_nfanon(struct anon *a, const uint8_t *from, uint8_t *to)
{
	uint8_t in[128 * BLOCK], out[128 * BLOCK], swapped[16];

	swap_halves(swapped, from);
	for (unsigned i = 0; i < 128; i++) {
		uint8_t *block = in + i * BLOCK, mask = 0x7f >> i % 8;

		memcpy(block, swapped, i / 8);
		memcpy(block + i / 8, a->pad + i / 8, BLOCK - i / 8);
		block[i / 8] |= (uint8_t)(swapped[i / 8] & ~mask);
	}
	encrypt(a, out, in, sizeof in);
	for (unsigned i = 0; i < 128; i++)
		swapped[i / 8] ^= (uint8_t)((out[i * BLOCK] >> 7) << i % 8);
	swap_halves(to, swapped);
}

static struct ip
compute(struct anon *a, const struct ip *ip)
{
	struct ip to = *ip;

	if (a->nets && set_has_ip(a->nets, ip))
		return to;
	if (ip_is_v4(ip))
		scramble(a, ip->b + 12, to.b + 12, 32);
	else if (a->as_nfanon)
		scramble_as_nfanon(a, ip->b, to.b);
	else
		scramble(a, ip->b, to.b, 128);
	return to;
}

static struct ip
anon_v4(struct anon *a, const struct ip *ip)
{
	struct ip to = *ip;
	struct v4 *v;
	uint32_t n;

	memcpy(&n, ip->b + 12, sizeof n);
	/* Multiplicative hashing: Knuth, TAOCP 3, 6.4. */
	v = &a->v4[(n ^ a->seed) * 0x9e3779b97f4a7c15 >> (64 - V4_BITS)];
	if (v->from != n || v->to == 0) {
		to = compute(a, ip);
		v->from = n;
		memcpy(&v->to, to.b + 12, sizeof v->to);
	}
	memcpy(to.b + 12, &v->to, sizeof v->to);
	return to;
}

struct ip
anon_ip(struct anon *a, const struct ip *ip)
{
	static const struct ip zeros;
	struct v6 *v;

	if (ip_is_v4(ip))
		return anon_v4(a, ip);
	v = &a->v6[hash_bytes(ip, sizeof *ip, a->seed) >> (64 - V6_BITS)];
	if (memcmp(&v->from, ip, sizeof *ip) != 0 ||
	    memcmp(&v->to, &zeros, sizeof zeros) == 0)
		*v = (struct v6){ *ip, compute(a, ip) };
	return v->to;
}

/* ---- texts ---- */

/* An address has a dot or a colon behind at most four digits. */
static inline bool
may_be(struct slice s)
{
	size_t i = 0;

	if (s.n < 2 || s.n > MAX_TEXT)
		return false;
	while (i < s.n && i < 4 && ascii_hex(s.p[i]) < 16)
		i++;
	return i < s.n && (s.p[i] == '.' || s.p[i] == ':');
}

/* Of 11.2.3.4/7 all bits are written, and not only the seven that count. */
static bool
stays_as_written(struct anon *a, struct slice prefix)
{
	const char *slash = memchr(prefix.p, '/', prefix.n);
	struct ip written, to;

	if (ip_parse(slice_of(prefix.p, (size_t)(slash - prefix.p)), &written))
		return false;
	to = anon_ip(a, &written);
	return memcmp(&to, &written, sizeof to) == 0;
}

static bool
put_address(struct anon *a, struct slice s, struct output *out)
{
	bool prefix = memchr(s.p, '/', s.n) != NULL;
	const char *zone = memchr(s.p, '%', s.n); /* RFC 4007: fe80::1%eth0 */
	struct slice behind = slice_of("", 0);
	struct ip_prefix p = { .len = 128 };
	char text[IP_ROOM + 4];
	struct ip from;

	if (zone) {
		behind = slice_of(zone, (size_t)(s.p + s.n - zone));
		s.n = (size_t)(zone - s.p);
		prefix = false;
	}
	if (prefix ? ip_prefix_parse(s, &p) : ip_parse(s, &p.ip))
		return false;
	from = p.ip;
	p.ip = anon_ip(a, &from);
	/* One that is kept stays as it is written. */
	if (memcmp(&p.ip, &from, sizeof from) == 0 &&
	    (!prefix || stays_as_written(a, s)))
		return false;
	if (!prefix) {
		out_put(out, text, ip_put(text, &p.ip));
		out_json_string(out, behind);
		return true;
	}
	p.ip = ip_mask(&p.ip, p.len < 96 ? 0 : p.len - 96u, p.len);
	out_put(out, text, ip_prefix_put(text, &p));
	return true;
}

/* The inside of a string; it may be written with escapes. */
static void
put_string(struct anon *a, struct slice s, bool escaped, struct output *out)
{
	char room[6 * MAX_TEXT];
	struct slice plain = s;

	if (escaped && s.n <= sizeof room)
		plain = slice_of(room, json_unescape(s, room));
	if (!may_be(plain) || !put_address(a, plain, out))
		out_slice(out, s);
}

/* The quote that ends a string. */
static const char *
closing(const char *p, const char *end, bool *escaped)
{
	const char *close = memchr(p, '"', (size_t)(end - p));

	*escaped = memchr(p, '\\', (size_t)(close - p));
	if (*escaped)
		for (close = p; *close != '"'; close++)
			close += *close == '\\';
	return close;
}

void
anon_put(struct anon *a, struct slice json, struct output *out)
{
	const char *p = json.p, *end = p + json.n, *quote;

	while ((quote = memchr(p, '"', (size_t)(end - p)))) {
		bool escaped;
		const char *close = closing(quote + 1, end, &escaped);

		out_put(out, p, (size_t)(quote + 1 - p));
		put_string(a, slice_of(quote + 1, (size_t)(close - quote - 1)),
		    escaped, out);
		p = close;
		out_char(out, *p++);
	}
	out_put(out, p, (size_t)(end - p));
}
