/* SPDX-License-Identifier: MIT */
#include "libcommon/prefixset.h"

#include <stdlib.h>

#include "tests/unit/t.h"

enum { MAX = 300, ROUNDS = 300, MANY = 50000 };

static uint64_t state = 1;

/* splitmix64 */
static uint64_t
rnd(uint64_t below)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static struct ip
ip_of(const char *text)
{
	struct ip ip = { { 0 } };

	if (ip_parse(slice_str(text), &ip))
		abort();
	return ip;
}

/* Prefixes apart by spaces, with their lengths. */
static struct prefixset *
set_of(const char *text)
{
	struct prefixset *s = prefixset_new();
	struct ip_prefix p;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (ip_prefix_parse(slice_of(text, n), &p))
			abort();
		prefixset_add(s, &p);
		text += n + (text[n] == ' ');
	}
	prefixset_seal(s);
	return s;
}

/* How many of the addresses are in the set of the prefixes. */
static int
hits(const char *prefixes, const char *const *ips)
{
	struct prefixset *s = set_of(prefixes);
	int n = 0;

	for (; *ips; ips++) {
		struct ip ip = ip_of(*ips);

		n += prefixset_has(s, &ip);
	}
	prefixset_free(s);
	return n;
}

static size_t
count(const char *prefixes)
{
	struct prefixset *s = set_of(prefixes);
	size_t n = prefixset_count(s);

	prefixset_free(s);
	return n;
}

#define IPS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_families(void)
{
	const char *const *v4 = IPS("0.0.0.0", "10.1.2.3", "255.255.255.255");
	const char *const *v6 = IPS("::", "2001:db8::1", "::fffe:ffff:ffff",
	    "::1:0:0:0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");

	OK(hits("", v4) == 0 && hits("", v6) == 0);
	OK(hits("0.0.0.0/0", v4) == 3 && hits("0.0.0.0/0", v6) == 0);
	OK(hits("::/0", v4) == 0 && hits("::/0", v6) == 5);
	OK(hits("::/0 0.0.0.0/0", v4) == 3 && hits("::/0 0.0.0.0/0", v6) == 5);
	OK(hits("::/64", v4) == 0 && hits("::/64", v6) == 3);
	OK(hits("::/64 10.0.0.0/8", v4) == 1);
	OK(hits("255.255.255.255/32 ffff::/16", v4) == 1);
	OK(hits("255.255.255.255/32 ffff::/16", v6) == 1);
	OK(hits("0.0.0.0/32 ::/128", v4) == 1);
	OK(hits("0.0.0.0/32 ::/128", v6) == 1);
}

static void
test_bounds(void)
{
	OK(hits("10.0.0.0/8", IPS("10.0.0.0", "10.255.255.255")) == 2);
	OK(hits("10.0.0.0/8", IPS("9.255.255.255", "11.0.0.0")) == 0);
	OK(hits("2001:db8::/33",
	       IPS("2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff")) ==
	    2);
	OK(hits("2001:db8::/33", IPS("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
				     "2001:db8:8000::")) == 0);
	OK(hits("192.0.2.1/32 192.0.2.3/32",
	       IPS("192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3",
		   "192.0.2.4")) == 2);
}

static void
test_count(void)
{
	OK(count("") == 0);
	OK(count("10.0.0.0/8 10.0.0.0/8 10.2.0.0/16 10.0.0.0/32") == 1);
	OK(count("10.2.0.0/16 10.0.0.0/8 ::/0 2001:db8::/32") == 2);
	OK(count("10.255.255.255/32 10.0.0.0/8 ::ff/128 ::/120") == 2);
	OK(count("10.0.0.1/32 10.0.0.1/32 ::1/128 ::1/128") == 2);
	OK(hits("10.255.255.255/32 10.0.0.0/8",
	       IPS("10.0.0.1", "10.255.255.255", "11.0.0.0")) == 2);
	OK(count("10.0.0.0/9 10.128.0.0/9") == 2);
	OK(count("0.0.0.0/1 128.0.0.0/1 ::/1 8000::/1") == 4);
}

static bool
is_v4(const struct ip *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip->b, mapped, sizeof mapped) == 0;
}

static bool
is_v4_prefix(const struct ip_prefix *p)
{
	return p->len >= 96 && is_v4(&p->ip);
}

