"""(grades of the reference runs, scores of nights) -> Windows: how far the champion fell, and whether that is drift.

The rule of the design. It alerts if, over a window of 1, 3 or 7 nights, the mean score is more than 5 points below that
of the reference runs *and* z is over its limit, where z = drop / sqrt(v/n * (1/w + 1/k)): n cases, w nights, k
reference runs, and v the mean over cases of the variance within a case. The cases are fixed, so only what a case does
from one draw to the next is noise. v is not below .25/n: five runs that all agree are no proof of no noise at all.

Simulated years of 365 nights, 100 cases: chance of any false alarm 7 % if 70 / 20 / 10 % of the cases are right with
probability .99 / .8 / .3 (a drop of 10 points is then found within 3 nights 9 times in 10), 2 % if each is a coin, none
if answers never change. It is 13 % or 20 % if every single case is right with probability .9 or .95: few answers flip,
so their number is skewed, and five runs know v poorly. 300 such cases at .9: 6 %.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import fmean

WINDOWS = (1, 3, 7)
"""Lengths of the windows in nights."""

LEAST_DROP = 0.05
"""A share: what is worth waking somebody for."""

LIMIT, LIMIT_SMALL, SMALL = 3.91, 4.5, 100
"""z must exceed LIMIT; LIMIT_SMALL with fewer than SMALL cases, where v is known less well."""

_EXACTLY = 1e-9  # 5 points are not more than 5 points, however the sums round


@dataclass(frozen=True, slots=True)
class Expected:
    """What the reference runs lead to expect.

    n: cases, >= 1. k: runs, >= 2. score: mean grade over cases and runs, 0 to 1. v: variance of one grade of a case
    around that case's mean, averaged over cases, with its floor.
    """

    n: int
    k: int
    score: float
    v: float

    @property
    def limit(self) -> float:
        """What z must exceed."""
        return LIMIT if self.n >= SMALL else LIMIT_SMALL

    def standard_error(self, nights: int) -> float:
        """Of the difference between the mean of so many nights and the mean of the reference runs; a share."""
        return sqrt(self.v / self.n * (1 / nights + 1 / self.k))


@dataclass(frozen=True, slots=True)
class Window:
    """The last `length` nights, of which `nights` were measured. drop: a share, > 0 if worse. limit: of z."""

    length: int
    nights: int
    drop: float
    z: float
    limit: float

    @property
    def alarm(self) -> bool:
        """Whether this is drift: large enough to matter, and too large for chance."""
        return self.drop > LEAST_DROP + _EXACTLY and self.z > self.limit


def expect(grades: Collection[Sequence[float]]) -> Expected:
    """What to expect after k runs of each case.

    grades: of each case its k grades, each in [0, 1]. Raises ValueError unless there is a case and all have the same
    k >= 2.
    """
    runs = {len(values) for values in grades}
    if len(runs) != 1 or min(runs) < 2:
        found = ", ".join(map(str, sorted(runs))) or "no cases"
        raise ValueError(f"each case needs the same number of reference runs, at least 2; found {found}")
    n, k = len(grades), runs.pop()
    means = [fmean(values) for values in grades]
    within = fmean(_variance(values, mean) for values, mean in zip(grades, means, strict=True))
    return Expected(n, k, fmean(means), max(within, 0.25 / n))


def _variance(values: Sequence[float], mean: float) -> float:
    """Unbiased; `statistics.variance` gives the same, forty times slower."""
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def look(expected: Expected, scores: Mapping[date, float], tonight: date) -> tuple[Window, ...]:
    """The windows that end tonight.

    scores: mean grade of the whole panel by night, tonight's among them. A window holds the nights that were measured
    of its last 1, 3 or 7 dates; one that holds no more nights than the window before it is left out.
    """
    found: list[Window] = []
    for length in WINDOWS:
        values = [scores[day] for back in range(length) if (day := tonight - timedelta(back)) in scores]
        if not found or len(values) > found[-1].nights:
            drop = expected.score - fmean(values)
            found.append(Window(length, len(values), drop, drop / expected.standard_error(len(values)), expected.limit))
    return tuple(found)
