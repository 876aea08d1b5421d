"""The right answers of a data set -> what they are: labels, numbers, JSON objects, or texts of some length."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pytest_ftgate.data.readers.labels import LEAST_ROWS, MOST_CLASSES, is_short
from pytest_ftgate.files.words import word_count
from pytest_ftgate.golden.case import Case, answer_text
from pytest_ftgate.graders.answer import label_in
from pytest_ftgate.graders.numeric import Numeric
from pytest_ftgate.graders.value import GraderError

What = Literal["labels", "numbers", "objects", "json", "short", "phrases", "texts"]
PHRASE = 25
"""Words up to which an answer is compared word by word; longer ones have too many right wordings."""
NEARLY = 0.95
"""Share of the answers that decides how long they are."""


@dataclass(frozen=True, slots=True)
class Answers:
    """what: they are. labels: how many rows expect each, the most frequent first; of objects, those of their one key.

    path: of the label in an object, "" if the whole answer is the label. longest: in bytes, as the model writes it.
    merged: labels that were written in several ways -> the one that is kept.
    """

    what: What
    labels: Mapping[str, int]
    path: str
    longest: int
    merged: Mapping[str, str]

    @property
    def most_frequent(self) -> float:
        """The share of answers that is right for a model that always says the same label."""
        return max(self.labels.values()) / sum(self.labels.values()) if self.labels else 0.0

    def label(self, expected: Any) -> str:
        """Of one answer; "" where answers are no labels."""
        return (label_in(expected, self.path) or "") if self.labels else ""


def answers_of(expected: Sequence[Any]) -> Answers:
    """At least one answer."""
    longest = max(len(answer_text(value).encode()) for value in expected)
    if all(isinstance(value, Mapping) and value for value in expected):
        [key, *others] = dict.fromkeys(key for value in expected for key in value)
        labels = closed([value[key] for value in expected]) if not others and "." not in key else {}
        return Answers("objects", labels, key if labels else "", longest, {})
    if any(isinstance(value, Mapping | list) for value in expected):
        return Answers("json", {}, "", longest, {})
    merged = variants([answer_text(value) for value in expected])
    if labels := closed([merged.get(answer_text(value), answer_text(value)) for value in expected]):
        return Answers("labels", labels, "", longest, merged)
    return Answers("numbers" if all(map(_is_number, expected)) else _length(expected), {}, "", longest, {})


def closed(values: Sequence[Any]) -> dict[str, int]:
    """Texts, numbers, true and false -> how many of each, if they are few, short and each frequent; else nothing."""
    if not all(isinstance(value, str | int | float) and is_short(answer_text(value)) for value in values):
        return {}
    counts = Counter(answer_text(value) for value in values)
    is_closed = 2 <= len(counts) <= MOST_CLASSES and len(values) >= LEAST_ROWS * len(counts)
    return dict(counts.most_common()) if is_closed else {}


def variants(texts: Sequence[str]) -> dict[str, str]:
    """Texts that differ in case or white space alone -> the most frequent way to write them; those that are it are not
    in it.
    """
    ways: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        ways[" ".join(text.casefold().split())][text] += 1
    kept = {key: counts.most_common(1)[0][0] for key, counts in ways.items()}
    return {text: kept[key] for key, counts in ways.items() for text in counts if text != kept[key]}


def _is_number(value: Any) -> bool:
    try:
        Numeric().check(Case("number", "", value))
    except GraderError:
        return False
    return True


def _length(expected: Sequence[Any]) -> What:
    words = sorted(word_count(answer_text(value)) for value in expected)
    usual = words[int(NEARLY * (len(words) - 1))]
    if all(is_short(answer_text(value)) for value in expected):
        return "short"
    return "phrases" if usual <= PHRASE else "texts"
