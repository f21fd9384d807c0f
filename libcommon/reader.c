/* SPDX-License-Identifier: MIT */
#include "libcommon/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/foreign.h"
#include "libcommon/unseen.h"
#include "libcommon/xalloc.h"

/* Each shape that is learned means to walk over the rest of a chunk anew. */
enum { LEARNS = 4 };

/* The general path's view of one line. */
struct lines_members {
	struct shape_member m[SHAPE_MAX_MEMBERS];
	uint32_t n;
	bool flat; /* fit for a shape */
};

static int
idle(void *arg)
{
	struct reader *r = arg;
	int ms = r->waiting ? r->waiting(r->waiting_arg) : -1;

	if (r->flush)
		out_push(r->flush);
	if (r->rejects)
		out_flush(r->rejects);
	return ms;
}

/*
 * What the output borrowed of the block is written before it moves; all of it
 * where the progress is told on the same terminal.
 */
static void
moving(void *arg)
{
	struct reader *r = arg;

	if (r->flush)
		out_settle(r->flush);
	if (r->flush && r->flush->n && progress_shares_terminal()) {
		progress_erase();
		out_flush(r->flush);
	}
	progress_tick(&r->progress, input_offset(&r->in), r->records);
}

/* By who has worked it off before, see commit.h. */
static bool
was_told(const struct reader *r)
{
	return r->in.run && r->in.run->again;
}

/* Counts a bad line and reports the first ones. */
static void
complain(struct reader *r, const char *what)
{
	uint64_t line = r->line;

	if (was_told(r))
		return;
	if (r->in.run)
		line = (uint64_t)input_message(&r->in, r->rec.p);
	r->partial = true;
	if (r->strict)
		die("%s:%" PRIu64 ": %s", r->in.name, line, what);
	if (++r->rejected <= READER_MESSAGES)
		warn("%s:%" PRIu64 ": %s", r->in.name, line, what);
}

void
reader_reject(struct reader *r, const char *what)
{
	complain(r, what);
	r->records--;
	if (!r->rejects || was_told(r))
		return;
	out_put(r->rejects, r->rec.p, r->rec.n);
	out_char(r->rejects, '\n');
}

void
reader_warn(struct reader *r, const char *what)
{
	r->partial = true;
	if (r->strict)
		die("%s: %s", r->in.name, what);
	warn("%s: %s", r->in.name, what);
}

/* Lines are counted anew in each operand, also if its first is too long. */
static void
count_lines_of(struct reader *r)
{
	if (r->line_of == r->in.name)
		return;
	r->line_of = r->in.name;
	r->line = 0;
}

static void
operand_trouble(void *arg, const char *what)
{
	reader_warn(arg, what);
}

static void
long_line(void *arg, const char *p, size_t n, bool end)
{
	struct reader *r = arg;

	count_lines_of(r);
	if (r->rejects && !was_told(r)) {
		out_put(r->rejects, p, n);
		if (end)
			out_char(r->rejects, '\n');
	}
	r->rec.p = p;
	if (end) {
		r->line++;
		complain(r, "line too long (see --max-line)");
	}
}

static struct json_val *
no_values(const struct schema *schema)
{
	return xcalloc(schema->n_slots + 1, sizeof(struct json_val));
}

void
reader_open(struct reader *r, const struct reader_opts *opts,
    const struct schema *schema, struct output *flush)
{
	*r = (struct reader){
		.schema = schema,
		.strict = opts->strict,
		.lenient = opts->lenient,
		.flush = flush,
		.in = { .operands = opts->operands,
		    .follow = opts->follow,
		    .keeper = opts->keeper,
		    .kind = opts->kind,
		    .reframe = opts->reframe,
		    .max_line = opts->max_line,
		    .cap = opts->block,
		    .moving = moving,
		    .idle = idle,
		    .trouble = operand_trouble,
		    .spill = long_line,
		    .arg = r },
	};
	input_open(&r->in);
	progress_expect(r->in.operands, opts->follow);
	r->rejects = opts->share_rejects;
	if (opts->rejects && !r->rejects) {
		r->rejects = xmalloc(sizeof *r->rejects);
		out_open(r->rejects, opts->rejects);
		r->owns_rejects = true;
	}
	shapes_open(&r->shapes, IN_CHUNK);
	r->values = no_values(schema);
	r->seen = xcalloc(schema->n_slots + 1, sizeof *r->seen);
	r->visited = xcalloc(schema->n, sizeof *r->visited);
	r->rec.v = r->values;
}

