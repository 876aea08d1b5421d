"""(champion, registry, evaluations) -> what a candidate is compared with: the champion, and the best past champion."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_ftgate.evaluate.evaluation import covers, frozen_results
from pytest_ftgate.gate.verdict import Result
from pytest_ftgate.registry.model_tags import ENGINE, engine_here

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.evaluation import Evaluation
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.registry import Registry, Version


@dataclass(frozen=True, slots=True)
class Reference:
    """A version and its results. now: it was asked in this run, every case of the set as it is."""

    version: Version
    results: Mapping[str, Result]
    now: bool = False


class References:
    """Looks each one up once. Sends nothing: a champion whose frozen results cover too little was asked before.

    champion: of the task, None if there is none. versions: all registered ones, before this run has added its own. now:
    evaluation of the champion in this run. left_out: ids of the cases of a set that decide nothing. engine: that serves
    this run, see `Model.engine`; results that came from another one, or another release of it, are not compared.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what decides what can be compared
        self,
        champion: Version | None,
        registry: Registry,
        versions: Callable[[], Sequence[Version]],
        now: Callable[[Suite], Evaluation],
        left_out: Callable[[Suite], Collection[str]],
        engine: str = "",
    ) -> None:
        self._engine = engine
        self._champion, self._registry = champion, registry
        self._versions, self._now, self._left_out = versions, now, left_out
        self._champions: dict[str, Reference | None] = {}
        self._anchors: dict[str, Reference | None] = {}
        self._found: dict[tuple[str, int], dict[str, Result]] = {}

    def champion(self, suite: Suite) -> Reference | None:
        """The champion's frozen results, or those of this run if they cover too little. None without a champion."""
        if suite.name not in self._champions:
            champion = self._champion
            self._champions[suite.name] = self._frozen_or_now(suite, champion) if champion else None
        return self._champions[suite.name]

    def champion_is_stale(self, suite: Suite) -> bool:
        """True if there is a champion, and its frozen results cannot be compared with those of this run.

        They cover too little of the set as it is now, or came from another engine.
        """
        return self._champion is not None and not covers(self._frozen(suite, self._champion), suite)

    def anchor(self, suite: Suite) -> Reference | None:
        """The past champion with the highest mean value; None if the champion itself is no worse than all of them.

        All are compared on the cases that all have; who covers too little of the set as it is now is left out.
        """
        if suite.name not in self._anchors:
            self._anchors[suite.name] = self._best(suite)
        return self._anchors[suite.name]

    def of_other_engines(self) -> list[str]:
        """Past champions whose results came from another engine or release, so that nothing is compared with them."""
        known = {(version.number, version.digest): version for version in self._versions()}
        keys = [(each.number, each.digest) for each in self._champion.predecessors] if self._champion else []
        found = [known[key] for key in dict.fromkeys(keys) if key in known and known[key] != self._champion]
        return [f"v{one.number}" for one in found if one.tags.get(ENGINE, "") != engine_here(one, self._engine)]

    def _frozen_or_now(self, suite: Suite, champion: Version) -> Reference:
        if self.champion_is_stale(suite):
            return Reference(champion, self._now(suite).results, now=True)
        return Reference(champion, self._frozen(suite, champion))

    def _frozen(self, suite: Suite, version: Version) -> dict[str, Result]:
        key = (suite.name, version.number)
        if key not in self._found:
            same = version.tags.get(ENGINE, "") == engine_here(version, self._engine)
            self._found[key] = frozen_results(self._registry.results(version, suite.name), suite) if same else {}
        return self._found[key]

    def _best(self, suite: Suite) -> Reference | None:
        champion = self.champion(suite)
        past = list(self._past(suite)) if champion else []
        if champion is None or not past:
            return None
        everyone = [champion, *past]
        dropped = self._left_out(suite)
        asked = [case.id for case in suite.cases if case.id not in dropped]
        shared = [case_id for case_id in asked if all(case_id in each.results for each in everyone)]
        if not shared:
            return None
        best = max(everyone, key=lambda each: _mean(each, shared))  # of equals the first: the champion, then the newest
        return None if best is champion else best

    def _past(self, suite: Suite) -> Iterator[Reference]:
        """The champions before this one that can be compared, newest first."""
        champion = self._champion
        known = {(version.number, version.digest): version for version in self._versions()}
        past = dict.fromkeys((each.number, each.digest) for each in champion.predecessors) if champion else {}
        for key in past:
            version = known.get(key)
            if version is None or version == champion:
                continue
            results = self._frozen(suite, version)
            if covers(results, suite):
                yield Reference(version, results)


def _mean(reference: Reference, shared: list[str]) -> float:
    return fmean(reference.results[case_id].value or 0.0 for case_id in shared)
