/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/namelist.h"

#include <errno.h>
#include <fcntl.h>
#include <idn2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/arena.h"
#include "libcommon/hash.h"
#include "libcommon/ip.h"
#include "libcommon/names.h"
#include "libcommon/xalloc.h"

enum { MAX_NAME = 253, MAX_LABELS = 128, MAX_WORDS = 8, COMING = 16 };

struct entry {
	uint32_t hash;
	uint32_t place; /* of its text in 'texts' + 1; 0: none */
};

struct namelist {
	struct entry *table;
	uint32_t mask;
	size_t n, bad;
	/* Of each name: 1 for an exception, its length, text, NUL. */
	char *texts;
	size_t used, room;
	/* Those that wait for memory together. */
	struct entry coming[COMING];
	unsigned n_coming;
	uint64_t seed;
	/*
	 * A bit for each hash: that there is no such name is mostly known
	 * without a look at the table, which no cache can hold.
	 */
	uint64_t *bits;
	uint32_t bits_mask;
	bool tops;  /* there are names of one label */
	bool begun; /* a line was read */
	/* Of a zone. */
	bool zone;
	char origin[MAX_NAME + 2];
};

/* ---- the table ---- */

static struct entry *
look_up(const struct namelist *l, struct slice name, uint32_t hash)
{
	uint32_t i = hash & l->mask;

	for (; l->table[i].place; i = (i + 1) & l->mask) {
		const char *text = l->texts + l->table[i].place;

		if (l->table[i].hash == hash &&
		    (unsigned char)text[-1] == name.n &&
		    memcmp(text, name.p, name.n) == 0)
			break;
	}
	return &l->table[i];
}

static void
grow(struct namelist *l)
{
	uint32_t old = l->mask + 1;
	struct entry *was = l->table;

	l->mask = l->mask * 2 + 1;
	l->table = xzeros(((size_t)l->mask + 1) * sizeof *l->table);
	for (uint32_t i = 0; i < old; i++) {
		uint32_t k = was[i].hash & l->mask;

		if (!was[i].place)
			continue;
		while (l->table[k].place)
			k = (k + 1) & l->mask;
		l->table[k] = was[i];
	}
	free(was);
}

/* A name whose text is there, and waits for the table. */
static void
enter(struct namelist *l, struct entry new)
{
	char *text = l->texts + new.place;
	struct slice name = slice_of(text, (unsigned char)text[-1]);
	struct entry *e = look_up(l, name, new.hash);

	if (e->place) {
		l->texts[e->place - 2] &= text[-2];
		return;
	}
	*e = new;
	l->tops |= !memchr(name.p, '.', name.n);
	l->bits[(new.hash & l->bits_mask) / 64] |= 1ull << new.hash % 64;
	if (++l->n > l->mask / 2)
		grow(l);
}

static void
enter_all(struct namelist *l)
{
	for (unsigned i = 0; i < l->n_coming; i++)
		enter(l, l->coming[i]);
	l->n_coming = 0;
}

