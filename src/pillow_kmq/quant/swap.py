"""Leaving local minima of k-means: merge two close clusters, split a wide one, and let Lloyd settle.

Sources: P. Fränti, J. Kivijärvi, "Randomised local search algorithm for the clustering problem", Pattern Analysis
& Applications 3 (2000); the pairs are chosen by cost as in T. Kaukoranta et al., "Iterative split-and-merge
algorithm for VQ codebook generation", Optical Engineering 37 (1998).
"""

from __future__ import annotations

import numpy as np

from .._jit import kernel
from .lloyd import Clusters
from .split import ABOVE, BELOW, CUT_WIDTH, GAIN, SLICES, best_cut


@kernel
def _merge_costs(centroids, sums, costs, partners):  # type: ignore[no-untyped-def]
    """For each cluster, what merging it with its cheapest partner adds to the inertia, and that partner."""
    k = centroids.shape[1]
    for j in range(k):
        costs[j] = np.inf
        partners[j] = j
        for other in range(k):
            if other == j:
                continue
            distance = 0.0
            for c in range(4):
                difference = np.float64(centroids[c, j]) - np.float64(centroids[c, other])
                distance += difference * difference
            weight = sums[j, 4] + sums[other, 4]
            cost = distance * sums[j, 4] * sums[other, 4] / weight if weight > 0.0 else 0.0
            if cost < costs[j]:
                costs[j] = cost
                partners[j] = other


@kernel
def _group(labels, k, first, order):  # type: ignore[no-untyped-def]
    """List the points of cluster j in order[first[j]:first[j + 1]]; first int64[k + 1]."""
    for j in range(k + 1):
        first[j] = 0
    for i in range(labels.shape[0]):
        first[labels[i] + 1] += 1
    for j in range(k):
        first[j + 1] += first[j]
    for i in range(labels.shape[0]):
        order[first[labels[i]]] = i
        first[labels[i]] += 1
    for j in range(k, 0, -1):
        first[j] = first[j - 1]
    first[0] = 0


@kernel
def _exchange(centroids, sums, cuts, costs, partners, wide, cheap, used, limit):  # type: ignore[no-untyped-def]
    """Make up to `limit` exchanges: merge cheap clusters into their partners, split wide ones; returns how many.

    wide, cheap: cluster numbers by falling gain and by rising cost. No cluster takes part twice in one round.
    """
    k = centroids.shape[1]
    done = 0
    a, b = 0, 0
    for j in range(k):
        used[j] = False
    while done < limit and a < k and b < k:
        split, merged = wide[a], cheap[b]
        partner = partners[merged]
        if used[split]:
            a += 1
        elif used[merged] or used[partner] or split in (merged, partner):
            b += 1
        elif not cuts[split, GAIN] > costs[merged]:
            break
        else:
            weight = sums[merged, 4] + sums[partner, 4]
            for c in range(4):
                if weight > 0.0:
                    centroids[c, partner] = (sums[merged, c] + sums[partner, c]) / weight
                centroids[c, split] = cuts[split, BELOW + c]
                centroids[c, merged] = cuts[split, ABOVE + c]
            used[split] = used[merged] = used[partner] = True
            done += 1
    return done


@kernel
def _best_cuts(points, weights, order, first, cuts, slices):  # type: ignore[no-untyped-def]
    for j in range(cuts.shape[0]):
        best_cut(points, weights, order, first[j], first[j + 1], cuts[j], slices)
