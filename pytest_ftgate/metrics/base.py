"""What a metric is made of (Scored) and what it is (Metric); no computation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of one set, with the uncertainty that its size leaves.

    value: the point estimate; in [0, 1], for mcc in [-1, 1], for limits in ms or currency. n: cases that went in, >= 1.
    lower, upper: one-sided 95 % bounds, each at alpha = .05, so together a 90 % interval; lower <= value <= upper.
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
