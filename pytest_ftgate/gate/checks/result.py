"""What a check of the gate is given (Result of a case, for each model) and what it says (CheckResult)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["pass", "hold", "reject", "integrity", "skip"]

Mode = Literal["non-inferior", "superior"]
"""What a candidate must show against the champion: not worse by the margin and not behind; or significantly better."""

NOT_AHEAD = "not ahead; more cases would not promote it"


@dataclass(frozen=True, slots=True)
class Result:
    """What one model got for one case.

    value: grade in [0, 1]; None if unmeasured (the API or the grader broke). A timeout, an empty or a cut-off answer
    is a wrong answer: 0. passed: whether the grade met its threshold; None if unmeasured.
    """

    value: float | None
    passed: bool | None

    @property
    def measured(self) -> bool:
        """Whether there is a grade at all."""
        return self.value is not None


Results = Mapping[str, Result]
"""Results of one model by case id, with an entry for every case that was to be measured."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The finding of one check of the gate.

    status: "pass"; "reject" (the candidate is worse, or too bad); "hold" (not enough evidence); "integrity" (the
    comparison itself is not to be trusted); "skip" (not looked at, so nothing is promoted).
    numbers: what the finding rests on; shares in [0, 1], never points. reason: one line for a person.
    cases_more: cases to add until a hold would be settled, at the rates seen; None if more cases would not help or
    nothing needs settling.
    advisory: shown, but it decides nothing, whatever its status. note: what a reader of the verdict must know even if
    the check passes; also part of `reason`.
    """

    name: str
    status: Status
    numbers: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    cases_more: int | None = None
    advisory: bool = False
    note: str = ""


def undecided_check(name: str, missing: str, changed: str = "") -> CheckResult:
    """A hold for want of measurements. missing: what lacks, "12 of 300 cases not measured in this run".

    changed: how it shows that the answers which lack were edited by hand, which is "integrity"; "" if it does not.
    """
    if changed:
        return CheckResult(name, "integrity", reason=f"{name}: {changed}; {missing}")
    return CheckResult(name, "hold", reason=f"{name}: not decided: {missing}")


def points(share: float, digits: int = 1) -> str:
    """A difference of shares as signed points, .013 -> "+1.3"; never "-0.0"."""
    return f"{round(100 * share, digits) + 0.0:+.{digits}f}"


def compared(bound: float, limit: float) -> str:
    """Two shares in points with the sign between them, "-1.9 > -3.0"; with as many digits as tell them apart."""
    digits = next((d for d in (1, 2, 3) if points(bound, d) != points(limit, d)), 1)
    return f"{points(bound, digits)} {'>' if bound > limit else '<='} {points(limit, digits)}"


def more_cases(count: int) -> str:
    """The sentence of a hold that more cases can settle."""
    return f"about {count:,} more case{'' if count == 1 else 's'} would settle it"
