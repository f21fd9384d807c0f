/* SPDX-License-Identifier: MIT */
#include "libcommon/frame.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/xalloc.h"

enum { RAW_CAP = 64 * 1024 };

/* First members whose value is the array of records. */
static const char *const wrappers[] = { "\"ArgusData\"" };

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* The end of the object at p, or NULL if a newline or the end comes first. */
static const char *
object_end(const char *p, const char *end)
{
	bool in_string = false;
	int depth = 0;

	for (; p < end && *p != '\n'; p++) {
		if (in_string && *p == '\\')
			p++;
		else if (*p == '"')
			in_string = !in_string;
		else if (!in_string && (*p == '{' || *p == '['))
			depth++;
		else if (!in_string && (*p == '}' || *p == ']') && !--depth)
			return p + 1;
	}
	return NULL;
}

/* Bytes of a wrapper's beginning at p; 0: none; -1: more bytes will tell. */
static ssize_t
wrapper_begins(const char *p, const char *end)
{
	const char *start = p, *name = wrappers[0];
	size_t n = strlen(name), have;

	p = skip_space(p + 1, end);
	have = (size_t)(end - p) < n ? (size_t)(end - p) : n;
	if (memcmp(p, name, have) != 0)
		return 0;
	p = skip_space(p + have, end);
	if (p < end && *p != ':')
		return 0;
	p = p < end ? skip_space(p + 1, end) : p;
	if (p == end)
		return -1;
	return *p == '[' ? p + 1 - start : 0;
}

int
frame_needed(const char *p, size_t n)
{
	const char *end = p + n, *newline;
	ssize_t wrapper;

	p = skip_space(p, end);
	if (p == end)
		return -1;
	if (*p != '{')
		return *p == '[';
	wrapper = wrapper_begins(p, end);
	if (wrapper)
		return wrapper > 0 ? 1 : -1;
	newline = memchr(p, '\n', (size_t)(end - p));
	p = object_end(p, end);
	if (!p)
		return newline ? 1 : n > RAW_CAP ? 0 : -1;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p == end ? -1 : *p == '{' || *p == ',';
}

void
frame_open(struct frame *f, const char *p, size_t n)
{
	char *raw = f->raw;
	size_t cap = f->cap;

	if (cap < n || !raw) {
		cap = n > RAW_CAP ? n : RAW_CAP;
		raw = xreallocarray(raw, cap, 1);
	}
	*f = (struct frame){ .raw = raw, .cap = cap, .n = n };
	memcpy(f->raw, p, n);
}

void
frame_close(struct frame *f)
{
	free(f->raw);
	*f = (struct frame){ 0 };
}

/* One byte within an object.  Returns how many bytes it became. */
static size_t
inside(struct frame *f, char c, char *out)
{
	*out = c;
	if (f->in_string) {
		/* Not JSON: keep it so, without breaking the line. */
		if (c == '\n')
			*out = '\v';
		if (f->escaped)
			f->escaped = false;
		else if (c == '\\')
			f->escaped = true;
		else if (c == '"')
			f->in_string = false;
		return 1;
	}
	switch (c) {
	case '"':
		f->in_string = true;
		break;
	case '{':
	case '[':
		f->depth++;
		break;
	case '}':
	case ']':
		if (--f->depth == 0) {
			out[1] = '\n';
			return 2;
		}
		break;
	case '\n':
	case '\r':
	case '\t':
		*out = ' ';
		break;
	default:
		break;
	}
	return 1;
}

/* One byte between objects. */
static size_t
between(struct frame *f, char c, char *out)
{
	if (!f->in_word)
		f->arrays += (c == '[') - (c == ']');
	if (f->in_word ? c == '\n'
		       : is_space(c) || memchr(",[]", c, 3) ||
			     (c == '}' && f->wrapper)) {
		bool end = f->in_word;

		f->in_word = false;
		*out = '\n';
		return end;
	}
	f->in_word = true;
	*out = c;
	return 1;
}

static size_t
begin(struct frame *f, char *out)
{
	size_t n = 0;

	if (f->in_word)
		out[n++] = '\n';
	f->in_word = false;
	f->depth = 1;
	out[n++] = '{';
	return n;
}

/* More raw bytes behind the unused ones: 1, end: 0, error: -1. */
static ssize_t
more(struct frame *f, struct source *s, int (*idle)(void *arg), void *arg)
{
	ssize_t got;

	if (f->ended)
		return f->failed ? -1 : 0;
	memmove(f->raw, f->raw + f->at, f->n - f->at);
	f->n -= f->at;
	f->at = 0;
	if (f->n == f->cap)
		f->raw = xgrow(f->raw, &f->cap, f->n, 1);
	got = source_read(s, f->raw + f->n, f->cap - f->n, idle, arg);
	f->ended = got <= 0;
	f->failed = got < 0;
	f->n += got > 0 ? (size_t)got : 0;
	return got;
}

ssize_t
frame_read(struct frame *f, struct source *s, char *buf, size_t n,
    int (*idle)(void *arg), void *arg)
{
	char *out = buf, *end = buf + n - 1; /* a byte may become two */

	while (out < end && (out == buf || f->at < f->n)) {
		ssize_t w;
		char c;

		if (f->at == f->n) {
			w = more(f, s, idle, arg);
			if (w <= 0)
				return w;
			continue;
		}
		c = f->raw[f->at];
		if (f->depth > 0) {
			out += inside(f, c, out);
		} else if (c != '{') {
			out += between(f, c, out);
		} else {
			w = wrapper_begins(f->raw + f->at, f->raw + f->n);
			if (w < 0 && out > buf)
				break;
			if (w < 0 && more(f, s, idle, arg) > 0)
				continue;
			if (w > 0) {
				f->wrapper = 1;
				f->at += (size_t)w;
				continue;
			}
			out += begin(f, out);
		}
		f->at++;
	}
	return out - buf;
}
