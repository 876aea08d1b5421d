"""SIGKILL at every step of a promotion and of a rollback: one champion stays, can be served, and life goes on."""

from __future__ import annotations

import json
import shutil
import signal
import time

import pytest

from pytest_ftgate.registry import Registry, promotion_lock
from pytest_ftgate.registry.audit.entry import read_entry
from pytest_ftgate.registry.audit.unfinished_moves import MOVES
from tests.unit.kills import Fuse, in_a_child
from tests.unit.registry.conftest import on_mlflow
from tests.unit.registry.stores import audit_faults, close_connections, light

DEEDS = {"register and override": 4, "rollback": 1}
"""Deed -> the number of the champion that it makes; v2 is it before."""


@pytest.fixture
def later(monkeypatch):
    """later(seconds): let that much time pass for leases."""
    return lambda seconds: monkeypatch.setattr(promotion_lock, "_now", lambda: time.time() + seconds)


@pytest.fixture
def do(registry, adapter):
    """do(deed) -> the number of the new champion."""
    folder = adapter("d")

    def carry_out(deed: str) -> int:
        if deed == "rollback":
            return registry.rollback("spam", "drift").number
        run = registry.log_run("spam", {"r": 8}, {"f1": 0.9}, {}, {}, {})
        version = registry.add_version("spam", folder, registry.digest_of(folder), run, {"verdict": "HOLD"})
        return registry.promote("spam", version.number, "better", override=True).number

    return carry_out


@pytest.fixture
def restore(registry, tmp_path):
    """restore(): the store and the audit log are as they were at its first call; no connection stays open."""
    before = tmp_path / "before"

    def back() -> None:
        close_connections()
        if not before.exists():
            before.mkdir()
            for name in ("mlflow.db", "audit.jsonl"):
                shutil.copy(registry.state_dir / name, before)
        for file in before.iterdir():
            shutil.copy(file, registry.state_dir)

    return back


def in_a_dying_child(registry: Registry, fuse: Fuse, deed: str, do) -> int:
    """The signal or exit code of the process; its fuse is in the file `fuse` if it lived."""

    def work() -> None:
        light(registry, fuse)
        do(deed)
        (registry.state_dir / "fuse").write_text(json.dumps(fuse.steps))

    return in_a_child(work)()


@on_mlflow
@pytest.mark.parametrize("each", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["change", "step"])
@pytest.mark.parametrize("deed", DEEDS)
def test_killed_at_any_step_there_is_one_champion_that_can_be_served(registry, add, do, restore, later, deed, each):
    """Once for each state of the disk; and at each step, also where those since the last kill only read."""
    for weights in "ab":
        registry.promote("spam", add(weights), "better")
    add("c")
    restore()
    assert in_a_dying_child(registry, Fuse(0), deed, do) == 0
    new, steps, champions = DEEDS[deed], json.loads((registry.state_dir / "fuse").read_text()), []
    assert len(steps) >= 15
    assert sum(steps) >= 10
    for k in range(1, len(steps) + 1) if each else Fuse(0, steps).moments():
        restore()
        assert in_a_dying_child(registry, Fuse(k), deed, do) == signal.SIGKILL
        champions.append(look(registry, k))
        later(promotion_lock.LEASE_S + 10)
        assert (
            registry.promote("spam", 3, "the next one", override=True).number == registry.champion("spam").number == 3
        ), k
        assert registry.lock_holder("spam") == "", k
        later(0)
    assert champions == sorted(champions, key=lambda number: number == new), "the pointer moves at one step"
    assert set(champions) == {2, new}


def look(registry: Registry, k: int) -> int:
    """There is one champion, it can be served, it knows its predecessor, and the audit log is whole; its number."""
    champion = registry.champion("spam")
    assert registry.fetch(champion).is_dir(), k
    assert champion.previous == {1: None, 2: 1, 4: 2}[champion.number], k
    assert audit_faults(registry) == [], k
    moves = [entry for line in registry.log.lines()[0] if (entry := read_entry(line)) and entry.kind in MOVES]
    assert champion.number == 2 or moves[-1].what["version"] == champion.number, f"{k}: nothing moves unannounced"
    return int(champion.number)
