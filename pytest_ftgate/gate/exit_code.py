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
MEANINGS: Mapping[int, tuple[str, str]] = {
    0: (
        "passed: PROMOTE, UNCHANGED, or nothing to complain about",
        "Every test passed. Under `--train` every gate check passed and the candidate is the champion now "
        "(PROMOTE), or the training gave the champion itself (UNCHANGED). Of a command: done.",
    ),
    1: (
        "REJECT, or a failed test",
        "A gate check shows the candidate to be worse, an ordinary test failed, a model could not be asked (its cases "
        "are errors, all other tests run), a test file could not be collected, or another plugin failed the session (a "
        "coverage limit, say); the champion stays. Of a command: `data check` found an error, `data split` found "
        "related rows on two sides, the judge is not admitted (`judge calibrate`), the candidate is worse "
        "(`ab analyse`), the score has dropped (`compare --max-drop`), a server does not serve the champion "
        "(`reconcile`), `new-case` found a copy, a leak or personal data, or `doctor` found an error.",
    ),
    2: (
        "interrupted, or a mistake in a command",
        "pytest was interrupted, or collection failed, for example because a golden set is faulty: each fault "
        "is listed with file and line. Of a command: its arguments or files are wrong; one message says what to"
        " do.",
    ),
    3: (
        "internal error",
        "pytest's own code for an internal error, in pytest or in a plugin.",
    ),
    4: (
        "wrong usage of pytest",
        "pytest's own code for wrong options, such as `--train` together with `--canary`. Also if another "
        "plugin has taken a golden file that was named, or registers our options.",
    ),
    5: (
        "no tests collected",
        "pytest's own code: nothing was found below the given paths, or all was deselected.",
    ),
    6: (
        "too many warnings",
        "pytest's own code: everything passed, but with more warnings than `--max-warnings` allows.",
    ),
    EXIT_CODES[Kind.HOLD]: (
        "HOLD: not enough evidence",
        "The numbers decide neither for nor against the candidate; the champion stays, and the reason says how "
        "many more cases would settle it. Also a case of a gated golden set that was not measured, a gate check "
        "that lacked its cases, a `--train` or `--canary` that came to no verdict, a canary "
        "without all its answers, `ab analyse` without a decision, `compare --max-drop` that does not show that no "
        "more is lost, and `data generate` with fewer rows than wanted.",
    ),
    EXIT_CODES[Kind.INTEGRITY]: (
        "INTEGRITY: the numbers cannot be trusted",
        "A leak, a changed golden set, unmeasured cases, too many cases without a judgement, or a canary whose "
        "panel, prompt or model is not what it was. Nothing is registered and nothing can override it. Of a "
        "command: `leakage` found a leak, `audit verify` an edited line, `compare` an edited record, `ab "
        "analyse` an unsound split.",
    ),
    DRIFT: (
        "DRIFT: a regression",
        "`--canary`: a champion has become worse since its promotion. Of a command: `drift inputs` found that "
        "production asks something else than training or golden sets.",
    ),
    130: (
        "interrupted",
        "A command was stopped with Ctrl-C.",
    ),
}
"""Every exit code of a run and of the commands: its title, and a paragraph; the reference is made of them."""
_ENDED = frozenset({0, 1, 6})
"""Exit codes of pytest for a run that came to its end; any other, also one that a plugin chose, is kept."""
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
    unmeasured: int = 0,
    unlooked: int = 0,
    train: bool = False,
    canary: bool = False,
    verdicts: Collection[str] = (),
    nights: Collection[str] = (),
    trusted: bool = True,
    status: int = 0,
) -> Decision:
    """How a run ends; advisory checks decide nothing.

    failures: all that failed and is not the gate's own finding: tests, files that could not be collected, and what
    another plugin held against the session. unmeasured: cases of gated golden sets without a grade. unlooked: gate
    checks that were selected and never reported. Either is a HOLD. train, canary: the run was asked to decide on a
    candidate, or to look at champions: one that did not is a HOLD. verdicts: on its candidates. nights: kinds of its
    canary findings. trusted: the judges gave enough verdicts, and the registry holds what was recorded.
    status: pytest's own exit code. It is kept if the run did not come to its end, and 0 is never made of another.
    """
    deciding = [check for check in checks if not check.advisory]
    kinds = [
        *map(kind_of, deciding),
        *(Kind(verdict) for verdict in verdicts if verdict in set(Kind)),
        *(_OF_NIGHT[night] for night in nights if night in _OF_NIGHT),
        *([] if trusted else [Kind.INTEGRITY]),
        *([Kind.REJECT] if failures else []),
        *([Kind.HOLD] if unmeasured or unlooked or (train and not verdicts) else []),
        *([Kind.HOLD] if canary and set(nights) <= {"none"} else []),
    ]
    kind = worst(kinds)
    return Decision(kind, _exit_code(kind, nights, status) if status in _ENDED else status)


def _exit_code(kind: Kind, nights: Collection[str], status: int) -> int:
    if kind is not Kind.PROMOTE:
        return EXIT_CODES[kind]
    return DRIFT if "drift" in nights else status
