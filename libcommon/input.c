/* SPDX-License-Identifier: MIT */
#include "libcommon/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/stop.h"
#include "libcommon/xalloc.h"

/* Pages that nothing is read into cost nothing. */
static char *
new_block(size_t cap)
{
	char *block = xaligned(cap + 2 * INPUT_PAD);

	memset(block, 0, INPUT_PAD);
	memset(block + INPUT_PAD + cap, 0, INPUT_PAD);
	return block + INPUT_PAD;
}

void
input_open(struct input *in)
{
	static char *standard[] = { "-", NULL };

	if (!in->operands || !in->operands[0])
		in->operands = standard;
	if (!in->max_line)
		in->max_line = INPUT_MAX_LINE;
	if (!in->cap)
		in->cap = IN_CAP;
	in->block = new_block(in->cap);
	in->all_regular = true;
}

static void
close_decoder(struct input *in)
{
	if (in->decoder)
		in->kind->close(in->decoder);
	in->decoder = NULL;
}

void
input_close(struct input *in)
{
	close_decoder(in);
	if (in->source)
		source_close(in->source);
	in->source = NULL;
	frame_close(&in->frame);
	free(in->block - INPUT_PAD);
}

/* An address that no file has is one that this tool does not know. */
static const char *
why_not(const char *name)
{
	if (errno == ENOENT && strstr(name, "://"))
		return "not an address for this tool; flowcat collects from "
		       "udp://, tcp:// and tls://";
	return strerror(errno);
}

/* Opens the next operand that can be opened. */
static bool
next_operand(struct input *in)
{
	while (!in->source) {
		in->name = in->operands[in->next];
		if (!in->name || stop_asked())
			return false;
		in->next++;
		in->source =
		    source_open(in->name, in->follow, in->keeper, in->kind);
		/* A pipe that nobody writes to is given up, too. */
		if (!in->source && !stop_asked())
			in->trouble(in->arg, why_not(in->name));
	}
	in->all_regular &= source_is_regular(in->source);
	in->start = in->end = in->scanned = 0;
	in->skipping = in->framed = false;
	in->undecided = in->reframe && !source_kafka(in->source);
	in->run = NULL;
	in->turn++;
	return true;
}

/* Unread bytes to the front, and room behind them. */
static void
make_room(struct input *in)
{
	size_t n = in->end - in->start;

	if (in->start > 0) {
		memmove(in->block, in->block + in->start, n);
		in->scanned -= in->start;
		in->start = 0;
		in->end = n;
	}
	if (in->cap - in->end < in->cap / 2 && n > in->cap / 2) {
		char *bigger = new_block(in->cap * 2);

		memcpy(bigger, in->block, n);
		free(in->block - INPUT_PAD);
		in->block = bigger;
		in->cap *= 2;
	}
}

static ssize_t
read_some(struct input *in)
{
	size_t room = in->cap - in->end;
	char *to = in->block + in->end;

	room = room < IN_CAP ? room : IN_CAP;
	if (in->decoder)
		return in->kind->read(
		    in->decoder, in->source, to, room, in->idle, in->arg);
	if (in->framed)
		return frame_read(
		    &in->frame, in->source, to, room, in->idle, in->arg);
	return source_read(in->source, to, room, in->idle, in->arg);
}

/* Of Kafka: the partition of what was read. */
static void
begin_run(struct input *in)
{
	in->run = kafka_source_run(source_kafka(in->source));
	in->name = in->run->name;
	in->turn++;
}

/* The line at start is too long: hand it out in pieces until its newline. */
static void
skip_long_line(struct input *in, bool at_end)
{
	char *p = in->block + in->start;
	char *newline = memchr(p, '\n', in->end - in->start);
	size_t n = newline ? (size_t)(newline - p) : in->end - in->start;

	in->spill(in->arg, p, n, newline || at_end);
	in->skipping = !newline && !at_end;
	in->start += n + (newline != NULL);
	in->bytes += n + (newline || at_end);
	in->scanned = in->start;
}

/*
 * The complete lines at hand, not more than IN_CHUNK unless the first alone is
 * longer.  0: none.
 */
