"""Decisions <-> an append-only file of JSON lines, each on the disk before the next item is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from pytest_ftgate.files.append_log import AppendLog, objects

Record = dict[str, Any]


class DecisionLog:
    """One person's journal. Open it with `with`: then nobody else can.

    private: only its owner can read the file, and look into its folder.
    records: every line so far. Raises JournalError for a line that is no JSON object, or if it is open already.
    """

    def __init__(self, path: Path, *, private: bool = False) -> None:
        self.path, self._private = path, private
        self.records: list[Record] = []
        self._log = AppendLog(
            path,
            sync=True,
            alone=" is open in another terminal or page; finish there first",
            mode=0o600 if private else 0o644,
        )

    def __enter__(self) -> DecisionLog:
        self._log.open()
        try:
            if self._private:
                self.path.parent.chmod(0o700)
                self.path.chmod(0o600)
            self.records = list(objects(self.path, "decision"))
        except BaseException:
            self._log.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one line and wait until the disk has it. Raises JournalError."""
        self._log.append(record)
        self.records.append(dict(record))
