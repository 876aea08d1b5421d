"""Values of cases, independent or in clusters -> bounds of their mean; seeded, never NaN, never without width."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from math import sqrt
from statistics import fmean, median

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.intervals import ALPHA, Bounds, unseen
from pytest_ftgate.metrics.sign_flip import sign_flip_bounds

RESAMPLES = 9_999
SEED = 20_220
_FEW = 10  # cases that differ from the rest; with fewer, what was not drawn matters more than what was
_CELLS = 4_000_000  # of one batch of resamples, 8 bytes each


def mean_bounds(
    values: Sequence[float],
    limits: Bounds,
    clusters: Sequence[Hashable] | None = None,
    alpha: float = ALPHA,
) -> Bounds:
    """Bounds of the mean, each one-sided at alpha: BCa bootstrap, or on clusters where some cases share one.

    On clusters: t with the cluster-robust error; below ten of them by flipping signs, see `sign_flip`.

    values: of n >= 1 cases, all within `limits` (lowest and highest possible value). clusters: one key for each case.
    Resampling cannot draw what was never seen: equal values would give NaN or a bound without width. So where fewer
    than ten cases (of fewer than ten clusters: not all) differ from the median, the bounds also allow for the share of
    cases that n draws may have missed (Wilson bound of 0 of n), taken at the worst possible value. On differences of
    equal models (all 0) this is Tango's bound. Raises MetricError for no values.
    """
    if not values:
        raise MetricError("the mean of 0 cases is undefined")
    units = _units(values, clusters)
    mean = fmean(values)
    clustered = len(units) < len(values)
    lower, upper = _on_clusters(values, units, limits, alpha) if clustered else _bca(values, alpha)
    if _few_differ(values, units, min(_FEW, len(units)) if clustered else _FEW):
        low, high = _worst_case(mean, len(units), limits, alpha)
        lower, upper = min(lower, low), max(upper, high)
    return max(limits[0], min(lower, mean)), min(limits[1], max(upper, mean))


def _units(values: Sequence[float], clusters: Sequence[Hashable] | None) -> list[list[int]]:
    """Positions of the cases of each cluster."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, key in enumerate(clusters if clusters is not None else range(len(values))):
        groups[key].append(i)
    return list(groups.values())


def _few_differ(values: Sequence[float], units: list[list[int]], few: int) -> bool:
    middle = median(values)
    return sum(any(values[i] != middle for i in unit) for unit in units) < few


def _worst_case(mean: float, n: int, limits: Bounds, alpha: float) -> Bounds:
    share = unseen(n, alpha)
    return mean - share * (mean - limits[0]), mean + share * (limits[1] - mean)


def _on_clusters(values: Sequence[float], units: list[list[int]], limits: Bounds, alpha: float) -> Bounds:
    if len(units) >= _FEW:
        return _cluster_t(values, units, alpha)
    keys = {i: number for number, unit in enumerate(units) for i in unit}
    return sign_flip_bounds(values, limits, [keys[i] for i in range(len(values))], alpha)


def _cluster_t(values: Sequence[float], units: list[list[int]], alpha: float) -> Bounds:
    """Mean +- t * cluster-robust standard error, with (clusters - 1) degrees of freedom."""
    from scipy.special import stdtrit

    count = len(units)
    mean = fmean(values)
    squares = sum(sum(values[i] - mean for i in unit) ** 2 for unit in units)
    error = sqrt(count / (count - 1) * squares) / len(values)
    half = float(stdtrit(count - 1, 1 - alpha)) * error
    return mean - half, mean + half


def _bca(values: Sequence[float], alpha: float) -> Bounds:
    """Bias-corrected accelerated bootstrap (Efron 1987); the mean itself where the data are degenerate."""
    import warnings

    import numpy as np
    from scipy.stats import bootstrap

    mean = fmean(values)
    if min(values) == max(values):
        return mean, mean
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # degenerate data: answered below
        found = bootstrap(
            (np.asarray(values, dtype=float),),
            np.mean,
            n_resamples=RESAMPLES,
            batch=max(1, _CELLS // len(values)),
            confidence_level=1 - 2 * alpha,
            method="BCa",
            random_state=np.random.default_rng(SEED),
        ).confidence_interval
    lower, upper = float(found.low), float(found.high)
    return (mean if np.isnan(lower) else lower), (mean if np.isnan(upper) else upper)
