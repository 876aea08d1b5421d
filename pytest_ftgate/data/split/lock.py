"""split.lock: the place of every question and cluster that was ever split into a folder, by digest, one a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pytest_ftgate.data.readers.json_lines import read_lines
from pytest_ftgate.data.split.part import PARTS, Part
from pytest_ftgate.data.split.places import Places
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.atomic import replacing
from pytest_ftgate.files.text import shown

NAME = "split.lock"
_FIX = "restore the original file: without it rows may move from test to train"


def read_lock(folder: Path) -> dict[str, Part]:
    """The places in a folder's lock; none without a lock.

    Raises DataError for a line that is no place, or if the folder holds a part of a split but no lock.
    """
    path = folder / NAME
    if not path.exists():
        if there := [f"{part}.jsonl" for part in PARTS if (folder / f"{part}.jsonl").exists()]:
            what = f"contains {', '.join(there)} but no {NAME}"
            raise DataError([Fault(shown(folder), 0, what, "restore it, or use another folder")])
        return {}
    found = list(_entries(path))
    if faults := [entry for entry in found if isinstance(entry, Fault)]:
        raise DataError(faults[:1], len(faults) - 1)
    return dict(entry for entry in found if not isinstance(entry, Fault))


def _entries(path: Path) -> Iterator[tuple[str, Part] | Fault]:
    for record in read_lines(path):
        if isinstance(record, Fault):
            yield record
        elif set(record.data) != {"key", "part"} or record.data["part"] not in PARTS:
            yield Fault(record.path, record.line, f'is not {{"key": ..., "part": one of {", ".join(PARTS)}}}', _FIX)
        else:
            yield str(record.data["key"]), record.data["part"]


def write_lock(folder: Path, places: Places) -> None:
    """All places, sorted by key, so that a difference shows what is new. Raises OSError."""
    with replacing(folder / NAME) as stream:
        for key in sorted(places):
            stream.write(json.dumps({"key": key, "part": places[key]}) + "\n")
