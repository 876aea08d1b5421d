"""Two models on the same cases, right or wrong -> p-value and bounds of the difference.

b: cases that only the first model (the candidate) has right; c: cases that only the second (the reference) has right.
"""

from __future__ import annotations

from math import comb, sqrt

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.intervals import ALPHA, Bounds, z_of

_EXACT_UP_TO = 1000  # discordant pairs; up to here sums of exact integers are faster than importing scipy
_HALVINGS = 60  # of an interval of length 2: below the resolution of a float


def mcnemar_midp(b: int, c: int) -> float:
    """One-sided mid-p value of "the first model is better", in (0, 1].

    P(X > b) + P(X = b) / 2 with X ~ Binomial(b + c, 1/2): Fagerland, Lydersen and Laake 2013, BMC Medical Research
    Methodology 13:91. Without a discordant pair it is .5. `mcnemar_midp(c, b)` asks whether the first is worse.
    """
    pairs = b + c
    if pairs > _EXACT_UP_TO:
        return _midp_by_scipy(b, pairs)
    twice = 2 * sum(comb(pairs, k) for k in range(b + 1, pairs + 1)) + comb(pairs, b)
    return twice / (2 << pairs)


def _midp_by_scipy(b: int, pairs: int) -> float:
    from scipy.special import bdtr, bdtrc

    above = float(bdtrc(b, pairs, 0.5))
    at_least = float(bdtrc(b - 1, pairs, 0.5)) if b else float(bdtr(pairs, pairs, 0.5))
    return (above + at_least) / 2


def tango_bounds(b: float, c: float, n: float, alpha: float = ALPHA) -> Bounds:
    """Score bounds of the difference (b - c) / n of two paired shares, each one-sided at alpha, in [-1, 1].

    Tango 1998, Statistics in Medicine 17:891-908. n: all pairs, n >= b + c. Counts need not be whole (planning).
    Raises MetricError for n = 0.
    """
    if n <= 0:
        raise MetricError("a paired difference needs at least one common case")
    if b < 0 or c < 0 or b + c > n:
        raise ValueError(f"b and c must be counts with b + c <= n, found b = {b}, c = {c}, n = {n}")
    z = z_of(alpha)
    return _tango_lower(b, c, n, z), -_tango_lower(c, b, n, z)


def _tango_lower(b: float, c: float, n: float, z: float) -> float:
    """The difference at which the score is z: found by bisection, as the score falls with the difference."""
    low, high = -1.0, (b - c) / n
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _score(b, c, n, middle) > z:
            low = middle
        else:
            high = middle
    return low


def _score(b: float, c: float, n: float, delta: float) -> float:
    """Score of the hypothesis "the difference is delta", with the share of c estimated under it (Tango 1998)."""
    linear = (2 * n - b + c) * delta - b - c
    root = sqrt(max(0.0, linear * linear + 8 * n * c * delta * (1 - delta)))
    only_second = (root - linear) / (4 * n)
    variance = n * (2 * only_second + delta * (1 - delta))
    distance = b - c - n * delta
    return distance / sqrt(variance) if variance > 0 else float("inf") if distance > 0 else 0.0
