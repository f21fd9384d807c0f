/* SPDX-License-Identifier: MIT */
/*
 * shape_walk: the walk along the steps of a shape, once for each kind of
 * processor: shape.c includes this file with
 *
 *	WALK(name)	the name of a function
 *	TARGET		its attribute
 *	PIECE, UNLIKE	32 bytes; where some differ
 *	load, differ, is_zero	see shape.c
 *	text_ends	a bit for each of 32 bytes that cannot be in a string
 *	no_digits	a bit for each that is no digit; zeros and points too
 *	below		how many of 32 bits are below the first one that is set
 *	leave		what is to be done before other code goes on
 */

/* The length of digits, perhaps with a point; 32: they may not have ended. */
TARGET BODY uint32_t
WALK(number)(const char *p, bool decimal, uint32_t *bad)
{
	uint32_t zeros, points, odd = no_digits(p, &zeros, &points);
	uint32_t first = odd & -odd;

	*bad |= (odd | (zeros & ~(odd >> 1))) & 1; /* no digit, or 0 and one */
	if (!decimal)
		return below(odd);
	*bad |= (first & ~points) | (first << 1 & odd) | first >> 31;
	return below(odd & (odd - 1));
}

/* The length of the text at p; at most 64, then it may not have ended. */
TARGET BODY uint32_t
WALK(long_text)(const char *p)
{
	uint64_t ends = (uint64_t)text_ends(p + 32) << 32 | text_ends(p);

	return ends ? (uint32_t)__builtin_ctzll(ends) : 64;
}

/*
 * A record of each lane, a step in all of them at a time, along one shape.
 * False if one is of another shape, or only the longer way can tell: then all
 * are where they were alike so far.
 */
TARGET static bool
WALK(group)(struct shape *shape, const char *buf, struct lane *lanes)
{
	struct shape_step *s = shape->steps, *end = s + shape->n_steps;
	uint32_t *places[SHAPE_LANES], bad = 0;
	const char *p[SHAPE_LANES];
	UNLIKE unlike = { 0 };

	LANES p[k] = lanes[k].p;
	LANES places[k] = lanes[k].places;
	do {
		PIECE bytes = load(s->bytes), mask = load(s->mask);
		uint32_t n[SHAPE_LANES];

		LANES unlike |= differ(p[k], bytes, mask);
		if (!is_zero(unlike))
			break;
		LANES p[k] += s->len;
		if (s->kind == SHAPE_TEXT) {
			LANES n[k] = below(text_ends(p[k]));
			LANES bad |= n[k] >> 5;
			LANES p[k] += n[k];
		} else if (s->kind == SHAPE_DIGITS) {
			LANES p[k] += WALK(number)(p[k], false, &bad);
		} else if (s->kind == SHAPE_DECIMAL) {
			LANES p[k] += WALK(number)(p[k], true, &bad);
		} else if (s->kind == SHAPE_LONG) {
			LANES n[k] = WALK(long_text)(p[k]);
			LANES bad |= n[k] >> 6;
			LANES p[k] += n[k];
		} else if (s->kind == SHAPE_SCALAR) {
			LANES p[k] += scalar(p[k], &bad);
		}
		if (bad)
			break;
		LANES * ++places[k] = (uint32_t)(p[k] - buf);
	} while (++s < end);
	/* Digits may be the front of another number. */
	if (s < end && !bad && s > shape->steps && s[-1].kind > SHAPE_LONG) {
		LANES places[k]--;
		s--;
	}
	LANES lanes[k].shape = shape;
	LANES lanes[k].places = places[k];
	LANES lanes[k].p = buf + *places[k];
	LANES lanes[k].s = s;
	if (s < end)
		return false;
	LANES end_record(&lanes[k]);
	return true;
}

/* A value of any length; sets *bad.  Behind it the next step begins. */
TARGET BODY const char *
WALK(value)(struct shape_step *s, const char *p, uint32_t *bad)
{
	uint32_t n, odd = 0;

	if (s->kind == SHAPE_TEXT || s->kind == SHAPE_LONG) {
		const char *from = p;
		uint32_t ends;

		while (!(ends = text_ends(p)))
			p += 32;
		p += below(ends);
		if (p - from >= 32)
			s->kind = SHAPE_LONG;
		return p;
	}
	if (s->kind == SHAPE_DIGITS || s->kind == SHAPE_DECIMAL) {
		n = WALK(number)(p, s->kind == SHAPE_DECIMAL, &odd);
		if (!odd && p[n] == s->behind)
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
WALK(rest)(struct shape_set *set, const char *buf, struct lane *l)
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
				p = WALK(value)(s, p, &bad);
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
	struct lane lanes[SHAPE_LANES];
	uint32_t n = cut(set, buf, from, to, room, lanes);

	while (n == SHAPE_LANES && are_within(lanes))
		if (!WALK(group)(lanes->shape, buf, lanes))
			LANES WALK(rest)(set, buf, &lanes[k]);
	for (struct lane *l = lanes; l < lanes + n; l++)
		while (l->p < l->end)
			WALK(rest)(set, buf, l);
	leave();
	return gather(set, lanes, n, room->runs);
}
