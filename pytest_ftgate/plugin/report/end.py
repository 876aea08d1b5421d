"""ReportCollector -> the lines at the end of a run, as many as the verbosity asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_ftgate.judge.summary import judged_lines, summed, untrusted
from pytest_ftgate.pipeline.report.text.endings import endings
from pytest_ftgate.plugin.report.summary import lines

if TYPE_CHECKING:
    from pytest_ftgate.plugin.report.collector import ReportCollector

Lines = Iterator[tuple[str, str]]
"""(text, colour) of each line; colour is "" or a name that pytest's terminal writer knows."""


def end_lines(tally: ReportCollector, verbosity: int) -> Lines:
    """verbosity: pytest's, above 0 with -v; below, with -q, only what was decided and why results are invalid."""
    if verbosity < 0:
        yield from _decided(tally)
        return
    yield from lines(tally, verbose=verbosity > 0)


def _decided(tally: ReportCollector) -> Lines:
    yield from ((line, "red") for text in tally.unasked for line in text.splitlines())
    yield from ((f"{name}: nothing was scored", "yellow") for name in _unscored(tally))
    yield from judged_lines([judge for judge in summed(tally.judges) if untrusted(judge)])
    yield from ((text, colour) for text, colour in endings(tally) if text and not text.startswith(" "))


def _unscored(tally: ReportCollector) -> list[str]:
    """Golden sets of which no answer could be graded, though there are answers: else only a count of skipped tests."""
    return list(dict.fromkeys(each["set"] for each in tally.scores if each["unscored"] and not each["n"]))
