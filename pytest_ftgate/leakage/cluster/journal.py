"""Which files were scanned to their end, and what was found in them: one line a file, on the disk before the next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pytest_ftgate import __version__
from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.errors import LeakageError
from pytest_ftgate.files.append_log import AppendLog, whole_lines
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.text import shown
from pytest_ftgate.leakage.report import Leak, Report


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a result holds for: name, bytes and sha256 of a file. Another byte, and it is scanned again."""

    name: str
    size: int
    sha256: str

    def key(self, goldens: str) -> str:
        """Of the result. goldens: digest of the golden sets."""
        return digest_of([__version__, goldens, self.name, self.size, self.sha256])


def stamp_of(path: Path) -> Stamp:
    """Reads it once. Raises LeakageError."""
    try:
        return Stamp(shown(path), path.stat().st_size, contents(path).sha256)
    except OSError as error:
        raise LeakageError(f"{shown(path)}: cannot read training data: {error.strerror}") from None


class Journal:
    """Appended to by one run; a line that a crash cut off counts as not written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = AppendLog(path, sync=True)

    def finished(self) -> Mapping[str, tuple[Report, ...]]:
        """By key, a report for each golden set. None if there is no journal yet."""
        return dict(entry for _, line in whole_lines(self.path) if (entry := _parsed(line)))

    def append(self, key: str, stamp: Stamp, reports: Iterable[Report]) -> None:
        """Raises JournalError."""
        self._log.append({"key": key, **asdict(stamp), "reports": [asdict(report) for report in reports]})


def _parsed(line: bytes) -> tuple[str, tuple[Report, ...]] | None:
    """None for a line that is damaged: its file is scanned again."""
    try:
        value = json.loads(line)
        return value["key"], tuple(map(report_of, value["reports"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def report_of(value: Mapping[str, Any]) -> Report:
    """The report that `asdict` was made of."""
    leaks, suspects = (tuple(Leak(**leak) for leak in value[kind]) for kind in ("leaks", "suspects"))
    prompt_files = tuple(value["prompt_files"])
    return Report(**{**value, "leaks": leaks, "suspects": suspects, "prompt_files": prompt_files})
