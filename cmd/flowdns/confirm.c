/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/confirm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/key.h"
#include "libcommon/xalloc.h"

/*
 * A flow confirms if it lasts no longer: an answer waits for it until then, and
 * the tolerance more.  Exporters tell of a flow that lasts every few minutes,
 * most of them within five; Stream4Flow kept answers for six.
 */
static const int64_t keep = 360 * (int64_t)NUM_NANO;

enum {
	NOBODY = UINT32_MAX,
	CHAIN = 64 /* of a kind that wait of one client and address */
};

enum kind { ANSWER, FLOW, KINDS };

/* A client and an address. */
struct pair {
	uint32_t first[KINDS]; /* item, or NOBODY */
	uint32_t n[KINDS];
};

/*
 * Answers of a resolver in [from, to], in one pane and no two of them more
 * than twice the tolerance apart: what is near one is near the interval.  Or a
 * flow that lasted from 'from' to 'to', in that pane.
 *
 * A pair's items stand in order of their panes, the newest first: what belongs
 * together is found without a look at all that waits.
 */
struct item {
	int64_t from, to, pane;
	struct ip resolver;
	struct pair *pair;
	uint32_t next;   /* of the pair, same kind */
	uint32_t behind; /* of the segment */
};

/* Items of a pair: from one up to another, which is none of them. */
struct span {
	uint32_t first, end;
};

/* The items of a kind whose time is in one pane. */
struct segment {
	int64_t pane;
	struct unit_point *point;
	uint32_t first, last;
};

/* Of a unit: what waits. */
struct waiting {
	struct groups pairs;
	struct segment *segments[KINDS]; /* in order of panes */
	size_t n[KINDS], cap[KINDS];
};

struct confirm {
	struct window *window;
	struct tally *to;
	struct facts_reader *reader;
	struct eventtime first;
	int64_t within;
	size_t call; /* of 'flows' */
	uint64_t *args;
	struct item *items; /* of all units */
	size_t n_items, cap_items;
	uint32_t unused; /* item, the first of a list */
	uint64_t most, held, forgotten;
	uint64_t crowded;  /* beyond CHAIN */
	struct waiting *w; /* of the unit at hand */
	char message[80];
};

struct confirm *
confirm_new(struct window *w, struct tally *to, struct facts_reader *reader,
    int64_t within, uint64_t most)
{
	struct confirm *c = xcalloc(1, sizeof *c);
	const struct agg *a = &to->agg->agg;

	if (most < 2 || most >= NOBODY)
		opts_usage("--pending: expected 2 to 4G");
	c->window = w;
	c->to = to;
	c->reader = reader;
	c->within = within < INT64_MAX / 4 ? within : INT64_MAX / 4;
	c->most = most;
	c->unused = NOBODY;
	c->args = xcalloc(a->n_calls, sizeof *c->args);
	while (!slice_is(a->calls[c->call].name, "flows"))
		c->call++;
	c->args[c->call] = 1;
	eventtime_open(
	    &c->first, "date_first_seen", &w->run->schema, w->run->zone);
	return c;
}

size_t
confirm_unit_size(void)
{
	return sizeof(struct waiting);
}

void
confirm_select(struct confirm *c, char *state)
{
	c->w = (struct waiting *)state;
	if (!c->w->pairs.table)
		groups_init(&c->w->pairs, sizeof(struct pair));
}

/* ---- what waits ---- */

static struct pair *
find_pair(struct confirm *c, const struct ip *client, const struct ip *other)
{
	char key[2 * sizeof(struct ip)];
	struct pair *p;
	bool fresh;

	memcpy(key, client, sizeof *client);
	memcpy(key + sizeof *client, other, sizeof *other);
	p = groups_get(&c->w->pairs, key, sizeof key, &fresh);
	if (fresh)
		p->first[ANSWER] = p->first[FLOW] = NOBODY;
	return p;
}

static uint32_t
new_item(struct confirm *c)
{
	uint32_t i = c->unused;

	c->held++;
	if (i != NOBODY) {
		c->unused = c->items[i].next;
		return i;
	}
	c->items = xgrow(c->items, &c->cap_items, c->n_items, sizeof *c->items);
	return (uint32_t)c->n_items++;
}

/* The first item of the first segment of a kind is no more. */
static void
remove_first(struct confirm *c, enum kind kind)
{
	struct segment *s = c->w->segments[kind];
	uint32_t i = s->first, *at;
	struct item *item = &c->items[i];
	struct pair *pair = item->pair;

	for (at = &pair->first[kind]; *at != i; at = &c->items[*at].next)
		continue;
	*at = item->next;
	pair->n[kind]--;
	if (!pair->n[ANSWER] && !pair->n[FLOW])
		groups_remove(&c->w->pairs, pair);
	s->first = item->behind;
	item->next = c->unused;
	c->unused = i;
	c->held--;
	if (s->first != NOBODY)
		return;
	unit_release(c->window->u, s->point);
	c->w->n[kind]--;
	memmove(s, s + 1, c->w->n[kind] * sizeof *s);
}

