"""Files of training data -> their rows as a split sees them, and the different questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_ftgate.data.near.groups import Item
from pytest_ftgate.data.readers.labels import LabelSet
from pytest_ftgate.data.readers.normalize import normal, short_digest
from pytest_ftgate.data.readers.reader import read_rows
from pytest_ftgate.data.readers.renamed import AS_WRITTEN, Columns
from pytest_ftgate.data.readers.row import DataRow


@dataclass(frozen=True, slots=True)
class Material:
    """items: one a row, in order. questions: normalised, by key."""

    items: tuple[Item, ...]
    questions: dict[str, str]


def key_of(row: DataRow) -> str:
    """The key of a row: it stays when the answer is corrected, and two rows that ask the same have one."""
    return short_digest(row.question).hex()


def read_material(files: Sequence[Path], columns: Columns = AS_WRITTEN) -> Material:
    """All rows of the files. Answers are labels if they are a closed set of them. Raises DataError."""
    labels = LabelSet()
    questions: dict[str, str] = {}
    items: list[Item] = []
    for row in _rows(files, columns):
        key = key_of(row)
        questions.setdefault(key, normal(row.question))
        items.append(Item(key, _cluster_of(row), labels.label(row), row.path, row.line))
    if not labels.is_closed:
        items = [replace(item, label="") for item in items]
    return Material(tuple(items), questions)


def _rows(files: Sequence[Path], columns: Columns) -> Iterator[DataRow]:
    for path in files:
        yield from read_rows(path, columns)


def _cluster_of(row: DataRow) -> str:
    cluster = row.extras.get("cluster")
    return f"cluster-{short_digest(cluster).hex()}" if cluster else ""
