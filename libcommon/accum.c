/* SPDX-License-Identifier: MIT */
#include "libcommon/accum.h"

#include "libcommon/accum_fns.h"
#include "libcommon/counts.h"
#include "libcommon/hll.h"
#include "libcommon/quant.h"

static bool
is_number(const struct value *v)
{
	i128 nano;

	return value_nano(v, &nano);
}

/* Integers of 64 bits, with and without a sign. */
static bool
is_bits(const struct value *v)
{
	return v->type == VALUE_INT && v->i >= INT64_MIN && v->i <= UINT64_MAX;
}

const struct accum_fn accum_fns[] = {
	{
	    .name = "count",
	    .help = "count(): records",
	    .size = sizeof(uint64_t),
	    .add = accum_count_add,
	    .result = accum_count_result,
	    .merge = accum_count_merge,
	    .subtract = accum_count_subtract,
	    .save = accum_count_save,
	    .load = accum_count_load,
	},
	{
	    .name = "sum",
	    .help = "sum(x)",
	    .size = sizeof(struct accum_sum),
	    .args = 1,
	    .accepts = is_number,
	    .add = accum_sum_add,
	    .result = accum_sum_result,
	    .merge = accum_sum_merge,
	    .subtract = accum_sum_subtract,
	    .save = accum_sum_save,
	    .load = accum_sum_load,
	},
	{
	    .name = "avg",
	    .help = "avg(x): mean",
	    .size = sizeof(struct accum_sum),
	    .args = 1,
	    .accepts = is_number,
	    .add = accum_sum_add,
	    .result = accum_avg_result,
	    .merge = accum_sum_merge,
	    .subtract = accum_sum_subtract,
	    .save = accum_sum_save,
	    .load = accum_sum_load,
	},
	{
	    .name = "min",
	    .help = "min(x): least",
	    .size = sizeof(struct accum_best),
	    .args = 1,
	    .keeps_type = true,
	    .add = accum_min_add,
	    .result = accum_best_result,
	    .free = accum_best_free,
	    .merge = accum_low_merge,
	    .save = accum_best_save,
	    .load = accum_untimed_load,
	},
	{
	    .name = "max",
	    .help = "max(x): greatest",
	    .size = sizeof(struct accum_best),
	    .args = 1,
	    .keeps_type = true,
	    .add = accum_max_add,
	    .result = accum_best_result,
	    .free = accum_best_free,
	    .merge = accum_high_merge,
	    .save = accum_best_save,
	    .load = accum_untimed_load,
	},
	{
	    .name = "first",
	    .help = "first(x): of the record with the earliest time",
	    .size = sizeof(struct accum_best),
	    .args = 1,
	    .keeps_type = true,
	    .timed = true,
	    .add = accum_first_add,
	    .result = accum_best_result,
	    .free = accum_best_free,
	    .merge = accum_low_merge,
	    .save = accum_best_save,
	    .load = accum_timed_load,
	},
	{
	    .name = "last",
	    .help = "last(x): of the record with the latest time",
	    .size = sizeof(struct accum_best),
	    .args = 1,
	    .keeps_type = true,
	    .timed = true,
	    .add = accum_last_add,
	    .result = accum_best_result,
	    .free = accum_best_free,
	    .merge = accum_high_merge,
	    .save = accum_best_save,
	    .load = accum_timed_load,
	},
	{
	    .name = "stddev",
	    .help = "stddev(x): standard deviation of the sample",
	    .size = sizeof(struct accum_stddev),
	    .args = 1,
	    .accepts = is_number,
	    .add = accum_stddev_add,
	    .result = accum_stddev_result,
	    .merge = accum_stddev_merge,
	    .subtract = accum_stddev_subtract,
	    .save = accum_stddev_save,
	    .load = accum_stddev_load,
	},
	{
	    .name = "distinct",
	    .help = "distinct(x): number of different values",
	    .size = sizeof(struct hll),
	    .args = 1,
	    .add = accum_distinct_add,
	    .result = accum_distinct_result,
	    .free = accum_distinct_free,
	    .error = accum_distinct_error,
	    .merge = accum_distinct_merge,
	    .save = accum_distinct_save,
	    .load = accum_distinct_load,
	},
	{
	    .name = "p",
	    .help = "p50(x) .. p99.9(x): quantile",
	    .size = sizeof(struct quant),
	    .args = 1,
	    .accepts = is_number,
	    .add = accum_quantile_add,
	    .result = accum_quantile_result,
	    .free = accum_quantile_free,
	    .error = accum_quantile_error,
	    .merge = accum_quantile_merge,
	    .subtract = accum_quantile_subtract,
	    .save = accum_quantile_save,
	    .load = accum_quantile_load,
	},
	{
	    .name = "median",
	    .help = "median(x): p50(x)",
	    .size = sizeof(struct quant),
	    .args = 1,
	    .accepts = is_number,
	    .add = accum_quantile_add,
	    .result = accum_quantile_result,
	    .free = accum_quantile_free,
	    .error = accum_quantile_error,
	    .merge = accum_quantile_merge,
	    .subtract = accum_quantile_subtract,
	    .save = accum_quantile_save,
	    .load = accum_quantile_load,
	},
	{
	    .name = "set",
	    .help = "set(x, cap): values, the first cap in order",
	    .size = sizeof(struct accum_set),
	    .args = 1,
	    .max_param = 100000,
	    .param = 16,
	    .add = accum_set_add,
	    .result = accum_set_result,
	    .free = accum_set_free,
	    .merge = accum_set_merge,
	    .save = accum_set_save,
	    .load = accum_set_load,
	},
	{
	    .name = "top",
	    .help = "top(x): most frequent value",
	    .size = sizeof(struct counts),
	    .args = 1,
	    .keeps_type = true,
	    .add = accum_counts_add,
	    .result = accum_top_result,
	    .free = accum_counts_free,
	    .merge = accum_counts_merge,
	    .subtract = accum_counts_subtract,
	    .save = accum_counts_save,
	    .load = accum_counts_load,
	},
	{
	    .name = "bits",
	    .help = "bits(flags): all bits that occur",
	    .size = sizeof(struct accum_bits),
	    .args = 1,
	    .keeps_type = true,
	    .accepts = is_bits,
	    .add = accum_bits_add,
	    .result = accum_bits_result,
	    .merge = accum_bits_merge,
	    .save = accum_bits_save,
	    .load = accum_bits_load,
	},
	{
	    .name = "entropy",
	    .help = "entropy(x): of the values' frequencies, in bits",
	    .size = sizeof(struct counts),
	    .args = 1,
	    .add = accum_counts_add,
	    .result = accum_entropy_result,
	    .free = accum_counts_free,
	    .merge = accum_counts_merge,
	    .subtract = accum_counts_subtract,
	    .save = accum_counts_save,
	    .load = accum_counts_load,
	},
	{ 0 },
};

const char *
accum_name(unsigned i)
{
	return accum_fns[i].name;
}

bool
accum_find(struct slice name, struct accum_spec *spec)
{
	double percent;

	*spec = (struct accum_spec){ .quantile = 0.5 };
	for (const struct accum_fn *f = accum_fns; f->name; f++)
		if (slice_is_nocase(name, f->name) && strcmp(f->name, "p")) {
			spec->fn = f;
			spec->param = f->param;
			return true;
		}
	if (name.n < 2 || (name.p[0] | 0x20) != 'p' ||
	    num_double(slice_of(name.p + 1, name.n - 1), &percent) ||
	    percent < 0 || percent > 100)
		return false;
	spec->quantile = percent / 100;
	for (spec->fn = accum_fns; strcmp(spec->fn->name, "p"); spec->fn++)
		continue;
	return true;
}
