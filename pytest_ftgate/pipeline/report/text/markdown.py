"""RunReport -> Markdown for the summary page of a CI job.

Reasons of misses quote what a model said, which is nobody's Markdown: all of it is shown as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.escape import printable
from pytest_ftgate.pipeline.report.text.changed import changed_lines
from pytest_ftgate.pipeline.report.text.columns import headline, notes, table
from pytest_ftgate.pipeline.report.text.data import data_lines
from pytest_ftgate.pipeline.report.text.endings import endings
from pytest_ftgate.pipeline.report.text.scores import few_cases, heading, metrics_of, scores_of, set_names
from pytest_ftgate.pipeline.report.traffic import traffic_lines

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

SHOWN_MISSES = 50
SHOWN_SLICES = 20
LONGEST = 300
"""Characters of a cell; a CI job's page holds a megabyte."""

_NUMBERS = ("value", "lower", "upper", "n")
_SPECIAL = str.maketrans({sign: f"&#{ord(sign)};" for sign in "&<>|`*[]@\\!"})


def page(report: RunReport) -> str:
    """The whole text."""
    return "\n".join(_lines(report)) + "\n"


def write(path: Path, text: str, *, append: bool) -> None:
    """Into a file, whose folder is made. append: what other steps of the job wrote is kept. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if append else "w", encoding="utf-8") as stream:
        stream.write(text)


def _lines(tally: RunReport) -> Iterator[str]:
    yield "## pytest-ftgate"
    yield ""
    yield from _verbatim([text for text, _ in endings(tally)])
    yield from _verbatim([text for text, _ in data_lines(tally.data, verbose=False)])
    yield from _verbatim(tally.unasked)
    for name in set_names(tally):
        yield from _set(tally, name)
    yield from _columns(tally)
    yield from _verbatim([text for text, _ in changed_lines(tally.changed, verbose=False)])
    yield from _answers(tally.wrong, "failed: wrong answers, or not measured")
    yield from _answers(tally.missed, "missed: wrong answers, left to the gate")
    yield from _verbatim(list(traffic_lines(tally.traffic, tally.counts)))
    yield f"{len(tally.missed)} missed, {tally.failed} failed, {_duration(tally.seconds)}, exit code {tally.code}"


def _set(tally: RunReport, name: str) -> Iterator[str]:
    """One golden set: each model with its score and its slices, then the checks of the gate."""
    metrics, scores = tally.metrics.get(name, []), scores_of(tally, name)
    yield from (f"### {escaped(name)}", "")
    if not scores:
        yield from _table(("metric", *_NUMBERS), map(_metric, metrics))
    for score in scores:
        shown = metrics_of(score, metrics)
        yield from (escaped(heading(score).removeprefix(f"{name}: ")), "")
        yield from _table(("metric", *_NUMBERS), map(_metric, shown))
        yield from _verbatim([line for metric in shown for line in metric.get("confusion", ())])
        yield from _table(("slice", *_NUMBERS, ""), map(_slice, score["slices"][:SHOWN_SLICES]))
        if (more := len(score["slices"]) - SHOWN_SLICES) > 0:
            yield from (f"and {more} more slices", "")
    yield from _table(("check", "status", "finding"), _checks(tally.checks.get(name, [])))


def _metric(metric: dict[str, Any]) -> tuple[str, ...]:
    return metric["name"], *_numbers(metric)


def _slice(part: dict[str, Any]) -> tuple[str, ...]:
    return part["slice"], *_numbers(part), few_cases(part)


def _numbers(part: dict[str, Any]) -> tuple[str, ...]:
    bounds = ("" if part[bound] is None else f"{part[bound]:.3f}" for bound in ("lower", "upper"))
    return f"{part['value']:.3f}", *bounds, f"{part['n']:,}"


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


def _columns(tally: RunReport) -> Iterator[str]:
    for each in tally.columns:
        yield f"### {escaped(headline(each))}"
        yield ""
        rows = table(each, verbose=True)
        yield from _table(rows[0], iter(rows[1:])) if rows else ()
        yield from _verbatim(list(notes(each, verbose=False)))


def _answers(cases: Sequence[dict[str, Any]], title: str) -> Iterator[str]:
    """Cases with question, expected value and answer, in a table that a click opens."""
    if not cases:
        return
    yield from (f"<details><summary>{len(cases)} {title}</summary>", "")
    yield from _table(("case", "question", "expected", "answer", "why"), map(_answer, cases[:SHOWN_MISSES]))
    if (more := len(cases) - SHOWN_MISSES) > 0:
        yield from (f"and {more} more", "")
    yield from ("</details>", "")


def _answer(case: dict[str, Any]) -> tuple[str, ...]:
    return tuple(case[key] for key in ("test", "question", "expected", "answer", "reason"))


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
