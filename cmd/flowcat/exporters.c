/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/exporters.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/xalloc.h"

/* A gap beyond that is no gap: the exporter counts from elsewhere. */
enum { MAX_GAP = 1 << 20 };

static struct exporter *all[EXPORTERS_MAX];
static size_t n_all, waiting_all;
static uint64_t now; /* counts messages */

void
exporter_count(struct exporter *e, enum share what, uint64_t n)
{
	shares_add(&e->shares, &e->key.ip, e->key.domain, what, n);
}

void
waiting_free(struct waiting *w)
{
	free(w->set - TEMPLATES_HEAD);
}

static void
stop_waiting(struct exporter *e, size_t i)
{
	e->waiting_bytes -= e->waiting[i].n;
	waiting_all -= e->waiting[i].n;
	e->n_waiting--;
	memmove(&e->waiting[i], &e->waiting[i + 1],
	    (e->n_waiting - i) * sizeof *e->waiting);
}

static void
give_up_waiting(struct exporter *e)
{
	waiting_free(&e->waiting[0]);
	stop_waiting(e, 0);
	exporter_count(e, SHARE_NO_TEMPLATE, 1);
}

static void
forget(size_t i)
{
	struct exporter *e = all[i];

	while (e->n_waiting)
		give_up_waiting(e);
	free(e->waiting);
	if (e->templates)
		templates_free(e->templates);
	samplers_free(&e->samplers);
	free(e);
	all[i] = all[--n_all];
}

void
exporters_end(uint32_t link)
{
	for (size_t i = n_all; i-- > 0;)
		if (all[i]->key.link == link)
			forget(i);
}

/* Of those that never sent a flow, else of all, the one heard longest ago. */
static void
forget_one(const struct exporter *but)
{
	size_t which = EXPORTERS_MAX;

	for (size_t i = 0; i < n_all; i++) {
		struct exporter *e = all[i], *w;

		if (e == but)
			continue;
		w = which < EXPORTERS_MAX ? all[which] : NULL;
		if (!w || (!e->flows && w->flows) ||
		    (!e->flows == !w->flows && e->used < w->used))
			which = i;
	}
	if (which == EXPORTERS_MAX)
		return;
	collect_counts.evicted++;
	forget(which);
}

struct exporter *
exporter_find(const struct exporter_key *key)
{
	static size_t last;
	struct exporter *e;

	now++;
	for (size_t i = 0; i < n_all; i++, last++) {
		last = last < n_all ? last : 0;
		if (memcmp(&all[last]->key, key, sizeof *key) == 0) {
			all[last]->used = now;
			return all[last];
		}
	}
	if (n_all == EXPORTERS_MAX)
		forget_one(NULL);
	e = xcalloc(1, sizeof *e);
	e->key = *key;
	e->boot = INT64_MIN;
	e->used = now;
	last = n_all;
	return all[n_all++] = e;
}

static size_t
fields_of_all(void)
{
	size_t n = 0;

	for (size_t i = 0; i < n_all; i++)
		if (all[i]->templates)
			n += templates_fields(all[i]->templates);
	return n;
}

bool
exporter_add_template(struct exporter *e, uint16_t id, bool options,
    const struct spec *specs, size_t n)
{
	bool had;

	if (!e->templates)
		e->templates = templates_new();
	had = templates_has(e->templates, id);
	if (!templates_add(e->templates, id, options, specs, n)) {
		collect_counts.bad_templates++;
		return false;
	}
	collect_counts.templates++;
	while (!had && n_all > 1 && fields_of_all() > EXPORTERS_MAX_FIELDS)
		forget_one(e);
	templates_limit(e->templates, EXPORTERS_MAX_FIELDS);
	return true;
}

void
exporter_wait(struct exporter *e, const uint8_t *set, size_t n,
    const struct message_context *context)
{
	struct waiting *w;

	if (n > WAITING_BYTES || waiting_all + n > WAITING_ALL) {
		exporter_count(e, SHARE_NO_TEMPLATE, 1);
		return;
	}
	while (
	    e->n_waiting == WAITING_MAX || e->waiting_bytes + n > WAITING_BYTES)
		give_up_waiting(e);
	if (!e->waiting)
		e->waiting = xcalloc(WAITING_MAX, sizeof *e->waiting);
	w = &e->waiting[e->n_waiting++];
	w->context = *context;
	w->context.head.n = 0;
	w->n = n;
	w->set = xcalloc(1, TEMPLATES_HEAD + n + TEMPLATES_TAIL);
	w->set += TEMPLATES_HEAD;
	memcpy(w->set, set, n);
	e->waiting_bytes += n;
	waiting_all += n;
}

bool
exporter_waited(struct exporter *e, uint16_t id, struct waiting *out)
{
	for (size_t i = 0; i < e->n_waiting; i++) {
		const uint8_t *set = e->waiting[i].set;

		if ((set[0] << 8 | set[1]) != id)
			continue;
		*out = e->waiting[i];
		stop_waiting(e, i);
		return true;
	}
	return false;
}

enum style { BEFORE, AFTER, AFTER_FLOWS, STYLES };

/* How many units are missing if the numbers are meant so. */
static uint32_t
gap_of(const struct exporter *e, uint32_t number, struct message_units units,
    enum style style)
{
	uint32_t step = style == BEFORE  ? e->units.flows + e->units.options
			: style == AFTER ? units.flows + units.options
					 : units.flows;

	return number - e->number - step;
}

static void
count_gap(struct exporter *e, uint32_t number, struct message_units units)
{
	uint32_t gap = gap_of(e, number, units, (enum style)e->style);

	for (unsigned style = 0; style < STYLES && gap; style++)
		if (gap_of(e, number, units, (enum style)style) == 0) {
			e->style = style;
			gap = 0;
		}
	if (gap > MAX_GAP)
		collect_counts.restarts++;
	else if (e->key.version == 9)
		exporter_count(e, SHARE_LOST_MESSAGES, gap);
	else
		exporter_count(e, SHARE_LOST_FLOWS, gap);
}

void
exporter_sequence(
    struct exporter *e, uint32_t number, struct message_units units)
{
	if (e->counting && units.known)
		count_gap(e, number, units);
	e->counting = units.known;
	e->number = number;
	e->units = units;
}
