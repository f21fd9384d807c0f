/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/namelist.h"

#include <errno.h>
#include <fcntl.h>
#include <idn2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/flowdns/nametable.h"
#include "libcommon/ascii.h"
#include "libcommon/ip.h"
#include "libcommon/names.h"
#include "libcommon/output.h"
#include "libcommon/xalloc.h"

enum {
	MAX_NAME = NAMETABLE_MAX,
	MAX_WORDS = 8,
	FULL_ROOM = 5 * MAX_NAME /* a name in Unicode and its origin */
};

struct namelist {
	struct nametable *names;
	size_t line;           /* at hand, from 1 */
	size_t bad, first_bad; /* how many; the line of the first */
	bool zone;
	char apex[MAX_NAME + 1];   /* the zone's own name, if known */
	char origin[MAX_NAME + 1]; /* that of relative names */
};

static void
spoiled(struct namelist *l)
{
	if (l->bad++ == 0)
		l->first_bad = l->line;
}

static void
add(struct namelist *l, struct slice name, bool exception)
{
	struct ip ip;

	/* A list of addresses is none of names. */
	if (ascii_is_digit(name.p[name.n - 1]) && !ip_parse(name, &ip))
		spoiled(l);
	else if (!nametable_add(l->names, name, exception))
		spoiled(l);
}

/* ---- lines ---- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next word off a line; false at a comment or the end. */
static bool
next_word(struct slice *line, struct slice *word)
{
	const char *p = line->p, *end = p + line->n, *start;

	while (p < end && is_space(*p))
		p++;
	start = p;
	while (p < end && !is_space(*p) && *p != ';' && *p != '#')
		p++;
	*word = slice_of(start, (size_t)(p - start));
	*line = slice_of(p, (size_t)(end - p));
	return word->n > 0;
}

/* Of names as they are compared. */
static const bool plain_bytes[256] = { ['a' ... 'z'] = true,
	['0' ... '9'] = true,
	['-'] = true,
	['_'] = true,
	['.'] = true };

/* Whether it is a name as names are compared: most lines are. */
static bool
is_normal(struct slice s)
{
	bool all = s.n && s.n <= MAX_NAME && *s.p != '.' && s.p[s.n - 1] != '.';

	for (size_t i = 0; all && i < s.n; i++)
		all = plain_bytes[(unsigned char)s.p[i]];
	return all;
}

/*
 * As names are compared: lower case, without "*." and the dot at the end;
 * ASCII.  False if it is no name.
 */
