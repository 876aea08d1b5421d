"""(Registry, task, addresses of running vLLMs) -> each of them serves the champion, and what is superseded is dropped.

All that a pass changes is at the servers, one adapter at a time, and each pass looks at them anew: a pass may be killed
at any step, and several may run at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.production.deploy import Deployed, deploy, fetch_adapter
from pytest_ftgate.pipeline.production.wanted import Wanted, names_of_task, wanted_now
from pytest_ftgate.registry.model_tags import name_of
from pytest_ftgate.serve.vllm.attached import running_server

if TYPE_CHECKING:
    from pytest_ftgate.registry import Registry, Version

T = TypeVar("T")
PROVE_AGAIN_S = 600.0
"""After so long an adapter that is loaded is asked again whether it answers as it should."""
AT_ONCE = 16
"""Servers that are looked at, or loaded, at one time."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be done.

    candidate, keep: as of `wanted_now`. unload_s: what is superseded is unloaded so many seconds after all replicas
    serve what they should; None: never. server_dir, base: as of `deploy`.
    """

    candidate: int | None = None
    keep: int = 1
    unload_s: float | None = None
    server_dir: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class Replica:
    """One server in one pass.

    served: names that it served before. missing: what it lacked. unproved: what it served, but was not asked of late.
    deployed: what was loaded or asked. unloaded: names. fault: why it is not as it should be.
    """

    url: str
    served: tuple[str, ...] = ()
    missing: tuple[Version, ...] = ()
    unproved: tuple[Version, ...] = ()
    deployed: tuple[Deployed, ...] = ()
    unloaded: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass found and did.

    superseded: names that are still loaded. moved: the champion moved meanwhile. fault: why what comes after failed.
    """

    wanted: Wanted
    replicas: tuple[Replica, ...]
    superseded: tuple[str, ...] = ()
    moved: bool = False
    fault: str = ""

    @property
    def well(self) -> bool:
        """Whether every replica serves what it should by now, and what comes after is done."""
        return not self.moved and not self.fault and not any(replica.fault for replica in self.replicas)


