/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/calibrate.h"

#include <stdlib.h>

#include "libcommon/xalloc.h"

struct block {
	double score; /* the least */
	double n, right;
};

static int
by_score(const void *p, const void *q)
{
	const struct block *a = p, *b = q;

	if (a->score != b->score)
		return a->score < b->score ? -1 : 1;
	return (a->right > b->right) - (a->right < b->right);
}

/* Keys that reach the limit become blocks of one. */
static size_t
add_peaks(struct block *to, const double *peaks, size_t n, double right)
{
	size_t added = 0;

	for (size_t i = 0; i < n; i++)
		if (pattern_reaches(peaks[i], 1))
			to[added++] = (struct block){ peaks[i], 1, right };
	return added;
}

static double
share(const struct block *b)
{
	return b->right / b->n;
}

static double
certainty(const struct block *b)
{
	return (b->right + 1) / (b->n + 2);
}

static void
join(struct block *to, const struct block *from)
{
	to->n += from->n;
	to->right += from->right;
}

/* In place: of each score one, be it attacks' and benign keys'. */
static size_t
by_scores(struct block *b, size_t n)
{
	size_t k = 0;

	qsort(b, n, sizeof *b, by_score);
	for (size_t i = 0; i < n; i++)
		if (k && pattern_reaches(b[k - 1].score, b[i].score))
			join(&b[k - 1], &b[i]);
		else
			b[k++] = b[i];
	return k;
}

/*
 * In place; a block may also not be less certain than the one before it only
 * because it is smaller.
 */
static size_t
pool(struct block *b, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		b[k++] = b[i];
		while (k > 1 &&
		       (share(&b[k - 2]) >= share(&b[k - 1]) ||
			   certainty(&b[k - 2]) >= certainty(&b[k - 1]))) {
			join(&b[k - 2], &b[k - 1]);
			k--;
		}
	}
	return k;
}

size_t
calibrate(const struct pattern_set *set, struct sample *examples,
    struct sample *benign)
{
	double *good = sample_peaks(examples, set),
	       *bad = sample_peaks(benign, set);
	size_t found, n;
	struct block *b =
	    xcalloc(examples->n_keys + benign->n_keys + 1, sizeof *b);
	struct config *steps = config_array(), *step;

	found = add_peaks(b, good, examples->n_keys, 1);
	n = found + add_peaks(b + found, bad, benign->n_keys, 0);
	n = pool(b, by_scores(b, n));
	for (size_t i = 0; i < n && i < PATTERN_STEPS; i++) {
		step = config_array();
		config_append(step, config_of_number(i ? b[i].score : 1));
		config_append(step, config_of_number(certainty(&b[i])));
		config_append(steps, step);
	}
	if (n)
		config_set(set->root, "certainty", steps);
	free(good);
	free(bad);
	free(b);
	return found;
}
