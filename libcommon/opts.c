/* SPDX-License-Identifier: MIT */
#include "libcommon/opts.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/die.h"
#include "libcommon/near.h"
#include "libcommon/num_units.h"
#include "libcommon/xalloc.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum { MAX_OPTS = 96, FIRST_CODE = 256, HELP_AT = 28, HELP_WIDTH = 51 };

struct table {
	const struct opt *rows[MAX_OPTS];
	struct option longs[MAX_OPTS + 3];
	char letters[2 * MAX_OPTS + 8];
	int n;
};

void
opts_usage(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	die("%s\n%s --help lists the options", text, die_name());
}

static void
build(const struct tool *tool, struct table *t)
{
	char *letter = t->letters;

	*letter++ = ':';
	for (const struct opt *const *g = tool->groups; *g; g++)
		for (const struct opt *o = *g; o->kind != OPT_END; o++) {
			bool arg = o->kind != OPT_FLAG;

			t->rows[t->n] = o;
			t->longs[t->n] = (struct option){ o->name,
				o->kind == OPT_MAYBE ? optional_argument
				: arg                ? required_argument
						     : no_argument,
				NULL, FIRST_CODE + t->n };
			t->n++;
			if (!o->letter)
				continue;
			*letter++ = o->letter;
			if (arg)
				*letter++ = ':';
		}
	strcpy(letter, "hV");
	t->longs[t->n] = (struct option){ "help", no_argument, NULL, 'h' };
	t->longs[t->n + 1] =
	    (struct option){ "version", no_argument, NULL, 'V' };
}

static void
help_row(char letter, const char *name, const char *arg, const char *help)
{
	char left[64];
	int n = snprintf(left, sizeof left, "  %c%c%s --%s%s%s",
	    letter ? '-' : ' ', letter ? letter : ' ', letter ? "," : " ", name,
	    arg && *arg != '[' ? " " : "", arg ? arg : "");

	printf("%-*s", HELP_AT, left);
	if (n >= HELP_AT)
		printf("\n%*s", HELP_AT, "");
	/* Wrapped at blanks. */
	while (strlen(help) > HELP_WIDTH) {
		for (n = HELP_WIDTH; help[n] != ' '; n--)
			continue;
		printf("%.*s\n%*s", n, help, HELP_AT, "");
		help += n + 1;
	}
	puts(help);
}

static void
help(const struct tool *tool)
{
	printf(
	    "usage: %s %s\n%s\n\n", tool->name, tool->synopsis, tool->summary);
	for (const struct opt *const *g = tool->groups; *g; g++)
		for (const struct opt *o = *g; o->kind != OPT_END; o++)
			help_row(o->letter, o->name, o->arg, o->help);
	help_row('h', "help", NULL, "this text");
	help_row('V', "version", NULL, "the version");
	printf("\nexamples:\n%s", tool->examples);
}

static void
apply(const struct opt *o, const char *arg)
{
	const char *err = NULL;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)o->to = true;
		break;
	case OPT_U64:
		err = num_quantity(slice_of(arg, strlen(arg)), o->to);
		break;
	case OPT_ONCE:
		if (*(const char **)o->to)
			opts_usage("--%s is given twice: %s and %s", o->name,
			    *(const char **)o->to, arg);
		*(const char **)o->to = arg;
		break;
	case OPT_STRING:
	case OPT_MAYBE:
		*(const char **)o->to = arg ? arg : "";
		break;
	default:
		err = o->call(arg);
	}
	if (err)
		opts_usage("--%s %s: %s", o->name, arg, err);
}

static const struct opt *
find(const struct table *t, int code)
{
	if (code >= FIRST_CODE)
		return t->rows[code - FIRST_CODE];
	for (int i = 0; i < t->n; i++)
		if (t->rows[i]->letter == code)
			return t->rows[i];
	return NULL;
}

