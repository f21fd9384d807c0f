/* SPDX-License-Identifier: MIT */
#include "cmd/flowmatch/pattern.h"

#include <math.h>

#include "cmd/flowmatch/distance.h"
#include "cmd/flowmatch/loader.h"
#include "libcommon/num_units.h"
#include "libcommon/winspec.h"
#include "libcommon/xalloc.h"

/* ---- members of a feature ---- */

static void
read_feature(
    struct loader *l, const struct config *c, struct pattern_feature *f)
{
	static const char *const known[] = { "name", "value", "floor", "scale",
		"description", NULL };
	const struct config *v;

	*f = (struct pattern_feature){ .floor = 0.5, .scale = 1 };
	if (config_kind(c) != CONFIG_OBJECT) {
		f->name = f->text = need_text(l, c);
		f->value = need_expr(l, f->text, false);
		return;
	}
	need_members(l, c, known, " of a feature");
	f->text = need_text(l, config_get(c, "value"));
	f->value = need_expr(l, f->text, false);
	v = config_get(c, "name");
	f->name = v ? need_name(l, v) : f->text;
	v = config_get(c, "floor");
	f->floor = v ? need_positive(l, v) : f->floor;
	v = config_get(c, "scale");
	f->scale = v ? need_positive(l, v) : f->scale;
}

static void
read_features(struct loader *l, const struct config *c)
{
	struct pattern_set *s = l->set;

	s->n_features = need_array(l, c, 1, PATTERN_FEATURES);
	for (size_t i = 0; i < s->n_features; i++) {
		struct pattern_feature *f = &s->features[i];

		set_where(l, "features[%zu]", i);
		read_feature(l, config_at(c, i), f);
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->features[k].name, f->name) == 0)
				fail(l, "there is another '%.40s'", f->name);
	}
	s->dimensions = s->n_features * (s->biflow ? 2 : 1);
}

/* ---- members of the set ---- */

static void
read_name(struct loader *l, const struct config *c)
{
	l->set->name = need_name(l, c);
}

static void
read_filter(struct loader *l, const struct config *c)
{
	if (!c)
		return;
	l->set->filter_text = need_text(l, c);
	l->set->filter = need_expr(l, l->set->filter_text, true);
}

/* As flowagg -k has them: NAME=EXPR or EXPR. */
static void
read_key(struct loader *l, const struct config *c)
{
	struct output keys;
	const char *key, *equals;

	l->set->keys = "src_ip_addr,dst_ip_addr";
	l->set->pair = true;
	if (!c || strcmp(config_text(c), "pair") == 0)
		return;
	if (config_kind(c) == CONFIG_TEXT)
		fail(l, "expected \"pair\" or a list of fields");
	l->set->pair = false;
	out_memory(&keys);
	for (size_t i = 0; i < need_array(l, c, 1, 8); i++) {
		key = need_text(l, config_at(c, i));
		equals = key + strspn(key, "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_");
		need_expr(l,
		    equals != key && equals[0] == '=' && equals[1] != '='
			? equals + 1
			: key,
		    false);
		out_str(&keys, i ? "," : "");
		out_str(&keys, key);
	}
	out_char(&keys, '\0');
	l->set->keys = keys.buf;
}

static void
read_vectors(struct loader *l, const struct config *c)
{
	const char *kind = c ? need_text(l, c) : "biflow";

	l->set->biflow = strcmp(kind, "biflow") == 0;
	if (!l->set->biflow && strcmp(kind, "simple") != 0)
		fail(l, "expected \"biflow\" or \"simple\"");
}

static void
read_tolerance(struct loader *l, const struct config *c)
{
	const char *err = NULL;

	l->set->tolerance = 500000000;
	if (c && !l->set->biflow)
		fail(l, "simple vectors are of one direction");
	if (c)
		err = num_duration(
		    slice_str(need_text(l, c)), &l->set->tolerance);
	if (err || l->set->tolerance <= 0)
		fail(l, "%s", err ? err : "expected a time greater than 0");
}

static void
read_distance(struct loader *l, const struct config *c)
{
	const char *name = c ? need_text(l, c) : distances[0].name;

	l->set->distance = distance_find(name);
	if (!l->set->distance)
		fail(l, "there is no distance '%.40s'", name);
}

static void
read_count(struct loader *l, const struct config *c)
{
	struct pattern_set *s = l->set;
	bool list = config_kind(c) == CONFIG_ARRAY;

	if (!c)
		return;
	s->n_count = list ? need_array(l, c, 1, PATTERN_COUNTED) : 1;
	for (size_t i = 0; i < s->n_count; i++) {
		s->count_texts[i] = need_text(l, list ? config_at(c, i) : c);
		s->count[i] = need_expr(l, s->count_texts[i], false);
	}
}

static void
read_window(struct loader *l, const struct config *c)
{
	struct winspec spec;
	const char *err;

	l->set->window = need_text(l, c);
	err = winspec_parse(&spec, l->set->window, NULL);
	if (err)
		fail(l, "%s", err);
	if (spec.kind != WINDOW_TIME)
		fail(l, "expected windows of a length, \"5m/10s\"");
}

