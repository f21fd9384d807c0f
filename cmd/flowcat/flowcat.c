/* SPDX-License-Identifier: MIT */
/*
 * flowcat: the door.  Reads flows as files, standard input and collectors
 * have them; writes canonical records.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cmd/flowcat/collect.h"
#include "cmd/flowcat/intake.h"
#include "cmd/flowcat/pace.h"
#include "cmd/flowcat/pair.h"
#include "cmd/flowcat/sockets.h"
#include "libcommon/die.h"
#include "libcommon/recout.h"
#include "libcommon/run.h"
#include "libcommon/xalloc.h"

enum { MERGE_BLOCK = 64 * 1024 };

static struct {
	struct run_opts run;
	struct intake_opts intake;
	bool merge, follow;
	const char *time_field, *replay, *biflow;
	uint64_t limit;
} opt = { .intake = { .sample = 1 },
	.limit = UINT64_MAX,
	.time_field = "date_last_seen" };

static const struct opt options[] = {
	{ OPT_STRING, 0, "from", &opt.intake.from, "DIALECT",
	    "canonical, ipfix, nfdump, ipfixcol2, ipfixcol1, goflow2, pmacct, "
	    "suricata, zeek, unirec, argus (recognised)",
	    NULL },
	{ OPT_FLAG, 0, "keep", &opt.intake.keep, NULL,
	    "keep members that are no fields, and the exporter's", NULL },
	{ OPT_FLAG, 0, "unsample", &opt.intake.unsample, NULL,
	    "multiply packets and bytes by the sampling rate", NULL },
	{ OPT_STRING, 0, "unwrap", &opt.intake.unwrap, "MEMBER",
	    "the record is within MEMBER, as an object or as text", NULL },
	{ OPT_U64, 'n', "limit", &opt.limit, "N", "stop after N records",
	    NULL },
	{ OPT_U64, 0, "skip", &opt.intake.skip, "N",
	    "leave out the first N records", NULL },
	{ OPT_U64, 0, "sample", &opt.intake.sample, "N",
	    "one flow of N, by its addresses, ports and protocol", NULL },
	{ OPT_STRING, 0, "biflow", &opt.biflow, "TIME[/WAIT]",
	    "one record of both directions that start within TIME", NULL },
	{ OPT_FLAG, 0, "merge", &opt.merge, NULL,
	    "merge sorted inputs by event time", NULL },
	{ OPT_STRING, 't', "time-field", &opt.time_field, "FIELD",
	    "event time for --merge and --replay (date_last_seen)", NULL },
	{ OPT_STRING, 0, "replay", &opt.replay, "SPEED",
	    "pace records by event time; 1 is real time", NULL },
	{ OPT_FLAG, 0, "follow", &opt.follow, NULL,
	    "wait for more at the end of files, as tail -F", NULL },
	RUN_OPTS(opt.run),
	{ 0 },
};

static const struct tool tool = {
	.name = "flowcat",
	.synopsis = "[options] [file ...]",
	.summary = "Converts flow records of many programs to canonical ones.",
	.groups = (const struct opt *const[]){ options, enrich_options, NULL },
	.examples =
	    "  flowcat udp://0.0.0.0:2055 | flowtopn -k src_ip_addr -b bytes "
	    "-w 10s\n"
	    "  nfdump -R /var/cache/nfdump -o json | flowcat --tz local > "
	    "flows.json\n"
	    "  flowcat -f line eve.json conn.log.gz\n"
	    "  flowcat --follow /var/log/suricata/eve.json | flowfilter "
	    "'dst port 22'\n"
	    "  flowcat --merge exporter1.json exporter2.json.zst\n",
};

struct job {
	struct run run;
	struct enrich *enrich; /* or NULL */
	struct intake *intake;
	struct recout *columns;
	struct pair *pair; /* or NULL */
	uint64_t written;
	bool plain; /* canonical records in runs need no look at each */
};

static void
put_one(struct job *j, struct reader *r, struct slice text)
{
	struct output *out = &j->run.out;
	const char *err = NULL;

	if (j->pair && pair_take(j->pair, text))
		return;
	if (opt.replay)
		pace_wait(out, text);
	if (j->columns) {
		err = recout_put(j->columns, text.p, text.n);
	} else if (text.p == r->rec.p && text.p[text.n] == '\n') {
		out_lend(out, text.p, text.n + 1);
	} else {
		out_slice(out, text);
		out_char(out, '\n');
	}
	if (err)
		reader_reject(r, err);
	else
		j->written++;
}

/* What --biflow held back. */
static void
put_paired(void *arg, struct slice text)
{
	struct job *j = arg;
	struct pair *pair = j->pair;

	j->pair = NULL;
	if (j->written < opt.limit)
		put_one(j, &j->run.reader, text);
	j->pair = pair;
}

/* --by-endpoint: two records with a newline between. */
static void
put(struct job *j, struct reader *r, struct slice text)
{
	const char *cut =
	    enrich_doubles() ? memchr(text.p, '\n', text.n) : NULL;

	if (!cut) {
		put_one(j, r, text);
		return;
	}
	put_one(j, r, slice_of(text.p, (size_t)(cut - text.p)));
	text.n -= (size_t)(cut + 1 - text.p);
	if (j->written < opt.limit)
		put_one(j, r, slice_of(cut + 1, text.n));
}

