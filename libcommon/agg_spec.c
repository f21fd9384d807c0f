/* SPDX-License-Identifier: MIT */
#include "libcommon/agg.h"

#include <stdio.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/key.h"
#include "libcommon/near.h"
#include "libcommon/num_units.h"
#include "libcommon/xalloc.h"

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static struct slice
trim(struct slice s)
{
	while (s.n && strchr(" \t\n", *s.p)) {
		s.p++;
		s.n--;
	}
	while (s.n && strchr(" \t\n", s.p[s.n - 1]))
		s.n--;
	return s;
}

/* One step over text: quotes are passed over, brackets counted. */
static const char *
step(const char *p, int *depth)
{
	const char *close;

	if (*p == '"' || *p == '\'') {
		close = strchr(p + 1, *p);
		return close ? close + 1 : p + strlen(p);
	}
	*depth += (*p == '(' || *p == '[') - (*p == ')' || *p == ']');
	return p + 1;
}

bool
agg_split(const char **p, struct slice *part)
{
	const char *start = *p, *end;
	int depth = 0;

	while (*start && strchr(" \t\n,", *start))
		start++;
	if (!*start)
		return false;
	for (end = start; *end; end = step(end, &depth))
		if (*end == ',' && depth <= 0 &&
		    /* "src_ip_addr/24,/64" is one key */
		    end[1 + strspn(end + 1, " ")] != '/')
			break;
	*part = trim(slice_of(start, (size_t)(end - start)));
	*p = end;
	return true;
}

/* "name=" in front; "a==b" and "a<=b" are no names. */
static struct slice
take_name(struct slice *s)
{
	struct slice name = { 0 };
	size_t n = 0, equals;

	while (n < s->n && is_name_char(s->p[n]))
		n++;
	equals = n;
	while (equals < s->n && s->p[equals] == ' ')
		equals++;
	if (n && equals + 1 < s->n && s->p[equals] == '=' &&
	    s->p[equals + 1] != '=') {
		name = slice_of(s->p, n);
		*s = trim(slice_of(s->p + equals + 1, s->n - equals - 1));
	}
	return name;
}

/*
 * A column's name made of an expression: "bytes_sum" for "sum(bytes)", "rack"
 * for the member ".rack".
 */
static struct slice
name_of(struct agg *a, struct slice text)
{
	char *p = (char *)arena_slice(&a->run, text).p, *out = p;

	for (size_t i = text.n && *text.p == '.'; i < text.n; i++) {
		bool good = is_name_char(text.p[i]);

		if (good || (out > p && out[-1] != '_'))
			*out++ = good ? text.p[i] : '_';
	}
	while (out > p && out[-1] == '_')
		out--;
	*out = '\0';
	return slice_of(p, (size_t)(out - p));
}

static struct slice
copied(struct agg *a, struct slice s)
{
	return arena_slice(&a->run, s);
}

/* nfdump says srcip4/24 and srcip6/64. */
static void
refuse_family(const char *text, const char *field)
{
	static const char *const names[] = { "srcip4", "srcip6", "dstip4",
		"dstip6" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(field, names[i]) == 0)
			die("-k %s: IPv4 and IPv6 share a field: %.5s/24,/64",
			    text, field);
}

/* "src_ip_addr/24,/64": the expression, and the network's field as name. */
static bool
prefix_key(struct agg *a, struct slice text, struct slice *name, char *out,
    size_t room)
{
	char field[64];
	int v4 = 24, v6 = 64, used = 0, slash = 0;
	const struct field *f;
	struct slice canonical;

	text = copied(a, text);
	sscanf(text.p, "%63[a-z_A-Z0-9] /%n", field, &slash);
	f = slash ? field_find(slice_str(field)) : NULL;
	if (slash && !f)
		refuse_family(text.p, field);
	if (!f || f->type != FIELD_IP)
		return false;
	if ((sscanf(text.p + slash, "%d , / %d%n", &v4, &v6, &used) != 2 &&
		sscanf(text.p + slash, "%d%n", &v4, &used) != 1) ||
	    text.p[slash + used]) /* "srcip/bytes", as nfdump has it in -s */
		die("-k %s: behind an address '/' is a prefix length, as /24; "
		    "-b says what to sort by",
		    text.p);
	if (v4 < 0 || v4 > 32 || v6 < 0 || v6 > 128)
		die("-k %s: no such prefix length", text.p);
	snprintf(out, room, "prefix(%s,%d,%d)", f->name, v4, v6);
	canonical = slice_str(f->name);
	if (!name->n)
		*name =
		    slice_is(canonical, "src_ip_addr")   ? SLICE_LIT("src_net")
		    : slice_is(canonical, "dst_ip_addr") ? SLICE_LIT("dst_net")
							 : canonical;
	return true;
}

