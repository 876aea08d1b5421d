"""Log of production, training file or golden sets -> Inputs: their texts, and their labels where they have any."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.near.rows import Row, read_rows
from pytest_ftgate.data.request_log.read import read_requests
from pytest_ftgate.data.request_log.request import LoggedRequest
from pytest_ftgate.files.digest import canonical
from pytest_ftgate.graders.answer import NoJsonError, json_of, label_in, label_of

if TYPE_CHECKING:
    from pytest_ftgate.golden.case import Case

MOST = 1000
"""Rows of each side that are compared, drawn at random with a fixed seed: more would find differences that matter to
nobody, and cost the square of it."""

_ANSWERS = ("output", "expected")


@dataclass(frozen=True, slots=True)
class Inputs:
    """name: for people, "the log". texts: what the model was asked. labels: of these rows, None where there is none."""

    name: str
    texts: tuple[str, ...]
    labels: tuple[str | None, ...]


def read_log(path: Path, label: str = "", say: Callable[[str], None] = lambda _line: None) -> Inputs:
    """The requests of a log of any form that `read_requests` reads, the answer being optional.

    label: dotted path into the answers. say: told what was left out. Raises FileFaults as `read_requests` does.
    """
    return log_inputs(read_requests(path, say), label)


def log_inputs(requests: Iterable[LoggedRequest], label: str = "") -> Inputs:
    """The texts that were asked, with the labels of their answers."""
    asked = [(each.question, each.output) for each in requests if each.question.strip()]
    pairs = [(text, None if output is None else _label(output, label)) for text, output in asked]
    return Inputs("the log", tuple(text for text, _ in pairs), tuple(found for _, found in pairs))


def read_training(path: Path, label: str = "") -> Inputs:
    """The rows of a training file. Raises LeakageError for a line that is no row."""
    return _inputs("training", read_rows(path), label)


def golden_inputs(sets: Iterable[tuple[str, Sequence[Case]]]) -> Inputs:
    """The cases of golden sets, each with the label it expects. sets: path of the label in an answer, cases."""
    pairs = [_of_case(path, case) for path, cases in sets for case in cases]
    return Inputs("goldens", tuple(text for text, _ in pairs), tuple(label for _, label in pairs))


def _of_case(path: str, case: Case) -> tuple[str, str | None]:
    return Row("", 0, {"input": case.input}).question, _label(case.expected, path)


def _inputs(name: str, rows: Iterable[Row], label: str) -> Inputs:
    pairs = [(row.question, _label_of_row(row, label)) for row in rows]
    return Inputs(name, tuple(text for text, _ in pairs), tuple(found for _, found in pairs))


def _label_of_row(row: Row, path: str) -> str | None:
    return next((_label(row.data[key], path) for key in _ANSWERS if row.data.get(key) is not None), None)


def _label(answer: object, path: str) -> str | None:
    """What stands at the path; without one the whole answer. Text of a model is read as JSON if it is that."""
    if path:
        return label_of(answer, path) if isinstance(answer, str) else label_in(answer, path)
    try:
        answer = json_of(answer) if isinstance(answer, str) else answer
    except NoJsonError:
        return str(answer).strip() or None
    return canonical(answer)


def sampled(inputs: Inputs, most: int = MOST) -> Inputs:
    """At most so many of the rows, drawn with a fixed seed."""
    if len(inputs.texts) <= most:
        return inputs
    places = sorted(random.Random(0).sample(range(len(inputs.texts)), most))  # noqa: S311 - a sample, no secret
    return Inputs(inputs.name, tuple(_pick(inputs.texts, places)), tuple(_pick(inputs.labels, places)))


def _pick(values: Sequence[Any], places: Sequence[int]) -> Iterator[Any]:
    return (values[place] for place in places)
