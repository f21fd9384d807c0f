/* SPDX-License-Identifier: MIT */
/*
 * nfdump's primitives: words that stand for a field or two, and an operand
 * that is taken as it stands ("src country IN", "net 10/8", "flags S/SA").
 */
#include "libcommon/expr_tree.h"

#include <netdb.h>

#include "libcommon/ascii.h"

/* Nouns that a direction may precede; without one, either side. */
static const struct {
	const char *word, *src, *dst;
} nouns[] = {
	{ "ip", "src_ip_addr", "dst_ip_addr" },
	{ "host", "src_ip_addr", "dst_ip_addr" },
	{ "net", "src_ip_addr", "dst_ip_addr" },
	{ "port", "src_port", "dst_port" },
	{ "as", "src_as", "dst_as" },
	{ "mask", "src_mask", "dst_mask" },
	{ "vlan", "src_vlan", "dst_vlan" },
	{ "mac", "src_mac_addr", "dst_mac_addr" },
	{ "country", "src_country", "dst_country" },
	{ "geo", "src_country", "dst_country" },
	{ "city", "src_city", "dst_city" },
};

static const struct {
	const char *words[4];
	const char *field;
} phrases[] = {
	{ { "proto" }, "protocol" },
	{ { "protocol" }, "protocol" },
	{ { "src", "tos" }, "tos" },
	{ { "dst", "tos" }, "tos_rev" },
	{ { "icmp-type" }, "icmp_type" },
	{ { "icmp-code" }, "icmp_code" },
	{ { "icmp", "type" }, "icmp_type" },
	{ { "icmp", "code" }, "icmp_code" },
	{ { "first", "seen" }, "date_first_seen" },
	{ { "last", "seen" }, "date_last_seen" },
	{ { "in", "packets" }, "packets" },
	{ { "out", "packets" }, "packets_rev" },
	{ { "in", "bytes" }, "bytes" },
	{ { "out", "bytes" }, "bytes_rev" },
	{ { "in", "if" }, "in_if" },
	{ { "out", "if" }, "out_if" },
	{ { "prev", "as" }, "prev_as" },
	{ { "next", "as" }, "next_as" },
	{ { "next", "ip" }, "next_hop_ip_addr" },
	{ { "bgp", "next", "ip" }, "bgp_next_hop_ip_addr" },
	{ { "router", "ip" }, "exporter_ip_addr" },
	{ { "exporter", "ip" }, "exporter_ip_addr" },
	{ { "exporter", "id" }, "exporter_id" },
	{ { "exporter", "sysid" }, "exporter_id" },
	{ { "observation", "domain", "id" }, "observation_domain_id" },
	{ { "min", "ttl" }, "ip_ttl_min" },
	{ { "max", "ttl" }, "ip_ttl_max" },
	{ { "flowdir" }, "direction" },
	{ { "direction" }, "direction" },
	{ { "dir" }, "dir" },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

const char *
phrase_word(size_t i)
{
	if (i < COUNT(nouns))
		return nouns[i].word;
	i -= COUNT(nouns);
	return i < COUNT(phrases) ? phrases[i].words[0] : NULL;
}

static bool
word_at(struct parser *p, const char *word)
{
	return p->t.kind == TOKEN_WORD && lex_take(p, word);
}

static struct node *
field(struct parser *p, const char *name)
{
	return parse_field(p, slice_str(name), p->t.at);
}

/* src, dst, "src or dst", "src and dst", or nothing, and a noun. */
static struct node *
noun(struct parser *p)
{
	struct parser saved = *p;
	bool src = word_at(p, "src"), dst = word_at(p, "dst");
	enum node_kind both = NODE_ANY;
	struct node *n;

	if (src && (lex_is(p, "or") || lex_is(p, "and"))) {
		both = lex_is(p, "or") ? NODE_ANY : NODE_ALL;
		lex_next(p);
		dst = word_at(p, "dst");
	}
	for (size_t i = 0; i < COUNT(nouns); i++) {
		if (!word_at(p, nouns[i].word))
			continue;
		if (src != dst)
			return field(p, src ? nouns[i].src : nouns[i].dst);
		n = parse_node(p, both);
		n->a = field(p, nouns[i].src);
		n->a->next = field(p, nouns[i].dst);
		n->text = slice_str(nouns[i].word);
		return n;
	}
	if (src || dst) {
		p->p = saved.p;
		p->t = saved.t;
	}
	return NULL;
}

/* One of the fixed phrases. */
static struct node *
phrase(struct parser *p)
{
	struct parser saved = *p;

	for (size_t i = 0; i < COUNT(phrases); i++) {
		const char *name = phrases[i].field;
		size_t k = 0;

		while (k < 4 && phrases[i].words[k] &&
		       word_at(p, phrases[i].words[k]))
			k++;
		/* nfdump's "dir ingress" is not what a host sees. */
		if (strcmp(name, "dir") == 0 &&
		    (lex_is(p, "ingress") || lex_is(p, "egress")))
			name = "direction";
		if (k == 4 || !phrases[i].words[k])
			return field(p, name);
		p->p = saved.p;
		p->t = saved.t;
	}
	return NULL;
}

static const struct field *
type_of(const struct node *n)
{
	return n->kind == NODE_ANY || n->kind == NODE_ALL ? n->a->field
							  : n->field;
}

/* A host by its name: all its addresses. */
static struct node *
named_host(struct parser *p, struct node *in, struct slice name, const char *at)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
	char text[NI_MAXHOST];
	int err =
	    getaddrinfo(arena_slice(p->arena, name).p, NULL, &hints, &list);

	if (err)
		parse_fail(p, at, "expected an address (%.*s: %s)", (int)name.n,
		    name.p, gai_strerror(err));
	in->set = set_new(FIELD_IP, 0);
	for (a = list; a; a = a->ai_next)
		if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text,
			NULL, 0, NI_NUMERICHOST) == 0)
			set_add(in->set, slice_of(text, strcspn(text, "%")),
			    &p->context->how);
	freeaddrinfo(list);
	set_seal(in->set);
	return in;
}