/* How many characters two names share at their beginning. */
static size_t
shared(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

/* Options of nfdump, kcat, Miller and others, and what does it here. */
static const struct {
	const char *names; /* with blanks around each */
	const char *instead;
} foreign[] = {
	{ " -r -R -M ", "files are operands" },
	{ " -A -g -k --group-by ", "to group: flowagg -k" },
	{ " -s ", "to rank: flowtopn -k" },
	{ " -O --sort --order-by ", "to order: -b of flowagg and flowtopn" },
	{ " -C -P -G -b --topic --broker ",
	    "topics are operands, and behind -o: kafka://host/topic" },
	{ " -e -p ", "kafka://host/topic?exit-eof&partition=N" },
	{ " -K ", "--partition-key makes keys of messages" },
	{ " --json --csv --tsv --ojson --ocsv --otsv --opprint ",
	    "-f is the format of the output" },
	{ " --icsv --itsv --ijson --c2p --c2j ",
	    "input is JSON; -f is the format of the output" },
};

static void
refuse_foreign(const char *arg)
{
	int n = (int)strcspn(arg, "=");
	char name[32];

	snprintf(name, sizeof name, " %.*s ", n, arg);
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (strstr(foreign[i].names, name))
			opts_usage("unknown option '%.*s'; %s", n, arg,
			    foreign[i].instead);
}

/* "--f" begins several names. */
static void
refuse_unclear(const struct table *t, const char *arg, struct slice name)
{
	const char *first = NULL;

	for (int i = 0; name.n && t->longs[i].name; i++) {
		if (strncmp(t->longs[i].name, name.p, name.n) != 0)
			continue;
		if (first)
			opts_usage("'%s' is not clear: --%s, --%s ..", arg,
			    first, t->longs[i].name);
		first = t->longs[i].name;
	}
}

_Noreturn static void
unknown(const struct table *t, const char *arg)
{
	const char *name = strncmp(arg, "--", 2) == 0 ? arg + 2 : "";
	struct near near = near_to(slice_of(name, strcspn(name, "=")));
	const char *best = NULL;
	size_t most = 2, n;

	refuse_foreign(arg);
	refuse_unclear(t, arg, near.word);
	for (int i = 0; *name && t->longs[i].name; i++) {
		near_look(&near, t->longs[i].name);
		n = shared(name, t->longs[i].name);
		if (n > most) {
			most = n;
			best = t->longs[i].name;
		}
	}
	best = near.best ? near.best : best;
	if (best)
		opts_usage(
		    "unknown option '%s'; did you mean '--%s'?", arg, best);
	opts_usage("unknown option '%s'", arg);
}

/*
 * Where the caller closed one, the next file opened would take its place:
 * hold it with something that fails as a closed one does.
 */
static void
keep_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			exit(EXIT_FATAL);
}

char **
opts_parse(const struct tool *tool, int argc, char **argv)
{
	struct table *t = xcalloc(1, sizeof *t);
	int code, index;

	die_set_name(argc > 0 ? argv[0] : tool->name);
	keep_standard_descriptors();
	build(tool, t);
	opterr = 0;
	for (;;) {
		index = optind ? optind : 1;
		code = getopt_long(argc, argv, t->letters, t->longs, NULL);
		if (code == -1)
			break;
		if (code == 'h' || code == 'V') {
			if (code == 'h')
				help(tool);
			else
				printf("%s %s\n", tool->name, VERSION);
			if (fflush(stdout))
				die_errno("standard output");
			exit(EXIT_DONE);
		}
		if (code == ':')
			opts_usage(
			    "option '%s' needs an argument", argv[optind - 1]);
		if (code == '?' && optopt && optopt < FIRST_CODE)
			unknown(t, (char[]){ '-', (char)optopt, '\0' });
		if (code == '?')
			unknown(t, argv[optind > index ? optind - 1 : index]);
		apply(find(t, code), optarg);
	}
	free(t);
	return argv + optind;
}
