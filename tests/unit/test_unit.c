/* SPDX-License-Identifier: MIT */
#include "libcommon/unit.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/t.h"

enum { LEAP = 1000 };

static struct unit *
part_unit(int64_t lateness)
{
	struct unit *u = unit_new(16, LEAP);

	u->sources = calloc(1, sizeof *u->sources);
	u->sources[0].lateness = lateness;
	u->n_sources = 1;
	u->source = 0;
	return u;
}

static void
test_new(void)
{
	struct unit *u = unit_new(64, LEAP);

	OK(u->next_end == INT64_MAX && u->deadline == INT64_MAX);
	OK(u->horizon == INT64_MIN && u->watermark == INT64_MIN);
	OK(u->source == SIZE_MAX && u->hold == INT64_MAX);
	OK(u->state[0] == 0 && u->state[63] == 0);
	OK(unit_hold(u) == NULL); /* no run was begun */
	unit_release(u, NULL);
	OK(unit_rewind(u, 77) == 77);
	unit_free(u);
}

/* ---- sources ---- */

static void
test_level(void)
{
	struct unit *u = part_unit(30);

	OK(unit_level(u) == INT64_MIN);
	u->mark.max = 100;
	OK(unit_level(u) == 70);
	u->mark.max = INT64_MIN + 10;
	OK(unit_level(u) == INT64_MIN);
	u->sources[0].ended = true;
	OK(unit_level(u) == INT64_MAX);
	unit_free(u);
}

static void
test_turns(void)
{
	struct unit *u = unit_new(0, LEAP);

	u->sources = calloc(3, sizeof *u->sources);
	u->n_sources = 3;
	for (int i = 0; i < 3; i++) {
		u->sources[i].level = INT64_MIN;
		u->sources[i].lateness = 10;
	}
	unit_turn(u, 0, LEAP);
	OK(u->hold == INT64_MIN); /* 1 and 2 have said nothing */
	u->mark.max = 500;
	unit_turn(u, 1, LEAP);
	OK(u->mark.max == INT64_MIN && u->sources[0].level == 490);
	u->mark.max = 300;
	unit_turn(u, 2, LEAP);
	OK(u->hold == 290);
	u->sources[1].level = INT64_MAX; /* it is silent */
	unit_hold_anew(u);
	OK(u->hold == 490);
	u->from = 5;
	u->to = 9;
	unit_turn(u, 0, LEAP);
	OK(u->mark.max == 500 && u->to == u->from);
	unit_free(u);
}

/* A mark at INT64_MIN is known, too: leap 0 begins it once only. */
static void
test_begun(void)
{
	struct unit *u = unit_new(0, 0);

	u->sources = calloc(2, sizeof *u->sources);
	u->n_sources = 2;
	unit_turn(u, 0, 0);
	u->mark.max = 9;
	unit_turn(u, 1, 0);
	unit_turn(u, 0, 0);
	OK(u->mark.max == 9);
	unit_free(u);
}

/* ---- points ---- */

static void
test_points(void)
{
	struct unit *u = part_unit(0);
	struct unit_point *a, *b, *c;

	unit_begin_run(u, 10);
	unit_begin_run(u, 20); /* nobody holds the first */
	OK(u->oldest == u->newest && u->oldest->offset == 20);
	a = unit_hold(u);
	OK(unit_hold(u) == a && a->users == 2 && unit_rewind(u, 99) == 20);
	u->mark.max = 5;
	u->index = 3;
	unit_begin_run(u, 30);
	b = unit_hold(u);
	OK(b != a && b->mark.max == 5 && b->index == 3);
	unit_begin_run(u, 40);
	c = unit_hold(u);
	OK(unit_rewind(u, 99) == 20);
	unit_release(u, b); /* in the middle */
	OK(a->newer == c && c->older == a);
	unit_release(u, a);
	OK(unit_rewind(u, 99) == 20);
	unit_release(u, a);
	OK(unit_rewind(u, 99) == 40 && u->oldest == c);
	OK(unit_hold_also(c) == c && unit_hold_also(NULL) == NULL);
	unit_release(u, c);
	unit_release(u, c);
	OK(unit_rewind(u, 99) == 99 && u->oldest == u->newest);
	unit_begin_run(u, 50);
	OK(u->oldest == u->newest && u->newest->offset == 50);
	unit_free(u);
}

/* ---- notes ---- */

static void
test_note(void)
{
	struct unit *u = part_unit(0), *v = part_unit(0);
	struct unit_point *p;
	char note[KAFKA_NOTE];

	u->mark = (struct watermark){ 100, LEAP, 7, 8, 3 };
	u->index = 12;
	unit_begin_run(u, 1000);
	p = unit_hold(u);
	u->mark.max = 900;
	u->watermark = 850;
	u->horizon = 8;
	unit_note(u, "1:10", 6, note);
	OK(unit_restore(v, "1:10", 1500, note));
	OK(v->position == 1500 && v->rebuilding);
	OK(v->was == 850 && v->muted_to == 8 && v->skip_to == 6);
	/* As it was at the point that is held, not as it is. */
	OK(v->mark.max == 100 && v->mark.least == 7 && v->mark.last == 8 &&
	    v->mark.run == 3 && v->index == 12);
	/* What is muted stays so in the notes of who rebuilds. */
	unit_note(v, "1:10", 6, note);
	unit_free(v);
	v = part_unit(0);
	OK(unit_restore(v, "1:10", 1500, note) && v->muted_to == 8 &&
	    v->was == 850);
	unit_free(v);
	unit_release(u, p);
	unit_note(u, "1:10", 8, note);
	v = part_unit(0);
	OK(unit_restore(v, "1:10", 1500, note) && v->mark.max == 900);
	unit_free(u);
	unit_free(v);
}

static void
test_longest_note(void)
{
	struct unit *u = part_unit(0), *v = part_unit(0);
	char note[KAFKA_NOTE], tag[UNIT_TAG];

	memset(tag, '9', sizeof tag);
	tag[sizeof tag - 1] = '\0';
	u->mark = (struct watermark){ INT64_MIN, LEAP, INT64_MIN, INT64_MIN,
		UINT32_MAX };
	u->index = UINT64_MAX;
	unit_note(u, tag, INT64_MIN, note);
	OK(strlen(note) < KAFKA_NOTE - 1);
	OK(unit_restore(v, tag, 0, note));
	OK(v->index == UINT64_MAX && v->mark.run == UINT32_MAX &&
	    v->was == INT64_MIN);
	unit_free(u);
	unit_free(v);
}

static void
test_other_notes(void)
{
	static const char *const bad[] = { "x", "1:10", "1:10 ", "1:10 1 2 3",
		"1:1 1 2 3 4 5 6 7 8", "1:100 1 2 3 4 5 6 7 8",
		"1:10 1 2 3 4 5 6 7", "1:10 1 2 3 4 5 6 7 x" };
	struct unit *u = part_unit(0);

	OK(unit_restore(u, "1:10", 5, "") && !u->rebuilding &&
	    u->position == 5);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		OK(!unit_restore(u, "1:10", 5, bad[i]) && !u->rebuilding);
	unit_free(u);
}

int
main(void)
{
	test_new();
	test_level();
	test_turns();
	test_begun();
	test_points();
	test_note();
	test_longest_note();
	test_other_notes();
	return t_done();
}