/* An address, a prefix in any of nfdump's forms, or a name. */
static struct node *
address_operand(struct parser *p, struct node *a, int op)
{
	const char *at = p->t.at;
	bool is_name = p->t.kind == TOKEN_WORD;
	struct slice s = lex_raw(p);
	struct node *in = parse_node(p, NODE_IN);
	struct ip_prefix prefix;

	if (op != EQ && op != NE)
		parse_fail(p, at, "addresses are compared by = and !=");
	/* "net 10.0.0.0 255.0.0.0" */
	if (p->t.kind == TOKEN_ADDRESS) {
		s = slice_of(s.p, (size_t)(p->t.text.p + p->t.text.n - s.p));
		lex_next(p);
	}
	in->op = op;
	if (!ip_prefix_parse(s, &prefix)) {
		in->set = set_new(FIELD_IP, 0);
		set_add(in->set, s, &p->context->how);
		set_seal(in->set);
	} else if (is_name) {
		in = named_host(p, in, s, at);
	} else {
		parse_fail(p, at, "expected an address or a network");
	}
	return parse_apply(p, a, in);
}

/* "in" begins a list, but "src country IN" is India. */
static bool
is_list(const struct parser *p, const struct field *f)
{
	char next = p->p[strspn(p->p, " \t\r\n")];

	return lex_is(p, "in") &&
	       (f->type == FIELD_IP || (next && strchr("[(@", next)));
}

/* "1-1024" or "1..1024", without blanks. */
static bool
is_range(const struct parser *p)
{
	const char *s = p->p;

	if (p->t.kind != TOKEN_NUMBER)
		return false;
	s += *s == '-' ? 1 : strncmp(s, "..", 2) == 0 ? 2 : 0;
	return s > p->p && ascii_is_digit(*s);
}

