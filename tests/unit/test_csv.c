/* SPDX-License-Identifier: MIT */
#include "libcommon/csv.h"

#include <string.h>

#include "tests/unit/t.h"

/* Cells as "a|b" with quoted ones in brackets, lines as "LINE:..;". */
static const char *
read_all(const char *text)
{
	static char out[1024], copy[512];
	struct csv c;
	const char *err;
	size_t n = strlen(text);

	memcpy(copy, text, n);
	csv_open(&c, copy, n);
	*out = '\0';
	while (!(err = csv_next(&c)) && c.n) {
		sprintf(out + strlen(out), "%u:", c.line);
		for (size_t i = 0; i < c.n; i++)
			sprintf(out + strlen(out),
			    c.cells[i].quoted ? "%s[%.*s]" : "%s%.*s",
			    i ? "|" : "", (int)c.cells[i].s.n, c.cells[i].s.p);
		strcat(out, ";");
	}
	if (err)
		sprintf(out + strlen(out), "%u!", c.line);
	return out;
}

#define READS(text, wanted) OK(strcmp(read_all(text), wanted) == 0)

int
main(void)
{
	static char many[2 * CSV_CELLS + 2];

	READS("", "");
	READS("a", "1:a;");
	READS("a,b\nc,\n", "1:a|b;2:c|;");
	READS("a,b\r\nc,d\r\n", "1:a|b;2:c|d;");
	READS("\n\r\na\n\nb", "3:a;5:b;");
	READS("\xef\xbb\xbf"
	      "a,b",
	    "1:a|b;");
	READS("\"a\"\"b\",\"\"", "1:[a\"b]|[];");
	READS("\"a\nb\",c\nd", "1:[a\nb]|c;3:d;");
	READS("\"a,b\"\r\nx", "1:[a,b];2:x;");
	READS("\"\"", "1:[];");
	READS(",", "1:|;");
	READS("a\rb", "1:a\rb;");
	READS("x\n\"a", "1:x;2!");
	READS("\"a\"b", "1!");
	READS("a\"b", "1!");
	READS("\"a\" ,b", "1!");
	memset(many, ',', CSV_CELLS - 1);
	OK(strlen(read_all(many)) == 2 + CSV_CELLS);
	memset(many, ',', CSV_CELLS);
	READS(many, "1!");
	return DONE();
}
