"""(responses, prices) -> latency quantiles and cost as metrics with bounds, for floors that set a `max`.

Bounds take the answers as independent draws from one distribution. Answers of one run share a server, so a bound speaks
of that server under that load; it knows nothing of other days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt
from statistics import fmean, stdev
from typing import Protocol

from pytest_ftgate.errors import MetricError
from pytest_ftgate.metrics.base import Metric
from pytest_ftgate.metrics.intervals import ALPHA, Bounds

QUANTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
COST = "cost_per_1k"
NAMES = (*QUANTILES, COST)
"""Metrics of how answers came, not of what they say; only a `max` makes sense for them."""


class Timed(Protocol):
    """What is looked at of a response. total_s: seconds it took. broken: there is no answer, for `finish_reason`."""

    @property
    def total_s(self) -> float: ...  # noqa: D102
    @property
    def prompt_tokens(self) -> int: ...  # noqa: D102
    @property
    def completion_tokens(self) -> int: ...  # noqa: D102
    @property
    def finish_reason(self) -> str: ...  # noqa: D102
    @property
    def broken(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Price:
    """What tokens cost, in any one currency, for each million."""

    input_per_million: float
    output_per_million: float

    def of(self, response: Timed) -> float:
        """Price of one answer."""
        spent = response.prompt_tokens * self.input_per_million + response.completion_tokens * self.output_per_million
        return spent / 1e6


def limit(name: str, responses: Sequence[Timed], price: Price | None, *, measured_only: bool = False) -> Metric:
    """One of `NAMES` of answers that were measured. Raises MetricError if there are none, or what it needs is missing.

    p50_ms, p95_ms, p99_ms: quantile of `total_s` in milliseconds; a request that ran out of time counts with the time
    that it was given, unless `measured_only`. cost_per_1k: mean price of 1,000 requests.
    """
    measured = [response for response in responses if not response.broken]
    if not measured:
        raise MetricError(f"{name}: no answers measured in this run or its journal")
    if name in QUANTILES:
        late = [] if measured_only else [each for each in responses if each.finish_reason == "timeout"]
        return quantile(name, [1000 * response.total_s for response in [*measured, *late]], QUANTILES[name])
    return _cost(measured, price)


def quantile(name: str, values: Sequence[float], q: float, alpha: float = ALPHA) -> Metric:
    """The q-quantile, the smallest value with a share q at or below it, and bounds by order statistics.

    The upper bound is the smallest X(r) with P(Bin(n, q) <= r - 1) >= 1 - alpha, the lower the largest X(s) with
    P(Bin(n, q) >= s) >= 1 - alpha: exact for every continuous distribution (David & Nagaraja, Order Statistics, 3rd
    edition 2003, section 7.1). Infinite if n is too small to have one: p95 needs 59 answers, p99 needs 299.
    """
    n, ordered = len(values), sorted(values)
    upper, lower = _upper_rank(n, q, alpha), _lower_rank(n, q, alpha)
    few = "" if upper <= n else f"an upper bound needs at least {_least(q, alpha)} answers"
    return Metric(
        name,
        quantile_of(ordered, q),
        n,
        ordered[lower - 1] if lower else 0.0,
        inf if few else ordered[upper - 1],
        few,
    )


def quantile_of(ordered: Sequence[float], q: float) -> float:
    """The smallest of the values, sorted and not empty, with at least a share q at or below it."""
    return ordered[max(0, ceil(round(len(ordered) * q, 9)) - 1)]


def _least(q: float, alpha: float) -> int:
    """Smallest n whose largest value bounds the q-quantile: q^n <= alpha."""
    n = 1
    while q**n > alpha:
        n += 1
    return n


def _upper_rank(n: int, q: float, alpha: float) -> int:
    from scipy.stats import binom

    return int(binom.ppf(1 - alpha, n, q)) + 1


def _lower_rank(n: int, q: float, alpha: float) -> int:
    """0 if there is none."""
    from scipy.stats import binom

    return int(binom.ppf(alpha, n, q))


def _cost(measured: Sequence[Timed], price: Price | None) -> Metric:
    if price is None:
        raise MetricError(f"{COST} needs prices: set [price] input_per_million, output_per_million in golden.toml")
    if not any(response.prompt_tokens + response.completion_tokens for response in measured):
        raise MetricError(f"{COST}: the server did not count tokens (no `usage` in its answers)")
    values = [1000 * price.of(response) for response in measured]
    return Metric(COST, fmean(values), len(values), *_mean_bounds(values))


def _mean_bounds(values: Sequence[float], alpha: float = ALPHA) -> Bounds:
    """Mean -+ t * standard error, n - 1 degrees of freedom (Student 1908); prices have no lowest or highest value."""
    from scipy.special import stdtrit

    if len(values) == 1:
        return 0.0, inf
    half = float(stdtrit(len(values) - 1, 1 - alpha)) * stdev(values) / sqrt(len(values))
    return max(0.0, fmean(values) - half), fmean(values) + half