@dataclass(slots=True)
class Reconciler:
    """Passes over the replicas of a task, and what is remembered from one to the next.

    then: called once all replicas serve other versions than when it was called last, before anything is unloaded; gives
    why it failed, or "". It is where a router learns the new name.
    """

    registry: Registry
    task: str
    rules: Rules
    then: Callable[[Wanted], str] | None = None
    _told: tuple[str, ...] = ()
    _proved: dict[tuple[str, str], float] = field(default_factory=dict)
    """(address, name) -> when it answered as it should, of what is still loaded."""
    _idle: dict[str, float] = field(default_factory=dict)
    """Superseded name -> since when no replica needs it."""

    def plan(self, urls: Sequence[str]) -> Pass:
        """Look only. Raises FtgateError if the registry does not say what is wanted, having seen the servers."""
        seen = _each(_look, urls)
        self._forget(seen)
        wanted = self._wanted()
        found = [self._compare(replica, wanted) for replica in seen]
        served = {name for replica in found for name in replica.served}
        ours = names_of_task(self.registry, self.task) if served.difference(wanted.names) else frozenset()
        return Pass(wanted, tuple(found), tuple(wanted.superseded(sorted(served), ours)))

    def run(self, urls: Sequence[str]) -> Pass:
        """Load and prove what is missing, then unload what is superseded. Raises FtgateError as `plan` does."""
        planned = self.plan(urls)
        for version in {each.number: each for one in planned.replicas for each in _needed(one)}.values():
            fetch_adapter(self.registry, version)  # once, before each server's own look at it
        done = _each(self._deploy, planned.replicas)
        self._remember(done)
        moved = self._wanted().names != planned.wanted.names
        made = self._tell(replace(planned, replicas=tuple(done), moved=moved))
        due = self._due(made)
        if not due:
            return made
        ended = _each(lambda one: _unload(one, due), done)
        left = {name for one in ended for name in one.served if name in made.superseded and name not in one.unloaded}
        return replace(
            made,
            replicas=tuple(replace(one, fault="") for one in ended),
            superseded=tuple(name for name in made.superseded if name in left),
            fault="\n".join(one.fault for one in ended if one.fault),
        )

    def ready(self, urls: Iterable[str]) -> bool:
        """Whether each server was last seen with a version of the task that answers as it should, be it superseded."""
        known = {url for url, _ in self._proved}
        return all(url in known for url in urls)

    def _wanted(self) -> Wanted:
        return wanted_now(self.registry, self.task, self.rules.candidate, self.rules.keep)

    def _compare(self, seen: Replica, wanted: Wanted) -> Replica:
        if seen.fault:
            return seen
        missing = tuple(each for each in wanted.versions if name_of(each) not in seen.served)
        served = (each for each in wanted.versions if each not in missing)
        return replace(
            seen, missing=missing, unproved=tuple(each for each in served if not self._is_proved(seen.url, each))
        )

    def _is_proved(self, url: str, version: Version) -> bool:
        at = self._proved.get((url, name_of(version)))
        return at is not None and time.monotonic() - at < PROVE_AGAIN_S

    def _deploy(self, replica: Replica) -> Replica:
        made: list[Deployed] = []
        for version in _needed(replica):
            try:
                made.append(deploy(self.registry, version, replica.url, self.rules.base, self.rules.server_dir))
            except FtgateError as error:
                return replace(replica, deployed=tuple(made), fault=str(error))
        return replace(replica, deployed=tuple(made))

    def _forget(self, found: Iterable[Replica]) -> None:
        """What a server does not serve now has to be proved again once it does."""
        served = {replica.url: replica.served for replica in found}
        for url, name in list(self._proved):
            if name not in served.get(url, (name,)):
                del self._proved[url, name]

    def _remember(self, done: Iterable[Replica]) -> None:
        for replica in done:
            for version in _needed(replica):
                self._proved.pop((replica.url, name_of(version)), None)
            self._proved |= {(replica.url, each.name): time.monotonic() for each in replica.deployed}

    def _tell(self, made: Pass) -> Pass:
        if self.then is None or not made.well or made.wanted.names == self._told:
            return made
        fault = self.then(made.wanted)
        self._told = made.wanted.names if not fault else ()
        return replace(made, fault=fault)

    def _due(self, made: Pass) -> frozenset[str]:
        """Names to unload now: superseded for long enough while all replicas were well, and still superseded."""
        if self.rules.unload_s is None or not made.well:
            self._idle.clear()
            return frozenset()
        now = time.monotonic()
        self._idle = {name: self._idle.get(name, now) for name in made.superseded}
        due = [name for name, since in self._idle.items() if now - since >= self.rules.unload_s]
        return frozenset(self._wanted().superseded(due, frozenset(due))) if due else frozenset()


def _look(url: str) -> Replica:
    try:
        return Replica(url, tuple(str(card["id"]) for card in running_server(url).models()))
    except FtgateError as error:
        return Replica(url, fault=str(error))


def _needed(replica: Replica) -> tuple[Version, ...]:
    return replica.missing + replica.unproved


def _unload(replica: Replica, due: frozenset[str]) -> Replica:
    """The replica with what it has dropped, and as fault what it has not."""
    server, unloaded = running_server(replica.url), []
    try:
        for name in (each for each in replica.served if each in due):
            server.unload(name)
            unloaded.append(name)
    except FtgateError as error:
        return replace(replica, unloaded=tuple(unloaded), fault=str(error))
    return replace(replica, unloaded=tuple(unloaded))


def _each(work: Callable[[Any], T], items: Sequence[Any]) -> list[T]:
    with ThreadPoolExecutor(max(1, min(AT_ONCE, len(items)))) as pool:
        return list(pool.map(work, items))
