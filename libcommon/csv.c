/* SPDX-License-Identifier: MIT */
#include "libcommon/csv.h"

void
csv_open(struct csv *c, char *text, size_t n)
{
	*c = (struct csv){ .p = text, .end = text + n, .next_line = 1 };
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		c->p += 3;
}

static const char *
quoted_cell(struct csv *c, struct csv_cell *cell)
{
	char *to = ++c->p, *start = to;

	for (; c->p < c->end; *to++ = *c->p++) {
		c->next_line += *c->p == '\n';
		if (*c->p != '"')
			continue;
		if (++c->p == c->end || *c->p != '"')
			goto closed;
	}
	return "a quote is not closed";
closed:
	cell->s = slice_of(start, (size_t)(to - start));
	cell->quoted = true;
	if (c->p < c->end && !strchr(",\r\n", *c->p))
		return "expected a comma behind the closing quote";
	return NULL;
}

static const char *
plain_cell(struct csv *c, struct csv_cell *cell)
{
	char *start = c->p;

	while (c->p < c->end && *c->p != ',' && *c->p != '\n') {
		if (*c->p++ == '"')
			return "a quote within a cell that does not begin "
			       "with one";
	}
	cell->s = slice_of(start, (size_t)(c->p - start));
	cell->quoted = false;
	if (cell->s.n && (c->p == c->end || *c->p == '\n') && c->p[-1] == '\r')
		cell->s.n--;
	return NULL;
}

/* Behind a cell: true if another one follows on the line. */
static bool
comma(struct csv *c)
{
	if (c->p < c->end && *c->p == ',') {
		c->p++;
		return true;
	}
	if (c->p < c->end && *c->p == '\r')
		c->p++;
	if (c->p < c->end && *c->p == '\n') {
		c->p++;
		c->next_line++;
	}
	return false;
}

const char *
csv_next(struct csv *c)
{
	const char *err;

	do {
		c->n = 0;
		c->line = c->next_line;
		if (c->p == c->end)
			return NULL;
		do {
			struct csv_cell *cell = &c->cells[c->n];

			if (c->n++ == CSV_CELLS)
				return "more than 256 cells";
			err = c->p < c->end && *c->p == '"'
				  ? quoted_cell(c, cell)
				  : plain_cell(c, cell);
			if (err)
				return err;
		} while (comma(c));
	} while (c->n == 1 && !c->cells[0].quoted && c->cells[0].s.n == 0);
	return NULL;
}
