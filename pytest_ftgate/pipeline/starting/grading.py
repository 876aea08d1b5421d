"""What the right answers are -> graders, floors and a prompt for them, and what a person should look at."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.data.readers.labels import LEAST_ROWS, MOST_CLASSES
from pytest_ftgate.golden.case import answer_text
from pytest_ftgate.metrics.intervals import wilson
from pytest_ftgate.pipeline.starting.answers import Answers
from pytest_ftgate.pipeline.starting.inferred_schema import schema_of

Spec = Mapping[str, Any]
SCHEMA_FILE = "schema.json"
F1_OF_FEW, F1_OF_MANY, ACCURACY, LIKENESS = 0.8, 0.7, 0.7, 0.5
"""Floors to begin with: of macro F1 with up to three labels, with more; of right answers; of answers like enough."""
FEW_LABELS = 3
_WORDS = 6
"""Labels that a prompt names in one line."""


@dataclass(frozen=True, slots=True)
class Grading:
    """graders, label, floor: tables of golden.toml. schema: content of the file beside it, None for none.

    system: of the prompt, where the user gives none. choices: the only answers there are, () for any.
    why: what the answers are, in words. told: the graders and the floor, in words. look: what to look at.
    """

    graders: tuple[Spec, ...]
    floor: Spec
    system: str
    why: str
    told: str
    label: Spec | None = None
    schema: Spec | None = None
    choices: tuple[str, ...] = ()
    look: tuple[str, ...] = field(default=())


def grading_of(answers: Answers, expected: Sequence[Any]) -> Grading:
    """The kind of grader that suits the answers, with a floor that is a first guess."""
    if answers.what == "labels":
        return _labels(answers)
    if answers.what == "short":
        return _short(expected)
    return _objects(answers, expected) if answers.what == "objects" else _OTHERS[answers.what]


def _short(expected: Sequence[Any]) -> Grading:
    """Without punctuation where it says nothing: 1.5 is not 15, and C# is not C."""
    texts = {" ".join(answer_text(value).split()) for value in expected}
    is_prose = not any(char.isdecimal() or _says_something(char) for text in texts for char in text)
    bare = {"".join(char for char in text if not unicodedata.category(char).startswith("P")) for text in texts}
    loose = is_prose and len(bare) == len(texts)
    return Grading(
        graders=({"kind": "exact", **_LOOSE, **({"ignore_punctuation": True} if loose else {})},),
        floor=_RIGHT,
        system="Answer in a few words, without a sentence around them.",
        why="short texts",
        told=f"exact, without case{', punctuation' * loose} and extra space; floor: accuracy {ACCURACY:g}",
        look=(
            "if other wordings are right too, use token_f1, or a list of answers with alternatives = true",
            *([_MANY.format(len(texts))] if len(texts) * _OFTEN <= len(expected) else []),
        ),
    )


def _says_something(char: str) -> bool:
    """Of punctuation: not what sentences have."""
    return unicodedata.category(char).startswith("P") and char not in _PROSE


def _labels(answers: Answers) -> Grading:
    labels = sorted(answers.labels)
    floor = _f1(labels)
    return Grading(
        graders=({"kind": "one_of", "labels": labels},),
        label={"path": "", "values": labels},
        floor=floor,
        system=f"Answer with one of these, and nothing else:{_listed(labels)}",
        why=counted(answers.labels),
        told=f"one_of, confusion matrix and F1 by label; floor: macro F1 {floor['min']:g}",
        choices=tuple(labels),
        look=(*_of_one_label(answers), *(_NUMBERED if all(map(str.isdecimal, labels)) else ())),
    )


def _listed(labels: Sequence[str]) -> str:
    """In a line; each in one of its own where a comma would not part them."""
    if any("," in label for label in labels):
        return "".join(f"\n- {' '.join(label.split())}" for label in labels)
    return f" {', '.join(labels)}."


