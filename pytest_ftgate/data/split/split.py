"""(files of training data, folder, shares, seed) -> Split: what was done; the files and split.lock are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytest_ftgate.data.near.groups import Group, groups_of
from pytest_ftgate.data.readers.renamed import AS_WRITTEN, Columns
from pytest_ftgate.data.split.items import read_material
from pytest_ftgate.data.split.lock import agreed, read_lock, write_lock
from pytest_ftgate.data.split.part import PARTS, Part, Shares
from pytest_ftgate.data.split.places import Places, place
from pytest_ftgate.data.split.write import file_of, write_parts
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.text import shown


@dataclass(frozen=True, slots=True)
class Split:
    """groups: of all rows. places: by key. kept: rows whose question had a place before. note: see `Grouped`."""

    groups: tuple[Group, ...]
    places: Places
    kept: int
    note: str = ""

    @property
    def counts(self) -> Mapping[tuple[Part, str], int]:
        """Rows by part and label."""
        counts: dict[tuple[Part, str], int] = {}
        for group in self.groups:
            for item in group.items:
                where = (self.places[item.key], item.label)
                counts[where] = counts.get(where, 0) + 1
        return counts

    @property
    def apart(self) -> tuple[Group, ...]:
        """Groups that stand on several sides: what joins them came when their rows had places already."""
        return tuple(group for group in self.groups if len({self.places[item.key] for item in group.items}) > 1)


def split_data(
    files: Sequence[Path],
    folder: Path,
    shares: Shares | None = None,
    seed: int | None = None,
    columns: Columns = AS_WRITTEN,
) -> Split:
    """Write `folder`/train.jsonl, validation.jsonl and test.jsonl.

    shares, seed: those of the lock if None; of a first split 80/10/10 and 0. columns: see `read_records`; the parts
    have the keys that are read.
    The lock is written before the parts: a place is promised before it is used, so that a crash in between
    moves no row.
    Raises DataError, before anything is written, for rows that cannot be read or written, for a lock that is broken or
    gone, and for other shares or another seed than the lock's.
    """
    _check_apart(files, folder)
    lock = agreed(read_lock(folder), folder, shares, seed)
    material = read_material(files, columns)
    groups, note = groups_of(material.items, material.questions)
    places = place(groups, lock.places, lock.shares, lock.seed)
    write_parts(files, places, folder, partial(write_lock, folder, lock, places), columns)
    return Split(groups, places, sum(item.key in lock.places for item in material.items), note)


def _check_apart(files: Sequence[Path], folder: Path) -> None:
    written = {file_of(folder, part).resolve() for part in PARTS}
    for path in files:
        if path.resolve() in written:
            fix = "pass the original file instead"
            raise DataError([Fault(shown(path), 0, "is an input and would be overwritten by the split", fix)])
