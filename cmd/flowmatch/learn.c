/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/learn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/flowmatch/calibrate.h"
#include "cmd/flowmatch/cluster.h"
#include "cmd/flowmatch/distance.h"
#include "cmd/flowmatch/sample.h"
#include "libcommon/die.h"
#include "libcommon/kafka_address.h"
#include "libcommon/xalloc.h"

enum { LEAST = 3, ROOM = 512 };

struct lesson {
	const struct learn_opts *opts;
	struct pattern_set *set; /* as it is known so far */
	struct expr_context context;
	struct sample examples, benign;
	int status;
};

/* ---- connections ---- */

static void
keep(void *arg, struct match *m, const struct connection *c,
    const struct tally_verdict *v)
{
	(void)m;
	(void)v;
	sample_add(arg, c);
}

/* The connections in some files; the set is read anew, for their run. */
static struct pattern_set *
collect(struct lesson *l, const struct match_opts *match,
    const struct run_opts *how, const char *patterns, char **operands,
    struct sample *to)
{
	struct run *run = xcalloc(1, sizeof *run);
	struct matches *matches = xcalloc(1, sizeof *matches);
	struct match_opts opts = *match;
	struct run_opts how_here = *how;
	struct pattern_set *set;
	int status;

	how_here.output = NULL; /* the file may be the patterns' */
	run_setup(run, &how_here, ROW_JSON);
	set = pattern_load(patterns, &run->context, false, true);
	sample_init(to, set);
	opts.watch = (struct match_watch){
		.arg = to, .connection = keep, .alert = match_no_alert
	};
	matches_open(matches, run, &opts, &set, 1);
	run_open(run, operands, (struct reader_opts){ 0 });
	matches_begin(matches, operands);
	while (run_next(run))
		matches_take(matches);
	matches_finish(matches);
	status = run_close(run, 0);
	l->status = status > l->status ? status : l->status;
	l->context = run->context;
	if (to->left_out)
		warn("%zu connections were left out: more than a million, or "
		     "a feature is unknown",
		    to->left_out);
	return set;
}

/* What has been changed in the file's text is what the set is. */
static void
read_anew(struct lesson *l)
{
	char error[PATTERN_ERROR];
	struct output text;

	out_memory(&text);
	config_put(&text, l->set->root);
	l->set =
	    pattern_parse(text.buf, text.n, &l->context, false, true, error);
	if (!l->set)
		die("what was learned is no pattern: %s", error);
	out_close(&text);
}

/* ---- patterns of clusters ---- */

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts; q between 0 and 1. */
static double
quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof *v, by_size);
	return v[(size_t)(q * (double)(n - 1) + 0.5)];
}

/* Between both middle ones, if there are two. */
static double
median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_size);
	return v[(n - 1) / 2] + (v[n / 2] - v[(n - 1) / 2]) / 2;
}