static void
cat(struct job *j)
{
	struct reader *r = &j->run.reader;
	struct slice text, more;

	while (j->written < opt.limit && intake_next(j->intake, r, &text)) {
		put(j, r, text);
		if (!j->plain || text.p != r->rec.p)
			continue;
		/* Records of the same shape are canonical too. */
		j->written += reader_take_run(r, &more);
		if (more.n)
			out_lend(&j->run.out, more.p, more.n);
	}
}

struct stream {
	struct reader reader;
	struct output text;
	int64_t time, latest; /* INT64_MIN: unknown */
	uint64_t unsorted, untimed;
	bool live;
};

static void
advance(struct job *j, struct stream *s)
{
	struct slice text;

	s->live = intake_next(j->intake, &s->reader, &text);
	if (!s->live)
		return;
	s->text.n = 0;
	out_slice(&s->text, text);
	s->time = pace_time(text);
	s->untimed += s->time == INT64_MIN;
	if (s->time >= s->latest)
		s->latest = s->time;
	else if (s->time != INT64_MIN)
		s->unsorted++;
}

/* Then the output is not sorted either. */
static void
tell_order(const struct stream *s, const char *file)
{
	if (s->unsorted)
		warn("%s: %" PRIu64 " records are not in order of their %s: "
		     "flowwin --reorder sorts",
		    file, s->unsorted, opt.time_field);
	if (s->untimed)
		warn("%s: %" PRIu64 " records have no %s, they follow the ones "
		     "before them",
		    file, s->untimed, opt.time_field);
}

/* --merge: always the oldest; of equals, the first operand's. */
static void
merge(struct job *j, char **operands, struct reader_opts how)
{
	struct stream *streams, *oldest;
	size_t n = 0;

	for (n = 0; operands[n]; n++)
		continue;
	streams = xcalloc(n, sizeof *streams);
	how.block = MERGE_BLOCK;
	how.share_rejects = j->run.reader.rejects;
	for (size_t i = 0; i < n; i++) {
		char **one = xcalloc(2, sizeof *one);

		one[0] = operands[i];
		how.operands = one;
		reader_open(
		    &streams[i].reader, &how, &j->run.schema, &j->run.out);
		out_memory(&streams[i].text);
		streams[i].latest = INT64_MIN;
		advance(j, &streams[i]);
	}
	while (j->written < opt.limit) {
		oldest = NULL;
		for (size_t i = 0; i < n; i++)
			if (streams[i].live &&
			    (!oldest || streams[i].time < oldest->time))
				oldest = &streams[i];
		if (!oldest)
			break;
		put(j, &oldest->reader,
		    slice_of(oldest->text.buf, oldest->text.n));
		advance(j, oldest);
	}
	for (size_t i = 0; i < n; i++) {
		j->run.reader.records += streams[i].reader.records;
		j->run.reader.rejected += streams[i].reader.rejected;
		j->run.reader.in.bytes += streams[i].reader.in.bytes;
		j->run.reader.partial |= streams[i].reader.partial;
		tell_order(&streams[i], operands[i]);
	}
}

static void
set_up(struct job *j)
{
	run_setup(&j->run, &opt.run, ROW_LINE);
	j->enrich = enrich_new(&j->run);
	pace_setup(opt.time_field, opt.replay, j->run.zone);
	j->intake = intake_new(&j->run, j->enrich, &opt.intake);
	if (j->run.format != ROW_JSON)
		j->columns = recout_open(
		    &j->run.out, j->run.format, NULL, 0, j->run.zone);
	if (j->columns && !opt.run.format)
		recout_guess(j->columns);
	if (j->columns && j->enrich)
		enrich_columns(j->enrich, j->columns);
	j->plain = !j->columns && !opt.replay && opt.intake.sample < 2 &&
		   !opt.intake.skip && opt.limit == UINT64_MAX &&
		   !j->run.where && !opt.intake.unwrap && !opt.merge &&
		   !j->enrich && !opt.biflow;
	if (opt.biflow && enrich_doubles())
		opts_usage("--biflow does not go with --by-endpoint, which "
			   "parts what it joins");
	if (opt.biflow)
		j->pair = pair_new(opt.biflow, j->run.zone, put_paired, j);
}

/* What stands behind an operand that does not end would never be read. */
static void
check_ends(char **operands)
{
	for (; operands[0] && operands[1] && !opt.merge; operands++) {
		bool followed = opt.follow && source_is_file(*operands) &&
				strcmp(*operands, "-") != 0;

		if (followed || sockets_is_name(*operands))
			opts_usage("%s does not end, so that %s would never be "
				   "read; start a flowcat for each",
			    operands[0], operands[1]);
	}
}

int
main(int argc, char **argv)
{
	char **operands = opts_parse(&tool, argc, argv);
	struct reader_opts how = { .reframe = true,
		.lenient = true,
		.follow = opt.follow,
		.kind = &collect_kind,
		.max_line = opt.run.max_line,
		.strict = opt.run.strict };
	static struct job j;
	int status;

	check_ends(operands);
	set_up(&j);
	if (opt.merge && operands[0]) {
		static char *none[] = { "/dev/null", NULL };

		for (char **p = operands; *p; p++)
			out_spare(*p);
		run_open(&j.run, none, how);
		merge(&j, operands, how);
	} else {
		run_open(&j.run, operands, how);
		cat(&j);
	}
	if (j.pair)
		pair_finish(j.pair);
	if (j.columns)
		recout_close(j.columns);
	intake_report(j.intake);
	j.run.selected = j.written;
	status = run_close(&j.run, j.written);
	if (collect_close(opt.run.stats) ||
	    (j.enrich && enrich_failed(j.enrich)))
		status = EXIT_PARTIAL;
	return status;
}
