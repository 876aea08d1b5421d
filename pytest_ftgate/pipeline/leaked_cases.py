"""Reports of the leakage check -> LeakedCases: which cases are in training rows, and which of them the gate leaves out.

A set can be judged on three parts: what decides; all of its cases; the clean ones, of which nothing stands in any row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.evaluation import covers

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.leakage.report import Leak, Report

Part = Literal["all", "clean"]
PARTS: tuple[Part, ...] = ("all", "clean")

Found = dict[tuple[str, str], "Leak"]
"""The gravest finding of each case, by names of set and case."""


class TooFewLeft(FtgateError):  # noqa: N818 - a decision, not an error
    """So many cases leaked that without them the set is another one than was locked."""


@dataclass
class LeakedCases:
    """What the check found, and what of it the gate drops. reports: those that stopped nothing."""

    reports: list[Report] = field(default_factory=list)
    _found: Found = field(default_factory=dict)
    _dropped: Found = field(default_factory=dict)

    def tolerate(self, report: Report) -> None:
        """Keep findings that stop nothing: the gate shows its result without these cases beside its own."""
        self.reports.append(report)
        for leak in (*report.leaks, *report.suspects):
            self._found.setdefault((leak.set, leak.golden_id), leak)

    def drop(self, leaks: Collection[Leak], suites: Collection[Suite]) -> None:
        """Leave the cases of these leaks out of every comparison.

        Raises TooFewLeft if less than 95 % of a set would be left: the same share that an older result must cover, so
        what is frozen of the rest can still be compared in later runs.
        """
        dropped: Found = {}
        for leak in leaks:
            dropped.setdefault((leak.set, leak.golden_id), leak)
        for suite in suites:
            _check_rest(suite, _of(dropped, suite))
        self._dropped |= dropped

    def told(self, suites: Collection[Suite]) -> list[str]:
        """A line for each set that lost cases: how many, which, and where they stand."""
        return [_told(suite, dropped) for suite in suites if (dropped := self.dropped(suite))]

    def dropped(self, suite: Suite) -> dict[str, Leak]:
        """The cases of a set that no comparison looks at, each with the training row that holds it."""
        return _of(self._dropped, suite)

    def left_out(self, suite: Suite, part: Part | None = None) -> frozenset[str]:
        """Ids of the cases that do not belong to a part of a set; None: the part that decides."""
        if part == "all":
            return frozenset()
        dropped = frozenset(self.dropped(suite))
        return dropped | frozenset(_of(self._found, suite)) if part == "clean" else dropped

    def others(self, suite: Suite) -> tuple[Part, ...]:
        """The parts of a set that differ from the one that decides, and from each other."""
        deciding = self.left_out(suite)
        return tuple(part for part in PARTS if self.left_out(suite, part) != deciding)

    def title(self, suite: Suite, part: Part) -> str:
        """Such as "all 100 cases" or "the 97 clean cases"."""
        count = len(suite.cases) - len(self.left_out(suite, part))
        return f"all {count:,} cases" if part == "all" else f"the {count:,} clean cases"


def _of(found: Found, suite: Suite) -> dict[str, Leak]:
    return {case: leak for (name, case), leak in found.items() if name == suite.name}


def _check_rest(suite: Suite, leaked: Mapping[str, Leak]) -> None:
    left = [case for case in suite.cases if case.id not in leaked]
    if not covers(left, suite):
        raise TooFewLeft(
            f"{suite.name}: --ftgate-leak=drop-case would keep {len(left)} of {len(suite.cases)} cases, at least 95 % "
            "required; replace the leaked cases, or train without the leaked rows: --ftgate-leak=drop-row"
        )


def _told(suite: Suite, leaked: Mapping[str, Leak]) -> str:
    places = ", ".join(f"{case} ({leak.file}:{leak.line})" for case, leak in leaked.items())
    s = "" if len(leaked) == 1 else "s"
    told = f"{len(leaked)} leaked case{s} of {len(suite.cases)} excluded for all models"
    return f"{suite.name}: {told}: {places}"