static double
average(double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

static double
low(double *v, size_t n)
{
	return quantile(v, n, 0.05);
}

static double
high(double *v, size_t n)
{
	return quantile(v, n, 0.95);
}

/* What a function tells of each dimension. */
static void
describe(const struct pattern_set *s, double **members, size_t n,
    double (*of)(double *v, size_t n), double *to)
{
	double *column = xcalloc(n, sizeof *column);

	for (size_t d = 0; d < s->dimensions; d++) {
		for (size_t i = 0; i < n; i++)
			column[i] = members[i][d];
		to[d] = of(column, n);
	}
	free(column);
}

static struct config *
numbers(const double *v, size_t n)
{
	struct config *list = config_array();

	for (size_t i = 0; i < n; i++)
		config_append(list, config_of_number(v[i]));
	return list;
}

/* Of both directions side by side, or of the only one. */
static struct config *
sides(const struct pattern_set *s, const double *v)
{
	struct config *both;

	if (!s->biflow)
		return numbers(v, s->n_features);
	both = config_array();
	config_append(both, numbers(v, s->n_features));
	config_append(both, numbers(v + s->n_features, s->n_features));
	return both;
}

static void
set_covariance(const struct pattern_set *s, double **members, size_t n,
    const double *mean, struct config *pattern)
{
	struct config *rows = config_array();
	double row[PATTERN_DIMENSIONS], sum;

	for (size_t a = 0; a < s->dimensions; a++) {
		for (size_t b = 0; b < s->dimensions; b++) {
			sum = 0;
			for (size_t i = 0; i < n; i++)
				sum += (members[i][a] - mean[a]) *
				       (members[i][b] - mean[b]);
			row[b] = sum / (double)n;
		}
		/* What never varied must not make it singular. */
		row[a] += 0.01 * row[a] + 1e-4 * mean[a] * mean[a] + 1e-6;
		config_append(rows, numbers(row, s->dimensions));
	}
	config_set(pattern, "covariance", rows);
}

static struct config *
zeros(size_t n)
{
	static const double none[PATTERN_INTERVALS];

	return numbers(none, n);
}

static struct config *
pattern_of(const struct pattern_set *s, const char *name, double **members,
    size_t n, bool benign)
{
	struct config *p = config_object();
	double v[PATTERN_DIMENSIONS];

	config_set(p, "name", config_of_text(name));
	config_set(p, "connections", config_of_number((double)n));
	if (benign)
		config_set(p, "weights", zeros(s->worth.n));
	describe(s, members, n, median, v);
	if (s->biflow) {
		config_set(p, "request", numbers(v, s->n_features));
		config_set(
		    p, "response", numbers(v + s->n_features, s->n_features));
	} else {
		config_set(p, "vector", numbers(v, s->n_features));
	}
	describe(s, members, n, low, v);
	config_set(p, "low", sides(s, v));
	describe(s, members, n, high, v);
	config_set(p, "high", sides(s, v));
	describe(s, members, n, average, v);
	config_set(p, "mean", sides(s, v));
	if (strcmp(s->distance->name, "mahalanobis") == 0)
		set_covariance(s, members, n, v, p);
	return p;
}

static bool
has_label(const struct config *labels, const char *label)
{
	for (size_t i = 0; i < config_count(labels); i++)
		if (strcmp(config_text(config_at(labels, i)), label) == 0)
			return true;
	return false;
}

/* LABEL, LABEL-1, LABEL-2, .., but not of a label that is called so. */
static bool
is_of_label(const char *name, const char *label, const struct config *labels)
{
	size_t n = strlen(label);

	if (strcmp(name, label) != 0 && has_label(labels, name))
		return false;
	return strncmp(name, label, n) == 0 &&
	       (!name[n] || (name[n] == '-' && name[n + 1] &&
				strspn(name + n + 1, "0123456789") ==
				    strlen(name + n + 1)));
}

static struct config *
without_label(const struct config *list, const char *label, bool texts,
    const struct config *labels)
{
	struct config *kept = config_array();
	struct config *v;
	const char *name;
	size_t n = strlen(label);

	for (size_t i = 0; i < config_count(list); i++) {
		v = config_at(list, i);
		name = config_text(texts ? v : config_get(v, "name"));
		if (texts ? strncmp(name, label, n) == 0 && name[n] == ':'
			  : is_of_label(name, label, labels))
			continue;
		config_append(kept, config_share(v));
	}
	return kept;
}

/*
 * The intervals reach as far as the examples do, at least as the set's do, at
 * most half as far again: who is that far is another's.
 */
static void
widen(struct lesson *l, const char *name, double **members, size_t n)
{
	static const double wanted[] = { 0, 0.5, 0.9, 0.99 };
	const struct pattern_worth *w = &l->set->worth;
	struct pattern *p = l->set->patterns;
	struct config *list = config_get(l->set->root, "patterns"), *v;
	double *d = xcalloc(n, sizeof *d), intervals[4] = { 0 };
	double prepared[PATTERN_DIMENSIONS];
	bool wider = false;
	size_t at = 0;

	while (strcmp(p[at].name, name) != 0)
		at++;
	for (size_t i = 0; i < n; i++) {
		distance_prepare(l->set, members[i], prepared);
		d[i] = distance_between(l->set, &p[at], prepared);
	}
	for (size_t i = 1; i < 4 && w->n == 4; i++) {
		intervals[i] = fmax(w->intervals[i],
		    fmin(quantile(d, n, wanted[i]), 1.5 * w->intervals[i]));
		if (intervals[i] <= intervals[i - 1])
			intervals[i] = intervals[i - 1] * 1.1;
		wider |= intervals[i] > w->intervals[i];
	}
	free(d);
	v = config_at(list, at);
	if (wider && isfinite(intervals[3]))
		config_set(v, "intervals", numbers(intervals, 4));
}

static void
add_label(struct lesson *l)
{
	struct config *labels = config_get(l->set->root, "labels");

	if (!labels) {
		labels = config_array();
		config_set(l->set->root, "labels", labels);
	}
	if (!has_label(labels, l->opts->label))
		config_append(labels, config_of_text(l->opts->label));
}

/* Patterns of benign traffic: what is nearest to them is worth nothing. */
static bool
is_benign(const struct lesson *l)
{
	return strcmp(l->opts->label, "benign") == 0;
}

/* The file's pattern of a cluster, and how far it reaches. */
static void
learn_cluster(struct lesson *l, const char *name, double **members, size_t n)
{
	config_append(config_get(l->set->root, "patterns"),
	    pattern_of(l->set, name, members, n, is_benign(l)));
	read_anew(l);
	if (is_benign(l))
		return;
	widen(l, name, members, n);
	read_anew(l);
}

static void
learn_patterns(struct lesson *l)
{
	struct sample *s = &l->examples;
	size_t dims = l->set->dimensions, n = 0, k;
	double *points = xcalloc(s->n + 1, dims * sizeof *points),
	       **members = xcalloc(s->n + 1, sizeof *members);
	unsigned char *of = xcalloc(s->n + 1, 1);
	char name[ROOM];

	if (s->n < LEAST)
		die("%zu connections pass the filter: too few to learn from",
		    s->n);
	for (size_t i = 0; i < s->n; i++)
		distance_prepare(l->set, sample_at(s, i)->v, points + i * dims);
	k = cluster_find(
	    points, s->n, dims, l->opts->clusters, l->opts->seed, of);
	config_set(l->set->root, "patterns",
	    without_label(config_get(l->set->root, "patterns"), l->opts->label,
		false, config_get(l->set->root, "labels")));
	if (!is_benign(l))
		add_label(l);
	for (size_t c = 0; c < k; c++, n = 0) {
		for (size_t i = 0; i < s->n; i++)
			if (of[i] == c)
				members[n++] =
				    (double *)(uintptr_t)sample_at(s, i)->v;
		/* What is rarer than one in 20 is no pattern of it. */
		if (c && (n < LEAST || n * 20 < s->n))
			continue;
		snprintf(name, sizeof name, c || k > 1 ? "%s-%zu" : "%s",
		    l->opts->label, c + 1);
		learn_cluster(l, name, members, n);
	}
	free(points);
	free(members);
	free(of);
}

/* ---- limits ---- */

/* The limit of the set, and of patterns that have one of their own. */
static void
raise_limits(struct lesson *l, double times)
{
	struct config *list = config_get(l->set->root, "patterns"), *p;

	config_set(l->set->root, "limit",
	    config_of_number(l->set->worth.limit * times));
	for (size_t i = 0; i < config_count(list); i++) {
		p = config_at(list, i);
		if (config_get(p, "limit"))
			config_set(p, "limit",
			    config_of_number(
				l->set->patterns[i].worth.limit * times));
	}
}

static void
set_limit(struct lesson *l)
{
	double *peaks = sample_peaks(&l->benign, l->set), most;
	size_t n = l->benign.n_keys, allowed;

	allowed = (size_t)(l->opts->rate * (double)n);
	if (n) {
		qsort(peaks, n, sizeof *peaks, by_size);
		most = peaks[n - 1 - (allowed < n ? allowed : n - 1)];
		/* A fifth above what benign traffic reached. */
		if (most * 1.2 > 1)
			raise_limits(l, most * 1.2);
	}
	free(peaks);
	read_anew(l);
}

/* What the patterns were learned from, for people. */
static void
tell_origin(struct lesson *l, char **operands)
{
	struct config *old = config_get(l->set->root, "learned_from"), *list;
	const char *about = l->opts->label ? l->opts->label : "limit", *name;
	char text[ROOM];
	int n;

	list = config_kind(old) == CONFIG_ARRAY
		   ? without_label(old, about, true, NULL)
		   : config_array();
	n = snprintf(text, sizeof text, "%s: %zu connections of %zu keys of",
	    about, l->examples.n, l->examples.n_keys);
	for (char **p = operands; *p && n < ROOM - 100; p++) {
		name = strrchr(*p, '/');
		n += snprintf(text + n, sizeof text - (size_t)n, "%s %.60s",
		    p == operands ? "" : ",", name ? name + 1 : *p);
	}
	if (l->opts->against && n < ROOM - 100) {
		name = strrchr(l->opts->against, '/');
		snprintf(text + n, sizeof text - (size_t)n,
		    "; against %zu of %zu keys of %.60s", l->benign.n,
		    l->benign.n_keys, name ? name + 1 : l->opts->against);
	}
	config_append(list, config_of_text(text));
	config_set(l->set->root, "learned_from", list);
}

/* Without benign traffic there is nothing to count against. */
static void
need_file(const char *path)
{
	if (path && strcmp(path, "-") != 0 && !kafka_is_address(path) &&
	    access(path, R_OK))
		die_errno("--against %s", path);
}

int
learn(const struct learn_opts *opts, const struct match_opts *match,
    const struct run_opts *run, const char *patterns, char **operands)
{
	struct lesson l = { .opts = opts };
	char *benign[] = { (char *)(uintptr_t)opts->against, NULL };
	struct output out;
	size_t found, keys;

	need_file(opts->against);
	l.set = collect(&l, match, run, patterns, operands, &l.examples);
	if (opts->label)
		learn_patterns(&l);
	if (opts->against) {
		collect(&l, match, run, patterns, benign, &l.benign);
		set_limit(&l);
		found = calibrate(l.set, &l.examples, &l.benign);
		keys = l.examples.n_keys;
		warn("%zu of %zu keys of the examples reach the limit, %g",
		    found, keys, l.set->worth.limit);
	}
	tell_origin(&l, operands);
	out_open(&out, run->output);
	config_put(&out, l.set->root);
	out_close(&out);
	return l.status;
}
