"""What a run decided -> the lines that end its summary: each verdict of a training, each look at a champion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from pytest_ftgate.gate.verdict import NO_FLOORS


class Decided(Protocol):
    """What a `ReportCollector` and a `RunReport` have in common: verdicts of trainings, nights of champions."""

    @property
    def verdicts(self) -> Sequence[dict[str, Any]]:
        """Of pipelines that were trained."""

    @property
    def nights(self) -> Sequence[dict[str, Any]]:
        """Of champions that were asked their panels."""


def endings(tally: Decided, *, explained: bool = True) -> Iterator[tuple[str, str]]:
    """What was decided, as `lines` ends with. explained: with the first cases that broke."""
    for verdict in tally.verdicts:
        yield from _verdict(verdict if explained else {**verdict, "explained": ()})
    for night in tally.nights:
        yield from _night(night)


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
    "REJECT": "ftgate show {golden} --missed   (what it got wrong; production is unchanged)",
    "INTEGRITY": "mend what is named above, then run again; production is unchanged",
}


def _times(seconds: dict[str, float]) -> str:
    return ", ".join(f"{stage} {spent:.0f} s" for stage, spent in seconds.items())
