"""Labels of too few rows to be in all parts -> left out: a golden set with a label that no case has never passes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.starting.answers import Answers, answers_of
from pytest_ftgate.pipeline.starting.example import Example
from pytest_ftgate.pipeline.starting.parts import Parts
from pytest_ftgate.pipeline.starting.reading import LeftOut

LEAST = 5
"""Rows of a label."""
ALIKE = 0.75
"""From which on a rare label may be a slip of the pen for a frequent one."""


def without_rare(examples: Sequence[Example], left: LeftOut) -> list[Example]:
    """Those whose label at least `LEAST` rows have; all of them, where answers are no labels."""
    answers = answers_of([each.expected for each in examples])
    usual = [label for label, count in answers.labels.items() if count >= LEAST]
    rare = {
        label: f"label {label!r} in fewer than {LEAST} rows{_typo(label, usual)}"
        for label in answers.labels
        if label not in usual
    }
    return without(examples, answers, rare, left)


def absent(answers: Answers, parts: Parts) -> dict[str, str]:
    """Label -> why it is left out, of those that no golden case or no training row has."""
    places = (("golden case", parts.goldens), ("training row", parts.train))
    there = {name: {answers.label(each.expected) for each in rows} for name, rows in places}
    return {
        label: f"label {label!r}, which no {name} would have (copies and clusters stay together)"
        for name, labels in there.items()
        for label in answers.labels
        if label not in labels
    }


def without(examples: Iterable[Example], answers: Answers, labels: Mapping[str, str], left: LeftOut) -> list[Example]:
    """Those of other labels; the others are added to `left` with the reason of their label.

    Raises FtgateError where fewer than two labels would be left.
    """
    if labels and len(answers.labels) - len(labels) < 2:
        raise FtgateError(f"fewer than two labels would be left: {'; '.join(labels.values())}\n    collect more rows")
    kept = []
    for example in examples:
        text = answers.merged.get(example.answer, example.answer)
        label = answers.label(example.expected if answers.path else text)
        if reason := labels.get(label):
            left.add(reason, example.place)
        else:
            kept.append(example)
    return kept


def _typo(label: str, usual: Sequence[str]) -> str:
    folded = {each.casefold(): each for each in usual}
    near = get_close_matches(label.casefold(), folded, 1, ALIKE)
    return f" (near {folded[near[0]]!r}: a typo?)" if near else ""
