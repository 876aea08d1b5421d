"""RunReport -> what is wrong at which line of which golden set, as GitHub and GitLab show it beside a change."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pytest_ftgate.files.escape import printable

if TYPE_CHECKING:
    from pytest_ftgate.pipeline.report.run_report import RunReport

SHOWN = 10
"""Annotations of each level that GitHub shows of a step."""
KEPT = 1_000
"""Characters of a text."""
Level = Literal["error", "warning"]
_SEVERITY = {"error": "major", "warning": "minor"}


@dataclass(frozen=True, slots=True)
class Place:
    """path: relative to the repository, "/" between folders; "" for the run as a whole. line: 1-based, 0 for the file.

    title: one line. text: one or more. key: what it is about, the same in every run.
    """

    level: Level
    path: str
    line: int
    title: str
    text: str
    key: str


def places(report: RunReport, repository: Path) -> list[Place]:
    """Models that could not be asked, gate checks that are not met, failed cases (errors), misses (warnings); of files
    outside the repository none.

    repository: its absolute folder; files of the report are relative to the working directory.
    """
    found = [*_checks(report), *_cases(report.wrong, "error"), *_cases(report.missed, "warning")]
    unasked = [Place("error", "", 0, "not asked", _cut(text), text) for text in report.unasked]
    return unasked + [
        Place(level, inside, line, _one_line(title), _cut(text), key)
        for level, file, line, title, text, key in found
        if (inside := _inside(file, repository))
    ]


_Raw = tuple[Level, str, int, str, str, str]


def _checks(report: RunReport) -> Iterator[_Raw]:
    files = {each[name]: each["path"] for name in ("set", "title") for each in report.sets}
    for name, checks in report.checks.items():
        for check in checks:
            if check["status"] != "pass" and not check.get("advisory") and name in files:
                level: Level = "warning" if check["status"] in {"hold", "skip"} else "error"
                title = f"{name}: {check['check']}: {check['status'].upper()}"
                yield level, files[name], 0, title, check["reason"], f"{name} {check['check']}"


def _cases(cases: Sequence[dict[str, Any]], level: Level) -> Iterator[_Raw]:
    for case in cases:
        kind = "failed" if level == "error" else "missed, left to the gate"
        lines = [case["reason"], *(f"{key}: {case[key]}" for key in ("question", "expected", "answer") if case[key])]
        yield level, case["file"], case["line"], f"{case['test']} {kind}", "\n".join(lines), case["test"]


def _inside(file: str, repository: Path) -> str:
    path = Path(os.path.normpath(Path(file).absolute()))
    return path.relative_to(repository).as_posix() if path.is_relative_to(repository) else ""


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())[:KEPT]


def _cut(text: str) -> str:
    text = printable(text)
    return text if len(text) <= KEPT else f"{text[: KEPT - 3]}..."


def github_commands(found: Sequence[Place], shown: int = SHOWN) -> Iterator[str]:
    """Workflow commands, one a line: at most `shown` of each level, the last of which says how many more there are."""
    for level in ("error", "warning"):
        some = [place for place in found if place.level == level]
        first = some if len(some) <= shown else some[: shown - 1]
        yield from map(_command, first)
        if more := len(some) - len(first):
            yield f"::{level} title=pytest-ftgate::and {more:,} more; the summary of the job lists them"


def _command(place: Place) -> str:
    given = {"file": place.path, "line": str(place.line) if place.line else "", "title": place.title}
    properties = ",".join(f"{name}={_property(value)}" for name, value in given.items() if value)
    return f"::{place.level} {properties}::{_data(place.text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def code_quality(found: Sequence[Place]) -> list[dict[str, Any]]:
    """GitLab's code quality report: description, check_name, fingerprint, severity, location."""
    return [
        {
            "description": f"{place.title}: {place.text.partition(chr(10))[0]}",
            "check_name": "ftgate",
            "fingerprint": hashlib.sha256(f"{place.path} {place.key}".encode("utf-8", "replace")).hexdigest(),
            "severity": _SEVERITY[place.level],
            "location": {"path": place.path, "lines": {"begin": max(place.line, 1)}},
        }
        for place in found
        if place.path
    ]
