/* SPDX-License-Identifier: MIT */
#include "libcommon/expr_many.h"

#include "libcommon/expr_code.h"
#include "libcommon/xalloc.h"

enum {
	MEMBERS = 4, /* of a clause */
	VALUES = 65536,
	CLASSES = 255, /* and one of values of which nothing is known */
	COLUMNS = 16
};

/* A member of clauses: what its values satisfy. */
struct column {
	int slot;
	uint8_t of[VALUES]; /* class of a value */
	uint64_t bits[CLASSES];
	size_t n_classes;
};

/* Clauses about the same members. */
struct group {
	int slots[MEMBERS];
	size_t n;
	uint64_t having; /* tests with such a clause */
	struct column *columns[MEMBERS];
};

struct expr_many {
	uint64_t all, tests; /* with NULLs and without */
	uint64_t partly;     /* tests that say more than their clauses */
	struct group groups[COLUMNS];
	size_t n_groups;
};

/* Tests of a program from an instruction on, joined by or. */
struct clause {
	const struct insn *first;
	size_t n;
};

/* The clause that begins there, without which the test fails. */
static bool
read_clause(const struct expr *e, uint32_t at, struct clause *c)
{
	uint32_t yes = e->code[at].yes;

	*c = (struct clause){ .first = &e->code[at] };
	for (const struct insn *i = c->first;; i++) {
		if ((i->op != OP_RANGE && i->op != OP_NUMBERS) ||
		    i->yes != yes || c->n == MEMBERS ||
		    slice_eq(i->name, SLICE_LIT("flows")))
			return false;
		c->n++;
		if (e->code[i->no].op == OP_FALSE)
			return yes == (uint32_t)(i - e->code) + 1;
		if (i->no != (uint32_t)(i - e->code) + 1)
			return false;
	}
}

static bool
satisfies(const struct insn *i, uint64_t n)
{
	bool is = i->op == OP_RANGE ? n - i->lo <= i->span
				    : set_has_number(i->set, n);

	return is != i->inverted;
}

/* The group of a clause; NULL if there is no room for it. */
static struct group *
group_of(struct expr_many *m, const struct clause *c)
{
	struct group *g;
	size_t k;

	for (size_t i = 0; i < m->n_groups; i++) {
		g = &m->groups[i];
		for (k = 0; k < c->n && g->slots[k] == c->first[k].slot; k++)
			continue;
		if (k == c->n && k == g->n)
			return g;
	}
	if (m->n_groups == COLUMNS)
		return NULL;
	g = &m->groups[m->n_groups++];
	g->n = c->n;
	for (k = 0; k < c->n; k++) {
		g->slots[k] = c->first[k].slot;
		g->columns[k] = xcalloc(1, sizeof *g->columns[k]);
		g->columns[k]->slot = g->slots[k];
		g->columns[k]->n_classes = 1;
	}
	return g;
}

/* Class of[n] gets the bit: classes are those that differ. */
static void
divide(struct column *c, const struct insn *i, uint64_t bit)
{
	size_t n = c->n_classes, with[CLASSES + 1] = { 0 };

	for (uint64_t v = 0; v < VALUES; v++) {
		size_t class = c->of[v];

		if (class == CLASSES || !satisfies(i, v))
			continue;
		if (!with[class]) {
			with[class] = n < CLASSES ? n++ : CLASSES;
			if (with[class] < CLASSES)
				c->bits[with[class]] = c->bits[class] | bit;
		}
		c->of[v] = (uint8_t)with[class];
	}
	c->n_classes = n;
}

/* Its clauses; false: it says more. */
static bool
add_test(struct expr_many *m, const struct expr *test, uint64_t bit)
{
	struct clause c;
	struct group *g;
	uint32_t at = 0;
	bool whole = true;

	for (; read_clause(test, at, &c); at += (uint32_t)c.n) {
		g = group_of(m, &c);
		if (!g || g->having & bit) {
			whole = false;
			continue;
		}
		g->having |= bit;
		for (size_t k = 0; k < c.n; k++)
			divide(g->columns[k], &c.first[k], bit);
	}
	return whole && test->code[at].op == OP_TRUE;
}

struct expr_many *
expr_many_new(struct expr *const *tests, size_t n)
{
	struct expr_many *m = xcalloc(1, sizeof *m);

	for (size_t i = 0; i < n; i++) {
		uint64_t bit = 1ull << i;

		m->all |= bit;
		m->tests |= tests[i] ? bit : 0;
		if (tests[i] && !add_test(m, tests[i], bit))
			m->partly |= bit;
	}
	return m;
}

uint64_t
expr_many_may(
    const struct expr_many *m, const struct json_val *values, uint64_t *ask)
{
	uint64_t may = m->all;

	*ask = m->partly;
	for (const struct group *g = m->groups; g < m->groups + m->n_groups;
	     g++) {
		uint64_t bits = ~g->having, n;

		for (size_t k = 0; k < g->n; k++) {
			const struct json_val *v = &values[g->slots[k]];
			const struct column *c = g->columns[k];

			if (v->kind == JSON_NONE)
				continue;
			/* What has to be read may have to be complained of. */
			if (v->kind != JSON_NUMBER ||
			    !num_short(v->p, v->n, &n)) {
				*ask = m->tests;
				return m->all;
			}
			if (n < VALUES && c->of[n] != CLASSES) {
				bits |= c->bits[c->of[n]];
				continue;
			}
			bits = ~0ull;
			*ask |= g->having;
		}
		may &= bits;
	}
	return may;
}