static void
add_cell(struct agg *a, struct slice name, const struct field *field,
    struct agg_cell from)
{
	for (size_t i = 0; i < a->cells.n; i++)
		if (slice_is(name, a->cell_names[i]))
			die("two columns are called '%s'", name.p);
	a->cell_names[a->cells.n] = name.p;
	a->cell_from[a->cells.n] = from;
	a->cell_types[a->cells.n++] = field;
}

static void
add_call_cell(struct agg *a, int call)
{
	a->cell_counts[a->cells.n] = a->calls[call].spec.fn == &accum_total;
	add_cell(a, a->calls[call].name, a->calls[call].field,
	    (struct agg_cell){ call, NULL });
}

static void
add_key(struct agg *a, struct slice part, const struct expr_context *context)
{
	struct agg_key *k = &a->keys[a->n_keys];
	struct slice name = take_name(&part);
	char prefix[128];
	const char *text = copied(a, part).p;

	if (a->n_keys == AGG_MAX_KEYS)
		die("-k: more than %d keys", AGG_MAX_KEYS);
	if (prefix_key(a, part, &name, prefix, sizeof prefix))
		text = prefix;
	k->expr = expr_compile(text, "-k", context);
	k->field = expr_field(k->expr);
	k->slot = expr_slot(k->expr);
	k->cell = expr_cell(k->expr);
	k->address = k->slot >= 0 && k->field && k->field->type == FIELD_IP;
	k->number =
	    k->slot >= 0 && k->field &&
	    (k->field->type == FIELD_INT || k->field->type == FIELD_NAMED ||
		k->field->type == FIELD_FLAGS);
	if (!name.n)
		name = k->field ? slice_str(k->field->name) : name_of(a, part);
	k->name = copied(a, name);
	a->n_keys++;
	add_cell(a, k->name, k->field, (struct agg_cell){ -1, NULL });
}

/* Behind the bracket that closes the one at p. */
static const char *
call_end(const char *p, const char *end)
{
	const char *start = p;
	int depth = 0;

	while (p < end) {
		p = step(p, &depth);
		if (depth == 0)
			return p;
	}
	die("-a: a bracket is not closed: %s", start);
}

static void
compile_arg(struct agg *a, struct agg_call *c, struct slice arg,
    const struct expr_context *context)
{
	const char *p = copied(a, arg).p;
	struct slice part = { 0 }, number;
	char fn[32];
	uint64_t param;

	snprintf(fn, sizeof fn, "%s", c->spec.fn->name);

	if (!c->spec.fn->args && arg.n)
		die("-a: %s takes no argument", c->spec.fn->name);
	if (!c->spec.fn->args)
		return;
	if (!agg_split(&p, &part))
		die("-a: %s needs an argument", c->spec.fn->name);
	if (agg_split(&p, &number)) {
		if (num_quantity(number, &param) || param < 1 ||
		    param > c->spec.fn->max_param)
			die("-a: %s: unexpected '%.*s'", c->spec.fn->name,
			    (int)number.n, number.p);
		c->spec.param = (unsigned)param;
	}
	c->arg = expr_compile(copied(a, part).p, "-a", context);
	c->spec.field = expr_field(c->arg);
	if (strcmp(fn, "p") == 0)
		snprintf(fn, sizeof fn, "p%g", c->spec.quantile * 100);
	if (c->spec.field && c->spec.fn->accepts &&
	    (c->spec.field->type == FIELD_IP ||
		c->spec.field->type == FIELD_STR ||
		c->spec.field->type == FIELD_TIME))
		die("-a: %s of %s, which is no number", fn,
		    c->spec.field->name);
	c->field = c->spec.fn->keeps_type ? c->spec.field : NULL;
	a->timed |= c->spec.fn->timed;
	c->slot = expr_slot(c->arg);
	c->cell = expr_cell(c->arg);
	if (c->cell >= 0 && context->cells->counts &&
	    context->cells->counts[c->cell] && accum_is_sum(c->spec.fn))
		c->spec.fn = &accum_total;
	c->whole = c->spec.field && c->spec.field->type == FIELD_INT;
	c->flows = c->whole && strcmp(c->spec.field->name, "flows") == 0;
}

