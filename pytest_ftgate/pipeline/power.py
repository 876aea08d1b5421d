"""(golden set, margin, discordance) -> what the set can see before a model is trained, whole and in slices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_ftgate.gate.checks.slices import LEAST_CASES, slices_of
from pytest_ftgate.metrics.intervals import ALPHA
from pytest_ftgate.metrics.power import about, cases_needed, cases_to_find, least_drop, resolution, resolvable
from pytest_ftgate.metrics.promotion_probability import passing_chance
from pytest_ftgate.pipeline.discordance import ASSUMED, Discordance

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite


@dataclass(frozen=True, slots=True)
class SliceResolution:
    """What one slice can see in the first step of Holm, where it is judged at alpha / (number of judged slices).

    name: "lang=en". found: true drop found with power .80. least: least observed drop that is significant. Both
    are shares, inf if there is none.
    """

    name: str
    cases: int
    found: float
    least: float


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a golden set of `cases` cases can see at the margin `delta`, a share.

    clusters: groups of cases that are not independent; equal to `cases` if each stands alone. slices: the judged ones,
    smallest first. advisory: number of smaller slices.
    """

    name: str
    cases: int
    clusters: int
    delta: float
    discordance: Discordance
    slices: tuple[SliceResolution, ...]
    advisory: int

    @property
    def found(self) -> float:
        """True difference found with power .80, a share."""
        return resolvable(self.cases, self.discordance.share)

    def to_find(self, drop: float) -> int:
        """Cases that find a regression of `drop`, a share, with power .80."""
        return cases_to_find(drop, self.discordance.share)

    def to_show(self, gain: float) -> int:
        """Cases to show that a model that is truly `gain` better is not worse by the margin, with power .80."""
        return cases_needed(self.delta, self.discordance.share, gain)

    def passes(self, gain: float) -> float:
        """Chance that the champion check passes a model that is truly `gain` better, both shares."""
        return passing_chance(self.cases, self.delta, gain, self.discordance.share)

    def line(self) -> str:
        """At collection: "300 cases can resolve about 6 points; a 3-point regression needs 1,100"."""
        return resolution(self.cases, self.delta, self.discordance.share)

    def long_line(self) -> str:
        """The same with the smallest slice, and what was measured for it."""
        return "; ".join([self.line(), *self._details()])

    def _details(self) -> Iterator[str]:
        if self.slices:
            worst = self.slices[0]
            yield f"smallest of {len(self.slices)} slices ({worst.name}, {worst.cases}) {about(worst.found)}"
        if self.discordance.cases:
            yield str(self.discordance)


def resolution_of(suite: Suite, delta: float, discordance: Discordance = ASSUMED) -> Resolution:
    """What a golden set can see; delta: margin of its lock."""
    sizes = {name: len(ids) for name, ids in slices_of(suite.cases).items()}
    judged = sorted((n, name) for name, n in sizes.items() if n >= LEAST_CASES)
    clusters = {case.cluster or (case.id,) for case in suite.cases}
    return Resolution(
        suite.name,
        len(suite.cases),
        len(clusters),
        delta,
        discordance,
        tuple(_slice(name, n, len(judged), discordance) for n, name in judged),
        len(sizes) - len(judged),
    )


def _slice(name: str, n: int, judged: int, discordance: Discordance) -> SliceResolution:
    alpha = ALPHA / judged
    return SliceResolution(name, n, resolvable(n, discordance.share, alpha), least_drop(n, discordance.share, alpha))
