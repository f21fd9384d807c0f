/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/templates.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/flowcat/registry.h"
#include "libcommon/xalloc.h"

enum {
	VERSION = 10,
	SET_TEMPLATE = 2,
	MAX_DEAD = 64, /* templates that libfixbuf holds in vain */
	MAX_PADDING = 7,
	RECORD_ROOM = 65536 + TEMPLATES_MAX_FIELDS * sizeof(fbVarfield_t),
};

struct tmpl {
	uint16_t id;
	bool options, fed;
	size_t n, bytes; /* bytes: of a record at least */
	struct spec *specs;
	struct column *columns;
	uint64_t used;
};

struct templates {
	struct tmpl *v[TEMPLATES_MAX];
	size_t n, fields, dead;
	uint64_t clock;
	fBuf_t *buf; /* owns its session */
	fbSession_t *session;
};

struct templates *
templates_new(void)
{
	return xcalloc(1, sizeof(struct templates));
}

/* ---- libfixbuf's side ---- */

static void
forget(struct templates *t)
{
	if (t->buf)
		fBufFree(t->buf);
	t->buf = NULL;
	t->dead = 0;
	for (size_t i = 0; i < t->n; i++)
		t->v[i]->fed = false;
}

/* Why it complains is known to us: the sets are looked at before. */
static void
no_log(const char *domain, GLogLevelFlags level, const char *text, void *arg)
{
	(void)domain;
	(void)level;
	(void)text;
	(void)arg;
}

static void
open_session(struct templates *t)
{
	g_log_set_default_handler(no_log, NULL);
	t->session = fbSessionAlloc(registry_model());
	t->buf = fBufAllocForCollection(t->session, NULL);
	fBufSetAutomaticMode(t->buf, FALSE);
}

static uint8_t *
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *
put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

/* A message of one set.  What the exporter's header says, we keep. */
static void
put_header(uint8_t *p, size_t n)
{
	memset(p, 0, TEMPLATES_HEAD);
	put16(put16(p, VERSION), (unsigned)n);
}

static bool
feed(struct templates *t, struct tmpl *one)
{
	uint8_t m[TEMPLATES_HEAD + 10 + 8 * TEMPLATES_MAX_FIELDS], *p;
	fbTemplate_t *inner = fbTemplateAlloc(registry_model());
	GError *error = NULL;

	p = put16(m + TEMPLATES_HEAD, SET_TEMPLATE) + 2;
	p = put16(put16(p, one->id), (unsigned)one->n);
	for (size_t i = 0; i < one->n; i++) {
		fbInfoElement_t e = registry_element(
		    one->specs[i].pen, one->specs[i].id, one->specs[i].len);

		p = put16(p, e.num | (e.ent ? 0x8000u : 0));
		p = put16(p, e.len);
		if (e.ent)
			p = put32(p, e.ent);
		if (!fbTemplateAppend(inner, &e, &error))
			g_clear_error(&error);
	}
	put_header(m, (size_t)(p - m));
	put16(m + TEMPLATES_HEAD + 2, (unsigned)(p - m - TEMPLATES_HEAD));
	fBufSetCollector(t->buf, NULL); /* nothing of the last message */
	fBufSetBuffer(t->buf, m, (size_t)(p - m));
	if (!fBufNextCollectionTemplate(t->buf, NULL, &error))
		g_clear_error(&error);
	one->fed =
	    fbSessionAddTemplate(t->session, TRUE, one->id, inner, &error) &&
	    fbSessionGetTemplate(t->session, FALSE, one->id, &error);
	if (error)
		g_clear_error(&error);
	return one->fed;
}

static void
template_free(struct tmpl *one)
{
	columns_free(one->columns, one->n);
	free(one->specs);
	free(one);
}

/* ---- the table ---- */

static struct tmpl *
find(const struct templates *t, uint16_t id)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i]->id == id)
			return t->v[i];
	return NULL;
}

bool
templates_has(const struct templates *t, uint16_t id)
{
	return find(t, id) != NULL;
}

size_t
templates_fields(const struct templates *t)
{
	return t->fields;
}

static void
drop(struct templates *t, size_t i)
{
	struct tmpl *one = t->v[i];

	t->dead += one->fed;
	t->fields -= one->n;
	template_free(one);
	t->v[i] = t->v[--t->n];
	if (t->dead > MAX_DEAD)
		forget(t);
}

