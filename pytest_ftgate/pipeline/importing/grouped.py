"""Losses of many alike cases -> one of each kind, with its first line and the number of cases."""

from __future__ import annotations

from pytest_ftgate.pipeline.importing.imported import Losses


class GroupedLosses(Losses):
    """As `Losses`; the same thing of one file is reported once, at its first line."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[tuple[str, str, str], int] = {}

    def add(self, path: str, line: int, what: str, why: str, *, cases: int = 1) -> None:
        """See `Losses.add`."""
        super().add(path, self._first.setdefault((path, what, why), line), what, why, cases=cases)