/* A call of an aggregate: its accumulator, whose cell is called 'name'. */
static int
add_call(struct agg *a, struct accum_spec spec, struct slice arg,
    struct slice cond, struct slice name, const struct expr_context *context)
{
	struct agg_call *c = &a->calls[a->n_calls];

	if (a->n_calls == AGG_MAX)
		die("-a: more than %d aggregates", AGG_MAX);
	*c = (struct agg_call){ .spec = spec, .slot = SCHEMA_NONE, .cell = -1 };
	compile_arg(a, c, trim(arg), context);
	if (cond.n)
		c->cond = expr_compile_test(copied(a, cond).p, "-a", context);
	c->exact = c->slot >= 0 && spec.fn->add == accum_sum_add &&
		   (!c->spec.field || c->spec.field->type == FIELD_INT ||
		       c->spec.field->type == FIELD_REAL);
	c->plain = c->exact && !cond.n && a->n_calls < 64;
	c->counts = !cond.n && strcmp(spec.fn->name, "count") == 0;
	c->offset = (uint32_t)a->block;
	a->block += c->spec.fn->size;
	c->name = copied(a, name);
	a->n_calls++;
	return (int)a->n_calls - 1;
}

/* Whether a call of an aggregate begins at p (not inside a word). */
static bool
call_at(const char *start, const char *p, const char *end,
    struct accum_spec *spec, const char **open)
{
	const char *q = p, *comma;
	int depth = 0;

	if (p > start && is_name_char(p[-1]))
		return false;
	while (q < end && is_name_char(*q))
		q++;
	if (q == p || q == end || *q != '(' ||
	    !accum_find(slice_of(p, (size_t)(q - p)), spec))
		return false;
	*open = q;
	/* max(a, b) of two numbers is no aggregate. */
	comma = q;
	for (comma = step(comma, &depth); comma < end && depth > 0;
	     comma = step(comma, &depth))
		if (*comma == ',' && depth == 1 &&
		    (strcmp(spec->fn->name, "min") == 0 ||
			strcmp(spec->fn->name, "max") == 0))
			return false;
	return true;
}

static struct slice
default_name(struct agg *a, const struct accum_spec *spec, struct slice fn,
    struct slice arg)
{
	char text[256];
	int n = spec->fn->args
		    ? snprintf(text, sizeof text, "%.*s_%.*s", (int)arg.n,
			  arg.p, (int)fn.n, fn.p)
		    : snprintf(text, sizeof text, "%.*s", (int)fn.n, fn.p);

	return name_of(a, slice_of(text, (size_t)n));
}

/* An item that is one call, perhaps with "if ..": true. */
static bool
single_call(struct agg *a, struct slice name, struct slice text,
    const struct expr_context *context)
{
	const char *end = text.p + text.n, *open, *close;
	struct accum_spec spec;
	struct slice arg, rest;

	if (!call_at(text.p, text.p, end, &spec, &open))
		return false;
	close = call_end(open, end);
	rest = trim(slice_of(close, (size_t)(end - close)));
	arg = trim(slice_of(open + 1, (size_t)(close - open) - 2));
	if (rest.n && (rest.n < 3 || memcmp(rest.p, "if", 2) != 0 ||
			  is_name_char(rest.p[2])))
		return false;
	if (rest.n)
		rest = trim(slice_of(rest.p + 2, rest.n - 2));
	if (!name.n)
		name = default_name(
		    a, &spec, slice_of(text.p, (size_t)(open - text.p)), arg);
	add_call_cell(a, add_call(a, spec, arg, rest, name, context));
	return true;
}

