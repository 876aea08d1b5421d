"""goldens/<task>/labels.jsonl -> Labels: what people said of which answer; every fault at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.jsonl import parse_lines
from pytest_ftgate.files.schema import check
from pytest_ftgate.files.text import read_text, shown

SCHEMA = "label"


@dataclass(frozen=True, slots=True)
class Label:
    """One judgement of one person.

    id: of the case, for people to find it. case: digest of the case as it was then (`Case.digest`), so that an edited
    question voids the label. answer: `answer_digest` of what was judged, so that the label says nothing of any other
    answer. criterion: what was asked of the person; "" if the set asks one thing only. by: who. random: whether the
    answer was drawn at random, not picked; only such labels may debias a judge. line: 1-based, in its file.
    """

    id: str
    label: str
    by: str
    case: str
    answer: str
    criterion: str = ""
    random: bool = False
    line: int = 0

    @property
    def key(self) -> str:
        """The same for all labels of one answer to one question by one criterion, and for a judge's verdict on it."""
        return judged_key(self.case, self.answer, self.criterion)


def answer_digest(*texts: str) -> str:
    """sha256 (64 hex digits) of an answer, exactly as the model gave it; of a pair, both in the order shown."""
    return digest_of(list(texts))


def judged_key(case: str, answer: str, criterion: str = "") -> str:
    """What a label and a verdict must share to be about the same thing; from the digests of case and answer."""
    return digest_of([case, answer, criterion])


def read_labels(path: Path, cases: Mapping[str, str] | None = None, classes: Sequence[str] = ()) -> tuple[Label, ...]:
    """All labels of a file, in its order. Raises FileFaults with every fault.

    cases: digest of each case by id; an id that is none of them is a fault, a digest that differs is not (see
    `current`). None: not looked at. classes: all labels there are; (): any.
    """
    path_shown = shown(path)
    read: list[Label | Fault] = []
    for entry in parse_lines(read_text(path), path_shown):
        read += [entry] if isinstance(entry, Fault) else _label(*entry, path_shown)
    labels = tuple(row for row in read if isinstance(row, Label))
    faults = [row for row in read if isinstance(row, Fault)]
    faults += [*_unknown(labels, cases, classes, path_shown), *_twice(labels, path_shown)]
    if faults:
        raise FileFaults(faults)
    return labels


def current(labels: Iterable[Label], cases: Mapping[str, str]) -> tuple[Label, ...]:
    """The labels whose case is still the one that was judged. cases: digest of each case by id."""
    return tuple(label for label in labels if cases.get(label.id) == label.case)


def settled(labels: Iterable[Label]) -> dict[str, str]:
    """The label of most people for each `Label.key`; answers that they are split on are left out."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for label in labels:
        votes[label.key][label.label] += 1
    most = {key: count.most_common(2) for key, count in votes.items()}
    return {key: found[0][0] for key, found in most.items() if len(found) == 1 or found[0][1] > found[1][1]}


def _label(line: int, data: Any, path: str) -> Sequence[Label | Fault]:
    """The label of a line, or all that is wrong with it."""
    if faults := check(data, SCHEMA, path, lambda _keys: line):
        return faults
    label = data["label"] if isinstance(data["label"], str) else str(int(data["label"]))
    asked = {"criterion": data.get("criterion", ""), "random": data.get("random", False)}
    return [Label(data["id"], label, data["by"], data["case"], data["answer"], **asked, line=line)]


def _unknown(
    labels: Iterable[Label], cases: Mapping[str, str] | None, classes: Sequence[str], path: str
) -> Iterator[Fault]:
    for label in labels:
        if cases is not None and label.id not in cases:
            near = get_close_matches(label.id, cases, 1)
            fix = f"did you mean {near[0]!r}?" if near else "delete the line if the case was removed"
            yield Fault(path, label.line, f"unknown case {label.id!r}", fix)
        if classes and label.label not in classes:
            yield Fault(path, label.line, f"label must be one of: {', '.join(classes)}; found {label.label!r}")


def _twice(labels: Iterable[Label], path: str) -> Iterator[Fault]:
    first: dict[tuple[str, str, str], Label] = {}
    for label in labels:
        seen = first.setdefault((label.key, label.id, label.by), label)
        if seen is not label:
            said = "" if seen.label == label.label else f", with {seen.label!r} there and {label.label!r} here"
            about = f" by {label.criterion!r}" if label.criterion else ""
            yield Fault(
                path,
                label.line,
                f"duplicate label by {label.by!r} for {label.id!r}{about}, first in line {seen.line}{said}",
                "keep one of the two lines",
            )