/* The rest of a primitive: an operator or none, and what follows. */
static struct node *
operand(struct parser *p, struct node *a)
{
	const struct field *f = type_of(a);
	bool is_text = f->type == FIELD_STR || f->type == FIELD_TIME ||
		       f->type == FIELD_NAMED;
	struct node *b;
	int op = EQ;

	if (is_list(p, f) || lex_is(p, "~") || lex_is(p, "!~") ||
	    lex_is(p, "under") || lex_is(p, "not"))
		return parse_test(p, a);
	/* "src country LT" is Lithuania: of text, only signs are operators. */
	if ((p->t.kind == TOKEN_PUNCT || f->type != FIELD_STR) &&
	    parse_operator(p, &op)) {
		b = f->type == FIELD_STR ? NULL : noun(p);
		b = b || f->type == FIELD_STR ? b : phrase(p);
		if (b)
			return parse_compare(p, a, op, b);
	}
	if (f->type == FIELD_IP)
		return address_operand(p, a, op);
	if (is_range(p) && (op == EQ || op == NE)) {
		b = parse_node(p, NODE_IN);
		b->a = a;
		b->op = op;
		parse_list(p, b);
		return parse_apply(p, a, b);
	}
	if (!is_text)
		return parse_compare(p, a, op, parse_sum(p));
	b = parse_node(p, NODE_CONST);
	b->text = lex_raw(p);
	b->v = (struct value){ .type = VALUE_STR, .s = b->text };
	return parse_compare(p, a, op, b);
}

static struct node *
bits(struct parser *p, unsigned mask, unsigned set)
{
	struct node *n = parse_node(p, NODE_BITS);

	n->a = field(p, "flags");
	n->mask = mask;
	n->bits = set;
	return n;
}

static struct node *
join(struct parser *p, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = parse_node(p, kind);

	n->a = a;
	n->b = b;
	return n;
}

/* Letters of CEUAPRSF, any case; X is all six of the old ones. */
static bool
letters(const char *s, size_t n, unsigned *mask)
{
	*mask = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned bit = (s[i] | 0x20) == 'x' ? 0x3f : flags_letter(s[i]);

		if (s[i] == '.') /* as flags are printed */
			continue;
		if (!bit)
			return false;
		*mask |= bit;
	}
	return true;
}

static struct node *
is_tcp(struct parser *p, struct node *test)
{
	struct node *tcp = parse_node(p, NODE_CONST);

	tcp->v = (struct value){ .type = VALUE_INT, .i = 6 };
	return join(
	    p, NODE_AND, parse_compare(p, field(p, "protocol"), EQ, tcp), test);
}

/*
 * "S/SA" (of these, just those), "any SA", "all SA", "none SA", "only SA",
 * "= SA" (just those of all eight), "SA" (all of these).  Where no bit need
 * be set, TCP is asked for, as nfdump does.
 */
static struct node *
flag_letters(struct parser *p, const char *how, bool exact)
{
	const char *at = p->t.at;
	struct slice s = lex_raw(p);
	const char *slash = memchr(s.p, '/', s.n);
	size_t n = slash ? (size_t)(slash - s.p) : s.n;
	unsigned set, mask;
	struct node *test;

	if (slice_is_nocase(s, "not"))
		parse_fail(p, at, "'not' goes before flags, or none behind it");
	if (!letters(s.p, n, &set) ||
	    (slash && !letters(slash + 1, s.n - n - 1, &mask)))
		parse_fail(
		    p, at, "expected TCP flags: letters of CEUAPRSF, as S/SA");
	if (slash && set & ~mask)
		parse_fail(p, at,
		    "flags before the '/' must be among those behind it");
	if (!slash)
		mask = exact || strcmp(how, "only") == 0 ? 0xff : set;
	if (strcmp(how, "any") == 0) {
		test = join(p, NODE_NOT, bits(p, mask, 0), NULL);
		return join(p, NODE_AND, bits(p, 0, 0), test);
	}
	if (strcmp(how, "none") == 0)
		set = 0;
	test = bits(p, mask, set);
	return set ? test : is_tcp(p, test);
}

/* ".AP.SF", "...A..S.": all of them, as tools print flags. */
static bool
is_printed(const struct parser *p)
{
	size_t n = strspn(p->t.at, ".CEUAPRSF");

	return *p->t.at == '.' && (n == 6 || n == 8) &&
	       (!p->t.at[n] || strchr(" \t\n)&|", p->t.at[n]));
}

