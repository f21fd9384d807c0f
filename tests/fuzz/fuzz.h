/* SPDX-License-Identifier: MIT */
/*
 * fuzz: what a fuzz target defines and uses.  A target is linked with libFuzzer
 * (make fuzz) or with replay.c, which feeds it files (make check).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What must hold; if not, the input is kept by libFuzzer. */
#define MUST(condition)                                                  \
	((condition) ? (void)0                                           \
		     : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, \
			    __LINE__, #condition),                       \
			   abort()))

/* A file with these bytes; its name goes to 'name'.  Returns a descriptor. */
static inline int
fuzz_file(const uint8_t *data, size_t n, char name[32])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, n) != (ssize_t)n) {
		perror("memfd");
		exit(2);
	}
	snprintf(name, 32, "/dev/fd/%d", fd);
	return fd;
}

#endif
