"""(golden sets, size) -> the fixed panel of a canary; (reference, golden sets of today) -> the same cases again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pytest_ftgate.pipeline.canary.reference import Asked

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.golden.case import Case
    from pytest_ftgate.pipeline.canary.reference import Reference

Panel = list[tuple["Suite", list["Case"]]]
"""Each golden set with those of its cases that are on the panel."""


def draw_panel(suites: Sequence[Suite], size: int) -> Panel:
    """At most `size` of the cases that can be graded, drawn by their digests alone.

    The draw is the order of a hash: no case comes or goes because others did, nor because the file was sorted anew.
    """
    graded = ((suite, case) for suite in suites for case in suite.cases if suite.graders_of(case))
    known = list({(suite.name, case.digest): (suite, case) for suite, case in graded}.values())
    known.sort(key=lambda each: hashlib.sha256(f"canary {each[0].name} {each[1].digest}".encode()).digest())
    return _by_suite(suites, known[:size])


def find_panel(suites: Sequence[Suite], reference: Reference) -> tuple[Panel, list[str]]:
    """The panel of the reference runs in the golden sets of today, and the keys of cases that changed or are gone.

    A case is the same if its digest is, whatever its id is now.
    """
    today = {(suite.name, case.digest): (suite, case) for suite in suites for case in suite.cases}
    places = [(case.key, (case.set, case.digest)) for case in reference.cases]
    found = [today[place] for _, place in places if place in today]
    return _by_suite(suites, found), [key for key, place in places if place not in today]


def asked_of(suites: Iterable[Suite], model: str, engine: str) -> Asked:
    """What decides answers and grades today."""
    named = {suite.name: suite for suite in suites}
    prompts = {name: suite.prompt.digest for name, suite in named.items()}
    return Asked(model, engine, prompts, {name: suite.settings_digest for name, suite in named.items()})


def _by_suite(suites: Sequence[Suite], found: Iterable[tuple[Suite, Case]]) -> Panel:
    cases: dict[str, list[Case]] = {suite.name: [] for suite in suites}
    for suite, case in found:
        cases[suite.name].append(case)
    return [(suite, cases[suite.name]) for suite in suites if cases[suite.name]]