static struct node *
flags(struct parser *p)
{
	static const char *const words[] = { "any", "all", "none", "only" };
	struct node *a, *b;
	int op = EQ;
	bool has_op;

	if (!word_at(p, "flags"))
		return NULL;
	for (size_t i = 0; i < COUNT(words); i++)
		if (word_at(p, words[i]))
			return flag_letters(p, words[i], false);
	a = field(p, "flags");
	if (lex_is(p, "in") || lex_is(p, "~") || lex_is(p, "&"))
		return lex_is(p, "&") ? NULL : parse_test(p, a);
	has_op = parse_operator(p, &op);
	if ((p->t.kind == TOKEN_WORD || is_printed(p)) &&
	    (op == EQ || op == NE)) {
		b = flag_letters(p, "all", has_op || is_printed(p));
		return op == NE ? join(p, NODE_AND, bits(p, 0, 0),
				      join(p, NODE_NOT, b, NULL))
				: b;
	}
	return parse_compare(p, a, op, parse_sum(p));
}

static struct node *
family(struct parser *p, const char *prefix, int op)
{
	struct node *n = parse_node(p, NODE_IN);

	n->a = field(p, "src_ip_addr");
	n->op = op;
	n->set = set_new(FIELD_IP, 0);
	set_add(n->set, slice_str(prefix), &p->context->how);
	set_seal(n->set);
	return n;
}

/* Words that are a test by themselves. */
static struct node *
alone(struct parser *p)
{
	struct parser saved = *p;
	struct node *n;
	int number;

	if (p->t.kind != TOKEN_WORD)
		return NULL;
	if (lex_is(p, "any") && p->p[strspn(p->p, " ")] != '(') {
		lex_next(p);
		return parse_node(p, NODE_TRUE);
	}
	if (lex_take(p, "ipv4") || lex_take(p, "inet"))
		return family(p, "0.0.0.0/0", EQ);
	if (lex_take(p, "ipv6") || lex_take(p, "inet6"))
		return family(p, "0.0.0.0/0", NE);
	number = names_number(NAMES_PROTOCOL, p->t.text);
	if (number < 0 || p->context->cells)
		return NULL;
	n = parse_node(p, NODE_CONST);
	n->v = (struct value){ .type = VALUE_INT, .i = number };
	lex_next(p);
	if (p->t.kind == TOKEN_PUNCT && !lex_is(p, ")") && !lex_is(p, ",") &&
	    !lex_is(p, "&&") && !lex_is(p, "||")) {
		p->p = saved.p;
		p->t = saved.t;
		return NULL;
	}
	return parse_compare(p, field(p, "protocol"), EQ, n);
}

static struct node *
restart(struct parser *p, const struct parser *saved)
{
	p->p = saved->p;
	p->t = saved->t;
	return NULL;
}

/* What cannot be an operand: the end, a comma, an arithmetic operator. */
static bool
ends_value(const struct parser *p)
{
	static const char *const ends[] = { ",", ")", "+", "-", "*", "/", "%",
		"&", "|", "^", "<<", ">>", ":" };

	for (size_t i = 0; i < COUNT(ends); i++)
		if (p->t.kind == TOKEN_PUNCT && lex_is(p, ends[i]))
			return true;
	return p->t.kind == TOKEN_END;
}

struct node *
parse_phrase(struct parser *p)
{
	struct parser saved = *p;
	struct node *a, *test;

	if (p->t.kind != TOKEN_WORD || !p->context->schema)
		return NULL;
	a = noun(p);
	a = a ? a : phrase(p);
	/* "protocol", "flags" as a value: no primitive. */
	if (a && field_find(saved.t.text) && ends_value(p))
		return restart(p, &saved);
	/* -k 'src ip', and "-k ip" of nfdump's users */
	if (a && !p->context->test && ends_value(p)) {
		if (a->kind == NODE_FIELD)
			return a;
		parse_fail(p, saved.t.at,
		    "src or dst? (flowcat --by-endpoint counts both ends)");
	}
	if (a)
		return operand(p, a);
	if (lex_is(p, "flags")) {
		lex_next(p);
		if (ends_value(p))
			return restart(p, &saved);
		restart(p, &saved);
		test = flags(p);
		return test ? test : restart(p, &saved);
	}
	test = alone(p);
	/* tcpdump: "tcp port 443", "udp and .." */
	if (test && test->kind == NODE_COMPARE) {
		a = parse_phrase(p);
		return a ? join(p, NODE_AND, test, a) : test;
	}
	return test;
}
