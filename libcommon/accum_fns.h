/* SPDX-License-Identifier: MIT */
/*
 * accum_fns: what the table in accum.c is made of, for nobody else.  The
 * members of struct accum_fn have these types.
 */
#ifndef ACCUM_FNS_H
#define ACCUM_FNS_H

#include <stdint.h>

#include "libcommon/slice.h"

struct accum_arg;
struct accum_spec;
struct arena;
struct output;
struct value;

typedef void accum_add_fn(
    void *state, const struct accum_spec *s, const struct accum_arg *a);
typedef void accum_result_fn(const void *state, const struct accum_spec *s,
    struct value *out, struct arena *arena);
typedef void accum_free_fn(void *state);
typedef double accum_error_fn(const void *state);
typedef void accum_merge_fn(
    void *state, const struct accum_spec *s, const void *other);
typedef void accum_save_fn(const void *state, struct output *out);
typedef const char *accum_load_fn(
    void *state, const struct accum_spec *s, struct slice text);

/* ---- accum_num: count, sum, avg, stddev, bits ---- */

/* Sums: see accum.h, which has them inline. */
struct accum_bits {
	uint64_t all, any; /* any: a value was there */
};

accum_add_fn accum_count_add, accum_stddev_add, accum_bits_add;
accum_result_fn accum_count_result, accum_sum_result, accum_avg_result,
    accum_stddev_result, accum_bits_result;
accum_merge_fn accum_count_merge, accum_sum_merge, accum_stddev_merge,
    accum_bits_merge;
accum_merge_fn accum_count_subtract, accum_sum_subtract, accum_stddev_subtract;
accum_save_fn accum_count_save, accum_sum_save, accum_stddev_save,
    accum_bits_save;
accum_load_fn accum_count_load, accum_sum_load, accum_stddev_load,
    accum_bits_load;

/* ---- accum_best: min, max, first, last ---- */

/* One value, as key bytes. */
struct accum_best {
	char *key; /* malloc */
	uint32_t n, room;
	int64_t time; /* of first and last; INT64_MIN is unknown */
};

accum_add_fn accum_min_add, accum_max_add, accum_first_add, accum_last_add;
accum_result_fn accum_best_result;
accum_free_fn accum_best_free;
accum_merge_fn accum_low_merge, accum_high_merge; /* min, first; max, last */
accum_save_fn accum_best_save;
accum_load_fn accum_untimed_load, accum_timed_load;

/* ---- accum_many: set, top, entropy ---- */

struct accum_set {
	struct slice *keys; /* malloc, each too; sorted */
	uint32_t n, room;
};

accum_add_fn accum_set_add, accum_counts_add;
accum_result_fn accum_set_result, accum_top_result, accum_entropy_result;
accum_free_fn accum_set_free, accum_counts_free;
accum_merge_fn accum_set_merge, accum_counts_merge, accum_counts_subtract;
accum_save_fn accum_set_save, accum_counts_save;
accum_load_fn accum_set_load, accum_counts_load;

/* ---- accum_sketch: distinct, quantiles ---- */

accum_add_fn accum_distinct_add, accum_quantile_add;
accum_result_fn accum_distinct_result, accum_quantile_result;
accum_free_fn accum_distinct_free, accum_quantile_free;
accum_error_fn accum_distinct_error, accum_quantile_error;
accum_merge_fn accum_distinct_merge, accum_quantile_merge,
    accum_quantile_subtract;
accum_save_fn accum_distinct_save, accum_quantile_save;
accum_load_fn accum_distinct_load, accum_quantile_load;

#endif
