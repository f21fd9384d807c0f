/* SPDX-License-Identifier: MIT */
#include "libcommon/biflow.h"

#include <stdlib.h>

#include "libcommon/groups.h"
#include "libcommon/xalloc.h"

enum {
	STEP = 16,     /* bytes; sizes of rooms are multiples */
	CLASSES = 257, /* rooms up to 4 KiB are used again */
	CHUNK = 256 * 1024,
	SYN = 2,
	ACK = 16
};

struct chain;

struct waiting {
	struct biflow_flow flow; /* its data stand behind */
	struct waiting *next;    /* of the conversation; of the free list */
	struct chain *chain;
	size_t at; /* of the heap */
	uint16_t class;
	bool forth; /* from the lower end to the higher one */
};

/* A conversation: the flows that wait, in any order. */
struct chain {
	struct waiting *first;
	uint64_t n;
};

/* A heap, of four children each, with the flow that ends first on top. */
struct entry {
	int64_t last, first;
	struct waiting *w;
};

struct biflow {
	struct biflow_opts opts;
	struct groups chains; /* ends -> struct chain */
	struct entry *heap;
	size_t n, cap;
	struct waiting *free[CLASSES];
	char **chunks;
	size_t n_chunks, cap_chunks, used;
	/* By user: how many wait, and were settled before their time. */
	size_t waiting[BIFLOW_USERS];
	uint64_t early[BIFLOW_USERS];
};

struct biflow *
biflow_new(const struct biflow_opts *opts)
{
	struct biflow *b = xcalloc(1, sizeof *b);

	b->opts = *opts;
	groups_init(&b->chains, sizeof(struct chain));
	b->used = CHUNK;
	return b;
}

/* ---- memory ---- */

static struct waiting *
take_room(struct biflow *b, size_t data)
{
	size_t size = sizeof(struct waiting) + data, class;
	struct waiting *w;

	class = (size + STEP - 1) / STEP;
	if (class >= CLASSES) {
		w = xmalloc(size);
		w->class = 0;
		return w;
	}
	w = b->free[class];
	if (w) {
		b->free[class] = w->next;
		return w;
	}
	if (b->used + class * STEP > CHUNK) {
		b->chunks = xgrow(
		    b->chunks, &b->cap_chunks, b->n_chunks, sizeof(char *));
		b->chunks[b->n_chunks++] = xaligned(CHUNK);
		b->used = 0;
	}
	w = (void *)(b->chunks[b->n_chunks - 1] + b->used);
	b->used += class * STEP;
	w->class = (uint32_t) class;
	return w;
}

static void
give_room(struct biflow *b, struct waiting *w)
{
	if (!w->class) {
		free(w);
		return;
	}
	w->next = b->free[w->class];
	b->free[w->class] = w;
}

void
biflow_free(struct biflow *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (!b->heap[i].w->class)
			free(b->heap[i].w);
	for (size_t i = 0; i < b->n_chunks; i++)
		free(b->chunks[i]);
	free(b->chunks);
	free(b->heap);
	groups_free(&b->chains);
	free(b);
}

/* ---- order ---- */

/* Of flows that are not the same in all: never by the order of their coming. */
static int
by_content(const struct biflow_flow *a, const struct biflow_flow *b)
{
	const struct biflow_ends *x = &a->ends, *y = &b->ends;
	int c = memcmp(x->ip, y->ip, sizeof x->ip);

	for (int i = 0; !c && i < 2; i++)
		c = x->port[i] - y->port[i];
	c = c ? c : x->protocol - y->protocol;
	return c ? c : slice_cmp(a->data, b->data);
}

static int
by_end(const struct biflow_flow *a, const struct biflow_flow *b)
{
	if (a->last != b->last)
		return a->last < b->last ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return by_content(a, b);
}

static inline bool
before(const struct entry *a, const struct entry *b)
{
	if (a->last != b->last)
		return a->last < b->last;
	if (a->first != b->first)
		return a->first < b->first;
	return by_content(&a->w->flow, &b->w->flow) < 0;
}

static inline void
place(struct biflow *b, size_t i, struct entry e)
{
	b->heap[i] = e;
	e.w->at = i;
}

static void
rise(struct biflow *b, size_t i, struct entry e)
{
	for (; i && before(&e, &b->heap[(i - 1) / 4]); i = (i - 1) / 4)
		place(b, i, b->heap[(i - 1) / 4]);
	place(b, i, e);
}

