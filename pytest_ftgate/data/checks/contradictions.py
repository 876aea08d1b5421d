"""The same question with two different short answers, or with a preference and its opposite: one of them is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_ftgate.data.checks.finding import Finding, Level
from pytest_ftgate.data.readers.labels import is_short
from pytest_ftgate.data.readers.normalize import exact, exact_digest, short_digest
from pytest_ftgate.data.readers.row import DataRow


class Contradictions:
    """Keeps two digests and a place of each row with a short answer, one of each preference: about 250 bytes.

    Short answers that differ in case alone are two: a model learns what is written.
    """

    name = "contradictions"
    advice = "keep the correct answer; several long answers may be valid"
    level: Level = "error"
    note = ""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[bytes, str, int]] = {}
        self._preferred: dict[bytes, tuple[str, int]] = {}

    def see(self, row: DataRow) -> Iterator[Finding]:
        """The row, if the first one with its question was answered otherwise; not by answers that people rejected."""
        if (swapped := self._swapped(row)) is not None:
            yield Finding(row.path, row.line, "chosen and rejected exchanged in {}:{}".format(*swapped))
        elif row.desired is not False and is_short(row.answer):
            answer = exact_digest(exact(row.answer))
            before, path, line = self._first.setdefault(short_digest(*row.turns), (answer, row.path, row.line))
            if before != answer:
                yield Finding(row.path, row.line, f"different answer in {path}:{line}")

    def _swapped(self, row: DataRow) -> tuple[str, int] | None:
        """Where a row before prefers the answer that this one rejects to the one that it chooses."""
        if row.rejected is None or exact(row.answered) == exact(row.rejected):
            return None
        asked = short_digest(*row.turns).hex()
        self._preferred.setdefault(exact_digest(asked, exact(row.answered), exact(row.rejected)), (row.path, row.line))
        return self._preferred.get(exact_digest(asked, exact(row.rejected), exact(row.answered)))

    def close(self) -> tuple[Finding, ...]:
        """Nothing more."""
        return ()