void
reader_stop(struct reader *r)
{
	input_stop(&r->in, r->chunk + r->at);
}

void
reader_close(struct reader *r)
{
	if (r->rejected > READER_MESSAGES)
		warn("%" PRIu64 " bad records in all", r->rejected);
	if (r->records && !r->in.reframe) /* flowcat's are converted records' */
		unseen_tell(r->schema, r->seen);
	if (r->rejected && !r->records && !r->in.reframe)
		warn("no usable record at all; flowcat converts other formats");
	input_close(&r->in);
	if (r->owns_rejects) {
		out_close(r->rejects);
		free(r->rejects);
	}
	shapes_close(&r->shapes);
	free(r->visited);
	free(r->values);
	for (size_t i = 0; i < SHAPE_SET; i++)
		free(r->of_shape[i]);
	free(r->seen);
}

static bool
next_chunk(struct reader *r)
{
	bool fresh;
	size_t n;

	if (!input_chunk(&r->in, &r->chunk, &n, &fresh)) {
		progress_erase();
		return false;
	}
	r->fresh |= fresh;
	count_lines_of(r);
	r->chunk_n = (uint32_t)n;
	r->at = 0;
	r->learns = n <= IN_CHUNK ? LEARNS : 0;
	shapes_reset(&r->shapes);
	return true;
}

/* What comes next in the chunk: records of a shape, or lines of none. */
static void
next_run(struct reader *r)
{
	struct shape_run run;

	if (!shapes_take(&r->shapes, &run) &&
	    !(r->chunk_n <= IN_CHUNK &&
		shapes_find(&r->shapes, r->chunk, r->at, r->chunk_n) &&
		shapes_take(&r->shapes, &run)))
		run = (struct shape_run){ .n = 1 };
	if (!run.shape) {
		r->odd = run.n;
		return;
	}
	r->run = run.n;
	r->places = run.places;
	r->shape = run.shape;
	r->rec.irregular = false;
}

/* What was found with the shapes known so far is found anew. */
static void
learn(struct reader *r, const char *line, size_t n,
    const struct lines_members *members)
{
	const struct shape *shape = shapes_learn(
	    &r->shapes, r->schema, line, n, members->m, members->n);
	struct json_val *values;

	if (!shape)
		return;
	values = no_values(r->schema);
	for (uint32_t i = 0; i < shape->n_values; i++)
		values[shape->values[i].slot].kind = shape->values[i].kind;
	free(r->of_shape[shape->id]);
	r->of_shape[shape->id] = values;
	r->learns--;
	r->odd = 0;
	shapes_reset(&r->shapes);
}

static void
forget_inner(struct reader *r, int node)
{
	for (size_t i = 0; i < r->schema->n; i++) {
		const struct schema_node *n = &r->schema->nodes[i];

		if (n->parent != node || node == SCHEMA_ROOT)
			continue;
		if (n->slot != SCHEMA_NONE)
			r->values[n->slot].kind = JSON_NONE;
		forget_inner(r, (int)i);
	}
}

/* A name with escapes is looked up as what it means. */
static int
find_member(struct reader *r, int node, const struct json_val *key)
{
	char name[512];

	if (!key->escaped)
		return schema_child(r->schema, node, json_slice(key));
	if (key->n > sizeof name)
		return SCHEMA_NONE;
	return schema_child(r->schema, node,
	    slice_of(name, json_unescape(json_slice(key), name)));
}

static int
find_element(struct reader *r, int node, unsigned index)
{
	char digits[12];
	int n = snprintf(digits, sizeof digits, "%u", index);

	return schema_child(r->schema, node, slice_of(digits, (size_t)n));
}

/* Keeps the value where it, or something inside it, is needed. */
static const char *
keep_value(struct reader *r, int node, const struct json_val *v)
{
	const struct schema_node *n = &r->schema->nodes[node];
	struct json_in in = {
		.p = v->p, .end = v->p + v->n, .lenient = r->lenient
	};
	struct json_iter it;
	const char *err;
	unsigned index = 0;

	/* Records of a shape are seen, too: one was parsed. */
	if (n->slot != SCHEMA_NONE) {
		r->values[n->slot] = *v;
		r->seen[n->slot] = true;
	}
	if (!n->has_inner)
		return NULL;
	/* Of members with the same name the last counts, with all in it. */
	if (r->visited[node] == r->parses)
		forget_inner(r, node);
	r->visited[node] = r->parses;
	if (v->kind != JSON_OBJECT && v->kind != JSON_ARRAY)
		return NULL;
	err = json_open(&in, &it);
	while (!err) {
		struct json_val key, inner;
		bool done;
		int child;

		err = json_member(&in, &it, &key, &done);
		if (done || err)
			break;
		err = json_value(&in, &inner);
		child = it.object ? find_member(r, node, &key)
				  : find_element(r, node, index++);
		if (!err && child != SCHEMA_NONE)
			err = keep_value(r, child, &inner);
	}
	return err;
}

