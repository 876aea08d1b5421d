"""The same question with two different short answers: one of the two labels is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.labels import is_short
from pytest_ftgate.data.readers.normalize import short_digest
from pytest_ftgate.data.readers.row import DataRow


class Contradictions:
    """Keeps two digests and a place of each row with a short answer: about 250 bytes."""

    name = "contradictions"
    advice = "keep the correct answer; several long answers may be valid"
    level: Level = "error"
    note = ""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[bytes, str, int]] = {}

    def see(self, row: DataRow) -> Iterator[Finding]:
        """The row, if the first one with its question was answered otherwise; not by answers that people rejected."""
        if row.desired is False or not is_short(row.answer):
            return
        answer = short_digest(row.answer)
        before, path, line = self._first.setdefault(short_digest(*row.turns), (answer, row.path, row.line))
        if before != answer:
            yield Finding(row.path, row.line, f"different answer in {path}:{line}")

    def close(self) -> tuple[Finding, ...]:
        """Nothing more."""
        return ()
