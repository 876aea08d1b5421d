"""(ReportCollector, duration, exit code) -> Markdown for the summary page of a CI job.

Reasons of misses quote what a model said, which is nobody's Markdown: all of it is shown as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.escape import printable
from pytest_ftgate.pipeline.report.traffic import traffic_lines
from pytest_ftgate.plugin.report.data import data_lines
from pytest_ftgate.plugin.report.summary import endings

if TYPE_CHECKING:
    from pytest_ftgate.plugin.report.collector import ReportCollector

SHOWN_MISSES = 50
LONGEST = 300
"""Characters of a cell; a CI job's page holds a megabyte."""

_SPECIAL = str.maketrans({sign: f"&#{ord(sign)};" for sign in "&<>|`*[]@\\!"})


def page(tally: ReportCollector, seconds: float, code: int) -> str:
    """The whole text. seconds: of the run. code: its exit code."""
    return "\n".join(_lines(tally, seconds, code)) + "\n"


def write(path: Path, text: str, *, append: bool) -> None:
    """Into a file, whose folder is made. append: what other steps of the job wrote is kept. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if append else "w", encoding="utf-8") as stream:
        stream.write(text)


def _lines(tally: ReportCollector, seconds: float, code: int) -> Iterator[str]:
    yield "## pytest-ftgate"
    yield ""
    yield from _verbatim([text for text, _ in endings(tally)])
    yield from _verbatim([text for text, _ in data_lines(tally.data, verbose=False)])
    yield from _verbatim(tally.unasked)
    for name in dict.fromkeys([*tally.metrics, *tally.checks]):
        yield f"### {escaped(name)}"
        yield ""
        yield from _table(("metric", "value", "lower", "upper", "n"), map(_metric, tally.metrics.get(name, [])))
        yield from _table(("check", "status", "finding"), _checks(tally.checks.get(name, [])))
    yield from _misses(tally)
    yield from _verbatim(list(traffic_lines(tally.traffic, tally.counts)))
    yield f"{len(tally.missed)} missed, {tally.failures()} failed, {_duration(seconds)}, exit code {code}"


def _metric(metric: dict[str, Any]) -> tuple[str, ...]:
    upper = "" if metric["upper"] is None else f"{metric['upper']:.3f}"
    return metric["name"], f"{metric['value']:.3f}", f"{metric['lower']:.3f}", upper, f"{metric['n']:,}"


def _checks(checks: Sequence[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Each check, and below it what it would say of other parts of the set."""
    for check in checks:
        yield _check(check)
        for seen in check.get("beside", ()):
            reason = seen["reason"].removeprefix(f"{check['check']}: ")
            yield f"{check['check']}, on {seen['part']}", f"beside: {seen['status']}", reason


def _check(check: dict[str, Any]) -> tuple[str, ...]:
    status = f"advisory: {check['status']}" if check.get("advisory") else check["status"].upper()
    return check["check"], status, check["reason"].removeprefix(f"{check['check']}: ")


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """Nothing if there are no rows."""
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    if lines:
        yield from (f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, "")


def _misses(tally: ReportCollector) -> Iterator[str]:
    if not tally.missed:
        return
    yield f"<details><summary>{len(tally.missed)} missed: wrong answers, left to the gate</summary>"
    yield ""
    yield from _table(("case", "why"), ((report.nodeid, report.wasxfail) for report in tally.missed[:SHOWN_MISSES]))
    if (more := len(tally.missed) - SHOWN_MISSES) > 0:
        yield f"and {more} more"
    yield "</details>"
    yield ""


def _verbatim(lines: Sequence[str]) -> Iterator[str]:
    """As a block of code, indented: no text can end such a block."""
    told = [f"    {part}" for line in lines if line for part in printable(line).splitlines()]
    if told:
        yield from (*told, "")


def escaped(text: str) -> str:
    """One line of text that Markdown and HTML leave alone."""
    line = " ".join(printable(str(text)).split())
    return (line if len(line) <= LONGEST else line[: LONGEST - 1] + "…").translate(_SPECIAL)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
