/* SPDX-License-Identifier: MIT */
#include "cmd/flowwin/baseline.h"

#include <math.h>
#include <stdlib.h>

#include "libcommon/num.h"

struct past {
	int64_t last;    /* number of the last window */
	uint32_t count;  /* of windows in the ring */
	uint32_t next;   /* place of the next one */
	uint64_t ring[]; /* windows * values i128, low half first */
};

const char *const baseline_names[BASELINE_STATS] = { "sum", "mean", "stddev",
	"ewma", "z" };

void
baseline_open(struct baseline *b, size_t windows, size_t values)
{
	*b = (struct baseline){ .windows = windows, .values = values };
	groups_init(
	    &b->keys, sizeof(struct past) + windows * values * sizeof(i128));
}

static void
put(const struct baseline *b, struct past *p, const i128 *values)
{
	uint64_t *to = p->ring + 2 * b->values * p->next;
	static const i128 zero = 0;

	for (size_t i = 0; i < b->values; i++)
		memcpy(to + 2 * i, values ? &values[i] : &zero, sizeof(i128));
	p->next = (p->next + 1) % (uint32_t)b->windows;
	p->count += p->count < b->windows;
}

/* Windows between the last and this one: the key was absent. */
static void
fill_gap(const struct baseline *b, struct past *p, int64_t number)
{
	int64_t gap = number - p->last - 1;

	for (int64_t i = 0; i < gap && i < (int64_t)b->windows; i++)
		put(b, p, NULL);
	if (gap > 0)
		p->last = number - 1;
}

struct past *
baseline_past(struct baseline *b, struct slice key, int64_t number)
{
	bool fresh;
	struct past *p = groups_get(&b->keys, key.p, key.n, &fresh);

	if (!b->started)
		b->first = b->swept = number;
	b->started = true;
	if (fresh)
		p->last = b->first - 1;
	fill_gap(b, p, number);
	return p;
}

size_t
baseline_count(const struct past *p)
{
	return p->count;
}

i128
baseline_value(
    const struct baseline *b, const struct past *p, size_t i, size_t value)
{
	size_t at = (p->next + 2 * b->windows - 1 - i) % b->windows;
	i128 v;

	memcpy(&v, p->ring + 2 * (b->values * at + value), sizeof v);
	return v;
}

void
baseline_push(
    struct baseline *b, struct past *p, int64_t number, const i128 *values)
{
	if (values)
		put(b, p, values);
	p->last = number;
}

void
baseline_sweep(struct baseline *b, int64_t number)
{
	struct groups_entry *all;
	uint32_t n = b->keys.n;

	if (!b->started || number - b->swept < (int64_t)b->windows)
		return;
	b->swept = number;
	all = groups_entries(&b->keys);
	for (uint32_t i = 0; i < n; i++) {
		const struct past *p = all[i].block;

		if (number - p->last > (int64_t)b->windows)
			groups_remove(&b->keys, all[i].block);
	}
	free(all);
}

static const struct groups *sorting;

static int
by_key(const void *a, const void *b)
{
	return slice_cmp(groups_key(sorting, *(struct past *const *)a),
	    groups_key(sorting, *(struct past *const *)b));
}

struct past **
baseline_all(const struct baseline *b)
{
	struct groups_entry *entries = groups_entries(&b->keys);
	struct past **all = (struct past **)entries;

	for (uint32_t i = 0; i < b->keys.n; i++)
		all[i] = entries[i].block;
	sorting = &b->keys;
	if (b->keys.n)
		qsort(all, b->keys.n, sizeof(struct past *), by_key);
	return all;
}

static struct value
real(double d, bool known)
{
	return (
	    struct value){ .type = known ? VALUE_REAL : VALUE_NONE, .d = d };
}

void
baseline_stats(const struct baseline *b, const struct past *p, size_t value,
    i128 x, struct value *out)
{
	double mean, squares = 0, weights = 0, weighted = 0, weight = 1, n, dev;
	double fade = 1 - 2 / ((double)b->windows + 1);
	i128 sum = 0;

	for (size_t i = 0; i < p->count; i++)
		sum += baseline_value(b, p, i, value);
	n = p->count;
	mean = n > 0 ? (double)sum / n : 0;
	for (size_t i = 0; i < p->count; i++) {
		double v = (double)baseline_value(b, p, i, value);

		squares += (v - mean) * (v - mean);
		weighted += weight * v;
		weights += weight;
		weight *= fade;
	}
	dev = n > 1 ? sqrt(squares / (n - 1)) : 0;
	out[0] = (struct value){ .type = VALUE_NANO, .i = sum };
	if (sum % NUM_NANO == 0)
		out[0] =
		    (struct value){ .type = VALUE_INT, .i = sum / NUM_NANO };
	out[1] = real(mean / NUM_NANO, n > 0);
	out[2] = real(dev / NUM_NANO, n > 1);
	out[3] = real(n > 0 ? weighted / weights / NUM_NANO : 0, n > 0);
	out[4] = real(dev > 0 ? ((double)x - mean) / dev : 0, dev > 0);
}
