"""SIGKILL at every request of a push that writes: nothing or all is visible, and the same command goes on."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

import pytest

from pytest_ftgate.registry.audit.check import check_lines
from pytest_ftgate.registry.hub.mirror import mirror
from pytest_ftgate.registry.hub.push import Options, push
from tests import hub_server
from tests.unit.kills import in_a_child
from tests.unit.registry.hub.conftest import NAME
from tests.unit.registry.hub.test_pull import champion_on_the_hub


@dataclass
class Killer:
    """Kills the process `victim` at its k-th step, of which each request that changes something has two: come in, done."""

    k: int
    victim: int = 0
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.k:
            os.kill(self.victim, signal.SIGKILL)


@pytest.fixture
def in_a_process(hub, tmp_path):
    """in_a_process(work, k) -> (signal or exit code, steps): `work` in a child that is killed at step k."""

    def run(work, k: int):
        killer, (reads, writes) = Killer(k), os.pipe()

        def child() -> None:
            os.write(writes, b"%8d" % os.getpid())
            os.read(begin, 1)
            work()

        begin, go = os.pipe()
        wait = in_a_child(child)
        killer.victim = int(os.read(reads, 8))
        hub.step = killer.step
        os.write(go, b"x")
        return wait(), killer.steps

    return run


def visible(hub) -> set[str]:
    repo = hub.writes.repos.get(NAME)
    return set(repo.commit_of("main").files) - {".gitattributes"} if repo else set()


def test_a_push_that_is_killed_anywhere(hub, registry, repo, add, in_a_process):
    version = registry.version("spam", add("a"))
    status, steps = in_a_process(lambda: push(registry, version, repo, Options(), str), 0)
    assert (status, steps) == (0, 8), "create, large file, commit, tag"
    whole, seen = visible(hub), []
    for k in range(1, steps + 1):
        hub.writes.repos.clear()
        hub.writes.large.clear()
        assert in_a_process(lambda: push(registry, version, repo, Options(), str), k)[0] == signal.SIGKILL
        seen.append(visible(hub))
        hub.step = lambda: None
        done = push(registry, version, repo, Options(), str)
        stored = hub.writes.repos[NAME]
        assert stored.tags == {"v1": done.commit}, k
        assert len(stored.history("main")) == 2, f"{k}: one commit"
        assert visible(hub) == whole, k
    assert seen == sorted(seen, key=len), "visible by one step"
    assert {frozenset(each) for each in seen} == {frozenset(), frozenset(whole)}
    assert list(check_lines(*registry.log.lines())) == []


def test_a_mirror_that_is_killed_anywhere_shows_one_champion(hub, registry, repo, add, in_a_process, monkeypatch):
    monkeypatch.setattr(hub_server, "CHANGES", ("/preupload/", "/commit/"))
    registry.promote("spam", add("a"), "first")
    mirror(registry, "spam", repo, Options(), str)
    registry.promote("spam", add("b"), "better")
    push(registry, registry.version("spam", 2), repo, Options(), str)
    before = {name: dict(getattr(hub.writes.repos[NAME], name)) for name in ("branches", "tags", "commits")}
    status, steps = in_a_process(lambda: mirror(registry, "spam", repo, Options(), str), 0)
    assert (status, steps) == (0, 4), "sizes, commit: the version itself is there"
    champions = []
    for k in range(1, steps + 1):
        for name, refs in before.items():
            setattr(hub.writes.repos[NAME], name, dict(refs))
        assert in_a_process(lambda: mirror(registry, "spam", repo, Options(), str), k)[0] == signal.SIGKILL
        champions.append(champion_on_the_hub(hub))
        hub.step = lambda: None
        mirror(registry, "spam", repo, Options(), str)
        assert champion_on_the_hub(hub) == (2, b"b"), k
    assert champions == sorted(champions)
    assert set(champions) == {(1, b"a"), (2, b"b")}
