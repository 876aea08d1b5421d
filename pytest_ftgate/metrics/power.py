"""Size of a golden set -> what it can resolve; a result that settles nothing -> how many more cases would settle it.

All tests are one-sided at alpha = .05 and planned with power .80.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from math import ceil, comb, inf, sqrt

from pytest_ftgate.metrics.intervals import ALPHA, unseen, wilson, z_of
from pytest_ftgate.metrics.paired import mcnemar_midp

DISCORDANCE = 0.16
"""Share of cases on which two versions of a model typically disagree, used where nothing was measured yet."""

POWER = 0.80

_Z = z_of(ALPHA)
_Z_POWER = z_of(1 - POWER)
_HALVINGS = 40  # of an interval of length 1: far below a case


def resolvable(n: int, discordance: float = DISCORDANCE, alpha: float = ALPHA) -> float:
    """Least true difference that n paired cases find with power .80, as a share (.057 is 5.7 points).

    (z_alpha + z_power) * sqrt(discordance / n), as usual for paired shares, while that is possible: two models cannot
    differ by more than they disagree. Beyond, every disagreement is taken to go one way, and the chance of enough of
    them is exact (binomial). inf if even a difference on all n cases would not be significant.
    """
    planned = (z_of(alpha) + _Z_POWER) * sqrt(discordance / n)
    return max(min(planned, discordance), _one_way(n, alpha))


def least_drop(n: int, discordance: float = DISCORDANCE, alpha: float = ALPHA) -> float:
    """Least observed difference of n cases that is significant, a share; `resolvable` without the power.

    .28 for 25 cases in the first of eight steps of Holm (alpha = .05 / 8): 7 cases, all one way. inf if there is none.
    """
    one_way = _fewest(alpha) / n
    return max(min(z_of(alpha) * sqrt(discordance / n), discordance), one_way) if one_way <= 1 else inf


@lru_cache
def _fewest(alpha: float) -> int:
    """Fewest discordant cases, all one way, with a mid-p of at most alpha; 4 at .05."""
    return next(c for c in count(1) if mcnemar_midp(c, 0) <= alpha)


def _one_way(n: int, alpha: float) -> float:
    """Chance of a case to be discordant at which n cases have enough of them with power .80; inf if n is too small."""
    fewest = _fewest(alpha)
    if fewest > n:
        return inf
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_few = sum(comb(n, k) * middle**k * (1 - middle) ** (n - k) for k in range(fewest))
        low, high = (low, middle) if too_few <= 1 - POWER else (middle, high)
    return high


def cases_to_find(drop: float, discordance: float = DISCORDANCE, alpha: float = ALPHA) -> int:
    """Cases that find a true regression of `drop`, a share, with power .80: the inverse of `resolvable`.

    A model that drops by that much disagrees at least as often.
    """
    return ceil((z_of(alpha) + _Z_POWER) ** 2 * max(discordance, drop) / drop**2 - 1e-9)


def cases_needed(delta: float, discordance: float = DISCORDANCE, gain: float = 0.0) -> int:
    """Cases to show with power .80 that a model is not `delta` worse, if it is truly `gain` better; both are shares.

    The usual formula for paired shares: (z_alpha + z_power)^2 * (discordance - gain^2) / (delta + gain)^2; never fewer
    than Tango's bound takes for two models that never disagree.
    """
    return max(_planned(discordance - gain * gain, delta + gain), _without_variance(delta, gain))


def equal_needed(delta: float) -> int:
    """Cases, all answered alike by two models, that show that less than `delta`, a share, is lost: 88 for .03."""
    return _without_variance(delta, 0.0)


def least_excluded(n: int) -> float:
    """Least drop, a share, that n cases can exclude: where two models answer all of them alike. .25 for 8 cases."""
    return _Z**2 / (n + _Z**2)


def _without_variance(delta: float, gain: float, alpha: float = ALPHA) -> int:
    """Cases from which Tango's lower bound of differences that are all `gain` lies above -delta."""
    return ceil(z_of(alpha) ** 2 * ((1 + gain) / (gain + delta) - 1) - 1e-9)


def measured_discordance(mean_square: float, n: int) -> float:
    """Discordance to plan with, from n cases that two models had: the mean of their squared differences, a share.

    Never below what n cases may have missed: two models that agreed on 20 cases may still disagree on 12 % of all.
    """
    return max(mean_square, unseen(n))


def resolution(n: int, delta: float, discordance: float = DISCORDANCE) -> str:
    """The line for a person: "300 cases can resolve about 6 points; a 3-point regression needs 1,100"."""
    needed = cases_to_find(delta, discordance)
    tail = f"needs {needed:,}" if needed > n else f"needs {needed:,} (reached)"
    return f"{n:,} case{'' if n == 1 else 's'} can resolve {about(resolvable(n, discordance))}; " + (
        f"a {100 * delta:g}-point regression {tail}"
    )


def about(share: float) -> str:
    """A difference that can be resolved, for a person: "about 6 points"; "nothing" for inf."""
    if share == inf:
        return "nothing"
    points = f"{100 * share:.0f}" if share >= 0.02 else f"{100 * share:.1f}"
    return f"about {points} point" + ("" if points == "1" else "s")


def _planned(variance: float, effect: float, alpha: float = ALPHA) -> int:
    return ceil((z_of(alpha) + _Z_POWER) ** 2 * max(0.0, variance) / effect**2 - 1e-9)


def more_for_margin(n: int, gain: float, variance: float, delta: float, alpha: float = ALPHA) -> int | None:
    """More cases after which the lower bound would be above -delta, at the rates seen; None if gain <= -delta.

    gain: mean of the differences; variance: of the differences; alpha: level of the bound. At least the size at which
    a difference without any variance would pass (Tango's bound of equal models).
    """
    if gain + delta <= 0:
        return None
    return max(_planned(variance, gain + delta, alpha), _without_variance(delta, gain, alpha), n + 1) - n


def more_for_gain(n: int, gain: float, variance: float, changed: float, alpha: float = ALPHA) -> int | None:
    """More cases after which the gain would be significant at alpha, at the rates seen; None if gain <= 0.

    changed: share of cases on which the two models differ.
    """
    if gain <= 0:
        return None
    fewest = max(_fewest(alpha) / changed, z_of(alpha) ** 2 / gain)
    return max(_planned(variance, gain, alpha), ceil(fewest), n + 1) - n


def more_for_floor(n: int, value: float, lower: float, floor: float) -> int | None:
    """More cases after which the lower bound of a metric would reach the floor; None if value <= floor.

    value, lower, floor in [0, 1]. The bound is read as the Wilson bound of a share with as many trials as its width
    tells, which is exact for shares and good for F1; the trials needed are in proportion to the cases.
    """
    if not lower < value or value <= floor:
        return None
    trials = _Z**2 * lower * (1 - lower) / (value - lower) ** 2
    spread = _Z * sqrt(floor * (1 - floor)) + _Z_POWER * sqrt(value * (1 - value))
    needed = ceil((spread / (value - floor)) ** 2 - 1e-9)
    while wilson(value * needed, needed)[0] < floor:
        needed += 1
    if trials <= 0:
        return max(needed - n, 1)
    return max(ceil(n * needed / trials - 1e-9) - n, 1)