static bool
normal(struct slice s, char out[MAX_NAME + 1], size_t *n)
{
	char *ascii = NULL;
	char copy[4 * MAX_NAME + 1];
	const char *name;
	bool plain = true, all;

	if (s.n > 1 && s.p[0] == '*' && s.p[1] == '.')
		s = slice_of(s.p + 2, s.n - 2);
	while (s.n && s.p[0] == '.')
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n && s.p[s.n - 1] == '.')
		s.n--;
	if (!s.n || s.n >= sizeof copy)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		copy[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
		/* Other signs mean something that is not understood. */
		if ((unsigned char)c >= 0x80)
			plain = false;
		else if (!plain_bytes[(unsigned char)copy[i]])
			return false;
	}
	copy[s.n] = '\0';
	if (!plain && idn2_to_ascii_8z(copy, &ascii,
			  IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	name = ascii ? ascii : copy;
	*n = strlen(name);
	/* Unicode has other slashes and dots, and signs that mean nothing. */
	all = is_normal(slice_of(name, *n));
	if (all)
		memcpy(out, name, *n + 1);
	idn2_free(ascii);
	return all;
}

static void
add_text(struct namelist *l, struct slice s, bool exception)
{
	char name[MAX_NAME + 1];
	size_t n;

	if (normal(s, name, &n))
		add(l, slice_of(name, n), exception);
	else
		spoiled(l);
}

/* "0.0.0.0 name name": those without a dot are of this machine. */
static void
hosts_line(struct namelist *l, struct slice line)
{
	struct slice word;
	struct ip ip;

	next_word(&line, &word);
	while (next_word(&line, &word))
		if (memchr(word.p, '.', word.n) && ip_parse(word, &ip) != NULL)
			add_text(l, word, false);
}

/* "||name^": an ad blocker's rule for a name and all below it. */
static void
add_rule(struct namelist *l, struct slice s)
{
	if (s.n > 3 && s.p[0] == '|' && s.p[1] == '|' && s.p[s.n - 1] == '^')
		s = slice_of(s.p + 2, s.n - 3);
	if (memchr(s.p, '|', s.n) || memchr(s.p, '^', s.n))
		spoiled(l);
	else
		add_text(l, s, false);
}

/*
 * "address=/name/name/0.0.0.0", "local=/name/" of dnsmasq: true.  What has a
 * server is not blocked.
 */
static bool
dnsmasq_line(struct namelist *l, struct slice s)
{
	const char *p = memchr(s.p, '=', s.n), *end = p, *slash;
	struct slice option = slice_of(s.p, p ? (size_t)(p - s.p) : 0);
	bool address = slice_is(option, "address");

	if (!address && !slice_is(option, "local") &&
	    !slice_is(option, "server"))
		return false;
	while (end < s.p + s.n && !is_space(*end))
		end++;
	slash = memrchr(p, '/', (size_t)(end - p));
	if (end - p < 4 || p[1] != '/' || slash == p + 1 ||
	    (!address && slash != end - 1))
		spoiled(l);
	else
		for (p += 2; (slash = memchr(p, '/', (size_t)(end - p)));
		     p = slash + 1)
			add_text(l, slice_of(p, (size_t)(slash - p)), false);
	return true;
}

/* 'local-zone: "name" static' or 'local-data: "name A 0.0.0.0"' of unbound. */
static bool
unbound_line(struct namelist *l, const struct slice *words, int n)
{
	static const char *const open[] = { "transparent", "typetransparent",
		"always_transparent", "inform", "nodefault", "noview" };
	struct slice s = words[1];

	if (n < 3 || (!slice_is(words[0], "local-zone:") &&
			 !slice_is(words[0], "local-data:")))
		return false;
	if (*s.p == '"' || *s.p == '\'')
		s = slice_of(s.p + 1, s.n - 1);
	if (s.n && (s.p[s.n - 1] == '"' || s.p[s.n - 1] == '\''))
		s.n--;
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		if (slice_is(words[2], open[i]))
			s.n = 0; /* not blocked */
	add_text(l, s, false);
	return true;
}

/* A name of a zone in full: relative ones have no dot at their end. */
static struct slice
in_full(const struct namelist *l, struct slice s, char room[FULL_ROOM])
{
	size_t n = strlen(l->origin);

	if (slice_is(s, "@"))
		return slice_of(l->origin, n);
	if (s.p[s.n - 1] == '.' || !n || s.n + 1 + n > FULL_ROOM)
		return s;
	memcpy(room, s.p, s.n);
	room[s.n] = '.';
	memcpy(room + s.n + 1, l->origin, n);
	return slice_of(room, s.n + 1 + n);
}

/* What of a full name is before the zone's: nothing of that itself. */
static struct slice
before_apex(const struct namelist *l, struct slice s)
{
	size_t n = strlen(l->apex);

	while (s.n && s.p[s.n - 1] == '.')
		s.n--;
	if (!n || s.n < n ||
	    !slice_is_nocase(slice_of(s.p + s.n - n, n), l->apex))
		return s;
	if (s.n == n)
		s.n = 0;
	else if (s.p[s.n - n - 1] == '.')
		s.n -= n + 1;
	return s;
}

/* "$ORIGIN name": within the zone, as BIND writes it, or a zone of its own. */
static void
set_origin(struct namelist *l, struct slice s)
{
	char room[FULL_ROOM], name[MAX_NAME + 1];
	size_t n;

	if (!normal(in_full(l, s, room), name, &n))
		*name = '\0';
	memcpy(l->origin, name, sizeof name);
	if (*name && before_apex(l, slice_of(name, n)).n == n)
		memcpy(l->apex, name, sizeof name);
}

/* "owner [ttl] [class] type data": of RPZ, CNAMEs and addresses tell. */
static void
zone_line(struct namelist *l, const struct slice *words, int n)
{
	static const char *const triggers[] = { "rpz-ip", "rpz-client-ip",
		"rpz-nsip", "rpz-nsdname" };
	char room[FULL_ROOM];
	struct slice owner = in_full(l, words[0], room);
	size_t len;
	int type = 1;

	while (type < n - 1 && (ascii_is_digit(*words[type].p) ||
				   slice_is_nocase(words[type], "IN")))
		type++;
	if (names_number(NAMES_DNS_TYPE, words[type]) < 0) {
		spoiled(l);
		return;
	}
	l->zone = true;
	if (slice_is_nocase(words[type], "SOA") &&
	    !normal(owner, l->apex, &len))
		*l->apex = '\0';
	owner = before_apex(l, owner);
	if (!slice_is_nocase(words[type], "CNAME") &&
	    !slice_is_nocase(words[type], "A") &&
	    !slice_is_nocase(words[type], "AAAA"))
		return;
	if (!owner.n) /* the zone itself */
		return;
	for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++) {
		size_t k = strlen(triggers[i]);

		if (owner.n > k &&
		    slice_is_nocase(
			slice_of(owner.p + owner.n - k, k), triggers[i]))
			return;
	}
	add_text(l, owner,
	    slice_is_nocase(words[n - 1], "rpz-passthru") ||
		slice_is_nocase(words[n - 1], "rpz-passthru."));
}

