"""(-m expression, collected cases) -> lines on slices that it names and no case has, with those that there are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

import pytest

from pytest_ftgate.files.escape import printable
from pytest_ftgate.plugin.items.golden import CaseItem

SHOWN = 20
"""Slices listed."""


class SliceNames:
    """A plugin object of a run whose -m names slices: says before anything is deselected what no case has."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Compare the expression with the cases that were collected."""
        slices = [item.case.slices for item in items if isinstance(item, CaseItem)]
        self._lines = list(unknown_slices(str(config.option.markexpr), slices))

    def pytest_report_collectionfinish(self) -> list[str]:
        """What was found, in every run: it explains why nothing is left."""
        return [printable(f"ftgate: {line}") for line in self._lines]


def unknown_slices(expression: str, slices: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """One line for each `slice(...)` of the expression that no case is in; slices: of each case."""
    asked = list(_asked(expression))
    known = list(slices) if asked else []
    if known:
        yield from (line for wanted in asked if (line := _problem(wanted, known)))


def _asked(expression: str) -> Iterator[dict[str, object]]:
    """Arguments of each `slice(...)`; none of an expression that pytest reads and Python does not."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "slice":
            named = [each for each in node.keywords if each.arg and isinstance(each.value, ast.Constant)]
            yield {str(each.arg): each.value.value for each in named if isinstance(each.value, ast.Constant)}


def _problem(wanted: Mapping[str, object], known: list[Mapping[str, str]]) -> str:
    shown = ", ".join(f"{key}={value!r}" for key, value in wanted.items())
    if any(wanted.items() <= each.items() for each in known):
        return ""
    for key, value in wanted.items():
        values = {each[key] for each in known if key in each}
        if not values:
            keys = {name for each in known for name in each}
            return f"slice({shown}): no case has a slice {key!r}; there are: {_listed(keys)}"
        if value not in values:
            return f"slice({shown}): no case has {key}={value!r}; there are: {_listed(map(repr, values))}"
    return f"slice({shown}): no case has all of these at once"


def _listed(names: Iterable[str]) -> str:
    found = sorted(names)
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more if found else "none"