/* An expression over aggregates: each call in it becomes a hidden cell. */
static void
compound(struct agg *a, struct slice name, struct slice text,
    const struct expr_context *context)
{
	const char *p = text.p, *end = text.p + text.n, *open, *close;
	struct expr_context cells = {
		.cells = &a->cells, .how = context->how, .also = accum_name
	};
	struct output out;
	struct accum_spec spec;
	struct expr *expr;
	struct expr_error error;
	char hidden[16];
	int n, depth = 0;

	out_memory(&out);
	while (p < end) {
		if (*p == '"' || *p == '\'') {
			close = step(p, &depth);
			out_put(&out, p, (size_t)(close - p));
			p = close;
			continue;
		}
		if (!call_at(text.p, p, end, &spec, &open)) {
			out_char(&out, *p++);
			continue;
		}
		close = call_end(open, end);
		n = snprintf(hidden, sizeof hidden, "_agg_%zu", a->n_calls);
		n = add_call(a, spec,
		    slice_of(open + 1, (size_t)(close - open) - 2),
		    slice_of(NULL, 0), slice_of(hidden, (size_t)n), context);
		add_call_cell(a, n);
		out_slice(&out, a->calls[n].name);
		/* So places in errors are those in what the user wrote. */
		while (out.n < (size_t)(close - text.p))
			out_char(&out, ' ');
		p = close;
	}
	out_char(&out, '\0');
	expr = expr_try(out.buf, &cells, &error);
	if (!expr)
		die("-a: %s\n  %.*s\n  %*s^", error.what, (int)text.n, text.p,
		    (int)error.at, "");
	add_cell(a, name.n ? copied(a, name) : name_of(a, text), NULL,
	    (struct agg_cell){ -1, expr });
	out_close(&out);
}

static void
add_item(struct agg *a, struct slice part, const struct expr_context *context)
{
	struct slice name = take_name(&part);

	if (a->n_items == AGG_MAX)
		die("-a: more than %d aggregates", AGG_MAX);
	if (!single_call(a, name, part, context))
		compound(a, name, part, context);
	a->n_items++;
}

/* What most users ask for does without expressions and values. */
static void
choose_quick(struct agg *a)
{
	a->quick_key = a->n_keys * KEY_IP <= AGG_KEY;
	for (size_t i = 0; i < a->n_keys; i++)
		a->quick_key &= a->keys[i].address || a->keys[i].number;
	a->quick = a->n_calls <= AGG_QUICK;
	for (size_t i = 0; i < a->n_calls; i++)
		a->quick &= a->calls[i].counts ||
			    (a->calls[i].plain && a->calls[i].slot >= 0);
}

void
agg_init(struct agg *a, const char *keys, const char *aggregates,
    const char *time_field, const struct expr_context *context)
{
	struct slice part;
	const struct field *f = field_find(slice_str(time_field));

	*a = (struct agg){ .how = context->how };
	a->how.arena = &a->scratch;
	a->cells.names = a->cell_names;
	a->cells.types = a->cell_types;
	a->cells.counts = a->cell_counts;
	a->time_name = f ? f->name : time_field;
	a->time_slot = schema_add(context->schema, slice_str(a->time_name));
	a->end_slot = schema_add(context->schema, SLICE_LIT("window_end"));
	while (keys && agg_split(&keys, &part))
		add_key(a, part, context);
	if (!aggregates)
		aggregates = "flows=sum(flows),packets=sum(packets),"
			     "bytes=sum(bytes)";
	while (agg_split(&aggregates, &part))
		add_item(a, part, context);
	if (!a->n_items)
		die("-a: expected aggregates");
	choose_quick(a);
	a->key_room = 1024;
	a->key = xmalloc(a->key_room);
	for (size_t i = 0; i < AGG_PENDING; i++) {
		a->pending[i].v = xcalloc(a->n_calls + 1, sizeof(struct value));
		a->pending[i].totals = xcalloc(a->n_calls, sizeof(uint64_t));
	}
}

size_t
agg_cell(const struct agg *a, const char *name, size_t n, const char *option)
{
	const struct field *f = field_find(slice_of(name, n));
	size_t dot = n > 1 && *name == '.'; /* see name_of() */
	struct near near = near_to(slice_of(name, n));

	for (size_t i = 0; i < a->cells.n; i++)
		if (slice_is(slice_of(name + dot, n - dot), a->cell_names[i]) ||
		    (f && strcmp(a->cell_names[i], f->name) == 0))
			return i;
	for (size_t i = 0; i < a->cells.n; i++)
		if (!agg_is_hidden(a, i))
			near_look(&near, a->cell_names[i]);
	die("%s: there is no column '%.*s'%s", option, (int)n, name,
	    near_hint(&near));
}
