/* SPDX-License-Identifier: MIT */
/*
 * registry: the information elements that are known: IANA's and CERT's by
 * libfixbuf, others by the table here.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include <fixbuf/public.h>

fbInfoModel_t *registry_model(void);

/* NULL if it is not known, or not of that length: it is octets then. */
const fbInfoElement_t *registry_find(uint32_t pen, uint16_t id, uint16_t len);

/* As libfixbuf is to see it: what is not known are octets of that length. */
fbInfoElement_t registry_element(uint32_t pen, uint16_t id, uint16_t len);

#endif
