"""The text of a failed item, as pytest's reports hold it: also of a report that came from a worker of xdist."""

from __future__ import annotations

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from _pytest._io import TerminalWriter


class FailureText(TerminalRepr):
    """A text that prints as it is. reason: for pytest's short summary and JUnit's message; "" is its first line."""

    def __init__(self, path: str, text: str, reason: str = "") -> None:
        self._text = text
        self.reprcrash = ReprFileLocation(path, 0, reason or text.partition("\n")[0])

    def toterminal(self, tw: TerminalWriter) -> None:
        """The first line in red."""
        first, *more = self._text.splitlines() or [""]
        tw.line(first, red=True)
        for line in more:
            tw.line(line)

    def __str__(self) -> str:
        return self._text


def restore_failure(report: pytest.TestReport) -> None:
    """Xdist sends such a text as a mere string, of which the short summary would show nothing."""
    if report.failed and isinstance(report.longrepr, str):
        report.longrepr = FailureText(report.location[0], report.longrepr, getattr(report, "ftgate_reason", ""))
