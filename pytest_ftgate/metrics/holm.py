"""p-values of several tests -> the same, adjusted so that at most alpha of all families hold a false finding."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_ftgate.metrics.intervals import ALPHA


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given, each in [0, 1]: a finding where one is <= alpha.

    The step-down procedure of Holm 1979, Scandinavian Journal of Statistics 6:65-70; the tests may depend on each
    other in any way. Of no p-values: none.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def first_step(tried: int, alpha: float = ALPHA) -> float:
    """The level at which the one judged now is tested, if `tried` >= 1 candidates, itself included, were tried so far.

    Holm's first step: the level of the least p-value among as many. Candidates come one by one and the first is tested
    at the full alpha, so over a whole round false findings are held to alpha * (1 + 1/2 + ... + 1/tried), not to alpha:
    11 % instead of 23 % after five candidates, 15 % instead of 40 % after ten.
    """
    if tried < 1:
        raise ValueError(f"tried must be 1 or more; found {tried}")
    return alpha / tried
