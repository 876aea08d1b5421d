"""--ftgate-against NAME: the earlier run that this one is compared with, and the gate check that decides by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_ftgate.evaluate.records.find import find
from pytest_ftgate.evaluate.records.make import graders_digest, input_digest
from pytest_ftgate.evaluate.records.store import nearest
from pytest_ftgate.gate.checks.result import CheckResult
from pytest_ftgate.pipeline.comparison.drop import Tested, ambiguous_check, drop_check
from pytest_ftgate.pipeline.comparison.new_set import new_set_check
from pytest_ftgate.pipeline.comparison.since_last import clock

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.records.record import Record
    from pytest_ftgate.evaluate.records.store import RecordStore, Stored
    from pytest_ftgate.evaluate.suite import Suite


class Against:
    """name: of the earlier run. max_drop: share that may be lost; None to report only."""

    def __init__(self, store: RecordStore, name: str, max_drop: float | None) -> None:
        self.name, self.max_drop = name, max_drop
        self._store = store

    def look_up(self) -> None:
        """Before anything is asked. Raises RecordError if there is no such run, IntegrityError if it was edited."""
        for stored in self._found:
            self._store.read(stored)

    @cached_property
    def _found(self) -> list[Stored]:
        return find(self._store, self.name)

    @property
    def decides(self) -> bool:
        """Whether it is a gate check: of every golden set, also of one that the earlier run did not have."""
        return self.max_drop is not None

    def knows(self, golden: str) -> bool:
        """Whether the earlier run had the set."""
        return golden in self._sets

    @property
    def _sets(self) -> list[str]:
        return list(dict.fromkeys(each.facts.set for each in self._found))

    def record(self, golden: str, model: str, variant: str = "") -> Record | None:
        """The earlier record of a golden set. Raises IntegrityError if it was edited.

        model (its digest), variant: of a run that asked several, see `store.nearest`.
        """
        stored = nearest([each for each in self._found if each.facts.set == golden], model, variant)
        return self._store.read(stored) if stored else None

    def _several(self, golden: str, model: str, variant: str) -> list[str]:
        """The models of the earlier run that could be meant, if it asked several and none of them is today's."""
        of_set = [each.facts for each in self._found if each.facts.set == golden]
        same_prompt = [facts for facts in of_set if facts.variant == variant]
        if any(facts.digest == model for facts in same_prompt) or len(same_prompt or of_set) == 1:
            return []
        return sorted(facts.model for facts in same_prompt or of_set)

    def check(self, suite: Suite, tested: Evaluation, present: Collection[str]) -> CheckResult:
        """The verdict on one golden set, advisory of a new one. present: all sets that there are today, by name."""
        variant = suite.column.variant if suite.column else ""
        then = self.record(suite.name, tested.model_digest, variant)
        if then is None:
            gone = [self._store.read(each) for each in self._found if each.facts.set not in present]
            return new_set_check(self.name, suite.name, map(input_digest, suite.cases), gone)
        if several := self._several(suite.name, tested.model_digest, variant):
            return ambiguous_check(self.name, several)
        cases = tested.suite.cases
        digests, clusters = {case.id: case.digest for case in cases}, {case.id: case.cluster for case in cases}
        now = Tested(tested.results, digests, clusters, graders_digest(suite))
        check = drop_check(now, then, self.max_drop or 0.0)
        when = clock(then.facts.when, datetime.now(UTC).astimezone())
        prompt = f", prompt {then.facts.variant}" if then.facts.variant else ""
        return replace(check, reason=f"{check.reason}; against {self.name} of {when}, {then.facts.model}{prompt}")
