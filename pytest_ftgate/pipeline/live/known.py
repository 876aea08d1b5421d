"""Golden cases, training rows and earlier inputs -> what new inputs are compared with; -> those that are not new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_ftgate.data.near.groups import Item, groups_of
from pytest_ftgate.data.near.rows import read_rows
from pytest_ftgate.data.pii.placeholders import redacted_text
from pytest_ftgate.data.readers.normalize import normal, short_digest
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.pipeline.live.live_input import LiveInput, question_of


@dataclass
class Known:
    """Questions that exist already, by their keys. places: what has the question, such as "golden cases"."""

    places: dict[str, str] = field(default_factory=dict)
    _questions: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, questions: Iterable[str]) -> None:
        """Each as it is, and as it would be without personal data and keys."""
        for text in (form for question in questions for form in dict.fromkeys((question, redacted_text(question)))):
            key = short_digest(text).hex()
            if text.strip():
                self.places.setdefault(key, place)
                self._questions.setdefault(key, normal(text))

    def groups(self, inputs: Sequence[LiveInput]) -> Iterator[tuple[str, list[LiveInput]]]:
        """Inputs that are equal or nearly so, together, in the order of their keys; with what known question is too.

        The place is "" for inputs that are new.
        """
        of_key: dict[str, list[LiveInput]] = {}
        for each in inputs:
            of_key.setdefault(each.key, []).append(each)
        questions = {key: normal(some[0].question) for key, some in sorted(of_key.items())}
        items = [Item(key, "", "", "", 0) for key in {**questions, **self._questions}]
        for group in groups_of(items, {**self._questions, **questions}).groups:
            keys = sorted(item.key for item in group.items)
            if found := [each for key in keys for each in of_key.get(key, ())]:
                yield next((self.places[key] for key in keys if key in self.places), ""), found


def known_of(suites: Iterable[Suite], training: Iterable[Path]) -> Known:
    """The questions of golden sets and training files. Raises LeakageError for a file that cannot be read."""
    known = Known()
    known.add("golden cases", (question_of(case.input) for suite in suites for case in suite.cases))
    for path in training:
        known.add("training rows", (row.question for row in read_rows(path)))
    return known


def new_ones(inputs: Sequence[LiveInput], known: Known) -> tuple[list[LiveInput], Mapping[str, int]]:
    """One input of each group that nothing known is in; and of how many requests what is known."""
    found, old = [], Counter[str]()
    for place, some in known.groups(inputs):
        if place:
            old[place] += len(some)
        else:
            found.append(replace(some[0], requests=len(some)))
    return sorted(found, key=lambda each: each.key), old
