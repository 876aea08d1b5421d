"""Reports -> what `--lf` and `--ff` run again: cases that went wrong, misses too, and not what is decided on them."""

from __future__ import annotations

import pytest

DECIDING = frozenset({"METRIC", "GATE", "PROMOTION"})
"""Ranks of items that look at all cases: without them there is nothing to decide."""


class LastFailed:
    """A plugin object, in every process of a run: corrects what pytest's own `lfplugin`, if it is on, remembers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A miss passes for pytest, and a check that is not met a failure."""
        last = getattr(self._config.pluginmanager.get_plugin("lfplugin"), "lastfailed", None)
        if last is None:
            return
        key = getattr(report, "id", report.nodeid)  # since pytest 9.2 a parsed id
        if getattr(report, "ftgate_missed", False):
            last[key] = True
        elif getattr(report, "ftgate_rank", "") in DECIDING:
            last.pop(key, None)
