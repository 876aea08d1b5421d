"""(graders, case, answer) -> one outcome: nothing that a grader does is raised, and not measured is not wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.limited.process import raised
from pytest_ftgate.graders.no_answer import no_answer
from pytest_ftgate.graders.value import Failure, Grade, Grader, GraderError, Outcome, Unscored
from pytest_ftgate.serve.response import Response

T = TypeVar("T", Grade, Failure, Unscored)


def outcome_of(grader: Grader, case: Case, response: Response) -> Outcome:
    """What one grader says; a Failure if it raises."""
    try:
        return grader(case, response)
    except GraderError as error:
        return Failure(str(error), grader.name)
    except Exception as error:  # noqa: BLE001  whatever a grader raises is a failure of the grader
        return Failure(raised(error), grader.name)


def outcome_alone(grader: Grader, case: Case, response: Response) -> Outcome:
    """As `outcome_of` where no other has to pass: a call without text is worth 0 if the grader reads no calls."""
    if why := no_answer(response, reads_calls=reads_calls(grader)):
        return Grade(0.0, why, grader.name, passed=False)
    return outcome_of(grader, case, response)


def reads_calls(grader: Grader) -> bool:
    """Whether it looks at tool calls."""
    return bool(getattr(grader, "reads_calls", False))


def case_fault(graders: Iterable[Grader], case: Case) -> str:
    """Why these graders cannot judge the case as it is written (no expected value, say); "" if they can."""
    return "; ".join(_faults(graders, case))


def _faults(graders: Iterable[Grader], case: Case) -> Iterator[str]:
    for grader in graders:
        try:
            grader.check(case)
        except GraderError as error:
            yield f"{grader.name}: {error}"


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Of several: any Failure, else any Unscored, else the least value, passed if all passed."""
    if (broken := unmeasured(outcomes)) is not None:
        return broken
    grades = of_type(Grade, outcomes)
    missed = [grade for grade in grades if not grade.passed]
    return Grade(min(grade.value for grade in grades), reasons(missed or grades), names(grades), not missed)


def unmeasured(outcomes: Sequence[Outcome]) -> Failure | Unscored | None:
    """One Failure of all the failures, else one Unscored of all that are unscored, else None."""
    if failures := of_type(Failure, outcomes):
        return Failure(reasons(failures), names(failures))
    if unscored := of_type(Unscored, outcomes):
        return Unscored(reasons(unscored), names(unscored))
    return None


def of_type(wanted: type[T], outcomes: Iterable[Outcome]) -> list[T]:
    """Those of one type."""
    return [outcome for outcome in outcomes if isinstance(outcome, wanted)]


def reasons(outcomes: Iterable[Outcome]) -> str:
    """Each with its grader, joined."""
    return "; ".join(f"{outcome.grader}: {outcome.reason}" for outcome in outcomes)


def names(outcomes: Iterable[Outcome]) -> str:
    """The names of their graders, joined."""
    return " + ".join(outcome.grader for outcome in outcomes)