static const char *
parse_members(
    struct reader *r, struct json_in *in, struct lines_members *members)
{
	struct json_iter it;
	const char *err = json_open(in, &it);

	while (!err) {
		struct json_val key, v;
		bool done;
		int node;

		err = json_member(in, &it, &key, &done);
		if (!err && !done)
			err = json_value(in, &v);
		if (err || done)
			break;
		node = find_member(r, SCHEMA_ROOT, &key);
		if (node != SCHEMA_NONE)
			err = keep_value(r, node, &v);
		members->flat &= !key.escaped && !v.escaped && !v.bad &&
				 v.kind != JSON_OBJECT &&
				 v.kind != JSON_ARRAY && v.kind != JSON_BARE &&
				 members->n < SHAPE_MAX_MEMBERS;
		if (members->flat)
			members->m[members->n++] =
			    (struct shape_member){ json_slice(&key), v };
	}
	return err;
}

/* The general path: all of JSON, one line. */
static const char *
parse_line(struct reader *r, const char *line, size_t n)
{
	struct json_in in = {
		.p = line, .end = line + n, .lenient = r->lenient
	};
	struct lines_members members;
	const char *err;

	members.n = 0;
	members.flat = r->learns > 0;
	r->rec.v = r->values;
	r->parses++;
	memset(r->values, 0, r->schema->n_slots * sizeof *r->values);
	json_space(&in);
	err = in.p < in.end && *in.p == '{' ? parse_members(r, &in, &members)
					    : foreign_reason(slice_of(line, n));
	if (err)
		return err;
	json_space(&in);
	if (in.p != in.end)
		return "more than one value on the line";
	r->rec.irregular = in.irregular;
	if (members.flat)
		learn(r, line, n, &members);
	return NULL;
}

static bool
is_blank(const char *p, size_t n)
{
	while (n > 0 && memchr(" \t\r", *p, 3))
		p++, n--;
	return n == 0;
}

/* A line of no known shape; true if it is a record. */
static bool
take_line(struct reader *r)
{
	char *line = r->chunk + r->at;
	char *newline = memchr(line, '\n', r->chunk_n - r->at);
	size_t n = (size_t)(newline - line);
	const char *err;

	r->line++;
	r->rec.p = line;
	r->rec.n = (uint32_t)n;
	r->at += (uint32_t)n + 1;
	if (is_blank(line, n))
		return false;
	err = parse_line(r, line, n);
	r->records++;
	if (err)
		reader_reject(r, err);
	return !err;
}

bool
reader_next_slow(struct reader *r)
{
	bool found = false;

	while (!found) {
		if (r->at == r->chunk_n && !next_chunk(r))
			return false;
		if (!r->run && !r->odd)
			next_run(r);
		if (r->run) {
			reader_take(r);
			found = true;
		} else {
			r->odd--;
			found = take_line(r);
		}
	}
	r->rec.fresh = r->fresh;
	r->fresh = false;
	return true;
}

bool
reader_enter(struct reader *r, struct slice text)
{
	const char *err;

	r->learns = 0; /* nothing to learn from */
	if (r->run)    /* for later: they are not like this one */
		shapes_put_back(&r->shapes,
		    &(struct shape_run){ r->shape, r->places, r->run });
	r->run = 0;
	err = text.n ? parse_line(r, text.p, text.n) : "the payload is empty";
	if (err) {
		reader_reject(r, err);
		return false;
	}
	r->rec.p = text.p;
	r->rec.n = (uint32_t)text.n;
	return true;
}

bool
reader_enter_memory(struct reader *r, struct output *text)
{
	size_t n = text->n;

	out_put(text, "\0\0\0\0\0\0\0", READER_PAD);
	text->n = n;
	return reader_enter(r, slice_of(text->buf, n));
}
