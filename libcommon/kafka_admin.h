/* SPDX-License-Identifier: MIT */
/*
 * kafka_admin: the topic that is to be written to.
 */
#ifndef KAFKA_ADMIN_H
#define KAFKA_ADMIN_H

#include "libcommon/kafka.h"

/*
 * How many partitions it has.  One that does not exist is created with so many
 * partitions (0: the program ends); it takes a moment to be known everywhere.
 */
int32_t kafka_admin_topic(
    struct kafka *k, const char *name, int64_t partitions);

#endif