static void
read_certainty(struct loader *l, const struct config *c)
{
	struct pattern_set *s = l->set;

	s->n_steps = c ? need_array(l, c, 1, PATTERN_STEPS) : 0;
	for (size_t i = 0; i < s->n_steps; i++) {
		const struct config *pair = config_at(c, i);
		struct pattern_step *step = &s->steps[i];

		if (need_array(l, pair, 2, 2) != 2)
			fail(l, "expected pairs of score and certainty");
		step->score = need_number(l, config_at(pair, 0));
		step->certainty = need_number(l, config_at(pair, 1));
		if (!(step->certainty >= 0 && step->certainty <= 1))
			fail(l, "%g is not between 0 and 1", step->certainty);
		if (i && step->score <= step[-1].score)
			fail(l, "scores must ascend");
		if (i && step->certainty < step[-1].certainty)
			fail(l, "certainties must not descend");
	}
}

static const struct config *
need_texts(struct loader *l, const struct config *c)
{
	for (size_t i = 0; c && i < need_array(l, c, 1, 1000); i++)
		need_text(l, config_at(c, i));
	return c;
}

static void
read_labels(struct loader *l, const struct config *c)
{
	l->set->labels = need_texts(l, c);
}

static void
read_related(struct loader *l, const struct config *c)
{
	l->set->related = need_texts(l, c);
}

/* In the order of reading: what is needed for others comes first. */
static const struct member {
	const char *name;
	void (*read)(struct loader *l, const struct config *c);
} members[] = {
	{ "name", read_name },
	{ "description", NULL },
	{ "filter", read_filter },
	{ "key", read_key },
	{ "vectors", read_vectors },
	{ "tolerance", read_tolerance },
	{ "features", read_features },
	{ "distance", read_distance },
	{ "patterns", read_patterns },
	{ "intervals", NULL },
	{ "weights", NULL },
	{ "limit", NULL },
	{ "count", read_count },
	{ "window", read_window },
	{ "certainty", read_certainty },
	{ "labels", read_labels },
	{ "related", read_related },
	{ "learned_from", NULL },
	{ "measured", NULL },
	{ 0 },
};

static void
refuse_unknown(struct loader *l, const struct config *root)
{
	const struct member *m;
	const char *n;

	if (config_kind(root) != CONFIG_OBJECT)
		fail(l, "expected an object");
	for (n = config_name(root, NULL); n; n = config_name(root, n)) {
		for (m = members; m->name && strcmp(m->name, n) != 0; m++)
			continue;
		if (!m->name)
			fail(l, "there is no member '%.40s'", n);
	}
}

struct pattern_set *
pattern_parse(const char *text, size_t n, const struct expr_context *context,
    bool compat, bool learning, char error[PATTERN_ERROR])
{
	static struct loader l; /* what longjmp() must not lose */
	struct config *root = config_parse(text, n, error, PATTERN_ERROR);

	if (!root)
		return NULL;
	l = (struct loader){ .set = xcalloc(1, sizeof *l.set),
		.context = context,
		.learning = learning,
		.error = error };
	l.set->root = root;
	l.set->compat = compat;
	l.set->worth = (struct pattern_worth){ .intervals = { 0, 0.5, 1, 2 },
		.weights = { 3, 2, 1, 0 },
		.n = 4,
		.limit = 7 };
	set_where(&l, "top");
	if (setjmp(l.failed))
		return NULL;
	refuse_unknown(&l, root);
	for (const struct member *m = members; m->name; m++) {
		set_where(&l, "%s", m->name);
		if (m->read)
			m->read(&l, config_get(root, m->name));
	}
	return l.set;
}

/* ---- what it says ---- */

const double pattern_exactness = 1 - 1e-12;

size_t
pattern_interval(const struct pattern_worth *w, double d)
{
	size_t i = w->n - 1;

	while (i && d < w->intervals[i])
		i--;
	return i;
}

/* What is learned is written with six digits, be they rounded up. */
static const double six_digits = 1 - 5e-6;

double
pattern_certainty(const struct pattern_set *s, double score)
{
	double c = s->n_steps ? s->steps[0].certainty : 1 - exp2(-score);

	for (size_t i = 1; i < s->n_steps; i++)
		if (score >= s->steps[i].score * six_digits)
			c = s->steps[i].certainty;
	return c;
}

static bool
has_text(const struct config *list, struct slice text)
{
	for (size_t i = 0; i < config_count(list); i++)
		if (slice_is(text, config_text(config_at(list, i))))
			return true;
	return false;
}

bool
pattern_has_label(const struct pattern_set *s, struct slice label)
{
	if (slice_is(label, s->name) || has_text(s->labels, label))
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (slice_is(label, s->patterns[i].name))
			return true;
	return false;
}

bool
pattern_is_related(const struct pattern_set *s, struct slice label)
{
	return !pattern_has_label(s, label) && has_text(s->related, label);
}
