/* SPDX-License-Identifier: MIT */
/* replay: a fuzz target as a test: every file that is named, in TAP. */
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static uint8_t *
load(const char *name, size_t *n)
{
	FILE *f = fopen(name, "r");
	struct stat st;
	uint8_t *p;

	if (!f || fstat(fileno(f), &st) < 0) {
		perror(name);
		exit(2);
	}
	/* No byte more, so that a sanitizer sees what is read beyond. */
	p = malloc((size_t)st.st_size);
	*n = fread(p, 1, (size_t)st.st_size, f);
	fclose(f);
	return p;
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		size_t n;
		uint8_t *p = load(argv[i], &n);

		LLVMFuzzerTestOneInput(p, n);
		free(p);
		printf("ok %d - %s\n", i, argv[i]);
	}
	return 0;
}