/* The items of a kind whose pane begins before an instant. */
static void
expire(struct confirm *c, enum kind kind, int64_t pane)
{
	while (c->w->n[kind] && c->w->segments[kind]->pane < pane)
		remove_first(c, kind);
}

static void
forget_oldest(struct confirm *c)
{
	const struct waiting *w = c->w;
	enum kind kind = FLOW;

	if (!w->n[FLOW] || (w->n[ANSWER] && w->segments[ANSWER]->pane <
						w->segments[FLOW]->pane))
		kind = ANSWER;
	if (!w->n[kind])
		return; /* other units have them all */
	remove_first(c, kind);
	c->forgotten++;
}

static struct segment *
segment_of(struct confirm *c, enum kind kind, int64_t pane)
{
	struct waiting *w = c->w;
	size_t i = w->n[kind];
	struct segment *s;

	while (i && w->segments[kind][i - 1].pane > pane)
		i--;
	if (i && w->segments[kind][i - 1].pane == pane)
		return &w->segments[kind][i - 1];
	w->segments[kind] = xgrow(w->segments[kind], &w->cap[kind], w->n[kind],
	    sizeof *w->segments[kind]);
	s = &w->segments[kind][i];
	memmove(s + 1, s, (w->n[kind]++ - i) * sizeof *s);
	*s = (struct segment){ pane, unit_hold(c->window->u), NOBODY, NOBODY };
	return s;
}

/* One more that waits, if there is room for it. */
static void
add_item(struct confirm *c, struct pair *pair, enum kind kind,
    const struct item *item)
{
	struct segment *s;
	uint32_t i, *at = &pair->first[kind];

	if (pair->n[kind] == CHAIN) {
		c->crowded++;
		return;
	}
	pair->n[kind]++; /* first, lest it be removed */
	if (c->held >= c->most)
		forget_oldest(c);
	i = new_item(c);
	c->items[i] = *item;
	c->items[i].pair = pair;
	c->items[i].behind = NOBODY;
	while (*at != NOBODY && c->items[*at].pane > item->pane)
		at = &c->items[*at].next;
	c->items[i].next = *at;
	*at = i;
	s = segment_of(c, kind, item->pane);
	*(s->first == NOBODY ? &s->first : &c->items[s->last].behind) = i;
	s->last = i;
}

/* ---- what belongs together ---- */

static bool
is_near(
    const struct confirm *c, const struct item *answer, const struct item *flow)
{
	return flow->from >= num_minus(answer->from, c->within) &&
	       num_minus(flow->from, c->within) <= answer->to;
}

/* Whether an answer of that resolver is near the flow. */
static bool
is_answered(const struct confirm *c, const struct pair *pair,
    const struct ip *resolver, const struct item *flow)
{
	for (uint32_t i = pair->first[ANSWER]; i != NOBODY;
	     i = c->items[i].next)
		if (memcmp(&c->items[i].resolver, resolver, sizeof *resolver) ==
			0 &&
		    is_near(c, &c->items[i], flow))
			return true;
	return false;
}

static void
count_flow(struct confirm *c, struct window_pane *pane, const struct ip *client,
    const struct ip *resolver)
{
	const struct value ends[] = { { .type = VALUE_IP, .ip = *client },
		{ .type = VALUE_IP, .ip = *resolver } };
	char key[2 * KEY_ROOM];
	size_t n = key_put(key, &ends[0]);

	n += key_put(key + n, &ends[1]);
	winagg_add_made(c->to->agg, pane, c->to->i, slice_of(key, n), c->args);
}

static void
add_flow(struct confirm *c, struct window_pane *pane, const struct facts *f,
    const struct item *flow)
{
	struct pair *pair = find_pair(c, &f->client->ip, &f->server->ip);

	for (uint32_t i = pair->first[ANSWER]; i != NOBODY;
	     i = c->items[i].next) {
		const struct item *answer = &c->items[i];
		uint32_t k = pair->first[ANSWER];

		if (!is_near(c, answer, flow))
			continue;
		/* The first one of this resolver counts. */
		while (k != i && (memcmp(&c->items[k].resolver,
				      &answer->resolver, sizeof(struct ip)) ||
				     !is_near(c, &c->items[k], flow)))
			k = c->items[k].next;
		if (k == i)
			count_flow(c, pane, &f->client->ip, &answer->resolver);
	}
	add_item(c, pair, FLOW, flow);
}

static void
widen(struct item *item, const struct item *by)
{
	item->from = by->from < item->from ? by->from : item->from;
	item->to = by->to > item->to ? by->to : item->to;
}

