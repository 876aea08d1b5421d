"""Values in clusters -> p-value and bounds of their mean by flipping the signs of whole clusters.

What is asked of the data: under the hypothesis, each cluster's sum is as likely to lie as far above what the
hypothesis says as below it. Nothing is asked of their number, so this is for the few clusters where t is not to be
trusted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import product
from math import floor
from operator import mul

from pytest_ftgate.metrics.intervals import ALPHA, Bounds

EXACT_UP_TO = 14
"""Clusters; beyond, FLIPS seeded draws stand for the 2^clusters ways to flip."""

FLIPS = 9_999
SEED = 20_222
_TOLERANCE = 1e-12


def sign_flip_p(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> float:
    """One-sided p-value, in (0, 1], of "the mean is above 0": the share of flips with a sum at least as large.

    clusters: one key for each value; None if each stands alone. The flip that changes nothing counts, so p is never 0
    (Fisher 1935; Phipson and Smyth 2010 for the draws).
    """
    sums = [total for total, _ in _clusters(values, clusters)]
    sums = [total for total in sums if abs(total) > _TOLERANCE]
    seen = sum(sums) - _TOLERANCE
    if len(sums) > EXACT_UP_TO:
        return _drawn_p(sums, seen)
    flipped = (sum(map(mul, signs, sums)) for signs in product((1, -1), repeat=len(sums)))
    return sum(bool(total >= seen) for total in flipped) / float(2 ** len(sums))


def _drawn_p(sums: Sequence[float], seen: float) -> float:
    import numpy as np

    rng, array, above = np.random.default_rng(SEED), np.asarray(sums), 0
    rows = max(1, 2_000_000 // len(sums))
    for start in range(0, FLIPS, rows):
        signs = rng.integers(0, 2, (min(rows, FLIPS - start), len(sums)), dtype=np.int8) * 2 - 1
        above += int((signs @ array >= seen).sum())
    return (above + 1) / (FLIPS + 1)


def sign_flip_bounds(
    values: Sequence[float], limits: Bounds, clusters: Sequence[Hashable] | None = None, alpha: float = ALPHA
) -> Bounds:
    """Bounds of the mean, each one-sided at alpha: the means that `sign_flip_p` does not refute; exact.

    A mean m is refuted from below by as many flips as there are groups of clusters whose own mean is below m, so the
    bounds are order statistics of the means of all 2^clusters - 1 groups ("typical values", Hartigan 1969, JASA
    64:1303-1317). At .05 fewer than five clusters refute nothing, which gives the limits. At most 14 clusters.
    """
    found = _clusters(values, clusters)
    if len(found) > EXACT_UP_TO:
        raise ValueError(f"exact bounds are for at most {EXACT_UP_TO} clusters, found {len(found)}")
    means = sorted(_group_means(found))
    refuted = floor(alpha * (len(means) + 1) + 1e-9) - 1
    if refuted < 0:
        return limits
    return means[refuted], means[-1 - refuted]


def _group_means(clusters: Sequence[tuple[float, int]]) -> list[float]:
    """Mean over the cases of every group of clusters that is not empty."""
    groups: list[tuple[float, int]] = [(0.0, 0)]
    for total, size in clusters:
        groups += [(so_far + total, count + size) for so_far, count in groups]
    return [total / count for total, count in groups if count]


def _clusters(values: Sequence[float], clusters: Sequence[Hashable] | None) -> list[tuple[float, int]]:
    """(sum, number) of the values of each cluster."""
    groups: dict[Hashable, list[float]] = defaultdict(list)
    for i, value in enumerate(values):
        groups[i if clusters is None else clusters[i]].append(value)
    return [(sum(group), len(group)) for group in groups.values()]