static size_t
lines_at_hand(struct input *in)
{
	char *p = in->block + in->start;
	size_t n = in->end - in->start, known = in->scanned - in->start;
	size_t most = IN_CHUNK;
	char *first = n > known ? memchr(p + known, '\n', n - known) : NULL;

	if (!first) {
		in->scanned = in->end;
		return 0;
	}
	in->scanned = in->start + (size_t)(first - p);
	/* So no line of several is longer than a line may be. */
	if (most > in->max_line)
		most = in->max_line + 1;
	if ((size_t)(first - p) >= most)
		return (size_t)(first - p) + 1;
	n = n < most ? n : most;
	return (size_t)((char *)memrchr(p, '\n', n) - p) + 1;
}

/* Behind the last line of an operand there may be no newline. */
static void
end_operand(struct input *in)
{
	in->undecided = false;
	if (in->framed && in->frame.arrays > 0 && !stop_asked())
		in->trouble(in->arg, "the array is not closed");
	/* What was half written when we were asked to stop is no record. */
	if (stop_asked())
		in->end = in->start;
	if (in->end > in->start && !in->skipping)
		in->block[in->end++] = '\n';
	if (in->skipping)
		skip_long_line(in, true);
	if (source_kafka(in->source) &&
	    kafka_source_lost(source_kafka(in->source)))
		in->trouble(in->arg, "messages were lost");
	close_decoder(in);
	in->passed += source_size(in->source);
	source_close(in->source);
	in->source = NULL;
}

/* Until the first line, or the first object, is at hand. */
static void
look_at_first_bytes(struct input *in)
{
	char *p = in->block + in->start;
	size_t n = in->end - in->start;
	int needed = in->kind ? in->kind->is_content(p, n) : 0;

	if (needed > 0) {
		in->decoder = in->kind->begin(p, n);
		source_is_binary(in->source);
	} else if (!needed) {
		needed = frame_needed(p, n);
	}
	in->undecided = needed < 0;
	if (needed <= 0)
		return;
	/* Hand them to the framer or decoder, which reads on from there. */
	if (!in->decoder)
		frame_open(&in->frame, p, n);
	in->framed = !in->decoder;
	in->start = in->end = in->scanned = 0;
}

bool
input_chunk(struct input *in, char **p, size_t *n, bool *fresh)
{
	*fresh = false;
	for (;;) {
		ssize_t got;

		if (in->skipping && in->start < in->end)
			skip_long_line(in, false);
		*n = in->undecided ? 0 : lines_at_hand(in);
		if (*n > in->max_line + 1) {
			skip_long_line(in, false);
			continue;
		}
		if (*n)
			break;
		if (!in->source) {
			if (!next_operand(in))
				return false;
			*fresh = true;
		}
		if (in->end - in->start > in->max_line)
			skip_long_line(in, false);
		in->moving(in->arg);
		make_room(in);
		in->read_at = in->end;
		got = read_some(in);
		if (got < 0)
			in->trouble(in->arg, in->decoder
						 ? in->kind->error(in->decoder)
						 : source_error(in->source));
		if (got > 0 && source_kafka(in->source))
			begin_run(in);
		in->end += got > 0 ? (size_t)got : 0;
		if (got <= 0)
			end_operand(in);
		else if (in->undecided)
			look_at_first_bytes(in);
	}
	*p = in->block + in->start;
	(*p)[-1] = '\n';
	in->start += *n;
	in->scanned = in->start;
	in->bytes += *n;
	return true;
}

int64_t
input_message(const struct input *in, const char *p)
{
	return kafka_source_offset(
	    source_kafka(in->source), (size_t)(p - (in->block + in->read_at)));
}

void
input_stop(struct input *in, const char *p)
{
	struct kafka_source *k = in->source ? source_kafka(in->source) : NULL;

	if (!k || !in->run)
		return;
	kafka_source_stop(k, (size_t)(p - (in->block + in->read_at)));
}

uint64_t
input_offset(const struct input *in)
{
	return in->passed + (in->source ? source_offset(in->source) : 0);
}
