/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/namelist.h"

#include <stdlib.h>

#include "tests/unit/t.h"

/* The entry that a name is found by, "" for none. */
static const char *
found(const char *list, const char *name)
{
	static char copy[300];
	struct namelist *l = namelist_parse(slice_str(list));
	const char *entry = namelist_find(l, slice_str(name));

	snprintf(copy, sizeof copy, "%s", entry ? entry : "");
	namelist_free(l);
	return copy;
}

#define FINDS(list, name, entry) OK(strcmp(found(list, name), entry) == 0)

static size_t
count(const char *list, size_t *bad, size_t *first)
{
	struct namelist *l = namelist_parse(slice_str(list));
	size_t n = namelist_count(l);

	*bad = namelist_bad(l, first);
	namelist_free(l);
	return n;
}

static void
test_labels(void)
{
	FINDS("example.com", "example.com", "example.com");
	FINDS("example.com", "a.b.example.com", "example.com");
	FINDS("example.com", "notexample.com", "");
	FINDS("example.com", "example.com.org", "");
	FINDS("example.com", "com", "");
	FINDS("example.com\nb.example.com", "a.b.example.com", "b.example.com");
	FINDS("com", "example.com", "com");
	FINDS("", "example.com", "");
	FINDS("example.com", "", "");
	FINDS("example.com", ".", "");
	FINDS("example.com", "..example.com", "example.com");
}

static void
test_forms(void)
{
	FINDS("\xef\xbb\xbf"
	      "Example.COM.\r\n",
	    "example.com", "example.com");
	FINDS("*.example.com", "a.example.com", "example.com");
	FINDS(".example.com", "a.example.com", "example.com");
	FINDS("# example.com", "example.com", "");
	FINDS("example.com # or not", "example.com", "example.com");
	FINDS("a.example # example.com", "example.com", "");
	FINDS("a.example ## or not", "a.example", "a.example");
	FINDS("a.example## or not", "a.example", "a.example");
	FINDS("a.example ##.or", "a.example", "a.example");
	FINDS("a.example##.banner", "a.example", "");
	FINDS("a.example###id", "a.example", "");
	FINDS("a.example#@#.banner", "a.example", "");
	FINDS("0.0.0.0 a.example b.example", "b.example", "b.example");
	FINDS("fe80::1%lo0 a.example", "a.example", "a.example");
	FINDS("127.0.0.1 localhost", "localhost", "");
	FINDS("a.example IN CNAME .", "a.example", "a.example");
	FINDS("a.example 300 CNAME *.", "a.example", "a.example");
	FINDS("a.example A 127.0.0.1", "a.example", "a.example");
	FINDS("a.example TXT b.example", "a.example", "");
	FINDS("$ORIGIN rpz.\na.example.rpz. CNAME .", "a.example", "a.example");
	FINDS("rpz. SOA x y 1 2 3 4 5\na.example.rpz. CNAME .", "a.example",
	    "a.example");
	FINDS("*.example CNAME .\na.example CNAME rpz-passthru.", "b.a.example",
	    "");
	FINDS("*.example CNAME .\na.example CNAME rpz-passthru.", "b.example",
	    "example");
	FINDS("a.example CNAME rpz-passthru.\na.example CNAME .", "a.example",
	    "a.example");
	FINDS("8.0.0.0.10.rpz-ip CNAME .", "8.0.0.0.10.rpz-ip", "");
	FINDS("8.0.0.0.10.RPZ-IP CNAME .", "8.0.0.0.10.rpz-ip", "");
	FINDS("a.example CNAME RPZ-Passthru.", "a.example", "");
	FINDS("no zone\n b.example", "b.example", "b.example");
	FINDS("b\xc3\xbc"
	      "cher.example",
	    "xn--bcher-kva.example", "xn--bcher-kva.example");
	FINDS("B\xc3\x9c"
	      "CHER.example",
	    "xn--bcher-kva.example", "xn--bcher-kva.example");
}

/* What servers that block names read: one is told of what is no name. */
static void
test_servers(void)
{
	static const char list[] = "[Adblock Plus]\n"
				   "server:\n"
				   "address=/a.com/b.com/0.0.0.0 # c.com/\n"
				   "address=/.d.com/#\r\n"
				   "local=/e.com/\n"
				   "server=/f.com/\n"
				   "local-zone: \"g.com.\" always_null\n"
				   "  local-zone: h.com static # h\n"
				   "local-data: \"i.com. 60 IN A 0.0.0.0\"\n";
	static const char none[] = "server=/a.com/192.0.2.1\n"
				   "server=/a.com/#\n"
				   "address=/#/0.0.0.0\n"
				   "address=/a.com\n"
				   "address=/a*.com/\n"
				   "local-zone: \"a.com\" transparent\n"
				   "local-data-ptr: \"192.0.2.1 a.com\"\n"
				   "local-zone: a.com\n"
				   "@@a.com\n"
				   "192.0.2.1\n"
				   "||192.0.2.1^\n"
				   "$INCLUDE other\n";
	size_t bad, first;

	OK(count(list, &bad, &first) == 8);
	OK(bad == 0);
	for (const char *c = "abdefghi"; *c; c++) {
		char name[] = "x.?.com";

		name[2] = *c;
		FINDS(list, name, name + 2);
	}
	OK(count(none, &bad, &first) == 0);
	OK(bad == 12 && first == 1);
}