/*
 * "name##selector": an ad blocker's rule for parts of the pages of a name.  A
 * comment has a blank before it, or behind its signs.
 */
static bool
is_of_pages(struct slice line, struct slice name)
{
	const char *sign = name.p + name.n, *end = line.p + line.n, *p = sign;

	while (p < end && memchr("#@?$", *p, 4))
		p++;
	return p - sign > 1 && *sign == '#' && p < end && !is_space(*p);
}

static void
take_line(struct namelist *l, struct slice line)
{
	struct slice words[MAX_WORDS], rest = line;
	struct ip ip;
	int n = 0;

	if (is_normal(line)) {
		add(l, line, false);
		return;
	}
	while (n < MAX_WORDS && next_word(&rest, &words[n]))
		n++;
	/* What no list is without: comments, "[Adblock]", "server:". */
	if (n == 0 || memchr("![", *words[0].p, 2) ||
	    (l->zone && is_space(*line.p)) ||
	    (n == 1 && (is_of_pages(line, words[0]) ||
			   slice_is(words[0], "server:"))) ||
	    dnsmasq_line(l, line) || unbound_line(l, words, n))
		return;
	if (slice_is_nocase(words[0], "$ORIGIN") && n > 1) {
		set_origin(l, words[1]);
		l->zone = true;
	} else if (slice_is_nocase(words[0], "$TTL")) {
		l->zone = true;
	} else if (n == 1) {
		add_rule(l, words[0]);
	} else if (!ip_parse(words[0], &ip) ||
		   memchr(words[0].p, '%', words[0].n)) {
		hosts_line(l, line);
	} else {
		zone_line(l, words, n);
	}
}

static struct namelist *
begin(size_t n)
{
	struct namelist *l = xcalloc(1, sizeof *l);

	l->names = nametable_new(n);
	return l;
}

/* Whole lines, or all that is left; how many bytes. */
static size_t
take_lines(struct namelist *l, const char *p, size_t n, bool all)
{
	const char *line = p, *end = p + n, *newline;

	while (line < end) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline && !all)
			break;
		newline = newline ? newline : end;
		if (l->line++ == 0 && newline - line >= 3 &&
		    memcmp(line, "\xef\xbb\xbf", 3) == 0)
			line += 3;
		take_line(l, slice_of(line, (size_t)(newline - line)));
		line = newline < end ? newline + 1 : end;
	}
	return (size_t)(line - p);
}

struct namelist *
namelist_parse(struct slice text)
{
	struct namelist *l = begin(text.n);

	take_lines(l, text.p, text.n, true);
	nametable_settle(l->names);
	return l;
}

/* All of an open file; 0, or what is wrong with it as errno has it. */
static int
read_file(struct namelist *l, int fd)
{
	size_t n = 0, room = 1 << 18, used;
	char *text = xmalloc(room);
	uint64_t total = 0;
	int err = 0;

	while (!err) {
		ssize_t got = read(fd, text + n, room - n);

		if (got == 0)
			break;
		if (got < 0) {
			err = errno == EINTR ? 0 : errno;
			continue;
		}
		n += (size_t)got;
		total += (uint64_t)got;
		err = total < UINT32_MAX / 2 ? 0 : EFBIG;
		used = take_lines(l, text, n, false);
		memmove(text, text + used, n -= used);
		if (n == room)
			text = xreallocarray(text, room *= 2, 1);
	}
	take_lines(l, text, n, true);
	nametable_settle(l->names);
	free(text);
	return err;
}

struct namelist *
namelist_read(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), err;
	struct namelist *l;
	struct stat st;

	if (fd < 0)
		return NULL;
	out_keep(file);
	if (fstat(fd, &st) < 0 || st.st_size > UINT32_MAX / 2)
		st.st_size = 0;
	l = begin((size_t)st.st_size);
	err = read_file(l, fd);
	close(fd);
	if (!err)
		return l;
	namelist_free(l);
	errno = err;
	return NULL;
}

void
namelist_free(struct namelist *l)
{
	if (!l)
		return;
	nametable_free(l->names);
	free(l);
}

size_t
namelist_count(const struct namelist *l)
{
	return nametable_count(l->names);
}

size_t
namelist_bad(const struct namelist *l, size_t *first)
{
	*first = l->first_bad;
	return l->bad;
}

const char *
namelist_find(const struct namelist *l, struct slice name)
{
	return nametable_find(l->names, name);
}
