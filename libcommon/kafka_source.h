/* SPDX-License-Identifier: MIT */
/*
 * kafka_source: the messages of partitions, as lines.
 *
 * Without a group all partitions are read; with one those that it gives this
 * process, see kafka_group.h.
 *
 * With exit-eof the end of each partition is looked up once, before the first
 * message is read; so it ends on topics that go on growing.  In a group it
 * ends when all partitions have been read that far, by whomever: so what a
 * process leaves that was killed is still read.
 */
#ifndef KAFKA_SOURCE_H
#define KAFKA_SOURCE_H

#include <sys/types.h>

#include "libcommon/kafka_group.h"

struct kafka_source;

/* Errors of the environment end the program, here and below. */
struct kafka_source *kafka_source_open(
    const char *address, const struct kafka_keeper *keeper);

/* As source_read(): lines of one partition, see kafka_source_run(). */
ssize_t kafka_source_read(struct kafka_source *s, char *buf, size_t n,
    int (*idle)(void *arg), void *arg);
void kafka_source_close(struct kafka_source *s);

const struct kafka_run *kafka_source_run(const struct kafka_source *s);

/* The offset of the message that has this byte of the last read. */
int64_t kafka_source_offset(const struct kafka_source *s, size_t at);

/* Whether messages were lost: that was told. */
bool kafka_source_lost(const struct kafka_source *s);

/* Only so many bytes of the last read were used, and no more will be. */
void kafka_source_stop(struct kafka_source *s, size_t used);

#endif
