"""Reports of cases as they come in -> a line every ten seconds: how many, how fast, and how long it will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.progress import Advance


class Pace:
    """A pytest plugin object, registered when the requests of a run have been planned."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._done = 0
        advance(0, "")

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a case that has its answer, or none."""
        if getattr(report, "ftgate_rank", "") == "CASE" and report.when != "teardown":
            self._done += 1
            self._advance(self._done, "")
