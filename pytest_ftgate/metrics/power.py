"""Size of a golden set -> what it can resolve; a result that settles nothing -> how many more cases would settle it.

All tests are one-sided at alpha = .05 and planned with power .80.
"""

from __future__ import annotations

from math import ceil, log2, sqrt

from pytest_ftgate.metrics.intervals import ALPHA, wilson, z_of

DISCORDANCE = 0.16
"""Share of cases on which two versions of a model typically disagree, used where nothing was measured yet."""

_Z = z_of(0.05)
_Z_POWER = z_of(0.20)


def resolvable(n: int, discordance: float = DISCORDANCE) -> float:
    """Least true difference that n paired cases find with power .80, as a share (.057 is 5.7 points)."""
    return (_Z + _Z_POWER) * sqrt(discordance / n)


def cases_needed(delta: float, discordance: float = DISCORDANCE, gain: float = 0.0) -> int:
    """Cases to show with power .80 that a model is not `delta` worse, if it is truly `gain` better; both are shares.

    The usual formula for paired shares: (z_alpha + z_power)^2 * (discordance - gain^2) / (delta + gain)^2.
    """
    return _planned(discordance - gain * gain, delta + gain)


def resolution(n: int, delta: float) -> str:
    """The line for a person: "300 cases can resolve about 6 points; a 3-point regression needs 1,100"."""
    needed = cases_needed(delta)
    tail = f"needs {needed:,}" if needed > n else f"needs {needed:,}, which it has"
    return f"{n:,} cases can resolve about {_points(resolvable(n))}; a {100 * delta:g}-point regression {tail}"


def _points(share: float) -> str:
    points = f"{100 * share:.0f}" if share >= 0.02 else f"{100 * share:.1f}"
    return f"{points} point" + ("" if points == "1" else "s")


def _planned(variance: float, effect: float, alpha: float = ALPHA) -> int:
    return ceil((z_of(alpha) + _Z_POWER) ** 2 * max(0.0, variance) / effect**2 - 1e-9)


def more_for_margin(n: int, gain: float, variance: float, delta: float, alpha: float = ALPHA) -> int | None:
    """More cases after which the lower bound would be above -delta, at the rates seen; None if gain <= -delta.

    gain: mean of the differences; variance: of the differences; alpha: level of the bound. At least the size at which
    a difference without any variance would pass (Tango's bound of equal models).
    """
    if gain + delta <= 0:
        return None
    without_variance = ceil(z_of(alpha) ** 2 * ((1 + gain) / (gain + delta) - 1))
    return max(_planned(variance, gain + delta, alpha), without_variance, n + 1) - n


def more_for_gain(n: int, gain: float, variance: float, changed: float, alpha: float = ALPHA) -> int | None:
    """More cases after which the gain would be significant at alpha, at the rates seen; None if gain <= 0.

    changed: share of cases on which the two models differ.
    """
    if gain <= 0:
        return None
    fewest = max(ceil(log2(1 / alpha) - 1) / changed, z_of(alpha) ** 2 / gain)
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
