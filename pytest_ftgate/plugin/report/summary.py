"""ReportCollector -> the lines at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.files.excerpt import brief
from pytest_ftgate.gate.verdict import NO_FLOORS
from pytest_ftgate.judge.summary import judged_lines
from pytest_ftgate.pipeline.report.traffic import traffic_lines
from pytest_ftgate.plugin.report.columns import column_lines
from pytest_ftgate.plugin.report.data import data_lines
from pytest_ftgate.plugin.report.scores import heading, metric_lines, metrics_of, scores_of, set_names, slice_lines

if TYPE_CHECKING:
    import pytest

    from pytest_ftgate.pipeline.report.run_report import RunReport
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
    yield from endings(tally)


def endings(tally: ReportCollector | RunReport) -> Iterator[tuple[str, str]]:
    """What was decided, as `lines` ends with."""
    for verdict in tally.verdicts:
        yield from _verdict(verdict)
    for night in tally.nights:
        yield from _night(night)


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
    shown = tally.missed if verbose else tally.missed[:SHOWN_MISSES]
    yield f"missed ({len(tally.missed)}): wrong answers, left to the gate", ""
    for report in shown:
        yield from _shown(report) if verbose else [(f"  {_in_one_line(report)}", "yellow")]
    if len(shown) < len(tally.missed):
        yield f"  and {len(tally.missed) - len(shown)} more; -v shows all, with question and answer", ""


def _shown(report: pytest.TestReport) -> Iterator[tuple[str, str]]:
    """What a failure would say: question, answer, expected value; the first line says why."""
    for _, text in report.sections:
        first, *more = text.split("\n")
        yield f"  {first}", "yellow"
        yield from ((f"  {line}", "") for line in more)


def _in_one_line(report: pytest.TestReport) -> str:
    question = brief(str(dict(report.user_properties).get("ftgate_question", "")), QUESTION)
    return f"{report.nodeid}: {question} -> {report.wasxfail}"


def _verdict(verdict: dict[str, Any]) -> Iterator[tuple[str, str]]:
    task, kind, version = verdict["task"], verdict["verdict"], verdict["version"]
    yield "", ""
    if kind == "PROMOTE" and verdict.get("proposed"):
        yield f"PROPOSED {task} v{version}: it passed the gate and is registered; the champion stays", "green"
    elif kind == "PROMOTE":
        yield f"PROMOTED {task} v{version}", "green"
    elif kind == "UNCHANGED":
        yield f"UNCHANGED {task} v{version}: this training gives the champion itself; nothing to promote", "green"
    else:
        as_version = f" v{version}" if version else ""
        yield f"{kind} {task}{as_version}: {verdict['reason']}", "yellow" if kind == "HOLD" else "red"
    yield from ((f"  {text}", "yellow") for text in verdict.get("beside", ()))
    yield from ((f"  warning: {text}", "yellow") for text in verdict.get("warnings", ()))
    yield from _explained(verdict)
    if verdict.get("data"):
        yield f"  data:   {verdict['data']}", ""
    yield f"  stages: {_times(verdict['seconds'])}", ""
    yield f"  next:   {_next(verdict).format(task=task, golden=verdict['golden'])}", ""


def _night(night: dict[str, Any]) -> Iterator[tuple[str, str]]:
    task, version, kind = night["task"], night["version"], night["kind"]
    name = f"{task} v{version}" if version else task
    name += f", {night['of']}" if "of" in night else ""
    colour = {"steady": "green", "none": "yellow", "incomplete": "yellow", "unknown": "yellow"}.get(kind, "red")
    yield f"{kind.upper() if kind != 'none' else 'NOTHING TO WATCH'} {name}: {night['reason']}", colour
    yield from ((f"  {line}", "") for line in night["lines"])
    yield from ((f"  {done}", "yellow") for done in night.get("done", ()))


def _explained(verdict: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What broke, and where all of it stands."""
    yield from ((f"  {line}", "") for line in verdict.get("explained", ()))
    if "page" in verdict:
        yield f"  all cases: {verdict['page']}", ""


def _next(verdict: dict[str, Any]) -> str:
    """By the reason, where more golden cases or better data would not help."""
    if verdict["verdict"] == "PROMOTE" and verdict.get("proposed"):
        return f"ftgate promote {{task}} v{verdict['version']}   (while the champion is the one it was compared with)"
    return _FIRST_FLOOR if NO_FLOORS in verdict["reason"] else _NEXT[verdict["verdict"]]


_FIRST_FLOOR = "add a [[gate.floor]] to {golden}, run: ftgate lock {golden}   then train again"
_NEXT = {
    "PROMOTE": "pytest {golden}   (tests the champion), or: ftgate serve {task}",
    "UNCHANGED": "change data or configuration of {task}, then train again",
    "HOLD": "add golden cases or improve the data of {task}, then train again; production is unchanged",
    "REJECT": "pytest {golden}   (the champion is unchanged)",
    "INTEGRITY": "mend what is named above, then run again; production is unchanged",
}


def _times(seconds: dict[str, float]) -> str:
    return ", ".join(f"{stage} {spent:.0f} s" for stage, spent in seconds.items())
