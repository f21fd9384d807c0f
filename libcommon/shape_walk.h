/* SPDX-License-Identifier: MIT */
/*
 * shape_walk: the walk along the steps of a shape, once for each kind of
 * processor: shape.c includes this file with
 *
 *	WALK(name)	the name of a function
 *	TARGET		its attribute
 *	PIECE, UNLIKE	32 bytes; where some differ
 *	load, differ, is_zero	see shape.c
 *	BOUNDS, bounds	what bytes are compared with
 *	text_ends	a bit for each of 32 bytes that cannot be in a string
 *	no_digits	a bit for each that is no digit; wrong if there is none
 *in front, or a 0 and another: WRONG, is_wrong points		a bit for each
 *point below		how many of 32 bits are below the first one that is set
 *	leave		what is to be done before other code goes on
 */

/* The length of digits; 32: they may not have ended. */
TARGET BODY size_t
WALK(digits)(const BOUNDS *b, const char *p, WRONG *wrong)
{
	return below(no_digits(b, p, wrong));
}

/* The same with a point between. */
TARGET BODY size_t
WALK(decimal)(const BOUNDS *b, const char *p, WRONG *wrong, uint32_t *bad)
{
	uint32_t odd = no_digits(b, p, wrong), first = odd & -odd;
	uint32_t point = first & points(b, p);

	*bad |= (first ^ point) | (point << 1 & odd) | point >> 31;
	return below(odd & (odd - 1));
}

/* The length of the text at p; at most 64, then it may not have ended. */
TARGET BODY size_t
WALK(long_text)(const BOUNDS *b, const char *p)
{
	size_t ends = (size_t)text_ends(b, p + 32) << 32 | text_ends(b, p);

	return ends ? (size_t)__builtin_ctzll(ends) : 64;
}

/*
 * A record of each lane, a step in all of them at a time, along one shape.
 * False if one is of another shape, or only the longer way can tell: then all
 * are where they were alike so far.
 */
TARGET BODY bool
WALK(group)(
    const BOUNDS *b, struct shape *shape, const char *buf, struct lane *lanes)
{
	const struct shape_step *steps = shape->steps;
	uint32_t *places[SHAPE_LANES], bad = 0;
	size_t at[SHAPE_LANES], n[SHAPE_LANES], i = 0;
	UNLIKE unlike = { 0 };
	WRONG wrong = { 0 };

	LANES at[k] = (size_t)(lanes[k].p - buf);
	LANES places[k] = lanes[k].places;
	do {
		const struct shape_step *s = &steps[i];
		PIECE bytes = load(s->bytes), mask = load(s->mask);

		LANES unlike |= differ(buf + at[k], bytes, mask);
		if (!is_zero(unlike))
			break;
		LANES at[k] += s->len;
		if (s->kind == SHAPE_TEXT) {
			LANES n[k] = below(text_ends(b, buf + at[k]));
			LANES bad |= (uint32_t)n[k];
			bad &= 32;
			LANES at[k] += n[k];
		} else if (s->kind == SHAPE_DIGITS) {
			LANES at[k] += WALK(digits)(b, buf + at[k], &wrong);
			bad = is_wrong(wrong);
		} else if (s->kind == SHAPE_DECIMAL) {
			LANES at[k] +=
			    WALK(decimal)(b, buf + at[k], &wrong, &bad);
			bad |= is_wrong(wrong);
		} else if (s->kind == SHAPE_LONG) {
			LANES n[k] = WALK(long_text)(b, buf + at[k]);
			LANES bad |= (uint32_t)n[k];
			bad &= 64;
			LANES at[k] += n[k];
		} else if (s->kind == SHAPE_SCALAR) {
			uint32_t none = 0;

			LANES at[k] += scalar(buf + at[k], &none);
			bad = none;
		}
		if (bad)
			break;
		i++;
		LANES places[k][i] = (uint32_t)at[k];
	} while (i < shape->n_steps);
	LANES lanes[k].shape = shape;
	if (i < shape->n_steps) {
		/* Digits may be the front of another number. */
		i -= !bad && i && steps[i - 1].kind > SHAPE_LONG;
		LANES go_to(&lanes[k], buf, i);
		return false;
	}
	LANES go_to(&lanes[k], buf, i);
	LANES end_record(&lanes[k]);
	return true;
}

