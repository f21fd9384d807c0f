/* SPDX-License-Identifier: MIT */
/*
 * octets: fields that come as octets in hexadecimal, "0x1301...".
 */
#ifndef OCTETS_H
#define OCTETS_H

#include "cmd/flowcat/conversions.h"

/*
 * Data of DNS: addresses, by the type; what is no address stays as it is.
 * ipfixcol2 writes up to eight octets as a number: four of them may be an IPv4
 * address, too.
 */
convert_fn octets_rdata;

/* Digits of the bytes of a text, or what Python shows: bytearray(b'..'). */
convert_fn octets_text;

/* The same of a hash, which is written in digits; zeros mean unknown. */
convert_fn octets_hash;

/*
 * What a TLS client offers, in its order: "0x1301,0x1302,..".  Flowmon's
 * element has two octets a suite, the lower one first, and zeros behind the
 * last; values of GREASE (RFC 8701), which are drawn by chance, are left out.
 */
convert_fn octets_ciphers;

#endif
