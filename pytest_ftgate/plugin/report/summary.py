"""ReportCollector -> the lines at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.excerpt import brief
from pytest_ftgate.judge.summary import judged_lines
from pytest_ftgate.pipeline.report.text.changed import changed_lines
from pytest_ftgate.pipeline.report.text.columns import column_lines
from pytest_ftgate.pipeline.report.text.data import data_lines
from pytest_ftgate.pipeline.report.text.endings import endings
from pytest_ftgate.pipeline.report.text.scores import (
    heading,
    metric_lines,
    metrics_of,
    scores_of,
    set_names,
    slice_lines,
)
from pytest_ftgate.pipeline.report.traffic import traffic_lines

if TYPE_CHECKING:
    import pytest

    from pytest_ftgate.plugin.report.collector import ReportCollector

SHOWN_MISSES = 10
QUESTION = 60
"""Characters of the question of a miss in one line."""


def lines(tally: ReportCollector, *, verbose: bool) -> Iterator[tuple[str, str]]:
    """(text, colour) of each line; colour is "" or a name that pytest's terminal writer knows."""
    yield from data_lines(tally.data, verbose=verbose)
    yield from ((line, "red") for text in tally.unasked for line in text.splitlines())
    for name in set_names(tally):
        yield from _set(tally, name, verbose=verbose)
    yield from _misses(tally, verbose=verbose)
    yield from column_lines(tally.columns, verbose=verbose)
    yield from ((text, "") for text in traffic_lines(tally.traffic, tally.counts))
    yield from judged_lines(tally.judges)
    yield from changed_lines(tally.changed, verbose=verbose)
    yield from endings(tally)


def _set(tally: ReportCollector, name: str, *, verbose: bool) -> Iterator[tuple[str, str]]:
    """One golden set: each model with its score and its slices, then the checks of the gate."""
    metrics, scores = tally.metrics.get(name, []), scores_of(tally, name)
    if not scores:
        yield name, ""
        yield from metric_lines(metrics)
    for score in scores:
        yield heading(score), ""
        yield from metric_lines(metrics_of(score, metrics))
        if not tally.columns:  # whose table has them side by side
            yield from slice_lines(score, verbose=verbose)
    yield from _checks(tally.checks.get(name, []))


_COLOURS = {"pass": "green", "hold": "yellow", "skip": "yellow"}


def _checks(checks: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for check in checks:
        reason = check["reason"].removeprefix(f"{check['check']}: ")
        if check["advisory"]:
            yield f"  {check['check']:<11} {'ADVISORY':<9} {check['status']}: {reason}", ""
        else:
            yield f"  {check['check']:<11} {check['status'].upper():<9} {reason}", _COLOURS.get(check["status"], "red")
        for seen in check.get("beside", ()):
            reason = seen["reason"].removeprefix(f"{check['check']}: ")
            yield f"    on {seen['part']}: {seen['status'].upper()} {reason}", ""


def _misses(tally: ReportCollector, *, verbose: bool) -> Iterator[tuple[str, str]]:
    if not tally.missed:
        return
    told = 0 if any(verdict.get("explained") for verdict in tally.verdicts) else SHOWN_MISSES
    shown = tally.missed if verbose else tally.missed[:told]
    yield f"missed ({len(tally.missed)}): wrong answers, left to the gate", ""
    for report in shown:
        yield from _shown(report) if verbose else [(f"  {_in_one_line(report)}", "yellow")]
    if len(shown) < len(tally.missed):
        yield f"  {_more(len(tally.missed), len(shown))}; -v shows all, with question and answer", ""


def _more(all_: int, shown: int) -> str:
    """What else there is; nothing was shown where the verdict below shows the first."""
    return f"and {all_ - shown} more" if shown else "the first are below"


def _shown(report: pytest.TestReport) -> Iterator[tuple[str, str]]:
    """What a failure would say: question, answer, expected value; the first line says why."""
    for _, text in report.sections:
        first, *more = text.split("\n")
        yield f"  {first}", "yellow"
        yield from ((f"  {line}", "") for line in more)


def _in_one_line(report: pytest.TestReport) -> str:
    question = brief(str(dict(report.user_properties).get("ftgate_question", "")), QUESTION)
    return f"{report.nodeid}: {question} -> {getattr(report, 'ftgate_reason', '')}"