static void
sink(struct biflow *b, size_t i, struct entry e)
{
	size_t least, k;

	while ((k = 4 * i + 1) < b->n) {
		least = k;
		for (size_t end = k + 4; ++k < end && k < b->n;)
			if (before(&b->heap[k], &b->heap[least]))
				least = k;
		if (!before(&b->heap[least], &e))
			break;
		place(b, i, b->heap[least]);
		i = least;
	}
	place(b, i, e);
}

static void
push(struct biflow *b, struct waiting *w)
{
	struct entry e = { w->flow.last, w->flow.first, w };

	b->heap = xgrow(b->heap, &b->cap, b->n, sizeof *b->heap);
	rise(b, b->n++, e);
}

static void
take_out(struct biflow *b, struct waiting *w)
{
	size_t i = w->at;
	struct entry e = b->heap[--b->n];

	if (i == b->n)
		return;
	if (i && before(&e, &b->heap[(i - 1) / 4]))
		rise(b, i, e);
	else
		sink(b, i, e);
}

/* ---- pairs ---- */

static uint64_t
distance(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static bool
may_pair(
    const struct biflow *b, const struct waiting *a, const struct waiting *o)
{
	return a->forth != o->forth &&
	       distance(a->flow.first, o->flow.first) <
		   (uint64_t)b->opts.starts &&
	       distance(a->flow.last, o->flow.last) <= (uint64_t)b->opts.ends;
}

/* Whether o suits w better than p does. */
static bool
better(
    const struct waiting *w, const struct waiting *o, const struct waiting *p)
{
	uint64_t d = distance(o->flow.first, w->flow.first),
		 least = distance(p->flow.first, w->flow.first);

	return d == least ? by_end(&o->flow, &p->flow) < 0 : d < least;
}

/*
 * Whether one of the user that waits suits p better than w does.  Those that
 * end too late for w may not have come yet, so they do not count.
 */
static bool
prefers(const struct biflow *b, const struct waiting *p,
    const struct waiting *w, uint64_t user)
{
	for (struct waiting *o = w->chain->first; o; o = o->next)
		if (o != w && o->flow.users & user && may_pair(b, p, o) &&
		    distance(o->flow.last, w->flow.last) <=
			(uint64_t)b->opts.ends &&
		    better(p, o, w))
			return true;
	return false;
}

/* Of those of the user that have nobody better, the best. */
static struct waiting *
partner_of(const struct biflow *b, const struct waiting *w, uint64_t user)
{
	struct waiting *best = NULL;

	for (struct waiting *o = w->chain->first; o; o = o->next)
		if (o->flow.users & user && may_pair(b, w, o) &&
		    (!best || better(w, o, best)) && !prefers(b, o, w, user))
			best = o;
	return best;
}

/* The users to whom the conversation is the same as to this one. */
static uint64_t
alike(const struct chain *chain, uint64_t user)
{
	uint64_t all = ~0ull;

	for (const struct waiting *o = chain->first; o; o = o->next)
		all &= o->flow.users & user ? o->flow.users : ~o->flow.users;
	return all;
}

/* It waits no more. */
static void
leave(struct biflow *b, struct waiting *w)
{
	struct waiting **p = &w->chain->first;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	if (!--w->chain->n)
		groups_remove(&b->chains, w->chain);
	take_out(b, w);
	give_room(b, w);
}

static uint64_t
lowest(uint64_t users)
{
	return users & -users;
}

static size_t
number_of(uint64_t user)
{
	return (size_t)__builtin_ctzll(user);
}

/* It waits no more for these. */
static void
leave_users(struct biflow *b, struct waiting *w, uint64_t users)
{
	w->flow.users &= ~users;
	for (; users; users &= users - 1)
		b->waiting[number_of(users)]--;
	if (!w->flow.users)
		leave(b, w);
}

static bool
opens(const struct biflow_flow *f)
{
	return (f->flags & (SYN | ACK)) == SYN;
}

/* Whether a, of a pair, is the initiator. */
static bool
initiates(const struct biflow_flow *a, const struct biflow_flow *b)
{
	if (opens(a) != opens(b))
		return opens(a);
	if (a->first != b->first)
		return a->first < b->first;
	if (a->ends.port[0] != b->ends.port[0])
		return a->ends.port[0] > b->ends.port[0];
	return by_content(a, b) < 0;
}

bool
biflow_answers(const struct biflow_flow *f)
{
	return !opens(f) && f->ends.port[0] < f->ends.port[1];
}

static void
put_pair(struct biflow *b, const struct biflow_flow *f,
    const struct biflow_flow *other, uint64_t users)
{
	if (other && !initiates(f, other))
		b->opts.put(b->opts.arg, other, f, users);
	else
		b->opts.put(b->opts.arg, f, other, users);
}

/* For these users, who have it. */
static void
settle(struct biflow *b, struct waiting *w, uint64_t users)
{
	for (uint64_t left = users, same; left; left &= ~same) {
		struct waiting *other = partner_of(b, w, lowest(left));

		same = alike(w->chain, lowest(left)) & left;
		put_pair(b, &w->flow, other ? &other->flow : NULL, same);
		if (other)
			leave_users(b, other, same);
	}
	leave_users(b, w, users);
}

void
biflow_expire(struct biflow *b, int64_t watermark)
{
	while (b->n && b->heap[0].last <= watermark)
		settle(b, b->heap[0].w, b->heap[0].w->flow.users);
}

static void
settle_early(struct biflow *b, struct waiting *w, uint64_t users)
{
	for (uint64_t left = users; left; left &= left - 1)
		b->early[number_of(left)]++;
	settle(b, w, users);
}

/* If the user has too many of a conversation, the first one. */
static void
settle_first(struct biflow *b, struct chain *chain, uint64_t user)
{
	struct waiting *w = NULL;
	size_t n = 0;

	for (struct waiting *o = chain->first; o; o = o->next) {
		if (!(o->flow.users & user))
			continue;
		n++;
		if (!w || by_end(&o->flow, &w->flow) < 0)
			w = o;
	}
	if (n == BIFLOW_TOGETHER)
		settle_early(b, w, user);
}

static bool
has_room(const struct biflow *b, uint64_t users)
{
	for (; users; users &= users - 1)
		if (b->waiting[number_of(users)] >= b->opts.max)
			return false;
	return true;
}

/*
 * The partners that nobody can be nearer than: they began and ended at the same
 * time.  Returns the users without one.
 */
static uint64_t
put_at_once(struct biflow *b, struct chain *chain,
    const struct biflow_flow *flow, bool forth)
{
	uint64_t left = flow->users, same;

	for (struct waiting *o = chain->first, *next; o && left; o = next) {
		next = o->next;
		same = o->flow.users & left;
		if (!same || o->forth == forth ||
		    o->flow.first != flow->first || o->flow.last != flow->last)
			continue;
		put_pair(b, flow, &o->flow, same);
		leave_users(b, o, same);
		left &= ~same;
	}
	return left;
}

/* The ends with the lower one first. */
static bool
in_order(const struct biflow_ends *e, struct biflow_ends *to)
{
	int c = memcmp(&e->ip[0], &e->ip[1], sizeof e->ip[0]);

	*to = *e;
	if (c < 0 || (c == 0 && e->port[0] <= e->port[1]))
		return true;
	to->ip[0] = e->ip[1];
	to->ip[1] = e->ip[0];
	to->port[0] = e->port[1];
	to->port[1] = e->port[0];
	return false;
}

static void
wait_for_partner(struct biflow *b, struct chain *chain,
    const struct biflow_flow *flow, bool forth, uint64_t users)
{
	struct waiting *w = take_room(b, flow->data.n);

	w->flow = *flow;
	w->flow.data.p = (char *)(w + 1);
	if (flow->data.n)
		memcpy(w + 1, flow->data.p, flow->data.n);
	w->flow.users = users;
	for (; users; users &= users - 1)
		b->waiting[number_of(users)]++;
	w->forth = forth;
	w->chain = chain;
	w->next = chain->first;
	chain->first = w;
	chain->n++;
	push(b, w);
}

void
biflow_add(struct biflow *b, const struct biflow_flow *flow)
{
	struct biflow_ends ends;
	bool forth = in_order(&flow->ends, &ends), fresh;
	const char *key = (const char *)&ends;
	uint64_t users = flow->users;
	struct chain *chain;

	chain = groups_find(&b->chains, key, sizeof ends);
	if (chain) {
		users = put_at_once(b, chain, flow, forth);
		if (!users)
			return;
		chain = groups_find(&b->chains, key, sizeof ends);
	}
	if (chain && chain->n >= BIFLOW_TOGETHER)
		for (uint64_t left = users; left; left &= left - 1)
			settle_first(b, chain, lowest(left));
	while (b->n >= b->opts.max && !has_room(b, users))
		settle_early(b, b->heap[0].w, b->heap[0].w->flow.users);
	chain = groups_get(&b->chains, key, sizeof ends, &fresh);
	wait_for_partner(b, chain, flow, forth, users);
}

uint64_t
biflow_early(const struct biflow *b, size_t user)
{
	return b->early[user];
}
