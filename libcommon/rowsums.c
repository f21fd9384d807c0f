/* SPDX-License-Identifier: MIT */
#include "libcommon/rowsums.h"

#include <stdlib.h>

#include "libcommon/key.h"
#include "libcommon/xalloc.h"

enum {
	PIECE = ROW_PIECE, /* texts are copied in such; room behind them */
	ADDRESS = 2 + 45,
	NUMBER = 20
};

struct label {
	char *text; /* ,"name": and room for a piece */
	size_t n;
	int call; /* its number, or -1: an address */
};

struct rowsums {
	struct row_out *row;
	struct output *out;
	size_t n, room;
	struct label labels[];
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

static void
make_label(struct rowsums *s, struct slice name, int call)
{
	struct label *l = &s->labels[s->n++];

	l->n = name.n + 1;
	l->call = call;
	l->text = xcalloc(l->n + PIECE, 1);
	*l->text = ',';
	memcpy(l->text + 1, name.p, name.n);
	s->room += l->n + PIECE + (call < 0 ? ADDRESS : NUMBER);
}

struct rowsums *
rowsums_new(const struct agg *a, struct row_out *r, struct output *out,
    const size_t *from, size_t first, size_t n)
{
	struct rowsums *s;

	if (!is_fit(a, from, first, n))
		return NULL;
	s = xcalloc(1, sizeof *s + (n - first) * sizeof *s->labels);
	s->row = r;
	s->out = out;
	for (size_t i = first; i < n; i++)
		make_label(s, row_label(r, i), agg_sum_of(a, from[i]));
	return s;
}

void
rowsums_free(struct rowsums *s)
{
	for (size_t i = 0; s && i < s->n; i++)
		free(s->labels[i].text);
	free(s);
}

/* There is room for a piece behind both. */
static inline char *
put_text(char *to, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i += PIECE)
		memcpy(to + i, text + i, PIECE);
	return to + n;
}

static char *
put_address(char *to, const char *bytes)
{
	struct ip ip;

	memcpy(ip.b, bytes + 1, sizeof ip.b);
	*to++ = '"';
	to += ip_put(to, &ip);
	*to++ = '"';
	return to;
}

bool
rowsums_put(const struct rowsums *s, struct slice key, const uint64_t *numbers)
{
	struct slice head = row_fixed(s->row);
	char *begin = out_room(s->out, head.n + s->room + 2), *p = begin;

	if (!p)
		return false;
	p = put_text(p, head.p, head.n);
	for (const struct label *l = s->labels; l < s->labels + s->n; l++) {
		p = put_text(p, l->text, l->n);
		if (l->call >= 0) {
			p += num_put_u64(p, numbers[l->call]);
			continue;
		}
		if (*key.p != KEY_TAG_IP)
			return false;
		p = put_address(p, key.p);
		key.p += KEY_IP;
	}
	memcpy(p, "}\n", 2);
	s->out->n += (size_t)(p + 2 - begin);
	return true;
}
