"""What a metric is made of (Scored) and what it is (Metric); no computation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of one set, with the uncertainty that its size leaves.

    name: as in a floor.
    value: the point estimate; in [0, 1], for mcc in [-1, 1], for latency in ms, for cost in your currency.
    n: cases that went in, 1 or more.
    lower: one-sided 95 % bound (alpha = .05), not above `value`.
    upper: likewise, not below `value`; both together are a 90 % interval.
    detail: what the number is made of, for a person, such as "tp 132, fp 8, fn 14".
    """

    name: str
    value: float
    n: int
    lower: float
    upper: float
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.value:.3f}, lower bound {self.lower:.3f} (n = {self.n})"


@dataclass(frozen=True, slots=True)
class Scored:
    """One graded case.

    value: grade in [0, 1]. passed: whether the grade met its threshold.
    expected: label that is right; None if the case has none. predicted: label that the model gave; None if its answer
    is no known label. measured: False if no answer could be had; the case then counts against the model everywhere.
    repeats: whether each repeat passed; () if the case was asked once.
    """

    case_id: str
    value: float
    passed: bool
    expected: str | None = None
    predicted: str | None = None
    measured: bool = True
    repeats: tuple[bool, ...] = ()
