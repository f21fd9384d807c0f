/* SPDX-License-Identifier: MIT */
/*
 * cluster: k-means with k-means++ (Arthur, Vassilvitskii, 2007), k chosen by
 * the mean silhouette (Rousseeuw, 1987) of a sample.  The same seed and points
 * give the same clusters.
 */
#ifndef CLUSTER_H
#define CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CLUSTER_MOST = 8,
	CLUSTER_SAMPLE = 500, /* points of which silhouettes are computed */
	CLUSTER_ROUNDS = 100
};

/*
 * n points of dims numbers; of[i] becomes the cluster of point i, the largest
 * cluster is 0.  Returns how many there are: more than one only if their
 * silhouette is at least 0.5, the customary mark of a reasonable structure.
 */
size_t cluster_find(const double *points, size_t n, size_t dims, size_t most,
    uint64_t seed, unsigned char *of);

#endif
