"""(Registry, task) -> the versions that every replica of a task should serve, and the names that are superseded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_ftgate.errors import RegistryError
from pytest_ftgate.gate.exit_code import Kind
from pytest_ftgate.registry.model_tags import name_of
from pytest_ftgate.registry.version import FORM, MODEL, VERDICT

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version

NEWEST = -1
"""In place of a version's number: the newest one that may be shown to users."""

_REFUSED = frozenset({Kind.REJECT, Kind.INTEGRITY})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What replicas should serve.

    versions: the champion, then the candidate if there is one. kept: names of predecessors that may stay for rollbacks.
    """

    versions: tuple[Version, ...]
    kept: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which they answer."""
        return tuple(name_of(version) for version in self.versions)

    @property
    def doubt(self) -> str:
        """Why the candidate, which somebody named, should hardly be shown to users; "" if nothing is against it."""
        found = next(filter(_refused, self.versions[1:]), None)
        return (
            f"{found} was refused by the gate ({found.tags[VERDICT]}); users would meet it all the same"
            if found
            else ""
        )

    def superseded(self, served: Iterable[str], ours: frozenset[str]) -> list[str]:
        """Those of the served names that are the task's own (`names_of_task`) and needed no more."""
        return [name for name in served if name in ours and name not in self.kept and name not in self.names]


def wanted_now(registry: Registry, task: str, candidate: int | None = None, keep: int = 1) -> Wanted:
    """By the registry of this moment. Raises RegistryError without a champion, IntegrityError if it was tampered with.

    candidate: a version's number, NEWEST, or None for the champion alone. keep: so many predecessors may stay.
    """
    champion = registry.champion(task)
    if champion is None:
        raise RegistryError(f"{task} has no champion yet; see `ftgate status`")
    chosen = None if candidate is None else _candidate(registry, champion, candidate)
    past = {(each.number, each.digest) for each in champion.predecessors[:keep]}
    known = registry.versions(task) if past else []
    kept = (name_of(each) for each in known if MODEL in each.tags and (each.number, each.digest) in past)
    return Wanted((champion, chosen) if chosen else (champion,), frozenset(kept))


def names_of_task(registry: Registry, task: str) -> frozenset[str]:
    """Names of all versions of a task, without those that another task has too: the same model may serve both."""
    own = _names(registry.versions(task))
    return own.difference(*(_names(registry.versions(other)) for other in registry.tasks() if other != task))


def _candidate(registry: Registry, champion: Version, number: int) -> Version | None:
    """The version of that number unless it is the champion; the newest: an adapter after the champion, not rejected."""
    if number != NEWEST:
        return registry.version(champion.task, number) if number != champion.number else None
    found = [each for each in registry.versions(champion.task) if each.number > champion.number]
    shown = [each for each in found if MODEL in each.tags and FORM not in each.tags]
    return next((each for each in reversed(shown) if not _refused(each)), None)


def _refused(version: Version) -> bool:
    return version.tags.get(VERDICT) in _REFUSED


def _names(versions: Iterable[Version]) -> frozenset[str]:
    return frozenset(name_of(each) for each in versions if MODEL in each.tags)
