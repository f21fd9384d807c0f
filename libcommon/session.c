/* SPDX-License-Identifier: MIT */
#include "libcommon/session.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

/* Records of one key that lie together; those of a key in order of time. */
struct piece {
	struct piece *next, *before;
	int64_t first, last;
	struct unit_point *point; /* of its first record in the input */
	_Alignas(16) char states[];
};

#define NOT_QUEUED INT64_MIN

/* What the table holds of a key. */
struct chain {
	struct piece *pieces;
	struct piece *tail; /* the last of all */
	struct piece *last; /* of the first session */
	int64_t end;        /* of the first session */
	int64_t closed;     /* up to here sessions have ended */
	size_t heap;        /* place there */
};

struct sessions {
	struct agg *agg;
	struct window *window;
	session_fn *closed;
	void *arg;
	struct groups keys;
	struct chain **heap; /* the first to end, first */
	size_t n, cap;
};

static int64_t
plus(int64_t a, int64_t b)
{
	int64_t v;

	return __builtin_add_overflow(a, b, &v) ? INT64_MAX : v;
}

static const struct winspec *
spec_of(const struct sessions *s)
{
	return &s->window->spec;
}

/* ---- the heap ---- */

static bool
is_before(
    const struct sessions *s, const struct chain *a, const struct chain *b)
{
	if (a->end != b->end)
		return a->end < b->end;
	return slice_cmp(groups_key(&s->keys, a), groups_key(&s->keys, b)) < 0;
}

static void
put(struct sessions *s, size_t at, struct chain *c)
{
	s->heap[at] = c;
	c->heap = at;
}

