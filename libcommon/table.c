/* SPDX-License-Identifier: MIT */
#include "libcommon/table.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#include "libcommon/arena.h"
#include "libcommon/xalloc.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

enum {
	MOST_ROWS = 1000, /* that are aligned together */
	LEAST = 8,        /* a column is not cut further */
	GAP = 2,
};

struct table {
	struct output *out;
	const char *const *names;
	size_t n;
	struct table_style style;
	size_t state; /* column of alert_state, or n */
	bool headed;
	/* The rows that wait, cell after cell. */
	struct arena arena;
	struct slice *cells;
	size_t n_cells, cap_cells;
	enum table_kind *kinds; /* of columns */
	size_t *widths;         /* of columns so far */
	size_t *shown;          /* of columns as they are written now */
};

struct table *
table_open(struct output *out, const char *const *names, size_t n,
    const struct table_style *style)
{
	struct table *t = xcalloc(1, sizeof *t);

	*t = (struct table){
		.out = out, .names = names, .n = n, .style = *style
	};
	t->kinds = xcalloc(n, sizeof *t->kinds);
	t->widths = xcalloc(n, sizeof *t->widths);
	t->shown = xcalloc(n, sizeof *t->shown);
	for (size_t i = 0; i < n; i++)
		t->widths[i] = strlen(names[i]);
	while (t->state < n && strcmp(names[t->state], "alert_state") != 0)
		t->state++;
	return t;
}

/* Columns of a terminal that a text takes: code points. */
static size_t
width(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

void
table_put(struct table *t, struct slice text, enum table_kind kind)
{
	size_t column = t->n_cells % t->n, w = width(text);

	/* A column with numbers is never cut. */
	if (kind == TABLE_NUMBER || t->kinds[column] == TABLE_FIXED)
		t->kinds[column] = kind;
	if (w > t->widths[column])
		t->widths[column] = w;
	t->cells = xgrow(t->cells, &t->cap_cells, t->n_cells, sizeof *t->cells);
	t->cells[t->n_cells++] = arena_slice(&t->arena, text);
	if (t->n_cells == MOST_ROWS * t->n)
		table_flush(t);
}

/* The terminal's width; 0: there is none. */
static size_t
room(const struct table *t)
{
	const char *columns = getenv("COLUMNS");
	struct winsize w;
	long n = columns ? strtol(columns, NULL, 10) : 0;

	if (!t->style.fit)
		return 0;
	if (n > 0)
		return (size_t)n;
	return ioctl(t->out->fd, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

/* The widest text is cut until all fits, or no text is long. */
static void
fit(struct table *t)
{
	size_t total = GAP * (t->n - 1), limit = room(t);

	for (size_t i = 0; i < t->n; i++)
		total += t->shown[i] = t->widths[i];
	for (; limit && total > limit; total--) {
		size_t widest = t->n;

		for (size_t i = 0; i < t->n; i++)
			if (t->kinds[i] == TABLE_TEXT && t->shown[i] > LEAST &&
			    (widest == t->n || t->shown[i] > t->shown[widest]))
				widest = i;
		if (widest == t->n)
			return;
		t->shown[widest]--;
	}
}

/* The first 'most' code points. */
static void
put_safely(struct output *out, struct slice s, size_t most)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool c1 = c == 0xc2 && i + 1 < s.n &&
			  (unsigned char)s.p[i + 1] < 0xa0;

		if ((c & 0xc0) != 0x80 && !most--)
			return;
		i += c1;
		out_char(out, c < 0x20 || c == 0x7f || c1 ? '?' : (char)c);
	}
}

static void
put_cell(struct table *t, struct slice s, size_t column)
{
	size_t to = t->shown[column], w = width(s);
	size_t pad = w < to ? to - w : 0;
	bool right = t->kinds[column] == TABLE_NUMBER;
	bool last = column + 1 == t->n, cut = w > to;

	for (size_t i = 0; right && i < pad; i++)
		out_char(t->out, ' ');
	put_safely(t->out, s, cut ? to - 1 : w);
	if (cut)
		out_str(t->out, ELLIPSIS);
	for (size_t i = 0; !right && !last && i < pad; i++)
		out_char(t->out, ' ');
	out_put(t->out, "  ", last ? 0 : GAP);
}

static void
put_names(struct table *t)
{
	if (t->style.colour)
		out_str(t->out, BOLD);
	for (size_t i = 0; i < t->n; i++)
		put_cell(t, slice_str(t->names[i]), i);
	out_str(t->out, t->style.colour ? PLAIN "\n" : "\n");
	t->headed = true;
}

static const char *
colour_of(const struct table *t, const struct slice *row)
{
	if (!t->style.colour || t->state == t->n)
		return NULL;
	if (slice_is(row[t->state], "begin"))
		return RED;
	return slice_is(row[t->state], "end") ? GREEN : NULL;
}

void
table_flush(struct table *t)
{
	if (!t->n_cells)
		return;
	fit(t);
	if (!t->headed)
		put_names(t);
	for (size_t i = 0; i < t->n_cells; i += t->n) {
		const char *colour = colour_of(t, t->cells + i);

		if (colour)
			out_str(t->out, colour);
		for (size_t k = 0; k < t->n; k++)
			put_cell(t, t->cells[i + k], k);
		out_str(t->out, colour ? PLAIN "\n" : "\n");
	}
	t->n_cells = 0;
	arena_reset(&t->arena);
}

void
table_close(struct table *t)
{
	table_flush(t);
	arena_free(&t->arena);
	free(t->cells);
	free(t->kinds);
	free(t->widths);
	free(t->shown);
	free(t);
}

void
table_heading(struct output *out, struct slice line, bool colour)
{
	if (colour)
		out_str(out, BOLD);
	out_slice(out, line);
	out_str(out, colour ? PLAIN "\n" : "\n");
}
