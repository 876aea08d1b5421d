"""Arms -> Verdict; and the one door to all that an arm needs.

The gate judges numbers, not models: it imports nothing of training or serving. Every test is one-sided at
alpha = .05, and all arms must pass, so no correction for several arms is needed; the several slices of one arm, and
the several candidates of one round, are corrected for where they are tested.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_ftgate.gate.checks.anchor import anchor_arm
from pytest_ftgate.gate.checks.baseline import baseline_arm
from pytest_ftgate.gate.checks.champion import champion_arm
from pytest_ftgate.gate.checks.floors import floors_arm
from pytest_ftgate.gate.checks.forgetting import forgetting_arm
from pytest_ftgate.gate.checks.integrity import integrity_arm
from pytest_ftgate.gate.checks.must_pass import must_pass_arm
from pytest_ftgate.gate.checks.result import Arm, Result, Results, Status, skipped_arm
from pytest_ftgate.gate.checks.slices import slices_arm, slices_of

__all__ = [
    "Arm",
    "Kind",
    "Result",
    "Results",
    "Status",
    "Verdict",
    "anchor_arm",
    "baseline_arm",
    "champion_arm",
    "decide",
    "floors_arm",
    "forgetting_arm",
    "integrity_arm",
    "must_pass_arm",
    "skipped_arm",
    "slices_arm",
    "slices_of",
]


class Kind(StrEnum):
    """What becomes of a candidate."""

    PROMOTE = "PROMOTE"
    HOLD = "HOLD"
    REJECT = "REJECT"
    INTEGRITY = "INTEGRITY"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about one candidate.

    reason: the reasons of the arms that decided, for a person, joined by "; ".
    cases_more: of a HOLD, cases to add until every arm on hold would be settled; None if more cases would not help.
    """

    kind: Kind
    arms: tuple[Arm, ...]
    reason: str
    cases_more: int | None = None


def decide(arms: Sequence[Arm], required: Collection[str] = ("integrity", "baseline")) -> Verdict:
    """The verdict on a candidate: the first of INTEGRITY, REJECT, HOLD, PROMOTE that applies.

    INTEGRITY if an arm found the comparison untrustworthy; REJECT if any arm rejects; PROMOTE if all arms pass, the
    `required` ones were looked at, and there is a champion or a floor to hold the candidate to (without either, a
    first model would only have to beat the untuned one); else HOLD. Advisory arms are kept and decide nothing.
    arms: of every golden set that gates the pipeline; names may repeat.
    """
    deciding = [arm for arm in arms if not arm.advisory]
    for status, kind in (("integrity", Kind.INTEGRITY), ("reject", Kind.REJECT)):
        if found := [arm for arm in deciding if arm.status == status]:
            return Verdict(kind, tuple(arms), _reasons(found))
    open_arms = [arm for arm in deciding if arm.status != "pass"]
    gaps = _gaps({arm.name for arm in deciding}, required)
    if open_arms or gaps:
        reason = "; ".join([*(arm.reason for arm in open_arms), *gaps])
        return Verdict(Kind.HOLD, tuple(arms), reason, None if gaps else _more(open_arms))
    return Verdict(Kind.PROMOTE, tuple(arms), f"all {len(deciding)} arms pass{_advice(arms)}")


def _advice(arms: Sequence[Arm]) -> str:
    """The advisory arms that a promotion leaves unmet."""
    unmet = [f"{arm.name} ({arm.status})" for arm in arms if arm.advisory and arm.status != "pass"]
    return f"; advisory and not met: {', '.join(unmet)}" if unmet else ""


def _reasons(arms: Sequence[Arm]) -> str:
    return "; ".join(arm.reason for arm in arms)


def _gaps(names: set[str], required: Collection[str]) -> list[str]:
    """What was not looked at, though nothing is promoted without it."""
    gaps = [f"{name}: was not looked at, and nothing is promoted without it" for name in required if name not in names]
    if not names & {"champion", "floors"}:
        gaps.append("floors: no champion to compare with and no floor to reach; add a [[gate.floor]] to golden.toml")
    return gaps


def _more(arms: Sequence[Arm]) -> int | None:
    counts = [arm.cases_more for arm in arms]
    known = [count for count in counts if count is not None]
    return max(known) if len(known) == len(counts) else None