/* To where it belongs, from the place where it stands. */
static void
settle(struct sessions *s, struct chain *c)
{
	size_t at = c->heap, child;

	while (at && is_before(s, c, s->heap[(at - 1) / 2])) {
		put(s, at, s->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	while ((child = 2 * at + 1) < s->n) {
		if (child + 1 < s->n &&
		    is_before(s, s->heap[child + 1], s->heap[child]))
			child++;
		if (!is_before(s, s->heap[child], c))
			break;
		put(s, at, s->heap[child]);
		at = child;
	}
	put(s, at, c);
}

static void
add_to_heap(struct sessions *s, struct chain *c)
{
	s->heap = xgrow(s->heap, &s->cap, s->n, sizeof(struct chain *));
	put(s, s->n++, c);
	settle(s, c);
}

static void
remove_top(struct sessions *s)
{
	if (--s->n) {
		put(s, 0, s->heap[s->n]);
		settle(s, s->heap[0]);
	}
}

/* ---- pieces ---- */

/* Whether records from first to last are of the session of a piece. */
static bool
joins(const struct sessions *s, const struct piece *p, int64_t first,
    int64_t last)
{
	int64_t gap = spec_of(s)->gap;

	return first < plus(p->last, gap) && plus(last, gap) > p->first;
}

static void
free_piece(const struct sessions *s, struct piece *p)
{
	agg_free_block(s->agg, p->states);
	unit_release(s->window->u, p->point);
	free(p);
}

/* The piece behind p becomes part of it. */
static void
absorb_next(struct sessions *s, struct chain *c, struct piece *p)
{
	struct piece *next = p->next;

	agg_merge(s->agg, p->states, next->states);
	if (next->point && next->point->offset < p->point->offset) {
		struct unit_point *point = p->point;

		p->point = next->point;
		next->point = point;
	}
	p->last = next->last > p->last ? next->last : p->last;
	p->next = next->next;
	if (p->next)
		p->next->before = p;
	else
		c->tail = p;
	if (c->last == next)
		c->last = p;
	free_piece(s, next);
}

/* Whether the first session cannot begin earlier any more. */
static bool
is_begun(const struct sessions *s, const struct chain *c)
{
	return s->window->u->watermark >=
	       plus(c->pieces->first, spec_of(s)->gap);
}

/* From the last piece that is known to be of the first session, onwards. */
static int64_t
find_end(struct sessions *s, struct chain *c)
{
	const struct winspec *spec = spec_of(s);
	int64_t limit = plus(c->pieces->first, spec->max), end;
	struct piece *p = c->last;

	while (p->next && p->next->first < plus(p->last, spec->gap) &&
	       p->next->first < limit)
		p = p->next;
	c->last = p;
	end = plus(p->last, spec->gap);
	while (c->pieces != c->last && is_begun(s, c))
		absorb_next(s, c, c->pieces);
	return end < limit ? end : limit;
}

/*
 * Where records may be added at once: without a maximum to any piece that they
 * join; with one, to the first, if nothing can come before it.
 */
static bool
takes(const struct sessions *s, const struct chain *c, const struct piece *p,
    int64_t first, int64_t last)
{
	const struct winspec *spec = spec_of(s);

	if (first == p->first && last == p->last && first == last)
		return true;
	if (!joins(s, p, first, last))
		return false;
	return spec->max == INT64_MAX ||
	       (p == c->pieces && first >= p->first &&
		   first < plus(p->first, spec->max) && is_begun(s, c));
}

/* A new piece in front of 'next', or at the end. */
static struct piece *
insert(struct sessions *s, struct chain *c, struct piece *next, int64_t first,
    int64_t last)
{
	struct piece *p = xcalloc(1, sizeof *p + s->agg->block);

	*p = (struct piece){ next, next ? next->before : c->tail, first, last,
		unit_hold(s->window->u) };
	*(p->before ? &p->before->next : &c->pieces) = p;
	*(next ? &next->before : &c->tail) = p;
	if (p == c->pieces)
		c->last = p;
	return p;
}

/* Most records are later than all before: the search begins at the end. */
static struct piece *
piece_for(struct sessions *s, struct chain *c, int64_t first, int64_t last)
{
	struct piece *p = c->tail, *next = NULL;

	while (p && p->first > first) {
		next = p;
		p = p->before;
	}
	if (!p || !takes(s, c, p, first, last)) {
		p = next;
		if (!p || !takes(s, c, p, first, last))
			return insert(s, c, next, first, last);
	}
	p->first = first < p->first ? first : p->first;
	p->last = last > p->last ? last : p->last;
	return p;
}

/* The lateness that a record may have: see is_late(). */
static int64_t
last_chance(const struct sessions *s, int64_t first, int64_t last)
{
	const struct winspec *spec = spec_of(s);

	return spec->max == INT64_MAX ? plus(last, spec->gap) : plus(first, 1);
}

/*
 * Late: it would be a session that has ended, and there is none to join.  With
 * a maximum also what would make a session begin earlier that has been cut, or
 * may have been.
 */
static bool
is_late(const struct sessions *s, const struct chain *c, int64_t first,
    int64_t last)
{
	if (c && spec_of(s)->max != INT64_MAX &&
	    (first < c->closed || (first < c->pieces->first && is_begun(s, c))))
		return true;
	if (last_chance(s, first, last) > s->window->u->watermark)
		return false;
	for (const struct piece *p = c ? c->pieces : NULL; p; p = p->next)
		if (joins(s, p, first, last))
			return false;
	return true;
}

/* A piece of the chain has grown: it may reach the next, and end later. */
static void
grown(struct sessions *s, struct chain *c, struct piece *p)
{
	bool queued = c->end != NOT_QUEUED;
	int64_t end;

	while (spec_of(s)->max == INT64_MAX && p->next &&
	       p->next->first < plus(p->last, spec_of(s)->gap))
		absorb_next(s, c, p);
	end = find_end(s, c);
	if (end != c->end) {
		c->end = end;
		if (queued)
			settle(s, c);
		else
			add_to_heap(s, c);
	}
	s->window->u->deadline = s->heap[0]->end;
}

/* The piece for records from first to last; NULL: they are late. */
static struct piece *
take(struct sessions *s, struct slice key, int64_t first, int64_t last,
    struct chain **chain)
{
	struct chain *c = groups_find(&s->keys, key.p, key.n);
	bool fresh;

	if (is_late(s, c, first, last)) {
		window_late(s->window, last_chance(s, first, last));
		return NULL;
	}
	if (!c) {
		c = groups_get(&s->keys, key.p, key.n, &fresh);
		c->end = NOT_QUEUED;
		c->closed = INT64_MIN;
	}
	*chain = c;
	return piece_for(s, c, first, last);
}

const char *
sessions_add(struct sessions *s, const struct expr_input *in)
{
	int64_t t = s->window->now;
	struct slice key;
	struct chain *c;
	struct piece *p;
	const char *err = agg_read(s->agg, in, &key);

	if (err)
		return err;
	p = take(s, key, t, t, &c);
	if (!p)
		return NULL;
	agg_apply(s->agg, p->states);
	grown(s, c, p);
	return NULL;
}

void
sessions_merge(struct sessions *s, int64_t first, int64_t last,
    struct slice key, const char *states)
{
	struct chain *c;
	struct piece *p = take(s, key, first, last, &c);

	if (!p)
		return;
	agg_merge(s->agg, p->states, states);
	grown(s, c, p);
}

/* Hands out the first session of the chain that ends first. */
static void
close_first(struct sessions *s)
{
	struct chain *c = s->heap[0];
	struct piece *p = c->pieces;
	struct window_bounds bounds = { .start = p->first, .end = c->end };

	while (p != c->last)
		absorb_next(s, c, p);
	s->closed(s->arg, groups_key(&s->keys, c), p->states, &bounds);
	c->closed = c->end;
	c->pieces = c->last = p->next;
	free_piece(s, p);
	if (c->pieces) {
		c->pieces->before = NULL;
		c->end = find_end(s, c);
		settle(s, c);
		return;
	}
	remove_top(s);
	groups_remove(&s->keys, c);
}

void
sessions_advance(struct sessions *s, int64_t watermark)
{
	while (s->n && s->heap[0]->end <= watermark)
		close_first(s);
	s->window->u->deadline = s->n ? s->heap[0]->end : INT64_MAX;
}

struct sessions *
sessions_new(struct agg *a, struct window *w, session_fn *closed, void *arg)
{
	struct sessions *s = xcalloc(1, sizeof *s);

	*s = (struct sessions){ a, w, closed, arg, .n = 0 };
	groups_init(&s->keys, sizeof(struct chain));
	return s;
}

void
sessions_free(struct sessions *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct piece *p = s->heap[i]->pieces, *next;

		for (; p; p = next) {
			next = p->next;
			free_piece(s, p);
		}
	}
	groups_free(&s->keys);
	free(s->heap);
	free(s);
}
