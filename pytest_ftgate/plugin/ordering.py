"""Selected items -> their order in a run, and the cases that have to be asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.metrics.latency_cost import NAMES as LIMITS
from pytest_ftgate.plugin.fixtures import asked_of, suite_of
from pytest_ftgate.plugin.items.base import FtgateItem, Rank, asks_a_model
from pytest_ftgate.plugin.items.golden import CaseItem, GateItem, MetricItem

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.plugin.session import FtgateSession


COMPARING = frozenset({"against", "baseline", "champion", "forgetting"})
"""Gate checks that compare every answer of a set with another model's."""


def sort_items(items: list[pytest.Item], ftgate: FtgateSession) -> None:
    """Pipeline by pipeline: stages, cases, metrics, gate, promotion. Stable: within a rank the order stays."""
    place = {name: number for number, name in enumerate(ftgate.training.names)}

    def key(item: pytest.Item) -> tuple[int, Rank, int]:
        pipeline = place.get(_pipeline_of(item, ftgate), len(place) if asks_a_model(item) else 0)
        return pipeline, _rank(item), getattr(item, "order", 0)

    items.sort(key=key)


def note_gates(items: Iterable[pytest.Item], ftgate: FtgateSession) -> None:
    """Tell the session which gates its selected items are to decide, and which of these weigh wrong answers.

    Only a gate that is selected whole does, and has a check that looks at all answers.
    """
    gates = [item for item in items if isinstance(item, GateItem)]
    checks: dict[str, set[str]] = {}
    for gate in gates:
        checks.setdefault(gate.suite.title, set()).add(gate.check)
    suites = {gate.suite.title: gate.suite for gate in gates}
    whole = {name: set(ftgate.gate.checks_of(suite)) for name, suite in suites.items()}
    ftgate.weighed = frozenset(
        name for name, found in checks.items() if found == whole[name] and _weighs(suites[name], found)
    )
    ftgate.reports.gates_selected = len(gates)


def _weighs(suite: Suite, checks: Collection[str]) -> bool:
    """Whether one of the checks looks at every answer; floors that only limit latency or cost do not."""
    floors = suite.golden.gate.floors if suite.golden.gate else ()
    scores = any(floor.metric not in LIMITS for floor in floors)
    return bool(COMPARING & set(checks)) or ("floors" in checks and scores)


def _rank(item: pytest.Item) -> Rank:
    if isinstance(item, FtgateItem):
        return item.rank
    return Rank.METRIC if "metrics" in getattr(item, "fixturenames", ()) else Rank.CASE


def _pipeline_of(item: pytest.Item, ftgate: FtgateSession) -> str:
    if isinstance(item, FtgateItem):
        return item.pipeline
    marker = item.get_closest_marker("golden")
    if marker is not None and marker.args:
        return ftgate.training.gated_by(str(marker.args[0]))
    return ftgate.training.names[-1] if ftgate.training.names and asks_a_model(item) else ""


def check(items: Sequence[pytest.Item], ftgate: FtgateSession) -> None:
    """Refuse a --train or --canary run that leaves out any of what it has to look at. Raises UsageError."""
    _check_cases(items, ftgate)
    watched = set(ftgate.training.names) | set(ftgate.watching)
    kept = {item.nodeid for item in items}
    left = list(
        dict.fromkeys(
            item.nodeid
            for item in ftgate.made
            if isinstance(item, FtgateItem) and item.nodeid not in kept and item.pipeline in watched
        )
    )
    seen = {
        item.pipeline for item in items if isinstance(item, FtgateItem) and item.rank in {Rank.STAGE, Rank.PROMOTION}
    }
    if left or not watched <= seen:
        what = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
        option = "--train" if ftgate.training.names else "--canary"
        raise pytest.UsageError(
            f"{option}: {what or 'the items of pipeline.toml'} not selected, and it decides on all or nothing; "
            "drop -k, -m, --lf, --deselect and ids"
        )


def _check_cases(items: Iterable[pytest.Item], ftgate: FtgateSession) -> None:
    selected = {(item.suite.name, item.case.id) for item in items if isinstance(item, CaseItem)}
    for run in map(ftgate.training.run, ftgate.training.names):
        for suite in run.sets:
            left = sum((suite.name, case.id) not in selected for case in suite.cases)
            if left:
                raise pytest.UsageError(
                    f"--train: {left} of {len(suite.cases)} cases of {suite.name} are not selected, and the gate of "
                    f"{run.name} needs them all; drop -k, -m, --lf and case ids"
                )


def sets_of(items: Iterable[pytest.Item]) -> list[Suite]:
    """The golden sets that the items belong to, in order."""
    found: dict[str, Suite] = {}
    for item in items:
        if isinstance(item, CaseItem | MetricItem | GateItem):
            found.setdefault(item.suite.name, item.suite)
    return list(found.values())


def asks(items: Iterable[pytest.Item]) -> list[tuple[Suite, list[Case]]]:
    """Each golden set with the cases that the items need answered, in item order, each case once.

    A test that uses `metrics` needs all cases of its set; one that names no golden set of ours needs none, and fails.
    """
    wanted: dict[str, dict[str, Case]] = {}
    suites: dict[str, Suite] = {}
    for item in items:
        for suite, case in _needs(item):
            suites[suite.title] = suite
            wanted.setdefault(suite.title, {})[case.id] = case
    return [(suite, list(wanted[name].values())) for name, suite in suites.items()]


def graded(items: Iterable[pytest.Item]) -> frozenset[str]:
    """Titles of the golden sets of which an item wants a grade, not the answer alone."""
    return frozenset(suite.title for item in items if _wants_grade(item) for suite, _ in _needs(item))


def _wants_grade(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return isinstance(item, CaseItem) or "grade" in names or "metrics" in names


def _needs(item: pytest.Item) -> Iterator[tuple[Suite, Case]]:
    if isinstance(item, CaseItem):
        yield item.suite, item.case
        return
    names = getattr(item, "fixturenames", ())
    if "metrics" in names and item.get_closest_marker("golden"):
        if suite := _suite_or_none(item):
            yield from ((suite, case) for case in suite.cases)
    elif "response" in names or "grade" in names:
        asked = asked_of(item)
        if asked is not None and asked.case is not None:
            yield asked.suite, asked.case


def _suite_or_none(item: pytest.Item) -> Suite | None:
    """None where its fixtures will say what is wrong with the marker of the test, or with the set."""
    try:
        return suite_of(item)
    except FtgateError:
        return None
