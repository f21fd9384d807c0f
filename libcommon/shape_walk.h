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
 * A record of each lane; 'at' moves behind them.  False if one is of another
 * shape, or only the longer way tells.  The places of lane k begin room * k
 * behind those of the first.
 */
TARGET static bool
WALK(group)(const struct shape *shape, const char *buf,
    const char *at[SHAPE_LANES], uint32_t *places, size_t room)
{
	const struct shape_step *s = shape->steps, *end = s + shape->n_steps;
	const char *p[SHAPE_LANES];
	uint32_t bad = 0;
	UNLIKE unlike = { 0 };

	memcpy(p, at, sizeof p);
	LANES places[k * room] = (uint32_t)(p[k] - buf);
	do {
		PIECE bytes = load(s->bytes), mask = load(s->mask);

		LANES unlike |= differ(p[k], bytes, mask);
		if (!is_zero(unlike))
			return false;
		LANES p[k] += s->len;
		if (s->kind == SHAPE_TEXT)
			LANES p[k] += below(text_ends(p[k]));
		else if (s->kind == SHAPE_DIGITS)
			LANES p[k] += WALK(number)(p[k], false, &bad);
		else if (s->kind == SHAPE_DECIMAL)
			LANES p[k] += WALK(number)(p[k], true, &bad);
		else if (s->kind == SHAPE_LONG)
			LANES p[k] += WALK(long_text)(p[k]);
		else if (s->kind == SHAPE_SCALAR)
			LANES p[k] += scalar(p[k], &bad);
		places++;
		LANES places[k * room] = (uint32_t)(p[k] - buf);
	} while (++s < end);
	if (!bad)
		memcpy(at, p, sizeof p);
	return !bad;
}

/* A value of any length; sets *bad. */
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
		if (!odd && n < 32 && !in_scalar(p[n]))
			return p + n;
	}
	return p + scalar(p, bad);
}

/* One record; NULL if it is of another shape. */
TARGET static const char *
WALK(record)(
    struct shape *shape, const char *buf, const char *p, uint32_t *places)
{
	struct shape_step *s = shape->steps, *end = s + shape->n_steps;
	uint32_t bad = 0;

	*places++ = (uint32_t)(p - buf);
	do {
		UNLIKE unlike = differ(p, load(s->bytes), load(s->mask));

		if (!is_zero(unlike))
			return NULL;
		p += s->len;
		if (s->kind != SHAPE_NOTHING)
			p = WALK(value)(s, p, &bad);
		if (bad)
			return NULL;
		*places++ = (uint32_t)(p - buf);
	} while (++s < end);
	return p;
}

TARGET static uint32_t
WALK(run)(struct shape *shape, const char *buf, uint32_t from, uint32_t to,
    uint32_t *places, struct shape_run runs[SHAPE_LANES])
{
	const char *at[SHAPE_LANES], *ends[SHAPE_LANES], *next;
	size_t room = (to - from) + SHAPE_MAX_STEPS + 1;
	uint32_t n[SHAPE_LANES] = { 0 }, n_runs = 0, k = 0;
	uint32_t lanes = cut(shape, buf, from, to, at, ends);
	bool alike = lanes == SHAPE_LANES;

	while (alike && is_within(at, ends)) {
		uint32_t *to_places = places + n[0] * shape->n_steps;
		bool whole = WALK(group)(shape, buf, at, to_places, room);

		for (k = 0; !whole && k < SHAPE_LANES && alike; k++) {
			next = WALK(record)(
			    shape, buf, at[k], to_places + k * room);
			at[k] = next ? next : at[k];
			n[k] += next != NULL;
			alike = next != NULL;
		}
		for (k = 0; whole && k < SHAPE_LANES; k++)
			n[k]++;
	}
	for (k = 0, next = buf; next && k < lanes; k++) {
		uint32_t *mine = places + k * room;

		while (at[k] < ends[k]) {
			next = WALK(record)(shape, buf, at[k],
			    mine + n[k] * shape->n_steps);
			if (!next)
				break;
			at[k] = next;
			n[k]++;
		}
		if (n[k])
			runs[n_runs++] = (struct shape_run){ mine, n[k] };
	}
	shape->steady = next != NULL;
	return n_runs;
}
