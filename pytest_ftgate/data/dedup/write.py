"""(rows, the row that stands for each) -> the rows that stand for themselves, and a report on the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pytest_ftgate.data.dedup.source import Source
from pytest_ftgate.data.readers.json_line import json_line
from pytest_ftgate.files.atomic import replacing


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows: written; dropped as equal to the one that stands for them; dropped as near."""

    written: int = 0
    equal: int = 0
    near: int = 0

    @property
    def read(self) -> int:
        """All rows."""
        return self.written + self.equal + self.near


def write_kept(
    source: Source, skipped: int, standing: Sequence[Sequence[int]], target: Path, report: Path | None
) -> Counts:
    """Replace target and report. skipped: files, the first ones, that are not written.

    standing: of each row its number, of each number the row that stands for it. Raises DataError, OSError.
    """
    numbers, keepers = standing
    written = equal = near = 0
    with ExitStack() as stack:
        stream = stack.enter_context(replacing(target))
        told = stack.enter_context(replacing(report)) if report else None
        for row, record in enumerate(source.records(skipped), source.count(skipped)):
            kept = keepers[numbers[row]]
            if kept == row:
                written += 1
                stream.write(json_line(record.path, record.line, record.data))
                continue
            same = numbers[kept] == numbers[row]
            equal, near = equal + same, near + (not same)
            if told:
                _tell(told, source.place(row), source.place(kept), same=same)
    return Counts(written, equal, near)


def _tell(stream: TextIO, row: str, kept: str, *, same: bool) -> None:
    why = "equal" if same else "near"
    stream.write(json.dumps({"row": row, "kept": kept, "why": why}, ensure_ascii=False) + "\n")