/* A value of any length; sets *bad.  Behind it the next step begins. */
TARGET BODY const char *
WALK(value)(const BOUNDS *b, struct shape_step *s, const char *p, uint32_t *bad)
{
	WRONG wrong = { 0 };
	uint32_t odd = 0;
	size_t n;

	if (s->kind == SHAPE_TEXT || s->kind == SHAPE_LONG) {
		const char *from = p;
		uint32_t ends;

		while (!(ends = text_ends(b, p)))
			p += 32;
		p += below(ends);
		if (p - from >= 32)
			s->kind = SHAPE_LONG;
		return p;
	}
	if (s->kind == SHAPE_DIGITS || s->kind == SHAPE_DECIMAL) {
		n = s->kind == SHAPE_DIGITS ? WALK(digits)(b, p, &wrong)
					    : WALK(decimal)(b, p, &wrong, &odd);
		if (!(odd | is_wrong(wrong)) && p[n] == s->behind)
			return p + n;
	}
	return p + scalar(p, bad);
}

/*
 * Where the record at hand is not of its shape: another one that has been the
 * same, or another line.  Bytes that no value followed may have been the front
 * of those of another shape's, behind which one does; so two shapes could lead
 * to each other for ever, and turns are counted.
 */
TARGET static __attribute__((noinline)) void
WALK(elsewhere)(struct shape_set *set, const char *buf, struct lane *l)
{
	for (bool more = ++l->turns < 2 * SHAPE_SET; more;) {
		size_t i = (size_t)(l->s - l->shape->steps);
		const char *p = buf + *l->places;

		for (uint32_t o = l->s->others; o; o &= o - 1) {
			struct shape *shape = set->v[__builtin_ctz(o)];
			struct shape_step *s = shape->steps + i;

			if (!is_zero(differ(p, load(s->bytes), load(s->mask))))
				continue;
			l->shape = shape;
			l->s = s;
			l->p = p;
			return;
		}
		more = i && l->s[-1].kind == SHAPE_NOTHING;
		l->s -= more;
		l->places -= more;
	}
	skip_line(buf, l);
}

/* The rest of the record at hand, or its line. */
TARGET static void
WALK(rest)(
    const BOUNDS *b, struct shape_set *set, const char *buf, struct lane *l)
{
	uint32_t n = l->run->n;
	const struct shape_run *run = l->run;

	while (l->run == run && run->n == n) {
		struct shape_step *s = l->s;
		const char *p = l->p;
		uint32_t bad = 0;

		if (is_zero(differ(p, load(s->bytes), load(s->mask)))) {
			p += s->len;
			if (s->kind != SHAPE_NOTHING)
				p = WALK(value)(b, s, p, &bad);
		} else {
			bad = 1;
		}
		if (bad) {
			WALK(elsewhere)(set, buf, l);
			continue;
		}
		*++l->places = (uint32_t)(p - buf);
		l->p = p;
		l->s = s + 1;
		if (s->last)
			end_record(l);
	}
}

TARGET static uint32_t
WALK(run)(struct shape_set *set, const char *buf, uint32_t from, uint32_t to,
    const struct shape_room *room)
{
	const BOUNDS b = bounds();
	struct lane lanes[SHAPE_LANES];
	uint32_t n = cut(set, buf, from, to, room, lanes);

	while (n == SHAPE_LANES && are_within(lanes))
		if (!WALK(group)(&b, lanes->shape, buf, lanes))
			LANES WALK(rest)(&b, set, buf, &lanes[k]);
	for (struct lane *l = lanes; l < lanes + n; l++)
		while (l->p < l->end)
			WALK(rest)(&b, set, buf, l);
	leave();
	return gather(set, lanes, n, room->runs);
}
