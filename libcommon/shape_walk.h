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
 * A record of each lane, a step in all of them at a time.  False if one is of
 * another shape, or only the longer way can tell.
 */
TARGET static bool
WALK(group)(const struct shape *shape, const char *buf, struct lane *lanes)
{
	const struct shape_step *s = shape->steps, *end = s + shape->n_steps;
	uint32_t *places = lane_places(shape, lanes);
	size_t room = (size_t)(lanes[1].places - lanes[0].places);
	const char *p[SHAPE_LANES];
	uint32_t bad = 0;
	UNLIKE unlike = { 0 };

	LANES p[k] = lanes[k].at;
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
	if (bad)
		return false;
	LANES lanes[k].at = p[k];
	LANES lanes[k].n++;
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
		if (!odd && p[n] == s[1].bytes[0])
			return p + n;
	}
	return p + scalar(p, bad);
}

/*
 * The next record of a lane; false if it is of another shape.  *known: steps
 * of it that are verified already; set to 0, or to what could be verified.
 */
TARGET static bool
WALK(record)(
    struct shape *shape, const char *buf, struct lane *lane, uint32_t *known)
{
	struct shape_step *s = shape->steps + *known;
	struct shape_step *end = shape->steps + shape->n_steps;
	uint32_t *places = lane_places(shape, lane) + *known;
	const char *p = *known ? buf + *places : lane->at;
	uint32_t bad = 0;

	*places++ = (uint32_t)(p - buf);
	do {
		UNLIKE unlike = differ(p, load(s->bytes), load(s->mask));

		if (!is_zero(unlike))
			break;
		p += s->len;
		if (s->kind != SHAPE_NOTHING)
			p = WALK(value)(s, p, &bad);
		if (bad)
			break;
		*places++ = (uint32_t)(p - buf);
	} while (++s < end);
	*known = s < end ? (uint32_t)(s - shape->steps) : 0;
	if (s < end)
		return false;
	lane->at = p;
	lane->n++;
	return true;
}

TARGET static bool
WALK(each)(struct shape *shape, const char *buf, struct lane *lanes)
{
	uint32_t known = 0;

	for (int k = 0; k < SHAPE_LANES; k++)
		if (!WALK(record)(shape, buf, &lanes[k], &known))
			return false;
	return true;
}

TARGET static uint32_t
WALK(run)(struct shape *shape, const char *buf, uint32_t from, uint32_t to,
    uint32_t *places, struct shape_run runs[SHAPE_LANES], uint32_t *known)
{
	struct lane lanes[SHAPE_LANES];
	uint32_t n = cut(shape, buf, from, to, places, lanes), n_runs = 0;
	bool alike = n == SHAPE_LANES;

	while (alike && are_within(lanes))
		alike = WALK(group)(shape, buf, lanes) ||
			WALK(each)(shape, buf, lanes);
	if (n > 1)
		*known = 0;
	alike = true;
	for (struct lane *l = lanes; alike && l < lanes + n; l++) {
		while (alike && l->at < l->end)
			alike = WALK(record)(shape, buf, l, known);
		if (l->n)
			runs[n_runs++] = (struct shape_run){ l->places, l->n };
	}
	if (n > 1) /* the places may not stand behind the last run */
		*known = 0;
	shape->steady = alike;
	return n_runs;
}
