"""The text of a failed item, as pytest's reports hold it: also of a report that came from a worker of xdist."""

from __future__ import annotations

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from _pytest._io import TerminalWriter


class _Place(ReprFileLocation):
    """What --tb=line prints; of a file as a whole without a line."""

    def toterminal(self, tw: TerminalWriter) -> None:
        if self.lineno:
            super().toterminal(tw)
            return
        tw.write(self.path, bold=True, red=True)
        tw.line(f": {self.message.partition(chr(10))[0]}")


class FailureText(TerminalRepr):
    """A text that prints as it is. reason: for pytest's short summary and JUnit's message; "" is its first line.

    line: of the file, 1-based; 0 for the file as a whole.
    """

    def __init__(self, path: str, text: str, reason: str = "", line: int = 0) -> None:
        self._text = text
        self.reprcrash = _Place(path, line, reason or text.partition("\n")[0])

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
        path, line = getattr(report, "ftgate_place", (report.location[0], 0))
        report.longrepr = FailureText(path, report.longrepr, getattr(report, "ftgate_reason", ""), line)