void
templates_remove(struct templates *t, uint16_t id)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i]->id == id) {
			drop(t, i);
			return;
		}
}

void
templates_remove_all(struct templates *t, bool options)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->v[i]->options == options)
			drop(t, i);
}

static void
drop_oldest(struct templates *t)
{
	size_t oldest = 0;

	for (size_t i = 1; i < t->n; i++)
		if (t->v[i]->used < t->v[oldest]->used)
			oldest = i;
	drop(t, oldest);
}

void
templates_limit(struct templates *t, size_t fields)
{
	while (t->fields > fields)
		drop_oldest(t);
}

bool
templates_add(struct templates *t, uint16_t id, bool options,
    const struct spec *specs, size_t n)
{
	struct tmpl *one = find(t, id);
	struct spec kept[TEMPLATES_MAX_FIELDS];
	size_t m = 0, bytes = 0;

	if (n > TEMPLATES_MAX_FIELDS)
		return false;
	/* NetFlow v9 has fields without length: they say nothing. */
	for (size_t i = 0; i < n; i++)
		if (specs[i].len) {
			bytes +=
			    specs[i].len == FB_IE_VARLEN ? 1 : specs[i].len;
			kept[m++] = specs[i];
		}
	if (!m || bytes > UINT16_MAX - TEMPLATES_HEAD - 4)
		return false;
	if (one && one->options == options && one->n == m &&
	    memcmp(one->specs, kept, m * sizeof *kept) == 0)
		return true;
	templates_remove(t, id);
	if (t->n == TEMPLATES_MAX)
		drop_oldest(t);
	one = xcalloc(1, sizeof *one);
	*one = (struct tmpl){ .id = id,
		.options = options,
		.n = m,
		.bytes = bytes,
		.specs = xcalloc(m, sizeof *kept),
		.columns = xcalloc(m, sizeof *one->columns),
		.used = ++t->clock };
	memcpy(one->specs, kept, m * sizeof *kept);
	columns_make(one->columns, one->specs, m);
	t->v[t->n++] = one;
	t->fields += m;
	return true;
}

void
templates_free(struct templates *t)
{
	while (t->n)
		drop(t, t->n - 1);
	forget(t);
	free(t);
}

/*
 * Whether what libfixbuf takes for padding behind the last record, because it
 * is shorter than one, is one that is cut off, or a set of another template.
 */
static bool
is_cut(const struct tmpl *one, const uint8_t *set, size_t n)
{
	size_t rest = (n - 4) % one->bytes, zeros = 0;

	if (rest <= MAX_PADDING)
		return false;
	for (size_t i = 0; i < one->n; i++)
		if (one->specs[i].len == FB_IE_VARLEN)
			return false;
	while (zeros < rest && !set[n - 1 - zeros])
		zeros++;
	return zeros < rest;
}

struct templates_done
templates_decode(struct templates *t, uint8_t *set, size_t n,
    const struct message_context *context, struct output *out,
    struct options_seen *seen)
{
	static uint8_t record[RECORD_ROOM];
	struct templates_done done = { 0 };
	struct tmpl *one = find(t, (uint16_t)(set[0] << 8 | set[1]));
	GError *error = NULL;
	uint16_t id;

	if (!t->buf)
		open_session(t);
	one->used = ++t->clock;
	if (!one->fed && !feed(t, one)) {
		done.broken = true;
		return done;
	}
	put_header(set - TEMPLATES_HEAD, n + TEMPLATES_HEAD);
	fBufSetCollector(t->buf, NULL);
	fBufSetBuffer(t->buf, set - TEMPLATES_HEAD, n + TEMPLATES_HEAD);
	while (fBufNextCollectionTemplate(t->buf, &id, &error)) {
		size_t room = sizeof record;

		/* Also where it says EOM: the record does not end in it. */
		done.broken =
		    !fBufSetInternalTemplate(t->buf, one->id, &error) ||
		    !fBufNext(t->buf, record, &room, &error);
		if (done.broken)
			break;
		done.flows += !one->options;
		done.options += one->options;
		if (one->options)
			columns_look(one->columns, one->n, record, seen);
		else
			columns_put(
			    one->columns, one->n, record, *context, out);
	}
	done.broken |= !g_error_matches(error, FB_ERROR_DOMAIN, FB_ERROR_EOM);
	done.broken |= is_cut(one, set, n);
	g_clear_error(&error);
	return done;
}
