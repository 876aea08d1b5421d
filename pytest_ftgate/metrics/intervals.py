"""(successes, trials) -> one-sided bounds; only the standard library, so that a plain share needs no heavy import."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

from pytest_ftgate.errors import MetricError

ALPHA = 0.05
"""Level of every one-sided bound and test of the gate."""

Bounds = tuple[float, float]
"""Lower and upper bound, each one-sided at alpha."""


def z_of(alpha: float = ALPHA) -> float:
    """Quantile 1 - alpha of the normal distribution; 1.645 at .05."""
    return NormalDist().inv_cdf(1 - alpha)


def wilson(k: float, n: float, alpha: float = ALPHA) -> Bounds:
    """Score bounds of a share k/n, each one-sided at alpha (Wilson 1927, without continuity correction).

    k in [0, n]; n > 0, else MetricError. A perfect n of n has the lower bound n / (n + z^2), never 1.
    """
    if n <= 0:
        raise MetricError("a share of 0 cases is undefined")
    if not 0 <= k <= n:
        raise ValueError(f"k must be in [0, n], found k = {k}, n = {n}")
    z = z_of(alpha)
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * sqrt(k * (n - k) / n + z * z / 4)
    return (0.0 if k == 0 else centre - half), (1.0 if k == n else centre + half)


def unseen(n: float, alpha: float = ALPHA) -> float:
    """Largest share of cases, one-sided at alpha, that n cases may all have missed: the Wilson bound of 0 of n."""
    z = z_of(alpha)
    return z * z / (n + z * z)


def f1_of_j(j: float) -> float:
    """F1 = 2 J / (1 + J), where J = TP / (TP + FP + FN) is a share; both in [0, 1], monotone."""
    return 2 * j / (1 + j)


def f1_bounds(tp: int, fp: int, fn: int, alpha: float = ALPHA) -> Bounds:
    """Bounds of the F1 of one class: Wilson on J, carried over by `f1_of_j`.

    Resampling is not used: for a perfect set it gives NaN (BCa) or a lower bound of 1 (percentile).
    """
    lower, upper = wilson(tp, tp + fp + fn, alpha)
    return f1_of_j(lower), f1_of_j(upper)