static const char dumped[] = "$ORIGIN .\n"
			     "rpz.local IN SOA x. y. 1 2 3 4 5\n"
			     "\t\tNS x.\n"
			     "$ORIGIN example.RPZ.local.\n"
			     "a CNAME .\n"
			     "b.a CNAME rpz-passthru.\n"
			     "$ORIGIN c.example.rpz.local.\n"
			     "* CNAME .\n"
			     "$ORIGIN 0.0.10.rpz-ip.rpz.local.\n"
			     "24.0 CNAME .\n"
			     "$ORIGIN rpz.local.\n"
			     "@ A 127.0.0.1\n"
			     "d.example.rpz.local. A 127.0.0.1\n"
			     "$ORIGIN rpz2.local.\n"
			     "e.example CNAME .\n"
			     "$ORIGIN example\n"
			     "f CNAME .\n";

/* Relative names, as BIND writes a zone, and a zone behind it. */
static void
test_zone(void)
{
	size_t bad, line;

	OK(count(dumped, &bad, &line) == 6 && bad == 0);
	FINDS(dumped, "a.example", "a.example");
	FINDS(dumped, "a", "");
	FINDS(dumped, "b.a.example", "");
	FINDS(dumped, "x.c.example", "c.example");
	FINDS(dumped, "x.rpz.local", "");
	FINDS(dumped, "d.example", "d.example");
	FINDS(dumped, "e.example", "e.example");
	FINDS(dumped, "f.example", "f.example");
	FINDS(
	    "$ORIGIN local.\nrpz SOA x. y. 1 2 3 4 5\na.example.rpz A 0.0.0.0",
	    "a.example", "a.example");
	FINDS("$ORIGIN rpz\n@ SOA x. y. 1 2 3 4 5\nrpz. A 0.0.0.0\na.b CNAME .",
	    "a.b", "a.b");
	FINDS("rpz. SOA x. y. 1 2 3 4 5\na.b CNAME .", "a.b", "a.b");
}

static void
test_numbers(void)
{
	size_t bad, line;

	OK(count("a\nb\na\n\n#c\n", &bad, &line) == 2 && bad == 0);
	OK(count("a/b\n\xff\xff\nb", &bad, &line) == 1 && bad == 2 &&
	    line == 1);
	OK(count("a\n\nb,x\nc:80\n0.0.0.0 d.e,f\n", &bad, &line) == 1 &&
	    bad == 3 && line == 3);
	OK(count("\xc2\xad\n"
		 "a.\xc2\xad\n"
		 "a\xef\xbc\x8f"
		 "b\n",
	       &bad, &line) == 0 &&
	    bad == 3); /* soft hyphens, a wide slash */
	OK(count("*\na*.b\n*.*.c\n*.d", &bad, &line) == 1 && bad == 3);
	OK(count("<html>\n<body>\nNot found\n</body>", &bad, &line) == 0 &&
	    bad == 4);
	OK(count("", &bad, &line) == 0 && bad == 0);
	OK(!namelist_read("/nonexistent"));
}

/* Many names, so that the table grows; compared with what they are made of. */
static void
test_many(void)
{
	enum { N = 20000 };
	char *text = malloc(N * 24), *p = text, name[48];
	struct namelist *l;
	size_t found_all = 0, found_none = 0;

	for (int i = 0; i < N; i++)
		p += sprintf(p, "n%d.example%d\n", i, i % 7);
	l = namelist_parse(slice_of(text, (size_t)(p - text)));
	OK(namelist_count(l) == N);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof name, "x.n%d.example%d", i, i % 7);
		found_all += namelist_find(l, slice_str(name)) != NULL;
		snprintf(name, sizeof name, "xn%d.example%d", i, i % 7);
		found_none += namelist_find(l, slice_str(name)) == NULL;
	}
	OK(found_all == N);
	OK(found_none == N);
	namelist_free(l);
	free(text);
}

int
main(void)
{
	test_labels();
	test_forms();
	test_servers();
	test_zone();
	test_numbers();
	test_many();
	return DONE();
}
