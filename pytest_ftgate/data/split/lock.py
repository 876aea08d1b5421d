"""split.lock: shares, seed and number of places of a split, then each question's and cluster's place, by digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_ftgate.data.readers.json_lines import read_lines
from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.split.part import PARTS, Part, Shares, parse_shares, shares_text
from pytest_ftgate.data.split.places import Places
from pytest_ftgate.errors import DataError, Fault
from pytest_ftgate.files.atomic import replacing
from pytest_ftgate.files.text import shown

NAME = "split.lock"
SHARES: Shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
_FIX = "restore the original file: without it rows may move from test to train"
_HEAD = 'is not {"shares": "N/N/N", "seed": N, "places": N}'


@dataclass(frozen=True, slots=True)
class SplitLock:
    """shares, seed: what new rows are drawn with. places: of every key so far."""

    shares: Shares = field(default_factory=lambda: SHARES)
    seed: int = 0
    places: Places = field(default_factory=dict)


def read_lock(folder: Path) -> SplitLock | None:
    """A folder's lock; None if it was never split into.

    Raises DataError for a line that is no place, for lines that are missing, or if the folder holds a part of a split
    but no lock.
    """
    path = folder / NAME
    if not path.exists():
        if there := [f"{part}.jsonl" for part in PARTS if (folder / f"{part}.jsonl").exists()]:
            what = f"contains {', '.join(there)} but no {NAME}"
            raise DataError([Fault(shown(folder), 0, what, "restore it, or use another folder")])
        return None
    records = read_lines(path)
    shares, seed, count = _head(next(records, Fault(shown(path), 1, _HEAD, _FIX)))
    found = list(map(_place, records))
    if faults := [entry for entry in found if isinstance(entry, Fault)]:
        raise DataError(faults[:1], len(faults) - 1)
    places = dict(entry for entry in found if not isinstance(entry, Fault))
    if len(places) != count:
        raise DataError([Fault(shown(path), 1, f"says {count:,} places, found {len(places):,}", _FIX)])
    return SplitLock(shares, seed, places)


def agreed(before: SplitLock | None, folder: Path, shares: Shares | None, seed: int | None) -> SplitLock:
    """The lock to go on with. shares, seed: what the user wants; None for what the lock says, or the default.

    Raises DataError if that is something else than the rows of the folder were split with: they never move.
    """
    if before is None:
        return SplitLock(SHARES if shares is None else shares, seed or 0)
    wanted = [f"--shares {shares_text(shares)}"] if shares is not None and shares != before.shares else []
    wanted += [f"--seed {seed}"] if seed is not None and seed != before.seed else []
    if wanted:
        what = f"is of a split {shares_text(before.shares)} with seed {before.seed}, found {' '.join(wanted)}"
        fix = "rows never move: leave it out to add rows; to split anew, with rows that change sides, use another --out"
        raise DataError([Fault(shown(folder / NAME), 1, what, fix)])
    return before


def write_lock(folder: Path, lock: SplitLock, places: Places) -> None:
    """With more places, sorted by key, so that a difference shows what is new. Raises OSError."""
    every: Mapping[str, Part] = {**lock.places, **places}
    with replacing(folder / NAME) as stream:
        head = {"shares": shares_text(lock.shares), "seed": lock.seed, "places": len(every)}
        stream.write(json.dumps(head) + "\n")
        for key in sorted(every):
            stream.write(json.dumps({"key": key, "part": every[key]}) + "\n")


def _head(record: Record | Fault) -> tuple[Shares, int, int]:
    if isinstance(record, Fault):
        raise DataError([record])
    try:
        data = record.data
        return parse_shares(str(data["shares"])), _whole(data["seed"]), _whole(data["places"])
    except (KeyError, ValueError):
        raise DataError([Fault(record.path, record.line, _HEAD, _FIX)]) from None


def _whole(seed: Any) -> int:
    if not isinstance(seed, int):
        raise ValueError(seed)  # noqa: TRY004 - told as a fault of the file
    return seed


def _place(record: Record | Fault) -> tuple[str, Part] | Fault:
    if isinstance(record, Fault):
        return record
    if set(record.data) != {"key", "part"} or record.data["part"] not in PARTS:
        return Fault(record.path, record.line, f'is not {{"key": ..., "part": one of {", ".join(PARTS)}}}', _FIX)
    return str(record.data["key"]), record.data["part"]
