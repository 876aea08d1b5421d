"""Outcomes of the draws of one case -> the outcome of the case.

value: the mean of the draws. passed: only if every draw passed; what works now and then does not work. So `accuracy`
of a set with `repeats = k` is pass^k.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from pytest_ftgate.graders.grade import Failure, Grade, Outcome, Unscored


def combine(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a case with one or more draws.

    A draw that broke is a failure of the case, and a draw that cannot be judged leaves the case unscored: a mean over
    some of the draws would be another number than the one asked for.
    """
    if len(outcomes) == 1:
        return outcomes[0]
    for kind in (Failure, Unscored):
        for number, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, kind):
                return kind(f"repeat {number} of {len(outcomes)}: {outcome.reason}", outcome.grader)
    return _mean([outcome for outcome in outcomes if isinstance(outcome, Grade)])


def _mean(grades: Sequence[Grade]) -> Grade:
    wrong = [number for number, grade in enumerate(grades, 1) if not grade.passed]
    reason = f"{len(grades) - len(wrong)} of {len(grades)} repeats passed"
    if wrong:
        reason += f"; repeat {wrong[0]}: {grades[wrong[0] - 1].reason}"
    return Grade(fmean(grade.value for grade in grades), reason, grades[0].grader, not wrong)


def most_frequent(labels: Sequence[str | None]) -> str | None:
    """The label that most draws gave; of several, the one drawn first."""
    return Counter(labels).most_common(1)[0][0]
