"""(pipeline, labelled production inputs, night) -> ProductionFinding: how the champion does on what people really ask.

Texts stay on this machine: findings name inputs by their ids, and the registry keeps numbers only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pytest_ftgate.errors import Fault, FileFaults, FtgateError, IntegrityError
from pytest_ftgate.files.text import shown
from pytest_ftgate.pipeline.canary.measure import ask_night, key_of
from pytest_ftgate.pipeline.canary.store import keep_production
from pytest_ftgate.pipeline.data_access import record_access
from pytest_ftgate.pipeline.live.labelled_file import LiveCase, faults_in, read_labelled
from pytest_ftgate.pipeline.live.overlaps import rows_of, touched_by_rows
from pytest_ftgate.pipeline.live.production_rule import (
    LEAST_INPUTS,
    LIMIT,
    Comparison,
    Graded,
    compare,
)

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.canary.run import CanaryRun
    from pytest_ftgate.registry import Version

LEAST_MEASURED = 0.95
SHOWN = 10
Kind = Literal["steady", "drift", "changed", "incomplete", "unknown", "none"]


@dataclass(frozen=True, slots=True)
class ProductionFinding:
    """One look. kind: as of a night's `Finding`; "drift": worse than on the goldens at promotion, beyond chance.

    trained: inputs left out, since they are in training data; others: since they are of other golden sets.
    unmeasured: ids without a grade. wrong: ids, the worst first.
    """

    kind: Kind
    reason: str
    day: date
    comparison: Comparison | None = None
    trained: int = 0
    others: int = 0
    unmeasured: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def score(self) -> float | None:
        """On production, 0 to 1; None if it was not measured."""
        return self.comparison.score if self.comparison else None

    def lines(self) -> Iterator[str]:
        """The numbers behind the reason; no texts."""
        if seen := self.comparison:
            yield f"production {seen.score:.3f} [{seen.lower:.3f}, {seen.upper:.3f}] (n = {seen.n}, 95 % interval)"
            yield f"goldens at promotion {seen.goldens:.3f} (n = {seen.n_goldens})"
            yield f"drop {100 * seen.drop + 0.0:+.1f} points, z {seen.z:+.2f} (alarm: over 5 points and z > {LIMIT})"
        if self.trained:
            yield f"left out: {self.trained} inputs that share text with training data"
        if self.others:
            yield f"left out: {self.others} inputs of golden sets of other pipelines"
        if self.unmeasured:
            yield f"not measured: {_listed(self.unmeasured)}"
        if self.wrong:
            yield f"answered worst: {_listed(self.wrong)}"

    def to_json(self) -> dict[str, Any]:
        """For JUnit and the summary."""
        told = {"kind": self.kind, "reason": self.reason, "night": str(self.day), "score": self.score}
        return told | {"of": "production", "lines": list(self.lines())}


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return f"{', '.join(each[:12] for each in ids[:SHOWN])}{more}"


@dataclass
class ProductionRun:
    """The labelled inputs of one pipeline. watch: of its champion. cases: those of its golden sets.

    others: inputs of the file that belong to no golden set of the pipeline.
    """

    watch: CanaryRun
    suites: Sequence[Suite]
    cases: Sequence[LiveCase]
    others: int = 0
    champion: Version | None = field(default=None, init=False)

    @property
    def task(self) -> str:
        """The name of the pipeline."""
        return self.watch.task

    def look(self, night: date) -> ProductionFinding:
        """Ask the champion what it may not have been trained on; keep the numbers. Raises FtgateError, as a night."""
        try:
            self.champion = self.watch.runtime.targets.champion(self.task)
        except IntegrityError as error:
            return ProductionFinding("changed", str(error), night)
        if self.champion is None:
            why = f"no champion yet; train one: pytest pipelines/{self.task} --train"
            return ProductionFinding("none", why, night)
        try:
            trained = self._trained()
        except FtgateError as error:
            why = f"cannot tell which inputs were trained on: {error}"
            return ProductionFinding("incomplete", why, night)
        left = [each for each in self.cases if each.case.id not in trained]
        if len(left) < LEAST_INPUTS:
            why = f"{len(left)} labelled inputs that were not trained on; at least {LEAST_INPUTS} are needed"
            return ProductionFinding("incomplete", why, night, trained=len(trained))
        return replace(self._compare(self.champion, left, night), trained=len(trained), others=self.others)

    def _trained(self) -> set[str]:
        files = self.watch.pipeline.data_files
        record_access(self.watch.runtime.settings.state_dir, self.watch.pipeline, "canary --live")
        return touched_by_rows([each.case for each in self.cases], rows_of(files))

    def _compare(self, champion: Version, left: Sequence[LiveCase], night: date) -> ProductionFinding:
        goldens = self._goldens(champion)
        if not goldens:
            return ProductionFinding("unknown", f"{champion} has no results of its golden sets to compare with", night)
        parts = [replace(suite, cases=tuple(self._of(suite, left)), own_graders={}) for suite in self.suites]
        asked = [(suite, list(suite.cases)) for suite in parts if suite.cases]
        try:
            answers = ask_night(asked, self.watch.target(champion), self.watch.runtime, night.toordinal())
        except FtgateError as error:
            return ProductionFinding("incomplete", f"could not ask the champion: {error}", night)
        named = {suite.name: suite for suite in parts}
        grades = {each.case.id: answers[key_of(named[each.golden], each.case)].grade for each in left}
        return self._judge(champion, left, grades, goldens, night)

    @staticmethod
    def _of(suite: Suite, left: Sequence[LiveCase]) -> Iterator[Any]:
        return (each.case for each in left if each.golden == suite.name)

    def _goldens(self, champion: Version) -> list[float]:
        """Grades of the golden sets that have inputs, as they were at promotion."""
        registry = self.watch.runtime.registry
        named = {each.golden for each in self.cases}
        sets = [registry.results(champion, suite.name)["cases"] for suite in self.suites if suite.name in named]
        return [float(row["value"]) for rows in sets for row in rows.values()]

    def _judge(
        self,
        champion: Version,
        left: Sequence[LiveCase],
        grades: Mapping[str, float | None],
        goldens: Sequence[float],
        night: date,
    ) -> ProductionFinding:
        graded = [(each, grade) for each in left if (grade := grades[each.case.id]) is not None]
        unmeasured = tuple(name for name, grade in grades.items() if grade is None)
        if len(graded) < LEAST_MEASURED * len(left) or len(graded) < LEAST_INPUTS:
            why = f"{len(unmeasured)} of {len(left)} inputs not measured"
            return ProductionFinding("incomplete", why, night, unmeasured=unmeasured)
        seen = compare([Graded(each.stratum, each.weight, grade) for each, grade in graded], goldens)
        wrong = tuple(each.case.id for each, grade in sorted(graded, key=lambda pair: pair[1]) if grade < 1)
        kind: Kind = "drift" if seen.alarm else "steady"
        reason = f"production {100 * seen.drop + 0.0:.1f} points below the goldens at promotion (z {seen.z:.1f})"
        if seen.drop <= 0:
            reason = f"production not below the goldens at promotion ({seen.score:.3f} and {seen.goldens:.3f})"
        found = ProductionFinding(kind, reason, night, seen, unmeasured=unmeasured, wrong=wrong)
        numbers = {"score": seen.score, "lower": seen.lower, "upper": seen.upper, "n": seen.n, "goldens": seen.goldens}
        keep_production(self.watch.runtime.registry, champion, night, numbers, kind)
        return found


def production_runs(
    path: Path, watched: Sequence[CanaryRun], suite_of: Callable[[str], Suite]
) -> dict[str, ProductionRun]:
    """Of each pipeline that the file has inputs of, by name. suite_of: the golden set of a name.

    Raises FileFaults with all lines that are none, or that no pipeline's golden sets can judge.
    """
    found, runs, faults = read_labelled(path), dict[str, ProductionRun](), list[Fault]()
    for watch in watched:
        suites = [suite_of(name) for name in watch.pipeline.goldens]
        names = [suite.name for suite in suites]
        if cases := [each for each in found if each.golden in names]:
            runs[watch.task] = ProductionRun(watch, suites, cases, len(found) - len(cases))
            for suite in suites:
                faults += faults_in([each for each in cases if each.golden == suite.name], suite, path)
    if not runs:
        sets = ", ".join(dict.fromkeys(each.golden for each in found))
        named = ", ".join(watch.task for watch in watched)
        what = f"has inputs of {sets}, which gates none of the watched pipelines: {named}"
        faults = [Fault(shown(path), 0, what)]
    if faults:
        raise FileFaults(faults)
    return runs