/* Bit by bit, to owe nothing to the code under test. */
static bool
naive_in(const struct ip *ip, bool v4, const struct ip_prefix *p)
{
	if (v4 != is_v4_prefix(p))
		return false;
	for (int i = 0; i < p->len; i++)
		if ((ip->b[i / 8] ^ p->ip.b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static bool
naive_has(const struct ip_prefix *p, size_t n, const struct ip *ip)
{
	bool found = false;

	for (size_t i = 0; i < n; i++)
		found |= naive_in(ip, is_v4(ip), &p[i]);
	return found;
}

static size_t
naive_count(const struct ip_prefix *p, size_t n)
{
	size_t kept = n;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			/* Of equal ones the first stays. */
			bool wider = p[k].len < p[i].len ||
				     (k < i && p[k].len == p[i].len);

			if (wider &&
			    naive_in(&p[i].ip, is_v4_prefix(&p[i]), &p[k])) {
				kept--;
				break;
			}
		}
	return kept;
}

/* Bytes of few values, so that prefixes meet; many addresses are IPv4. */
static struct ip
random_ip(void)
{
	static const uint8_t bytes[] = { 0, 0, 1, 0x7f, 0x80, 0xfe, 0xff };
	struct ip ip = { { [10] = 0xff, [11] = 0xff } };
	bool wild = rnd(4) == 0;

	for (int i = rnd(2) ? 12 : rnd(2) ? 8 : 0; i < 16; i++)
		ip.b[i] = wild ? (uint8_t)rnd(256) : bytes[rnd(sizeof bytes)];
	return ip;
}

static struct ip_prefix
random_prefix(void)
{
	static const uint8_t lens[] = { 0, 1, 8, 64, 80, 95, 96, 97, 104, 128 };
	struct ip_prefix p = { .ip = random_ip() };
	unsigned how = (unsigned)rnd(40);

	p.len = how == 0       ? lens[rnd(sizeof lens)]
		: is_v4(&p.ip) ? (uint8_t)(97 + rnd(32))
			       : (uint8_t)(8 + rnd(121));
	for (int i = p.len; i < 128; i++)
		p.ip.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return p;
}

/* Around the bounds of a prefix: the address before, its first and so on. */
static struct ip
near(const struct ip_prefix *p, unsigned how)
{
	struct ip ip = p->ip;
	int i = 15;

	for (int k = p->len; k < 128 && how & 1; k++)
		ip.b[k / 8] |= (uint8_t)(0x80 >> k % 8);
	if (how == 2) { /* one less */
		while (i >= 0 && ip.b[i]-- == 0)
			i--;
	} else if (how == 3) { /* one more */
		while (i >= 0 && ++ip.b[i] == 0)
			i--;
	}
	return ip;
}

static bool
agree(const struct prefixset *s, const struct ip_prefix *p, size_t n)
{
	bool good = true;
	struct ip ip;

	for (size_t i = 0; i < n * 4; i++) {
		ip = near(&p[i / 4], i % 4);
		good &= prefixset_has(s, &ip) == naive_has(p, n, &ip);
	}
	for (int i = 0; i < 200; i++) {
		ip = random_ip();
		good &= prefixset_has(s, &ip) == naive_has(p, n, &ip);
	}
	return good;
}

static struct prefixset *
shuffled(struct ip_prefix *p, size_t n)
{
	struct prefixset *s = prefixset_new();

	for (size_t i = 0; i < n; i++) {
		size_t k = i + rnd(n - i);
		struct ip_prefix chosen = p[k];

		p[k] = p[i];
		p[i] = chosen;
		prefixset_add(s, &p[i]);
	}
	prefixset_seal(s);
	return s;
}

static void
test_random(void)
{
	struct ip_prefix p[MAX];
	bool same_answers = true, same_count = true;

	for (int round = 0; round < ROUNDS; round++) {
		size_t n = rnd(round % 8 ? 24 : MAX);

		for (size_t i = 0; i < n; i++)
			p[i] = random_prefix();
		for (int order = 0; order < 2; order++) {
			struct prefixset *s = shuffled(p, n);

			same_answers &= agree(s, p, n);
			same_count &= prefixset_count(s) == naive_count(p, n);
			prefixset_free(s);
		}
	}
	OK(same_answers);
	OK(same_count);
}

/* Enough for a deep search, within one part of the index and without. */
static void
test_many(bool crowded)
{
	struct ip_prefix *p = malloc(MANY * sizeof *p);
	struct prefixset *s;
	bool good = true;

	for (size_t i = 0; i < MANY; i++) {
		p[i].ip = ip_of(i % 2 ? "10.0.0.0" : "2001:db8::");
		p[i].len = 128;
		for (int b = crowded ? 14 : i % 2 ? 12 : 2; b < 16; b++)
			p[i].ip.b[b] = (uint8_t)rnd(256);
	}
	p[0].ip = ip_of("::");
	p[1].ip = ip_of("0.0.0.0");
	p[2].ip = ip_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	p[3].ip = ip_of("255.255.255.255");
	s = shuffled(p, MANY);
	for (size_t i = 0; i < MANY; i++)
		good &= prefixset_has(s, &p[i].ip);
	for (int i = 0; i < 100; i++) {
		struct ip ip = near(&p[rnd(MANY)], 2 + i % 2);

		good &= prefixset_has(s, &ip) == naive_has(p, MANY, &ip);
	}
	OK(good);
	prefixset_free(s);
	free(p);
}

int
main(void)
{
	test_families();
	test_bounds();
	test_count();
	test_random();
	test_many(false);
	test_many(true);
	prefixset_free(NULL);
	return DONE();
}
