"""(Suite, what it is now, what its lock accepted) -> each sort of difference, with the file and line to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_ftgate.evaluate.lock_changes import Accepted, case_changes, count, differing, gate_changes, listed
from pytest_ftgate.evaluate.suite import Suite

_TABLES = {"graders": "grader"}
"""Name of a setting -> its table in golden.toml, where they differ."""


def differences(suite: Suite, now: Accepted, old: Accepted) -> Iterator[tuple[Path, int, str]]:
    """(file, line, what differs from the lock) of each sort of difference."""
    yield from _cases(suite, now, old)
    golden = suite.golden
    for name in differing(now.settings, old.settings):
        yield golden.path, golden.line(_TABLES.get(name, name)), f"{name} changed since golden.lock was written"
    for module in differing(now.code, old.code):
        file = suite.code.get(module)
        what = "changed" if module in now.code and module in old.code else "added" if file else "removed"
        path, line = (file.path, 0) if file else (golden.path, golden.line("grader"))
        yield path, line, f"code of a python grader {what} since golden.lock was written: module {module}"
    if found := gate_changes(now.gate, old.gate):
        text = f"the gate changed since golden.lock was written: {', '.join(found)}"
        yield golden.path, golden.line("gate"), text


def _cases(suite: Suite, now: Accepted, old: Accepted) -> Iterator[tuple[Path, int, str]]:
    lines = {case.id: case.line for case in suite.cases}
    for sort, names in case_changes(now.cases, old.cases):
        what = f"{count(names)} {sort} since golden.lock was written: {listed(names, lines)}"
        yield suite.golden.cases_path, lines.get(names[0], 0), what