def _objects(answers: Answers, expected: Sequence[Any]) -> Grading:
    schema = schema_of(expected)
    keys, labels = list(schema["properties"]), sorted(answers.labels)
    floor = _f1(labels) if labels else {"metric": "accuracy", "min": ACCURACY}
    label = {"path": answers.path, "values": labels} if labels else None
    described = ", ".join(map(_described, schema["properties"].items()))
    told = f"floor: {'macro F1' if labels else 'accuracy'} {floor['min']:g}"
    return Grading(
        graders=({"kind": "json_schema", "file": SCHEMA_FILE}, {"kind": "json_fields"}),
        label=label,
        floor=floor,
        system=f"Answer with one JSON object, and nothing else. Its keys: {described}.",
        why=f"JSON objects with {', '.join(keys)}" + (f"; {counted(answers.labels)}" if labels else ""),
        told=f"json_schema ({SCHEMA_FILE}, inferred) and json_fields, every field right; {told}",
        schema=schema,
        look=(
            f"{SCHEMA_FILE} holds what these rows hold: widen what may differ (enums, optional keys)",
            *(_of_one_label(answers) if labels else ()),
        ),
    )


def _described(key: tuple[str, Mapping[str, Any]]) -> str:
    """Of a schema's property, for a prompt: "city (one of Oslo, Rome)", "count (integer)"."""
    name, schema = key
    if "enum" in schema:
        return f"{name} (one of {', '.join(schema['enum'])})"
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return f"{name} ({' or '.join(types)})"


def _f1(labels: Sequence[str]) -> Spec:
    least = F1_OF_FEW if len(labels) <= FEW_LABELS else F1_OF_MANY
    return {"metric": "f1", "average": "macro", "min": least}


def _of_one_label(answers: Answers) -> tuple[str, ...]:
    rarest = min(answers.labels, key=lambda label: answers.labels[label])
    return (f"if one label matters most, give it a floor of its own: metric = 'recall', positive = {rarest!r}",)


def counted(labels: Mapping[str, int]) -> str:
    """In words: 2 labels: ham 300, spam 300."""
    first = ", ".join(f"{label} {count:,}" for label, count in list(labels.items())[:_WORDS])
    return f"{len(labels)} labels: {first}" + (", ..." if len(labels) > _WORDS else "")


_NUMBERED = ("labels are numbers: if they stand for words, a table with these words teaches a model more",)
_OFTEN = 5
"""Rows of an answer, on average, from which on answers may be labels that are many."""
_MANY = (
    f"{{}} different answers: are they labels? Up to {MOST_CLASSES}, of {LEAST_ROWS} rows each, are taken as such; for "
    "more, write [label] and the grader one_of by hand"
)
_LOOSE = {"ignore_case": True, "collapse_space": True}
_PROSE = frozenset(".,;:!?'\"()-\u2013\u2018\u2019\u201c\u201d")
_RIGHT: Spec = {"metric": "accuracy", "min": ACCURACY}
_ALIKE: Spec = {"metric": "accuracy", "min": LIKENESS}
_OTHERS: Mapping[str, Grading] = {
    "numbers": Grading(
        graders=({"kind": "numeric"},),
        floor=_RIGHT,
        system="Answer with the number only.",
        why="numbers",
        told=f"numeric, without tolerance; floor: accuracy {ACCURACY:g}",
        look=("numbers must be equal: if near is right, set abs_tol or rel_tol of the grader",),
    ),
    "json": Grading(
        graders=({"kind": "exact"},),
        floor=_RIGHT,
        system="Answer with JSON only.",
        why="JSON values",
        told=f"exact (as JSON values); floor: accuracy {ACCURACY:g}",
        look=("lists must be equal in order; for sets of texts see the grader set_f1",),
    ),
    "phrases": Grading(
        graders=({"kind": "token_f1", "threshold": 0.6},),
        floor=_ALIKE,
        system="",
        why="sentences",
        told=f"token_f1, threshold 0.6 (words in common); floor: accuracy {LIKENESS:g}",
        look=("read ten answers that pass and ten that fail: is 0.6 of the words what right means here?",),
    ),
    "texts": Grading(
        graders=({"kind": "token_f1", "threshold": 0.4},),
        floor=_ALIKE,
        system="",
        why="long texts",
        told=f"token_f1, threshold 0.4 (words in common); floor: accuracy {LIKENESS:g}",
        look=(
            "DECIDE: common words say little of long texts. If many wordings are right, let a judge grade ([judge] and "
            "the grader judge); rouge and semantic (extras text, semantic) are cheaper",
            "no system prompt is proposed: say what is wanted with --system, if the questions do not",
        ),
    ),
}


def shown_from(floor: float, cases: int) -> float:
    """The share of right answers from which the lower bound of so many cases reaches the floor; 1 if none does."""
    return next((right / cases for right in range(cases + 1) if wilson(float(right), cases)[0] >= floor), 1.0)