static void
add(struct namelist *l, struct slice name, bool exception)
{
	uint32_t hash = (uint32_t)hash_bytes(name.p, name.n, l->seed);
	char *text;

	if (l->used + name.n + 3 > l->room) {
		l->room = 2 * l->room + MAX_NAME + 3;
		l->texts = xreallocarray(l->texts, l->room, 1);
	}
	text = l->texts + l->used;
	*text++ = exception;
	*text++ = (char)name.n;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	__builtin_prefetch(&l->table[hash & l->mask]);
	__builtin_prefetch(&l->bits[(hash & l->bits_mask) / 64]);
	l->coming[l->n_coming++] =
	    (struct entry){ hash, (uint32_t)(text - l->texts) };
	l->used += name.n + 3;
	if (l->n_coming == COMING)
		enter_all(l);
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

/*
 * As names are compared: lower case, without "*." and the dot at the end;
 * ASCII.  False if it is no name.
 */
static bool
normal(struct slice s, char out[MAX_NAME + 1], size_t *n)
{
	char *ascii = NULL;
	char copy[4 * MAX_NAME + 1];
	bool plain = true;

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

		plain &= (unsigned char)c < 0x80;
		copy[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
		if (!c || c == '/' || c == '"')
			return false;
	}
	copy[s.n] = '\0';
	if (!plain && idn2_to_ascii_8z(copy, &ascii,
			  IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	*n = strlen(ascii ? ascii : copy);
	if (*n <= MAX_NAME)
		memcpy(out, ascii ? ascii : copy, *n + 1);
	idn2_free(ascii);
	return *n <= MAX_NAME;
}

static void
add_text(struct namelist *l, struct slice s, bool exception)
{
	char name[MAX_NAME + 1];
	size_t n;

	if (normal(s, name, &n))
		add(l, slice_of(name, n), exception);
	else
		l->bad++;
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
		l->bad++;
	else
		add_text(l, s, false);
}

/* Names of a zone are relative to its origin unless they end with a dot. */
static struct slice
without_origin(const struct namelist *l, struct slice owner)
{
	size_t n = strlen(l->origin);

	if (n && owner.n > n + 1 && owner.p[owner.n - 1] == '.' &&
	    slice_is_nocase(
		slice_of(owner.p + owner.n - 1 - n, n), l->origin) &&
	    owner.p[owner.n - 2 - n] == '.')
		owner.n -= n + 2;
	return owner;
}

static void
set_origin(struct namelist *l, struct slice s)
{
	size_t n;

	if (!normal(s, l->origin, &n))
		*l->origin = '\0';
}

/* "owner [ttl] [class] type data": of RPZ, CNAMEs and addresses tell. */
static void
zone_line(struct namelist *l, const struct slice *words, int n)
{
	static const char *const triggers[] = { "rpz-ip", "rpz-client-ip",
		"rpz-nsip", "rpz-nsdname" };
	struct slice owner = without_origin(l, words[0]);
	int type = 1;

	while (type < n - 1 && ((unsigned char)(words[type].p[0] - '0') < 10 ||
				   slice_is_nocase(words[type], "IN")))
		type++;
	if (slice_is_nocase(words[type], "SOA") && !slice_is(words[0], "@"))
		set_origin(l, words[0]);
	l->zone = true;
	if (!slice_is_nocase(words[type], "CNAME") &&
	    !slice_is_nocase(words[type], "A") &&
	    !slice_is_nocase(words[type], "AAAA")) {
		l->bad += names_number(NAMES_DNS_TYPE, words[type]) < 0;
		return;
	}
	for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++) {
		size_t k = strlen(triggers[i]);

		if (owner.n > k &&
		    slice_is(slice_of(owner.p + owner.n - k, k), triggers[i]))
			return;
	}
	add_text(l, owner, slice_starts(words[n - 1], "rpz-passthru"));
}

/* Whether it is a name as names are compared: most lines are. */
static bool
is_normal(struct slice s)
{
	static const bool plain[256] = { ['a' ... 'z'] = true,
		['0' ... '9'] = true,
		['-'] = true,
		['_'] = true,
		['.'] = true };
	bool all = s.n && s.n <= MAX_NAME && *s.p != '.' && s.p[s.n - 1] != '.';

	for (size_t i = 0; all && i < s.n; i++)
		all = plain[(unsigned char)s.p[i]];
	return all;
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
	if (n == 0 || *words[0].p == '!' || (l->zone && is_space(*line.p)))
		return;
	if (slice_is_nocase(words[0], "$ORIGIN") && n > 1) {
		set_origin(l, words[1]);
		l->zone = true;
	} else if (*words[0].p == '$') {
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

/* For a list of so many bytes, more or less. */
static struct namelist *
begin(size_t n)
{
	struct namelist *l = xcalloc(1, sizeof *l);

	l->seed = hash_seed();
	l->mask = 15;
	while (l->mask / 2 < n / 32)
		l->mask = l->mask * 2 + 1;
	l->table = xzeros(((size_t)l->mask + 1) * sizeof *l->table);
	l->bits_mask = l->mask < UINT32_MAX / 8 ? l->mask * 8 + 7 : l->mask;
	l->bits_mask |= 63;
	l->bits = xzeros(((size_t)l->bits_mask + 1) / 8);
	l->room = n + n / 8 + 64;
	l->texts = xmalloc(l->room);
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
		if (!l->begun && newline - line >= 3 &&
		    memcmp(line, "\xef\xbb\xbf", 3) == 0)
			line += 3;
		l->begun = true;
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
	enter_all(l);
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
	enter_all(l);
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
	free(l->table);
	free(l->bits);
	free(l->texts);
	free(l);
}

size_t
namelist_count(const struct namelist *l)
{
	return l->n;
}

size_t
namelist_bad(const struct namelist *l)
{
	return l->bad;
}

const char *
namelist_find(const struct namelist *l, struct slice name)
{
	struct {
		struct slice s;
		uint32_t hash;
	} at[MAX_LABELS];
	const char *end = name.p + name.n, *dot = end;
	int n = 0;

	/* All places are fetched at once, for each may be a miss. */
	if (!l->tops)
		dot = memrchr(name.p, '.', name.n);
	while (dot && n < MAX_LABELS) {
		dot = memrchr(name.p, '.', (size_t)(dot - name.p));
		at[n].s =
		    dot ? slice_of(dot + 1, (size_t)(end - dot - 1)) : name;
		at[n].hash =
		    (uint32_t)hash_bytes(at[n].s.p, at[n].s.n, l->seed);
		__builtin_prefetch(&l->bits[(at[n].hash & l->bits_mask) / 64]);
		n++;
	}
	while (n--) {
		uint32_t hash = at[n].hash;
		const struct entry *e;

		if (!(l->bits[(hash & l->bits_mask) / 64] >> hash % 64 & 1))
			continue;
		e = look_up(l, at[n].s, hash);
		if (e->place)
			return l->texts[e->place - 2] ? NULL
						      : l->texts + e->place;
	}
	return NULL;
}
