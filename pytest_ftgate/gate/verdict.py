"""Checks -> Verdict; and the one door to all that a check needs.

The gate judges numbers, not models: it imports nothing of training or serving. Every test is one-sided at
alpha = .05, and all checks must pass, so no correction for several checks is needed; the several slices of one check,
and the several candidates of one round, are corrected for where they are tested.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pytest_ftgate.gate.checks.anchor import anchor_check
from pytest_ftgate.gate.checks.baseline import baseline_check
from pytest_ftgate.gate.checks.champion import champion_check
from pytest_ftgate.gate.checks.floors import floors_check
from pytest_ftgate.gate.checks.forgetting import forgetting_check
from pytest_ftgate.gate.checks.integrity import integrity_check
from pytest_ftgate.gate.checks.must_pass import must_pass_check
from pytest_ftgate.gate.checks.parent import parent_check
from pytest_ftgate.gate.checks.result import CheckResult, Result, Results, Status
from pytest_ftgate.gate.checks.slices import slices_check, slices_of
from pytest_ftgate.gate.exit_code import Kind, kind_of, worst

__all__ = [
    "CheckResult",
    "Kind",
    "Result",
    "Results",
    "Status",
    "Verdict",
    "anchor_check",
    "baseline_check",
    "champion_check",
    "decide",
    "floors_check",
    "forgetting_check",
    "integrity_check",
    "must_pass_check",
    "parent_check",
    "slices_check",
    "slices_of",
]


NO_FLOORS = "no champion and no floors"
"""Reason of a HOLD that more cases or better data would not change."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about one candidate.

    reason: the reasons of the checks that decided, for a person, joined by "; ".
    cases_more: of a HOLD, cases to add until every check on hold would be settled; None if more cases would not help.
    """

    kind: Kind
    checks: tuple[CheckResult, ...]
    reason: str
    cases_more: int | None = None


def decide(checks: Sequence[CheckResult], required: Collection[str] = ("integrity", "baseline")) -> Verdict:
    """The verdict on a candidate: the first of INTEGRITY, REJECT, HOLD, PROMOTE that applies.

    INTEGRITY if a check found the comparison untrustworthy; REJECT if any check rejects; PROMOTE if all checks pass,
    the `required` ones were looked at, and there is a champion, a parent or a floor to hold the candidate to (without
    any, a first model would only have to beat the untuned one); else HOLD. Advisory checks are kept and decide nothing.
    checks: of every golden set that gates the pipeline; names may repeat.
    """
    deciding = [check for check in checks if not check.advisory]
    kind = worst(map(kind_of, deciding))
    if kind in {Kind.INTEGRITY, Kind.REJECT}:
        return Verdict(kind, tuple(checks), _reasons([check for check in deciding if kind_of(check) is kind]))
    open_checks = [check for check in deciding if check.status != "pass"]
    gaps = _gaps({check.name for check in deciding}, required)
    if open_checks or gaps:
        reason = "; ".join([*(check.reason for check in open_checks), *gaps])
        return Verdict(Kind.HOLD, tuple(checks), reason, None if gaps else _more(open_checks))
    return Verdict(Kind.PROMOTE, tuple(checks), f"all {len(deciding)} checks pass{_advice(checks)}{_notes(checks)}")


def _advice(checks: Sequence[CheckResult]) -> str:
    """The advisory checks that a promotion leaves unmet."""
    unmet = [f"{check.name} ({check.status})" for check in checks if check.advisory and check.status != "pass"]
    return f"; advisory and not met: {', '.join(unmet)}" if unmet else ""


def _notes(checks: Sequence[CheckResult]) -> str:
    return "".join(f"; {check.note}" for check in checks if check.note)


def _reasons(checks: Sequence[CheckResult]) -> str:
    return "; ".join(check.reason for check in checks)


def _gaps(names: set[str], required: Collection[str]) -> list[str]:
    """What was not looked at, though nothing is promoted without it."""
    gaps = [f"{name}: not measured, required for promotion" for name in required if name not in names]
    if not names & {"champion", "floors", "parent"}:
        gaps.append(f"floors: {NO_FLOORS}; add a [[gate.floor]] to golden.toml")
    return gaps


def _more(checks: Sequence[CheckResult]) -> int | None:
    counts = [check.cases_more for check in checks]
    known = [count for count in counts if count is not None]
    return max(known) if len(known) == len(counts) else None
