"""Paired differences by people on some cases, by a judge on all -> Debiased: the mean difference as people see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.intervals import ALPHA, Bounds, unseen

LEAST_LABELLED = 3  # below, no variance is left when the weight has been chosen
_FEW = 10  # labelled cases that differ from the rest; with fewer, what was not drawn matters more than what was


@dataclass(frozen=True, slots=True)
class Debiased:
    """Prediction-powered mean of paired differences candidate - reference, each in [-1, 1].

    mean: the point estimate. error: its asymptotic standard error. weight: of the judge, in [0, 1]; 0 where it tells
    nothing about people, 1 where it is as good as they are. labelled: cases that people judged, a random subset;
    judged: the others, which only the judge saw. varied: labelled cases where people say something else than mostly.
    """

    mean: float
    error: float
    weight: float
    labelled: int
    judged: int
    varied: int

    @property
    def n(self) -> int:
        """All cases."""
        return self.labelled + self.judged

    @property
    def variance(self) -> float:
        """Of one case, as if all were alike; what planning needs."""
        return self.n * self.error**2

    @property
    def bounds(self) -> Bounds:
        """`bounds_at` the gate's own level."""
        return self.bounds_at(ALPHA)

    def bounds_at(self, alpha: float) -> Bounds:
        """Bounds of the mean, each one-sided at alpha, in [-1, 1].

        Student's t with labelled - 2 degrees of freedom, as for a regression estimate, where the paper has the normal
        quantile: with 50 labels that is 3 % wider, and keeps the level. Where people say one and the same on all but a
        few labelled cases, the bounds also allow for what so many labels may have missed, at the worst possible value.
        """
        from scipy.special import stdtrit

        freedom = self.labelled - 2
        half = float(stdtrit(freedom, 1 - alpha)) * self.error * sqrt(self.labelled / freedom)
        lower, upper = self.mean - half, self.mean + half
        if self.varied < _FEW:
            share = unseen(self.labelled, alpha)
            lower = min(lower, self.mean - share * (1 + self.mean))
            upper = max(upper, self.mean + share * (1 - self.mean))
        return max(-1.0, lower), min(1.0, upper)


def debias(human: Sequence[float], judge: Sequence[float], judge_only: Sequence[float]) -> Debiased:
    """PPI++ of a mean with power tuning: Angelopoulos, Duchi and Zrnic 2023, arXiv:2311.01453, section 6.

    human, judge: differences on the same labelled cases, in the same order; these must be drawn at random from all, or
    the estimate is biased. judge_only: differences on all the other cases. The estimate is
    weight * mean(judge_only) + mean(human - weight * judge); right on average whatever the judge's bias, since the
    labelled cases measure it. Raises MetricError for fewer than three labelled cases.
    """
    if len(human) < LEAST_LABELLED:
        raise MetricError(
            f"debiasing a judge needs at least {LEAST_LABELLED} cases with human verdicts; found {len(human)}"
        )
    weight = _weight(human, judge, judge_only)
    corrected = [one - weight * other for one, other in zip(human, judge, strict=True)]
    error = _variance(corrected) / len(human)
    mean = fmean(corrected)
    if judge_only:
        error += weight**2 * _variance(judge_only) / len(judge_only)
        mean += weight * fmean(judge_only)
    varied = len(human) - max(Counter(human).values())
    return Debiased(min(1.0, max(-1.0, mean)), sqrt(error), weight, len(human), len(judge_only), varied)


def _weight(human: Sequence[float], judge: Sequence[float], judge_only: Sequence[float]) -> float:
    """The weight with the least variance, in [0, 1]: covariance / ((1 + n / N) variance of the judge)."""
    pooled = [*judge, *judge_only]
    if not judge_only or min(pooled) == max(pooled):
        return 0.0
    middle, centre = fmean(judge), fmean(human)
    together = fmean((one - centre) * (other - middle) for one, other in zip(human, judge, strict=True))
    spread = _variance(pooled) * len(pooled) / (len(pooled) - 1)
    return min(1.0, max(0.0, together / ((1 + len(judge) / len(judge_only)) * spread)))


def _variance(values: Sequence[float]) -> float:
    mean = fmean(values)
    return fmean((value - mean) ** 2 for value in values)
