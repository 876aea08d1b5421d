"""All runs that a machine keeps, and the moves of its champions -> one HTML page: trends, promotions, runs."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pytest_ftgate import __version__
from pytest_ftgate.errors import RecordError
from pytest_ftgate.files.text import shown
from pytest_ftgate.metrics.intervals import wilson
from pytest_ftgate.pipeline.report import run_report
from pytest_ftgate.pipeline.report.html.checks import GRAVEST_FIRST, mark
from pytest_ftgate.pipeline.report.html.document import FILE
from pytest_ftgate.pipeline.report.html.more import moved
from pytest_ftgate.pipeline.report.html.page import shell
from pytest_ftgate.pipeline.report.html.render import Section, section
from pytest_ftgate.pipeline.report.html.trend import Point, scale, trend

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.records.record import Facts
    from pytest_ftgate.evaluate.records.store import RecordStore
    from pytest_ftgate.pipeline.report.run_report import RunReport

MOST_TRENDS = 8
"""Models and prompts of a golden set that have a plot, those with the most runs first."""
Moves = Mapping[str, Sequence[Mapping[str, Any]]]


def view(store: RecordStore, moves: Moves, at: Path) -> str:
    """The text of the file. moves: of each task, the oldest first: at, by, kind, version, reason. at: where the file
    will be, so that its links find the reports of the runs.
    """
    facts = [stored.facts for stored in store.all()]
    reports = {run: found for run in run_report.kept(store) if (found := _read(store, run)) is not None}
    parts = [_trends(facts, reports), _champions(moves), _runs(store, facts, reports, at.parent)]
    runs = len({each.run for each in facts} | set(reports))
    page = {
        "title": "Runs",
        "subject": "runs of this machine",
        "about": f"{runs:,} runs kept in {shown(store.folder)}",
        "version": __version__,
        "warning": "It holds names and scores, no questions and answers; the reports that it links to hold these.",
    }
    return shell(page, [each for each in parts if each is not None])


def _read(store: RecordStore, run: str) -> RunReport | None:
    """A report that was edited is left out, as a record is."""
    try:
        return run_report.read(store, run)
    except RecordError:
        return None


def _trends(facts: Sequence[Facts], reports: Mapping[str, RunReport]) -> Section | None:
    sets: dict[str, dict[str, list[Facts]]] = defaultdict(lambda: defaultdict(list))
    for each in reversed(facts):
        if each.n:
            sets[each.set][f"{each.title} [{each.variant}]" if each.variant else each.title].append(each)
    found = [
        {"set": name, "plots": list(_plots(series, reports)), "more": _more(series)} for name, series in sets.items()
    ]
    return section("trends", "Trends", sets=found) if found else None


def _plots(series: Mapping[str, Sequence[Facts]], reports: Mapping[str, RunReport]) -> Iterator[tuple[str, Markup]]:
    shown = sorted(series.items(), key=lambda each: -len(each[1]))[:MOST_TRENDS]
    points = {title: [_point(each, reports.get(each.run)) for each in runs] for title, runs in shown}
    y = scale(points.values())
    yield from ((title, trend(title, own, y)) for title, own in points.items())


def _more(series: Mapping[str, object]) -> int:
    return max(0, len(series) - MOST_TRENDS)


def _point(facts: Facts, report: RunReport | None) -> Point:
    """Of the share of cases that passed: it has bounds whatever the grader gives."""
    promoted = [each for each in report.verdicts if each["verdict"] == "PROMOTE"] if report else []
    note = f"v{promoted[0]['version']}" if promoted else ""
    part = "" if facts.whole else f"{facts.n:,} of {facts.cases:,} cases"
    return Point(facts.at, facts.passed / facts.n, *wilson(facts.passed, facts.n), note, part)


def _champions(moves: Moves) -> Section | None:
    found = [{"task": task, "moves": list(moved(each))} for task, each in moves.items() if each]
    return section("history", "Champions", tasks=found) if found else None


def _runs(store: RecordStore, facts: Sequence[Facts], reports: Mapping[str, RunReport], folder: Path) -> Section | None:
    names = {run: name for name, run in store.names.items()}
    runs = sorted({each.run for each in facts} | set(reports), reverse=True)
    rows = [
        {"run": run, "name": names.get(run, ""), "link": _link(store, run, folder), "report": reports.get(run)}
        | {"sets": [_of_set(each) for each in facts if each.run == run], "ended": _ended(run, facts, reports)}
        | {"marks": list(_marks(reports[run])) if run in reports else []}
        for run in runs
    ]
    lines = len(facts) + len(set(reports) - {each.run for each in facts})
    return section("runs", "Runs", runs=rows, lines=lines) if rows else None


def _ended(run: str, facts: Sequence[Facts], reports: Mapping[str, RunReport]) -> float:
    return reports[run].at if run in reports else next(each.at for each in facts if each.run == run)


def _of_set(facts: Facts) -> dict[str, Any]:
    lower, upper = wilson(facts.passed, facts.n) if facts.n else (None, None)
    numbers = {"passed": facts.passed, "n": facts.n, "cases": facts.cases, "lower": lower, "upper": upper}
    return numbers | {"set": facts.set, "title": facts.title, "variant": facts.variant}


_GRAVITY = (*GRAVEST_FIRST, "pass")
_TONES = {"PROMOTE": "pass", "UNCHANGED": "pass", "HOLD": "hold"}


def _verdict(fact: Mapping[str, Any]) -> dict[str, Any]:
    word = fact["verdict"] + (f" v{fact['version']}" if fact["version"] else "")
    return mark(_TONES.get(fact["verdict"], "reject")) | {"word": word, "task": fact["task"], "reason": fact["reason"]}


def _marks(report: RunReport) -> Iterator[dict[str, Any]]:
    """The verdicts; of a run without one the gravest of its gate checks, the first of several."""
    if report.verdicts:
        yield from map(_verdict, report.verdicts)
        return
    checks = [each for found in report.checks.values() for each in found if not each["advisory"]]
    for each in sorted(checks, key=lambda each: _GRAVITY.index(each["status"]))[:1]:
        word = {"word": each["status"].upper(), "task": each["set"], "reason": each["reason"]}
        yield mark(each["status"]) | word


def _link(store: RecordStore, run: str, folder: Path) -> str:
    """Relative to the page, so that both can be moved together; "" without a report of the run."""
    path = store.folder / run / FILE
    return Path(os.path.relpath(path, folder)).as_posix() if path.is_file() else ""
