"""(criteria, checklist) -> Rubric: what a judge is asked about an answer, and which levels it may give.

Three forms: criteria scored 1 to 5, each level with its anchor; a checklist of questions answered yes or no; and
correctness against a reference, yes or no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from pytest_ftgate.errors import FtgateError

SCORES = ("1", "2", "3", "4", "5")
ANSWERS = ("no", "yes")
CORRECT = "correct"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RIGHT = "Does the answer say the same as the reference in all that the question asks for? Wording, order and extra \
detail that is true do not matter; a contradiction, a missing part or a hedge between several answers does."


class RubricError(FtgateError):
    """A rubric cannot be used as written."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing asked about an answer.

    name: lower case, in verdicts and labels. question: as the judge reads it. anchors: what each level means, for
    levels 1 to 5 in their order; () for a question of yes or no.
    """

    name: str
    question: str
    anchors: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[str, ...]:
        """All levels there are, the worst first."""
        return SCORES if self.anchors else ANSWERS

    def worth(self, level: str) -> float:
        """A level as a share: 1 -> 0, 5 -> 1; no -> 0, yes -> 1."""
        return self.levels.index(level) / (len(self.levels) - 1)


@dataclass(frozen=True, slots=True)
class Rubric:
    """All criteria of a judge. reference: whether it sees what the case expects."""

    criteria: tuple[Criterion, ...]
    reference: bool = False

    def value(self, levels: Mapping[str, str]) -> float:
        """What levels, one for each criterion, are worth together, 0 to 1: their mean."""
        return fmean(each.worth(levels[each.name]) for each in self.criteria)

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON values; what the digest of a judge is made of."""
        criteria = [[each.name, each.question, list(each.anchors)] for each in self.criteria]
        return {"criteria": criteria, "reference": self.reference}


def make_rubric(
    criteria: Mapping[str, Any] | None = None, checklist: Mapping[str, Any] | None = None, *, reference: bool = False
) -> Rubric:
    """The rubric of a grader's options.

    criteria: {name: {"question": "...", "1": "...", ..., "5": "..."}}. checklist: {name: question of yes or no}. With
    neither, the one question is whether the answer is correct by the reference. Raises RubricError with all faults.
    """
    criteria, checklist = criteria or {}, checklist or {}
    if not criteria and not checklist:
        return Rubric((Criterion(CORRECT, _RIGHT),), reference=True)
    if faults := [*_criteria_faults(criteria), *_checklist_faults(checklist, criteria)]:
        raise RubricError("; ".join(faults))
    scored = (
        Criterion(name, each["question"], tuple(each[level] for level in SCORES)) for name, each in criteria.items()
    )
    asked = (Criterion(name, question) for name, question in checklist.items())
    return Rubric((*scored, *asked), reference)


def _criteria_faults(criteria: Mapping[str, Any]) -> Iterator[str]:
    wanted = ("question", *SCORES)
    for name, each in criteria.items():
        yield from _name_faults("criteria", name)
        if not isinstance(each, Mapping):
            yield f"criteria.{name} must be a table with {', '.join(wanted)}; found {each!r}"
            continue
        if lacking := [key for key in wanted if not _is_text(each.get(key))]:
            yield f"criteria.{name} needs a string for each level; missing: {', '.join(lacking)}"
        if strange := sorted(set(each) - set(wanted)):
            yield f"criteria.{name} has unknown key {strange[0]!r}; known: {', '.join(wanted)}"


def _checklist_faults(checklist: Mapping[str, Any], criteria: Mapping[str, Any]) -> Iterator[str]:
    for name, question in checklist.items():
        yield from _name_faults("checklist", name)
        if name in criteria:
            yield f"{name!r} is in both criteria and checklist; rename one"
        if not _is_text(question):
            yield f"checklist.{name} must be a question (string); found {question!r}"


def _name_faults(table: str, name: str) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"{table}: invalid name {name!r}; use lower-case letters, digits and underscores, at most 40"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
