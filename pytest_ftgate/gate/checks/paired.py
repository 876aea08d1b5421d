"""Results of two models -> what the cases that both were asked say about the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isclose
from statistics import fmean

from pytest_ftgate.errors import MetricError
from pytest_ftgate.gate.checks.result import CheckResult, Result, Results
from pytest_ftgate.metrics.intervals import ALPHA, Bounds
from pytest_ftgate.metrics.paired import mcnemar_midp, tango_bounds

LEAST_SHARED = 0.95
"""Share of the cases that a reference must cover."""

Clusters = Mapping[str, str | None]
"""Cluster of each case; None, or no entry, for a case that stands alone."""


@dataclass(frozen=True)
class Pairs:
    """Differences candidate - reference on the n >= 1 shared cases.

    differences: each in [-1, 1]; -1 where either model was not measured (candidate wrong, reference right).
    units: the cluster of each case, None if all stand alone. asked: cases of the candidate, shared or not.
    unmeasured: cases among the n which count as -1 for want of a measurement.
    """

    differences: tuple[float, ...]
    units: tuple[str, ...] | None
    asked: int
    unmeasured: int

    @property
    def n(self) -> int:
        """Shared cases."""
        return len(self.differences)

    @property
    def binary(self) -> bool:
        """Whether right-or-wrong tests apply: differences are all -1, 0 or 1, and cases are independent."""
        return self.units is None and all(d in (-1, 0, 1) for d in self.differences)

    @property
    def better(self) -> int:
        """Cases that the candidate does better; b of a 0/1 comparison."""
        return sum(d > 0 for d in self.differences)

    @property
    def worse(self) -> int:
        """Cases that the candidate does worse; c of a 0/1 comparison."""
        return sum(d < 0 for d in self.differences)

    @property
    def gain(self) -> float:
        """Mean difference, the point estimate."""
        mean = fmean(self.differences)
        return 0.0 if isclose(mean, 0.0, abs_tol=1e-12) else mean

    @property
    def variance(self) -> float:
        """Variance of a difference; for 0/1 grades discordance - gain^2."""
        return fmean(d * d for d in self.differences) - self.gain**2

    @cached_property
    def bounds(self) -> Bounds:
        """`bounds_at` the gate's own level."""
        return self.bounds_at(ALPHA)

    def bounds_at(self, alpha: float) -> Bounds:
        """Bounds of the difference, each one-sided at alpha: Tango's for 0/1 grades, else `resample.mean_bounds`."""
        if alpha == ALPHA and "bounds" in self.__dict__:
            return self.bounds
        if self.binary:
            return tango_bounds(self.better, self.worse, self.n, alpha)
        from pytest_ftgate.metrics.resample import mean_bounds

        return mean_bounds(self.differences, (-1.0, 1.0), self.units, alpha)

    @property
    def p_better(self) -> float | None:
        """McNemar's mid-p of "the candidate is better"; None where only bounds are to be had."""
        return mcnemar_midp(self.better, self.worse) if self.binary else None

    def is_better(self, alpha: float = ALPHA) -> bool:
        """Whether the candidate is significantly better."""
        p = self.p_better
        return self.bounds_at(alpha)[0] > 0 if p is None else p <= alpha

    @cached_property
    def p_worse(self) -> float:
        """One-sided p-value of "the candidate is worse": McNemar's mid-p, or by flipping signs of the differences."""
        if self.binary:
            return mcnemar_midp(self.worse, self.better)
        from pytest_ftgate.metrics.sign_flip import sign_flip_p

        return sign_flip_p([-d for d in self.differences], self.units)

    @property
    def is_worse(self) -> bool:
        """Whether the candidate is significantly worse."""
        return self.bounds[1] < 0 if not self.binary else mcnemar_midp(self.worse, self.better) <= ALPHA

    def numbers_at(self, alpha: float) -> dict[str, float]:
        """For `CheckResult.numbers`. alpha: level of the lower bound; the upper one, which rejects, keeps ALPHA."""
        p = self.p_better
        lower, upper = self.bounds_at(alpha)[0], self.bounds[1]
        found = {"gain": self.gain, "lower": lower, "upper": upper, "alpha": alpha, "n": float(self.n)}
        found |= {"better": float(self.better), "worse": float(self.worse), "unmeasured": float(self.unmeasured)}
        return found if p is None else found | {"p": p}

    def __str__(self) -> str:
        kind = "discordant" if self.binary else "better on / worse on"
        counted = f", {self.unmeasured} unmeasured counted against the candidate" if self.unmeasured else ""
        return f"(n = {self.n}, {kind} {self.better} vs {self.worse}{counted})"


def pair(candidate: Results, reference: Results, clusters: Clusters | None = None) -> Pairs:
    """The cases that both have, in the candidate's order; MetricError if there is none."""
    shared = [case_id for case_id in candidate if case_id in reference]
    if not shared:
        raise MetricError("the two models have no cases in common")
    both = [(candidate[case_id], reference[case_id]) for case_id in shared]
    unmeasured = sum(not (one.measured and other.measured) for one, other in both)
    differences = tuple(_difference(one, other) for one, other in both)
    return Pairs(differences, _units(shared, clusters), len(candidate), unmeasured)


def _difference(candidate: Result, reference: Result) -> float:
    if candidate.value is None or reference.value is None:
        return -1.0
    return float(candidate.value) - float(reference.value)


def _units(case_ids: list[str], clusters: Clusters | None) -> tuple[str, ...] | None:
    """The cluster of each case, None unless some cluster has two of them."""
    named = {case_id: name for case_id in case_ids if (name := (clusters or {}).get(case_id)) is not None}
    if len(set(named.values())) == len(named):
        return None
    return tuple(f"cluster {named[case_id]}" if case_id in named else f"case {case_id}" for case_id in case_ids)


def too_few_shared(name: str, pairs: Pairs) -> CheckResult | None:
    """A hold if the reference was measured on an older golden set that shares less than 95 % of the cases."""
    if pairs.n / pairs.asked >= LEAST_SHARED:
        return None
    reason = f"{name}: results cover only {pairs.n} of {pairs.asked} cases; measure again on this golden set"
    return CheckResult(name, "hold", {"n": pairs.n, "asked": pairs.asked}, reason)
