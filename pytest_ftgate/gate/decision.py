"""(gate checks, other findings of a run) -> Decision: the kind of its end and the exit code, by one precedence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pytest_ftgate.gate.checks.result import CheckResult, Status


class Kind(StrEnum):
    """What becomes of a candidate, or of a run; the first that applies, in this order."""

    INTEGRITY = "INTEGRITY"
    REJECT = "REJECT"
    HOLD = "HOLD"
    PROMOTE = "PROMOTE"


EXIT_CODES: Mapping[Kind, int] = {Kind.INTEGRITY: 11, Kind.REJECT: 1, Kind.HOLD: 10, Kind.PROMOTE: 0}
DRIFT = 12
"""Exit code of a canary run that found drift, if nothing worse was found."""
_PYTESTS = range(2, 6)
"""Exit codes of pytest that say that the run did not come to its end."""
_OF_STATUS: Mapping[Status, Kind] = {
    "integrity": Kind.INTEGRITY,
    "reject": Kind.REJECT,
    "hold": Kind.HOLD,
    "skip": Kind.HOLD,
    "pass": Kind.PROMOTE,
}
_OF_NIGHT: Mapping[str, Kind] = {
    "changed": Kind.INTEGRITY,
    "incomplete": Kind.HOLD,
    "unknown": Kind.HOLD,
    "drift": Kind.PROMOTE,
    "steady": Kind.PROMOTE,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The end of a run. exit_code: for the shell, see `EXIT_CODES` and `DRIFT`."""

    kind: Kind
    exit_code: int


def kind_of(check: CheckResult) -> Kind:
    """What one check comes to, were it the only one."""
    return _OF_STATUS[check.status]


def worst(kinds: Iterable[Kind]) -> Kind:
    """The first in the order of `Kind`; PROMOTE of none."""
    order = list(Kind)
    return min(kinds, key=order.index, default=Kind.PROMOTE)


def decide_run(  # noqa: PLR0913 - all that a run can find
    checks: Iterable[CheckResult],
    failures: int,
    *,
    train: bool = False,
    canary: bool = False,
    verdicts: Collection[str] = (),
    nights: Collection[str] = (),
    judges_trusted: bool = True,
    status: int = 0,
) -> Decision:
    """How a run ends; advisory checks decide nothing.

    failures: of tests other than the gate's. train, canary: the run was asked to decide on a candidate, or to look at
    champions: one that did not is a HOLD. verdicts: on its candidates. nights: kinds of its canary findings. status:
    pytest's own exit code; 2 to 5, an interrupted or unusable run, is kept.
    """
    found = list(checks)
    deciding = [check for check in found if not check.advisory]
    kinds = [
        *map(kind_of, deciding),
        *(Kind(verdict) for verdict in verdicts if verdict in set(Kind)),
        *(_OF_NIGHT[night] for night in nights if night in _OF_NIGHT),
        *([] if judges_trusted else [Kind.INTEGRITY]),
        *([Kind.REJECT] if failures else []),
        *([Kind.HOLD] if train and not verdicts else []),
        *([Kind.HOLD] if canary and set(nights) <= {"none"} else []),
    ]
    kind = worst(kinds)
    return Decision(kind, status if status in _PYTESTS else _exit_code(kind, nights, status if not found else 0))


def _exit_code(kind: Kind, nights: Collection[str], status: int) -> int:
    if kind is not Kind.PROMOTE:
        return EXIT_CODES[kind]
    return DRIFT if "drift" in nights else status
