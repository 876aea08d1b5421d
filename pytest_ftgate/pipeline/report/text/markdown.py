"""RunReport -> Markdown for the summary page of a CI job, and for a comment on a pull request.

Reasons of misses quote what a model said, which is nobody's Markdown: all of it is shown as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.pipeline.report.not_right import other_tests
from pytest_ftgate.pipeline.report.text.changed import changed_lines
from pytest_ftgate.pipeline.report.text.columns import headline as columns_headline
from pytest_ftgate.pipeline.report.text.columns import notes
from pytest_ftgate.pipeline.report.text.columns import table as columns_table
from pytest_ftgate.pipeline.report.text.data import data_lines
from pytest_ftgate.pipeline.report.text.endings import endings
from pytest_ftgate.pipeline.report.text.headline import headline
from pytest_ftgate.pipeline.report.text.markdown_parts import cut, escaped, folded, table, verbatim
from pytest_ftgate.pipeline.report.text.scores import few_cases, heading, metrics_of, scores_of, set_names
from pytest_ftgate.pipeline.report.traffic import traffic_lines

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

SHOWN_CASES = 50
SHOWN_SLICES = 20
SUMMARY = 1_000_000
"""Bytes: a step of a GitHub job may write 1 MiB into its summary, and the workflow adds lines of its own."""
COMMENT = 65_000
"""Bytes: a comment at GitHub may have 65,536 characters, and has a line of its own."""

_NUMBERS = ("value", "lower", "upper", "n")
_ADDRESS = re.compile(r"https?://[\w.:-]+(/[\w./~%+-]*)?")


def page(report: RunReport, limit: int = SUMMARY) -> str:
    """The whole text, the most important first; what is beyond `limit` bytes is cut, and the page says so."""
    missed, failed = len(report.missed), report.failed
    end = f"{missed} missed, {failed} failed, {_duration(report.seconds)}, exit code {report.code}"
    return cut(_lines(report), [*_job(report), end], limit)


def write(path: Path, text: str, *, append: bool) -> None:
    """Into a file, whose folder is made. append: what other steps of the job wrote is kept. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if append else "w", encoding="utf-8") as stream:
        stream.write(text)


def _lines(tally: RunReport) -> Iterator[str]:
    yield "## pytest-ftgate"
    yield ""
    if not (tally.verdicts or tally.nights):
        yield from (f"**{headline(tally)}**{_besides(tally)}", "")
    shown_below = any(each["cases"] for pipeline in tally.pipelines for each in pipeline.get("changed", ()))
    yield from verbatim([text for text, _ in endings(tally, explained=not shown_below)])
    yield from verbatim([text for text, _ in data_lines(tally.data, verbose=False)])
    yield from verbatim(tally.unasked)
    for name in set_names(tally):
        yield from _set(tally, name)
    yield from _columns(tally)
    yield from _changed(tally)
    yield from _answers(tally.wrong, "failed: wrong answers, or not measured")
    yield from _answers(tally.missed, "missed: wrong answers, left to the gate")
    yield from verbatim(list(traffic_lines(tally.traffic, tally.counts)))


def _besides(tally: RunReport) -> str:
    """What the score of a run that failed may not show."""
    others = other_tests(tally)
    return f": {others} failed test{'' if others == 1 else 's'} besides the golden cases" if others else ""


def _set(tally: RunReport, name: str) -> Iterator[str]:
    """One golden set: each model with its score and its slices, then the checks of the gate."""
    metrics, scores = tally.metrics.get(name, []), scores_of(tally, name)
    yield from (f"### {escaped(name)}", "")
    if not scores:
        yield from table(("metric", *_NUMBERS), map(_metric, metrics))
    for score in scores:
        shown = metrics_of(score, metrics)
        yield from (escaped(heading(score).removeprefix(f"{name}: ")), "")
        yield from table(("metric", *_NUMBERS), map(_metric, shown))
        yield from verbatim([line for metric in shown for line in metric.get("confusion", ())])
        yield from table(("slice", *_NUMBERS, ""), map(_slice, score["slices"][:SHOWN_SLICES]))
        if (more := len(score["slices"]) - SHOWN_SLICES) > 0:
            yield from (f"and {more} more slices", "")
    yield from table(("check", "status", "finding"), _checks(tally.checks.get(name, [])))
    for line in [each["resolution"]["line"] for each in tally.sets if each["title"] == name]:
        yield from (escaped(line), "")


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


def _columns(tally: RunReport) -> Iterator[str]:
    for each in tally.columns:
        yield f"### {escaped(columns_headline(each))}"
        yield ""
        rows = columns_table(each, verbose=True)
        yield from table(rows[0], iter(rows[1:])) if rows else ()
        yield from verbatim(list(notes(each, verbose=False)))


def _changed(tally: RunReport) -> Iterator[str]:
    """What is better and what is worse: against champion or base model under --train, else than in the earlier run."""
    trained = [each for pipeline in tally.pipelines for each in pipeline.get("changed", ())]
    sets = {each["set"] for each in trained}
    yield from verbatim([f"{each['title']}: {each['text']}" for each in trained])
    yield from verbatim([text for text, _ in changed_lines(tally.changed, verbose=False)])
    for each in [*trained, *(each for each in tally.changed if each["set"] not in sets)]:
        for kind in ("broken", "fixed"):
            shown = [case for case in each.get("cases", ()) if case["kind"] == kind]
            yield from _cases(f"{len(each[kind])} {kind} in {each['title']}", _MOVED, len(each[kind]), shown)


def _answers(cases: Sequence[dict[str, Any]], title: str) -> Iterator[str]:
    """Cases with question, expected value and answer."""
    yield from _cases(f"{len(cases)} {title}", _WRONG, len(cases), cases)


_MOVED = ("case", "question", "expected", "then", "now")
_WRONG = ("case", "question", "expected", "answer", "why")
_KEYS = {"why": "reason"}


def _cases(title: str, head: Sequence[str], count: int, cases: Sequence[dict[str, Any]]) -> Iterator[str]:
    """In a table that a click opens. count: how many there are, of which some may not be given.

    Where no case has an expected value, as where graders like `contains` have their own, there is no column for it.
    """
    shown = cases[:SHOWN_CASES]
    if not shown:
        return
    head = [name for name in head if name != "expected" or any(case[name] for case in shown)]
    rows = [tuple(str(case[_KEYS.get(name, name)]) for name in head[1:]) for case in shown]
    more = [f"and {count - len(shown)} more", ""] if count > len(shown) else []
    named = [case.get("test") or case["case"] for case in shown]
    yield from folded(title, [*table(head, [(name, *row) for name, row in zip(named, rows, strict=True)]), *more])


def _job(tally: RunReport) -> Iterator[str]:
    """Where the whole of it is. The address may be anybody's."""
    address = str(tally.about.get("job", ""))
    if _ADDRESS.fullmatch(address):
        page = f", the whole report among them as {escaped(name)}" if (name := str(tally.about.get("html", ""))) else ""
        yield from (f"[Log and artifacts of this job]({address}){page}", "")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
