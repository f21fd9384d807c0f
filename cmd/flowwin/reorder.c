/* SPDX-License-Identifier: MIT */
/*
 * --reorder: records in order of their time, of equal times in order of their
 * bytes, each held back until none before it can come.
 */
#include <stdlib.h>

#include "cmd/flowwin/mode.h"
#include "libcommon/xalloc.h"

struct line {
	int64_t time;
	uint32_t n;
	char *p;
};

struct reorder {
	struct flowwin *f;
	struct line *heap; /* the first one first */
	size_t n, cap;
	int64_t written; /* up to this time */
};

static bool
is_before(const struct line *a, const struct line *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	return slice_cmp(slice_of(a->p, a->n), slice_of(b->p, b->n)) < 0;
}

static void
add(struct reorder *r, struct line line)
{
	size_t at;

	r->heap = xgrow(r->heap, &r->cap, r->n, sizeof *r->heap);
	for (at = r->n++; at; at = (at - 1) / 2) {
		if (!is_before(&line, &r->heap[(at - 1) / 2]))
			break;
		r->heap[at] = r->heap[(at - 1) / 2];
	}
	r->heap[at] = line;
}

static void
remove_first(struct reorder *r)
{
	struct line last = r->heap[--r->n];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < r->n) {
		if (child + 1 < r->n &&
		    is_before(&r->heap[child + 1], &r->heap[child]))
			child++;
		if (!is_before(&r->heap[child], &last))
			break;
		r->heap[at] = r->heap[child];
		at = child;
	}
	r->heap[at] = last;
}

/* The watermark that the first one waits for. */
static void
expect(struct reorder *r)
{
	bool waits = r->n && r->heap[0].time < INT64_MAX;

	r->f->window.u->deadline = waits ? r->heap[0].time + 1 : INT64_MAX;
}

/* Those before the watermark; more of its own time may come. */
static void
advance(void *arg, int64_t watermark)
{
	struct reorder *r = arg;
	struct output *out = &r->f->run.out;

	while (
	    r->n && (r->heap[0].time < watermark || watermark == INT64_MAX)) {
		struct line line = r->heap[0];

		out_put(out, line.p, line.n);
		out_char(out, '\n');
		r->f->written++;
		r->written = line.time;
		free(line.p);
		remove_first(r);
	}
	expect(r);
}

static const char *
take(struct flowwin *f)
{
	struct reorder *r = f->mode;
	struct window *w = &f->window;
	const struct rec *rec = &f->run.reader.rec;

	if (!window_take(w))
		return NULL;
	if (w->now < r->written || w->now < w->u->watermark) {
		window_late(w, w->now);
		return NULL;
	}
	add(r, (struct line){ w->now, rec->n, xstrndup(rec->p, rec->n) });
	expect(r);
	return NULL;
}

static void
setup(struct flowwin *f, struct window_client *client)
{
	struct reorder *r = xcalloc(1, sizeof *r);

	if (f->opt->window.spec)
		opts_usage("--reorder goes without -w: -l says how far "
			   "records may be out of order");
	r->f = f;
	r->written = INT64_MIN;
	f->mode = r;
	/* The watermark is all that is wanted of windows. */
	f->window.spec.kind = WINDOW_SESSION;
	f->window.spec.gap = 1; /* in silence it goes behind the last record */
	*client = (struct window_client){ .arg = r, .advance = advance };
}

const struct mode mode_reorder = { setup, take, NULL };