/* Whether both, of one pane, are part of the same interval. */
static bool
touches(const struct confirm *c, const struct item *a, const struct item *b)
{
	return memcmp(&a->resolver, &b->resolver, sizeof a->resolver) == 0 &&
	       num_minus(a->from, 2 * c->within) <= b->to &&
	       num_minus(b->from, 2 * c->within) <= a->to;
}

/* The pair's answers of a pane: the first, and the first of those before. */
static struct span
span_of(const struct confirm *c, const struct pair *pair, int64_t pane)
{
	struct span span = { .first = pair->first[ANSWER] };

	while (span.first != NOBODY && c->items[span.first].pane > pane)
		span.first = c->items[span.first].next;
	span.end = span.first;
	while (span.end != NOBODY && c->items[span.end].pane == pane)
		span.end = c->items[span.end].next;
	return span;
}

/* The answer with all that it is part of an interval with; how many. */
static size_t
unite(const struct confirm *c, struct span span, struct item *answer)
{
	size_t n = 0, before;

	do {
		before = n;
		n = 0;
		for (uint32_t i = span.first; i != span.end;
		     i = c->items[i].next)
			if (touches(c, &c->items[i], answer)) {
				widen(answer, &c->items[i]);
				n++;
			}
	} while (n != before);
	return n;
}

/* Flows that came before their answer, in windows that are open. */
static void
add_answer(struct confirm *c, const struct facts *f, const struct ip *address,
    struct item answer)
{
	struct pair *pair = find_pair(c, &f->client->ip, address);
	struct span span = span_of(c, pair, answer.pane);
	int64_t closed = window_closed(c->window);
	size_t joined = unite(c, span, &answer);

	/* Not remembered, it would count its flows, and the next one again. */
	if (!joined && pair->n[ANSWER] == CHAIN) {
		c->crowded++;
		return;
	}
	for (uint32_t i = pair->first[FLOW]; i != NOBODY;
	     i = c->items[i].next) {
		const struct item *flow = &c->items[i];

		if (flow->pane >= closed && is_near(c, &answer, flow) &&
		    !is_answered(c, pair, &answer.resolver, flow))
			count_flow(c, window_pane(c->window, flow->pane),
			    &f->client->ip, &answer.resolver);
	}
	for (uint32_t i = span.first; i != span.end && joined;
	     i = c->items[i].next)
		if (touches(c, &c->items[i], &answer))
			widen(&c->items[i], &answer);
	if (!joined)
		add_item(c, pair, ANSWER, &answer);
}

static void
add_answers(struct confirm *c, const struct facts *f, struct item *item)
{
	struct answers answers;
	struct ip address;
	int n = 0;

	item->resolver = f->server->ip;
	facts_answers(c->reader, f, &answers);
	while (n++ < CHAIN && answers_next(&answers, &address))
		add_answer(c, f, &address, *item);
}

const char *
confirm_add(struct confirm *c, struct window_pane *pane, const struct facts *f)
{
	const uint32_t asked = D_RESPONSE | D_OUTWARD | D_STUB | D_RESOLVER;
	const uint32_t went = D_FLOW | D_OUTWARD | D_CONNECTION;
	struct window *w = c->window;
	struct item item = { .to = window_time(w), .pane = pane->id };
	const struct json_val *first = &f->v[c->first.slot];
	const char *err = NULL;
	int64_t closed;

	if ((f->bits & asked) != asked && (f->bits & went) != went)
		return NULL;
	closed = window_closed(w);
	if (closed != INT64_MIN) {
		int64_t then = num_minus(
		    winspec_start(&w->spec, closed), keep + c->within);

		expire(c, FLOW, closed);
		expire(c, ANSWER, winspec_pane(&w->spec, then));
	}
	item.from = item.to;
	if (!json_is_absent(first))
		err = eventtime_of(&c->first, f->v, &item.from);
	if (err) {
		snprintf(
		    c->message, sizeof c->message, "date_first_seen: %s", err);
		return c->message;
	}
	item.from = item.from < item.to ? item.from : item.to;
	if (f->bits & D_DNS)
		add_answers(c, f, &item);
	else if (num_minus(item.to, keep) <= item.from)
		add_flow(c, pane, f, &item);
	return NULL;
}

void
confirm_drop(struct confirm *c)
{
	for (int kind = 0; kind < KINDS; kind++) {
		while (c->w->n[kind])
			remove_first(c, (enum kind)kind);
		free(c->w->segments[kind]);
	}
	groups_free(&c->w->pairs);
}

void
confirm_close(struct confirm *c)
{
	if (c->forgotten)
		warn("%" PRIu64 " answers and flows did not wait for each "
		     "other: --pending is too small",
		    c->forgotten);
	if (c->crowded)
		warn("%" PRIu64 " answers and flows did not wait for each "
		     "other: %d of the same client and address did already",
		    c->crowded, CHAIN);
}
