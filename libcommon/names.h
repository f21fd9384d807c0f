/* SPDX-License-Identifier: MIT */
/*
 * names: enumerations that are numbers in records and names for people, and
 * TCP flags.  Tables from the IANA registries "protocol-numbers",
 * "dns-parameters" (types, classes, rcodes), "tls-parameters", "ipfix"
 * (flowEndReason), and /etc/services' well-known ports are not needed.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/slice.h"

enum names_set {
	NAMES_PROTOCOL,    /* tcp, udp, icmp, ipv6-icmp (also icmp6) .. */
	NAMES_DNS_TYPE,    /* A, AAAA, HTTPS, TYPE65 .. */
	NAMES_DNS_CLASS,   /* IN, CH, HS, ANY .. */
	NAMES_DNS_RCODE,   /* NOERROR, NXDOMAIN .. (with the extended ones) */
	NAMES_TLS_VERSION, /* 771 is 1.2; TLSv1.2, TLSv12, "TLS 1.2" accepted */
	NAMES_END_REASON,  /* flowEndReason: idle, active, end, forced, lack */
	NAMES_SETS,
};

/* The number of a name, case ignored; -1 if there is none. */
int names_number(enum names_set set, struct slice name);

/* The preferred name of a number (protocols upper-case: TCP), or NULL. */
const char *names_name(enum names_set set, unsigned number);

/* For completion and help: the i-th name of a set, NULL behind the last. */
const char *names_nth(enum names_set set, unsigned i);

enum {
	FLAG_FIN = 1,
	FLAG_SYN = 2,
	FLAG_RST = 4,
	FLAG_PSH = 8,
	FLAG_ACK = 16,
	FLAG_URG = 32,
	FLAG_ECE = 64,
	FLAG_CWR = 128,
	FLAGS_ROOM = 8,
};

/*
 * TCP flags in any text form: ".A..S." (UAPRSF), "...A..S." (CEUAPRSF), a
 * decimal "27", hexadecimal "0x1b", letters alone in any case ("SA"), names
 * joined by ',' or '|' or blanks ("ACK,PSH").  Anything else: "TCP flags
 * expected".  Bits above 255 (NS, reserved) are cut.
 */
const char *flags_parse(struct slice s, unsigned *out);

/* Suricata's hexadecimal without 0x: "1b". */
const char *flags_parse_hex(struct slice s, unsigned *out);

/* Six characters UAPRSF, or eight CEUAPRSF where CWR or ECE is set. */
size_t flags_put(char *out, unsigned flags);

/* One letter of CEUAPRSF, any case; 0 if it is none. */
unsigned flags_letter(char c);

#endif
