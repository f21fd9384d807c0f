/* SPDX-License-Identifier: MIT */
/*
 * facts_reader: what facts.c and facts_cells.c share.
 */
#ifndef FACTS_READER_H
#define FACTS_READER_H

#include "cmd/flowdns/facts.h"

enum slot {
	S_SRC,
	S_DST,
	S_SRC_PORT,
	S_DST_PORT,
	S_PROTOCOL,
	S_PACKETS,
	S_BYTES,
	S_PACKETS_REV,
	S_BYTES_REV,
	S_QR,
	S_FLAGS,
	S_QNAME,
	S_QTYPE,
	S_RCODE,
	S_ANSWERS,
	S_RDATA,
	S_RDATA_ALL,
	S_RTT,
	S_ALL
};

struct facts_reader {
	struct run *run;
	struct facts_opts opts;
	int slots[S_ALL];
	struct lists lists;
	struct seen *seen;
	struct arena scratch;
	char message[160];
};

#endif
