"""(cases, margin, true gain, discordance) -> the chance that the champion arm passes; exact, over all paired tables."""

from __future__ import annotations

from math import sqrt

from pytest_ftgate.metrics.paired import tango_bounds

_SPREAD = 6  # standard deviations of the number of discordant cases; what lies outside has a chance below 1e-8


def passing_chance(n: int, delta: float, gain: float, discordance: float) -> float:
    """Chance of "lower bound > -delta and not behind" for a model that is truly `gain` better; all are shares.

    The number of discordant cases is binomial, and so is the share of them that the candidate wins. Two models differ
    by no more than they disagree: the discordance is at least |gain|.
    """
    from scipy.special import bdtr, bdtrc

    rate = min(max(discordance, abs(gain)), 1.0)
    wins = (1 + gain / rate) / 2
    middle, spread = n * rate, _SPREAD * sqrt(n * rate * (1 - rate)) + 1
    total, least = 0.0, 0
    for pairs in range(max(0, int(middle - spread)), min(n, int(middle + spread)) + 1):
        chance = bdtr(pairs, n, rate) - (bdtr(pairs - 1, n, rate) if pairs else 0.0)
        least = _least_wins(pairs, n, delta, least)
        total += chance * (bdtrc(least - 1, pairs, wins) if least else 1.0)
    return float(total)


def _least_wins(pairs: int, n: int, delta: float, start: int) -> int:
    """Fewest of `pairs` discordant cases that the candidate must win; pairs + 1 if none are enough."""
    wins = max(start, (pairs + 1) // 2)
    while wins <= pairs and tango_bounds(wins, pairs - wins, n)[0] <= -delta:
        wins += 1
    return wins
