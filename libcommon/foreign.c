/* SPDX-License-Identifier: MIT */
#include "libcommon/foreign.h"

#include <stddef.h>

#define NOT_JSON "not a JSON object"
#define NFDUMP "text of nfdump: nfdump -o json"
#define ARGUS "text of argus: ra -M json -n"
#define ZEEK "a TSV log of Zeek: LogAscii::use_json=T makes JSON"
#define PMACCT "text of pmacct: print_output: json"

/* How their first line begins, behind blanks. */
static const struct {
	const char *begins, *reason;
} heads[] = {
	{ "ts,te,td,", NOT_JSON " but " NFDUMP },
	{ "firstSeen,", NOT_JSON " but " NFDUMP },
	{ "Date first seen", NOT_JSON " but " NFDUMP },
	{ "Flow Record:", NOT_JSON " but " NFDUMP },
	{ "StartTime", NOT_JSON " but " ARGUS },
	{ "#separator ", NOT_JSON " but " ZEEK },
	{ "#fields\t", NOT_JSON " but " ZEEK },
	{ "SRC_IP,", NOT_JSON " but " PMACCT },
	{ "SRC_IP ", NOT_JSON " but " PMACCT },
};

const char *
foreign_reason(struct slice line)
{
	while (line.n && *line.p == ' ')
		line.p++, line.n--;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		if (slice_starts(line, heads[i].begins))
			return heads[i].reason;
	return NOT_JSON;
}
