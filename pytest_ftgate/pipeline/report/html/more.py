"""RunReport -> what changed since the run before, data checks, the history of promotions, forgetting, warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_ftgate.pipeline.comparison.since_last import worse_slices
from pytest_ftgate.pipeline.report.html.checks import mark
from pytest_ftgate.pipeline.report.html.intervals import Interval, of_differences
from pytest_ftgate.pipeline.report.html.render import Section, section

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

_LEVELS = {"ok": "pass", "warning": "hold", "skipped": "skip", "error": "reject"}
_MOVES = {
    "promote": ("promoted", "\N{BLACK UP-POINTING TRIANGLE}"),
    "override": ("promoted against its verdict", "!"),
    "rollback": ("rolled back to", "\N{LEFTWARDS ARROW WITH HOOK}"),
}


def since(report: RunReport) -> Section | None:
    """The difference to an earlier run; None where there is none to compare with."""
    known = [each for each in report.changed if each["gain"] is not None]
    rows = {each["title"]: Interval(each["title"], each["gain"], each["lower"], each["upper"], None) for each in known}
    forest = of_differences(list(rows.values()))
    shown = [
        {
            "title": each["title"],
            "text": each["text"],
            "plot": forest.row(rows[each["title"]]) if each["title"] in rows else "",
            "fixed": len(each["fixed"]),
            "broken": len(each["broken"]),
            "worse": worse_slices(each),
        }
        for each in report.changed
    ]
    scale = forest.scale() if rows else ""
    return section("since", "Since the run before", changed=shown, scale=scale) if shown else None


def data(report: RunReport) -> Section | None:
    """The checks of training data; None without any."""
    tasks = [_of_task(report, task) for task in dict.fromkeys(each["task"] for each in report.data)]
    return section("data", "Training data", tasks=tasks) if tasks else None


def _of_task(report: RunReport, task: str) -> dict[str, Any]:
    own = [each for each in report.data if each["task"] == task]
    order = {"error": 0, "warning": 1, "skipped": 2, "ok": 3}
    rows = [
        {"check": each["check"], "text": each["text"], "ok": each["level"] == "ok"}
        | mark(_LEVELS.get(each["level"], "pass"))
        | {"word": each["level"]}
        for each in sorted(own, key=lambda each: order.get(each["level"], 0))
    ]
    return {"task": task, "rows": max(each["rows"] for each in own), "checks": rows}


def forgetting(report: RunReport) -> Section | None:
    """What became of the base model's general skills; None where no set of them is asked."""
    found = [
        {"check": check, "general": _general(report)} | mark(check["status"])
        for name, checks in report.checks.items()
        for check in checks
        if check["check"] == "forgetting" and "gain" in check["numbers"]
    ]
    return section("forgetting", "General skills", found=found) if found else None


def _general(report: RunReport) -> str:
    return next((fact["general"] for fact in report.pipelines if fact.get("general")), "")


def history(report: RunReport) -> Section | None:
    """Champions of each task, the newest first; None before the first."""
    found = [
        {"task": fact["task"], "moves": list(moved(fact["history"]))}
        for fact in report.pipelines
        if fact.get("history")
    ]
    return section("history", "Champions", tasks=found) if found else None


def moved(moves: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Moves of a champion, the newest first, each with its word and sign. moves: the oldest first."""
    for place, move in enumerate(reversed(moves)):
        word, sign = _MOVES.get(move["kind"], (move["kind"], ""))
        yield {**move, "word": word, "sign": sign, "now": place == 0}
