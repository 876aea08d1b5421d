"""(input of the tool call, Rubric) -> Verdict, or Invalid: only what the schema allows is a verdict.

Nothing is read from the text around a tool call, nothing is rounded, guessed or repaired: a judge that says "5/5" or 6
has not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.files.escape import visible
from pytest_ftgate.judge.prompt import CHOICES
from pytest_ftgate.judge.rubric import Rubric

BETTER = "better"
"""The one criterion of a pair: its levels are first, second and tie."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of one answer, or of a pair.

    levels: by criterion; of a pair "first", "second" or "tie" under "better". reasons: likewise. value: 0 to 1, the
    mean of what the levels are worth; of a pair 1 where the first answer is better, 0 the second, .5 a tie. agreement:
    share of the repeats and judges that say the same; 1 if there was only one.
    """

    levels: Mapping[str, str] = field(hash=False)
    reasons: Mapping[str, str] = field(hash=False)
    value: float
    agreement: float = 1.0

    def __getitem__(self, criterion: str) -> str:
        return self.levels[criterion]

    @property
    def reason(self) -> str:
        """All reasons in one line."""
        return "; ".join(f"{name} {level}: {self.reasons[name]}" for name, level in self.levels.items())


@dataclass(frozen=True, slots=True)
class Invalid:
    """No verdict, and why: for the judge, which is asked once more, and for people."""

    why: str


def read_verdict(given: object, rubric: Rubric) -> Verdict | Invalid:
    """A verdict on one answer."""
    names = [each.name for each in rubric.criteria]
    if why := _keys_wrong(given, names, "the verdict"):
        return Invalid(why)
    assert isinstance(given, Mapping)  # noqa: S101 - as just shown
    faults = [_row_wrong(given[each.name], each.name, "level", each.levels) for each in rubric.criteria]
    if any(faults):
        return Invalid("; ".join(filter(None, faults)))
    levels = {name: given[name]["level"] for name in names}
    return Verdict(levels, {name: _line(given[name]["reason"]) for name in names}, rubric.value(levels))


def read_choice(given: object) -> Verdict | Invalid:
    """A verdict on a pair."""
    if why := _row_wrong(given, "the verdict", BETTER, CHOICES):
        return Invalid(why)
    assert isinstance(given, Mapping)  # noqa: S101 - as just shown
    value = {"first": 1.0, "second": 0.0, "tie": 0.5}[given[BETTER]]
    return Verdict({BETTER: given[BETTER]}, {BETTER: _line(given["reason"])}, value)


def _row_wrong(row: object, name: str, key: str, levels: tuple[str, ...]) -> str:
    if why := _keys_wrong(row, ["reason", key], name):
        return why
    assert isinstance(row, Mapping)  # noqa: S101 - as just shown
    if not isinstance(row["reason"], str) or not row["reason"].strip():
        return f"{name}: reason must be a non-empty string"
    if not isinstance(row[key], str) or row[key] not in levels:
        return f"{name}: {key} must be one of {', '.join(levels)}; found {_short(row[key])}"
    return ""


def _keys_wrong(given: object, names: list[str], what: str) -> str:
    if not isinstance(given, Mapping):
        return f"{what} must be an object with {', '.join(names)}; found {_short(given)}"
    if lacking := [name for name in names if name not in given]:
        return f"{what} is missing {', '.join(lacking)}"
    strange = [str(name) for name in given if name not in names]
    return f"{what} has unknown key {_short(strange[0])}; known: {', '.join(names)}" if strange else ""


def _line(text: Any) -> str:
    """One line, without characters that a terminal would obey: a judge may repeat what it was shown."""
    return " ".join(visible(" ".join(str(text).split())).split())


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
