/* SPDX-License-Identifier: MIT */
/*
 * samplers: the sampling rates that the options records of one exporter's
 * domain tell, each of a sampler, of an interface or of all flows.
 *
 * A flow's rate is that of the sampler that it names; of one that names none,
 * or where no sampler's rate was told, that of the interface it comes in by, of
 * the one it leaves by, or of all flows, which is also one that all samplers
 * have, but for those that have not been told for long while others were.
 */
#ifndef SAMPLERS_H
#define SAMPLERS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SAMPLERS_MAX = 1024, /* of a domain; the one told longest ago goes */
	SAMPLERS_CHAIN = 4,  /* of a selection sequence; 0 of a longer one */
};

/* IANA's elements, and those of NetFlow v9 with the same numbers. */
enum sampling_part {
	SAMPLING_RATE,       /* 34, 50: one packet of so many */
	SAMPLING_TAKEN,      /* 305: so many packets taken, .. */
	SAMPLING_LEFT,       /* 306: .. then so many left out */
	SAMPLING_SIZE,       /* 309: so many packets, .. */
	SAMPLING_POPULATION, /* 310: .. of so many */
	SAMPLING_ALGORITHM,  /* 304: of a selector */
	SAMPLING_SELECTOR,   /* 48, 302 */
	SAMPLING_SEQUENCE,   /* 301: of selectors */
	SAMPLING_IN_IF,      /* 10 */
	SAMPLING_OUT_IF,     /* 14 */
	SAMPLING_PARTS
};

/* What a record says about sampling; zeros to begin with. */
struct sampling {
	uint64_t v[SAMPLING_PARTS];
	uint64_t selectors[SAMPLERS_CHAIN];
	double probability;   /* 311: of a packet, to be taken */
	unsigned has;         /* bits: parts */
	unsigned n_selectors; /* may be more than are kept */
};

void sampling_say(struct sampling *s, enum sampling_part part, uint64_t v);

/* One packet of so many; 0 if the record does not say it. */
uint64_t sampling_rate(const struct sampling *s);

/* Zeros to begin with. */
struct samplers {
	struct sampler *v;
	uint32_t *heads; /* by hash: the first of a list */
	uint32_t n, room;
	uint32_t n_of[SAMPLING_PARTS];
	int64_t at;      /* the time of what is told; set by the caller */
	uint64_t round;  /* of telling all selectors */
	uint64_t common; /* the rate that all selectors have */
	bool common_known;
};

void samplers_free(struct samplers *s);

/* What an options record says. */
void samplers_learn(struct samplers *s, const struct sampling *said);

/* Of all flows; 0: unknown. */
void samplers_set_all(struct samplers *s, uint64_t rate);

/* Of a flow that says this; 0: unknown. */
uint64_t samplers_rate(struct samplers *s, const struct sampling *flow);

#endif
