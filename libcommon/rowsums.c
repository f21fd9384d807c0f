/* SPDX-License-Identifier: MIT */
#include "libcommon/rowsums.h"

#include <stdlib.h>

#include "libcommon/key.h"
#include "libcommon/num_put.h"
#include "libcommon/xalloc.h"

enum {
	PIECE = ROW_PIECE, /* texts are copied in such; room behind them */
	VALUE = 45         /* the longest one, an address */
};

/* A value, and the text in front of it, up to the value before. */
struct cell {
	struct output before;
	int call; /* its number, or -1: an address */
};

struct rowsums {
	struct row_out *row;
	struct output *out;
	struct output head; /* columns that are fixed, and the first 'before' */
	size_t n, room;
	struct cell cells[]; /* n, and one more: the end */
};

/* It is written as a number. */
static bool
is_sum(const struct agg *a, size_t cell)
{
	const struct field *f = a->cell_types[cell];

	return agg_sum_of(a, cell) >= 0 && !(f && f->type == FIELD_FLAGS);
}

static bool
is_fit(const struct agg *a, const size_t *from, size_t first, size_t n)
{
	if (!first || n - first < a->n_keys)
		return false;
	for (size_t i = first; i < n; i++)
		if (i - first < a->n_keys ? from[i] != i - first
					  : !is_sum(a, from[i]))
			return false;
	return true;
}

/* c: the value behind, or the end; quotes stand around addresses. */
static void
make_text(struct rowsums *s, struct cell *c, const char *comma,
    struct slice label, bool address)
{
	struct output *text = &c->before;

	out_memory(text);
	out_str(text, c > s->cells && c[-1].call < 0 ? "\"" : "");
	out_str(text, comma);
	out_slice(text, label);
	out_str(text, address ? "\"" : "");
	out_room(text, PIECE);
	s->room += text->n + PIECE + VALUE;
}

struct rowsums *
rowsums_new(const struct agg *a, struct row_out *r, struct output *out,
    const size_t *from, size_t first, size_t n)
{
	struct rowsums *s;

	if (!is_fit(a, from, first, n))
		return NULL;
	s = xcalloc(1, sizeof *s + (n - first + 1) * sizeof *s->cells);
	s->row = r;
	s->out = out;
	s->n = n - first;
	for (size_t i = 0; i < s->n; i++) {
		s->cells[i].call = agg_sum_of(a, from[first + i]);
		make_text(s, &s->cells[i], ",", row_label(r, first + i),
		    s->cells[i].call < 0);
	}
	make_text(s, &s->cells[s->n], "}\n", slice_of("", 0), false);
	out_memory(&s->head);
	return s;
}

void
rowsums_free(struct rowsums *s)
{
	for (size_t i = 0; s && i <= s->n; i++)
		free(s->cells[i].before.buf);
	if (s)
		free(s->head.buf);
	free(s);
}

void
rowsums_begin(struct rowsums *s)
{
	s->head.n = 0;
	out_slice(&s->head, row_fixed(s->row));
	out_put(&s->head, s->cells->before.buf, s->cells->before.n);
	out_room(&s->head, PIECE);
}

/* There is room for a piece behind both. */
static inline char *
put_text(char *to, const struct output *text)
{
	memcpy(to, text->buf, PIECE);
	for (size_t i = PIECE; i < text->n; i += PIECE)
		memcpy(to + i, text->buf + i, PIECE);
	return to + text->n;
}

bool
rowsums_put(const struct rowsums *s, struct slice key, const uint64_t *numbers)
{
	const struct cell *c = s->cells, *end = c + s->n;
	char *begin = out_room(s->out, s->head.n + s->room), *p = begin;
	struct ip ip;

	if (!p)
		return false;
	p = put_text(p, &s->head);
	while (c < end) {
		if (c->call >= 0) {
			p += num_put_u64(p, numbers[c->call]);
		} else if (*key.p == KEY_TAG_IP) {
			memcpy(ip.b, key.p + 1, sizeof ip.b);
			p += ip_put(p, &ip);
			key.p += KEY_IP;
		} else {
			return false;
		}
		p = put_text(p, &(++c)->before);
	}
	s->out->n += (size_t)(p - begin);
	return true;
}
